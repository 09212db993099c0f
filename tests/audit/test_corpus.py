"""Every project of a corpus with ground truth, where one is at hand."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from tracker.audit import table
from tracker.audit.report import COUNTS


def _corpus() -> Path | None:
    named = os.environ.get("TRACKER_CORPUS")
    path = Path(named) if named else Path(__file__).parents[3] / "shared" / "corpus"
    return path if (path / table.TRUTH).is_file() else None


CORPUS = _corpus()
NAMES = list(json.loads((CORPUS / table.TRUTH).read_text("utf-8"))) if CORPUS else []

# Without a corpus there is nothing to collect: the module's tests are made from its entries.
if CORPUS is not None:
    ENTRIES = {entry.name: entry for entry in table.read(str(CORPUS))}

    @pytest.mark.parametrize("name", NAMES)
    def test_the_counts_are_the_true_ones(name: str) -> None:
        entry = ENTRIES[name]
        assert {key: entry.counts[key][0] for key in COUNTS} == {key: entry.counts[key][1] for key in COUNTS}

    @pytest.mark.parametrize("name", NAMES)
    def test_the_verdict_belongs_to_the_true_class(name: str) -> None:
        entry = ENTRIES[name]
        assert entry.verdict_agrees, f"{entry.verdict} instead of {entry.expected}: {entry.reason}"

    def test_no_file_takes_a_second() -> None:
        assert CORPUS is not None
        from tracker.audit import disk, planfile, roadmap, state

        for path in CORPUS.rglob("*.md"):
            decoded = disk.read_text(str(path))
            for read in (
                lambda d: roadmap.read(d.text, "x"),
                lambda d: state.read(d, "x"),
                lambda d: planfile.read_plan(d.text, "x"),
                lambda d: planfile.read_summary(d.text, "x"),
            ):
                start = time.process_time()
                read(decoded)
                assert time.process_time() - start < 1, path
