"""A few hundred damaged documents; ``python -m tests.audit.fuzz`` runs 20,000."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audit import fuzz, samples


def test_damaged_documents_are_read() -> None:
    assert fuzz.run(300, 7, None) < fuzz.LIMIT


@given(st.binary(max_size=400))
@settings(max_examples=80, deadline=None)
def test_any_bytes_are_read(raw: bytes) -> None:
    fuzz.read_all(raw)


@given(st.lists(st.sampled_from([*samples.STATE.split("\n"), *samples.ROADMAP.split("\n")]), max_size=40))
@settings(max_examples=80, deadline=None)
def test_lines_in_any_order_are_read(lines: list[str]) -> None:
    fuzz.read_all("\n".join(lines).encode())


def test_a_lost_plan_would_be_noticed(tmp_path: Path) -> None:
    fuzz.tree(b"# one", b"x", b"# two", tmp_path)
    (tmp_path / ".planning/phases/01-lamp/01-02-PLAN.md").unlink()
    from tracker.audit import audit_path

    report = audit_path(str(tmp_path))
    assert report is not None
    assert [plan.number for plan in report.project.phases[0].plans] == ["1"]
