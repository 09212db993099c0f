"""What is still to be planned, where work is at, and how many plans there are: nothing is made up, nothing forgotten."""

from __future__ import annotations

import pytest

from tests.audit.samples import plan, summary
from tests.project import SampleProject
from tracker.audit import Phase, Project
from tracker.model import snapshot as sn
from tracker.render.steps import next_steps
from tracker.render.text import status
from tracker.service.outline import outline

TABLE = """\
# Harbour

| Phase | Status |
|-------|--------|
| 1. Quay | Complete |
| 2. Crane | In progress |
| 3. Light | Not started |

## Phase 1: checklist

- [x] Stones laid
"""
TEMPLATE = """\
# Project State

## Current Position

Phase: 2 of 2 (Crane)
Plan: {at} of 4 in current phase
Status: {status}
"""
ROADMAP = """\
# Roadmap: Harbour

- [x] **Phase 1: Quay**
- [ ] **Phase 2: Crane**
- [ ] **Phase 3: Light**
"""


def document(project: SampleProject, text: str, name: str = "STATE.md") -> SampleProject:
    project.write({name: text.encode()})
    project.commit()
    return project


def counts(snapshot: sn.Snapshot) -> list[tuple[str, str, int, int]]:
    return [(phase.number, phase.status, phase.done, phase.total) for phase in snapshot.phases]


def test_an_open_phase_without_plans_is_to_be_planned_and_stays_in_progress(project: SampleProject) -> None:
    document(project, TABLE)
    expected = [("1", "done", 1, 1), ("2", "active", 0, 0), ("3", "pending", 0, 0)]
    assert counts(project.snapshot) == expected
    assert next_steps(project.snapshot) == ["Plan Phase 2: Crane"]
    assert "Plan Phase 2: Crane" in project.run("next").out
    shown = project.run("status").out
    assert "  ▶ in progress, no plans yet" in shown
    assert "  · no plans yet" in shown
    assert project.run("import").code == 0
    assert counts(project.snapshot) == expected
    after = project.read("STATE.md")
    assert "| Phase 2: Crane | 🚧 IN PROGRESS | 0/0 plans |" in after
    assert "1. Plan Phase 2: Crane\n" in after
    assert "Nothing is left" not in after
    assert project.run("state", "--check").code == 0


def test_phases_alone_get_no_plans_that_nobody_has_written(project: SampleProject) -> None:
    document(project, "### Phase 1: Quay\n\n### Phase 2: Crane\n", "ROADMAP.md")
    assert counts(project.snapshot) == [("1", "pending", 0, 0), ("2", "pending", 0, 0)]
    assert next_steps(project.snapshot) == ["Plan Phase 1: Quay"]


def test_a_plan_that_is_still_to_be_named_is_none(project: SampleProject) -> None:
    text = "### Phase 1: Quay\n\nPlans:\n- [ ] 01-01: TBD\n\n### Phase 2: Crane\n\nPlans:\n- [x] 02-01: TBD\n- [ ] 02-02: Hook\n"
    document(project, text, "ROADMAP.md")
    assert counts(project.snapshot) == [("1", "pending", 0, 0), ("2", "active", 1, 2)]
    assert next_steps(project.snapshot) == ["Plan Phase 1: Quay"]


def test_a_phase_that_is_in_progress_without_plans_shows_so() -> None:
    found = Project(root=".", kind="gsd", phases=(Phase("1", "Quay", "active"),))
    assert [(phase.status, phase.plans) for phase in outline(found)] == [("active", ())]


def test_a_phase_with_a_count_of_zero_has_no_plan_and_is_done(project: SampleProject) -> None:
    table = "| Phase | Plans Complete | Status |\n|---|---|---|\n| 1. Quay | 0/0 | Complete |\n| 2. Crane | 1/1 | Complete |\n"
    document(project, f"# Roadmap\n\n{table}", "ROADMAP.md")
    expected = [("1", "done", 0, 0), ("2", "done", 1, 1)]
    assert counts(project.snapshot) == expected
    assert "  ✔ done, without plans" in project.run("status").out
    project.run("import")
    assert counts(project.snapshot) == expected
    assert next_steps(project.snapshot) == ["Nothing is left to do: every plan is done"]


