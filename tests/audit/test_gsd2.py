"""The layout with milestones, slices and tasks, and a ``.gsd`` directory of the older layout."""

from __future__ import annotations

import pytest

from tests.audit.conftest import Make
from tests.audit.samples import lighthouse

M = ".gsd/milestones/M001"
FILES = {
    ".gsd/STATE.md": "# GSD State\n\n**Active Milestone:** M001 — Lamp\n**Active Slice:** S02 — Lens\n**Phase:** executing\n",
    f"{M}/M001-ROADMAP.md": "# M001: Lamp\n\n## Slices\n\n- [x] **S01: Wick** `risk:low` `depends:[]`\n- [ ] **S02: Lens** `risk:high` `depends:[S01]`\n",
    f"{M}/slices/S01/S01-PLAN.md": "# S01: Wick\n\n## Tasks\n\n- [x] **T01: Cut** `est:1h`\n- [x] **T02: Soak** `est:1h`\n",
    f"{M}/slices/S01/tasks/T01-PLAN.md": "# T01\n",
    f"{M}/slices/S01/tasks/T01-SUMMARY.md": "# T01\n\nCut.\n",
    f"{M}/slices/S02/S02-PLAN.md": "# S02: Lens\n\n- [ ] **T01: Grind** `est:1h`\n",
    f"{M}/slices/S02/tasks/T02-PLAN.md": "# T02\n",
    f"{M}/slices/S02/tasks/T02-SUMMARY.md": "",
}


def test_slices_are_phases_and_tasks_are_plans(make: Make) -> None:
    project = make(FILES).project
    assert project.kind == "gsd-2"
    assert [(p.number, p.title, p.status, p.done, p.total, p.milestone) for p in project.phases] == [
        ("M001/S01", "Wick", "done", 2, 2, "M001 Lamp"),
        ("M001/S02", "Lens", "pending", 0, 2, "M001 Lamp"),
    ]
    assert [(p.ref, p.status) for phase in project.phases for p in phase.plans] == [
        ("M001/S01/T01", "done"),
        ("M001/S01/T02", "done"),
        ("M001/S02/T01", "pending"),
        ("M001/S02/T02", "pending"),
    ]
    assert project.phases[0].plans[0].evidence == (
        f"{M}/slices/S01/S01-PLAN.md:5 its box is ticked",
        f"{M}/slices/S01/tasks/T01-SUMMARY.md",
    )


def test_the_older_layout_below_another_name(make: Make) -> None:
    report = make({name.replace(".planning/", ".gsd/"): text for name, text in lighthouse().items()})
    assert (report.project.kind, report.verdict) == ("gsd", "consistent")
    assert report.counts["plans_total"] == 4


def test_what_the_state_document_says_of_slices(make: Make) -> None:
    said = "## Milestone Registry\n- 🔄 **M001:** Lamp\n\n## Next Action\nAll tasks done in {}. Complete the slice.\n"
    files = FILES | {
        ".gsd/STATE.md": FILES[".gsd/STATE.md"] + "**Active Task:** T02\n\n" + said.format("S01")
    }
    report = make(files)
    assert [(c.kind, c.scope, c.verdict) for c in report.claims] == [
        ("slice position", "M001", "supported"),
        ("slice position", "M001/S02", "supported"),
        ("slice position", "M001/S02/T02", "supported"),
        ("slice status", "M001", "supported"),
        ("slice status", "M001/S01", "supported"),
    ]
    assert report.verdict == "consistent"
    report = make({".gsd/STATE.md": FILES[".gsd/STATE.md"] + said.format("S02")})
    assert report.verdict == "contradicted"
    assert report.reason.endswith("M001/S02: 0 of 2 tasks have a SUMMARY or a ticked box")


@pytest.mark.parametrize("home", [".gsd", ".planning"])
def test_a_milestone_that_holds_its_phases_and_its_roadmap(make: Make, home: str) -> None:
    old, new = f"{home}/milestones/1.9", f"{home}/milestones/1.10"
    report = make(
        {
            f"{home}/STATE.md": "---\nmilestone: 1.10\n---\n# State\n\nPhase: 2 of 2 (Lens)\nPlan: 0 of 1\n",
            f"{old}/ROADMAP.md": "# R\n\n### Phase 1: Wick\n",
            f"{old}/1-wick/1-01-PLAN.md": "---\nphase: 1-wick\nplan: 01\n---\nx\n",
            f"{new}/ROADMAP.md": "# R\n\n### Phase 1: Lamp\n- [ ] 1-01-PLAN.md — burn\n\n### Phase 2: Lens\n- [ ] 2-01-PLAN.md — grind\n",
            f"{new}/1-lamp/1-01-PLAN.md": "---\nphase: 1-lamp\nplan: 01\n---\nx\n",
            f"{new}/1-lamp/1-01-SUMMARY.md": "# Done\n\nIt burns.\n",
            f"{new}/2-lens/2-01-PLAN.md": "---\nphase: 2-lens\nplan: 01\n---\nx\n",
        }
    )
    assert [(p.number, p.title, p.status, p.done, p.total) for p in report.project.phases] == [
        ("1.9/1", "Wick", "pending", 0, 1),
        ("1", "Lamp", "done", 1, 1),
        ("2", "Lens", "pending", 0, 1),
    ]
    assert (report.verdict, report.counts["plans_total"]) == ("consistent", 3)
