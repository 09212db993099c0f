"""A corpus of projects with ground truth: our counts and verdicts beside the true ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracker.audit import report
from tracker.errors import Usage

TRUTH = "truth.json"
_CLASSES = {
    "consistent": {"consistent"},
    "contradicted by files": {"contradicted"},
    "contradicts itself only": {"self-contradictory"},
    "no STATE.md": {"no-state"},
}
_EITHER = {"consistent", "contradicted", "self-contradictory"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One project of the corpus: counts as (ours, true) by name, verdicts, and whether all agree."""

    name: str
    counts: dict[str, tuple[int, int | None]]
    verdict: str
    expected: str
    reason: str

    @property
    def counts_agree(self) -> bool:
        """Whether every count equals the true one."""
        return all(ours == true for ours, true in self.counts.values())

    @property
    def verdict_agrees(self) -> bool:
        """Whether the verdict belongs to the expected class; borderline classes accept either."""
        if not self.expected:
            return True
        if "borderline" in self.expected or "small or interpretable" in self.expected:
            return self.verdict in _EITHER
        return self.verdict in _CLASSES.get(self.expected, set())


def read(corpus: str) -> Iterator[Entry]:
    """Audit every project that the corpus' ``truth.json`` names, in its order.

    Raises Usage when the directory has no readable ``truth.json``.
    """
    path = Path(corpus) / TRUTH
    try:
        truth: dict[str, dict[str, Any]] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Usage(
            f"{path} is no readable ground truth: {error}", hint="name a directory that holds truth.json"
        ) from error
    for name, expected in truth.items():
        entry = _entry(corpus, name, expected)
        if entry is not None:
            yield entry


def _entry(corpus: str, name: str, expected: dict[str, Any]) -> Entry | None:
    directory = Path(corpus) / name
    commits = []
    if (log := directory / "commits.tsv").exists():
        with log.open(encoding="utf-8", errors="replace") as file:
            commits = report.read_commits(file)
    found = report.audit_path(str(directory), commits)
    if found is None:
        return None
    counts = {key: (found.counts[key], _int(expected.get(key))) for key in report.COUNTS}
    return Entry(name, counts, found.verdict, str(expected.get("state_verdict") or ""), found.reason)


def _int(value: object) -> int | None:
    return value if isinstance(value, int) else None