@pytest.mark.parametrize(
    ("at", "said", "expected"),
    [
        ("4", "Phase complete", ("done", 4, 4)),
        ("4", "In progress", ("active", 3, 4)),
        ("2", "In progress", ("active", 2, 4)),
        ("4", "In progress\nProgress: [██████████] 100%", ("done", 4, 4)),
    ],
)
def test_a_position_never_makes_up_a_plan(
    project: SampleProject, at: str, said: str, expected: tuple[str, int, int]
) -> None:
    document(project, TEMPLATE.format(at=at, status=said))
    phase = project.snapshot.phase("2")
    assert (phase.status, phase.done, phase.total) == expected
    assert phase.title == "Crane"


def test_counts_in_a_status_cell_count_plans(project: SampleProject) -> None:
    rows = "| 1 | Quay | Complete (2/2 plans) |\n| 2 | Crane | In Progress (1/2 plans) |\n| 3 | Light | Pending |\n"
    document(project, f"# Harbour\n\n| Phase | Name | Status |\n|---|---|---|\n{rows}")
    assert counts(project.snapshot) == [("1", "done", 2, 2), ("2", "active", 1, 2), ("3", "pending", 0, 0)]
    assert project.state("2.01").reason == "STATE.md:6 says 1 of 2 plans are done"


@pytest.fixture
def harbour(project: SampleProject) -> SampleProject:
    """Phase 1 is archived with a plan that has no summary, phase 2 is being worked on."""
    old, new = ".planning/milestones/v1.0-phases/01-quay", ".planning/phases/02-crane"
    return project.write(
        {
            ".planning/ROADMAP.md": ROADMAP.encode(),
            ".planning/STATE.md": b"---\ncurrent_phase: 2\n---\n# Project State\n\nPhase: 2 of 3 (Crane)\n",
            f"{old}/01-01-PLAN.md": plan("01"),
            f"{old}/01-01-SUMMARY.md": summary("01"),
            f"{old}/01-02-PLAN.md": plan("02"),
            f"{new}/02-01-PLAN.md": plan("01").replace("01-lamp", "02-crane"),
        }
    )


def test_the_position_of_the_document_is_the_current_phase(harbour: SampleProject) -> None:
    assert harbour.snapshot.current_phase == "2"
    assert [step.split(":")[0] for step in next_steps(harbour.snapshot)] == ["Execute Plan 01"]
    harbour.run("import")
    assert harbour.snapshot.current_phase == "2"
    assert "**Current Phase:** 2 - Crane" in harbour.read("STATE.md")


def test_behind_a_finished_position_comes_the_next_open_phase(harbour: SampleProject) -> None:
    done = summary("01").replace("01-lamp", "02-crane")
    harbour.write({".planning/phases/02-crane/02-01-SUMMARY.md": done})
    assert next_steps(harbour.snapshot) == ["Plan Phase 3: Light"]


def phase(number: str, *statuses: str, **more: str) -> sn.PhaseState:
    plans = tuple(
        sn.PlanState(
            f"{number}.{at:02d}", f"Part {at}", number, "part", status=status, proof=more.get("proof", "")
        )
        for at, status in enumerate(statuses, 1)
    )
    return sn.PhaseState(number, f"Stage {number}", status=more.get("status", sn.PENDING), plans=plans)


@pytest.mark.parametrize(
    ("phases", "steps"),
    [
        ((phase("1", sn.DEFERRED), phase("2", sn.PENDING)), ["Execute Plan 2.01: Part 1"]),
        ((phase("1", sn.DEFERRED), phase("2", sn.ACTIVE)), ["Finish Plan 2.01: Part 1"]),
        ((phase("1", sn.DEFERRED), phase("2", sn.FAILED)), ["Mend Plan 2.01: Part 1"]),
        ((phase("1", sn.DEFERRED), phase("2")), ["Plan Phase 2: Stage 2"]),
        ((phase("1", sn.DEFERRED),), ["Nothing is left to do: every plan is done or deferred"]),
        ((phase("1", sn.PENDING), phase("2", sn.PENDING)), ["Execute Plan 01: Part 1"]),
    ],
    ids=["pending", "active", "failed", "unplanned", "deferred", "here"],
)
def test_a_step_of_another_phase_names_it(phases: tuple[sn.PhaseState, ...], steps: list[str]) -> None:
    assert next_steps(sn.Snapshot("Harbour", phases=phases, current_phase="1")) == steps


def test_a_document_that_was_not_understood_is_named() -> None:
    found = sn.Snapshot("Harbour", origin="document", document={"source": "STATE.md"})
    assert "STATE.md is here" in status(found)
    assert "`tracker audit`" in status(found)
    assert "`tracker init`" in status(sn.Snapshot("Harbour"))
