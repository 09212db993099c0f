"""A roadmap that contradicts itself, or the files, is told about; the state document's verdict is its own."""

from __future__ import annotations

import pytest

from tests.audit.conftest import Make
from tests.audit.samples import lighthouse

PLAN = "---\nphase: 01-lamp\nplan: 0{}\n---\nx\n"
TABLE = "| Phase | Plans Complete | Status |\n|---|---|---|\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            f"- [ ] **Phase 1: Lamp**\n\n## Phase 1: Lamp ✅\n\n{TABLE}| 1. Lamp | 2/2 | Complete |\n",
            "phase 1: its box says open, its row says done, its heading says done",
        ),
        (f"{TABLE}| 1. Lamp | 1/2 | Complete |\n", "phase 1: its row says done, and it counts 1 of 2 plans"),
        (
            f"- [x] Phase 1: Lamp\n\n{TABLE}| 1. Lamp | 1/2 | Complete |\n",
            "phase 1: its box says done, and it counts 1 of 2 plans",
        ),
        (
            f"### Phase 1: Lamp\n- [x] 01-01: wick\n- [ ] 01-02: oil\n\n{TABLE}| 1. Lamp | 0/2 | Planned |\n",
            "phase 1: it counts 0 plans as done, its boxes 1",
        ),
    ],
)
def test_marks_that_cannot_all_be_true(make: Make, text: str, message: str) -> None:
    report = make({"ROADMAP.md": f"# R\n\n{text}"})
    assert [finding.message for finding in report.findings if finding.kind == "roadmap"] == [message]
    assert (report.verdict, report.exit_code) == ("no-state", 0)


def test_more_plans_done_than_there_are_summaries(make: Make) -> None:
    files = {
        ".planning/ROADMAP.md": f"# R\n\n{TABLE}| 1. Lamp | 2/2 | Complete |\n",
        ".planning/phases/01-lamp/01-01-PLAN.md": PLAN.format(1),
        ".planning/phases/01-lamp/01-02-PLAN.md": PLAN.format(2),
        ".planning/phases/01-lamp/01-01-SUMMARY.md": "# Done\n\nIt burns.\n",
    }
    (found,) = [finding for finding in make(files).findings if finding.kind == "roadmap"]
    assert (found.line, found.message) == (5, "phase 1: it counts 2 plans as done, the SUMMARY files 1")


def test_a_roadmap_that_agrees_with_itself_and_the_files(make: Make) -> None:
    assert [finding for finding in make(lighthouse()).findings if finding.kind == "roadmap"] == []
