"""Phases that wait for others: what can be done now, before an import and after."""

from __future__ import annotations

from tests.audit.samples import plan, summary
from tests.project import SampleProject

ROADMAP = """\
# Roadmap: Harbour

### Phase 1: Quay
**Depends on**: Nothing

Plans:
- [x] 01-01: Stones
- [ ] 01-02: Bollards
- [ ] 01-03: Steps

### Phase 2: Crane
**Depends on**: Phase 1

Plans:
- [ ] 02-01: Hook
- [ ] 02-02: Jib

### Phase 3: Light
**Depends on**: Phase 2

Plans:
- [ ] 03-01: Lamp
"""
UNPLANNED = """\
# Roadmap: Harbour

### Phase 1: Quay
**Plans**: TBD

### Phase 2: Crane
**Depends on**: Phase 1 (for its stones)

Plans:
- [ ] 02-01: Hook
"""


def written(project: SampleProject, text: str) -> SampleProject:
    project.write({".planning/ROADMAP.md": text.encode()})
    project.commit()
    return project


def ready(project: SampleProject) -> list[str]:
    return [state.ref for state in project.snapshot.plans if state.ready]


def blocked(project: SampleProject) -> dict[str, tuple[str, ...]]:
    return {state.ref: state.blocked_by for state in project.snapshot.plans if state.blocked_by}


def test_plans_wait_for_the_unfinished_plans_of_the_phase_before(project: SampleProject) -> None:
    written(project, ROADMAP)
    waiting = {"2.01": ("1.02", "1.03"), "2.02": ("1.02", "1.03"), "3.01": ("2.01", "2.02")}
    assert (ready(project), blocked(project)) == (["1.02", "1.03"], waiting)
    assert "waits for 1.02, 1.03" in project.run("status").out
    shown = project.run("next").out
    assert project.run("import").code == 0
    assert (ready(project), blocked(project)) == (["1.02", "1.03"], waiting)
    assert project.run("next").out == shown
    assert project.snapshot.faults == ()


def test_a_finished_phase_keeps_nobody_waiting(project: SampleProject) -> None:
    written(project, ROADMAP.replace("- [ ] 01", "- [x] 01"))
    assert ready(project) == ["2.01", "2.02"]


def test_the_order_inside_of_phases_says_who_waits(project: SampleProject) -> None:
    """The first plans of a phase wait for the last of the other; what has begun waits for nothing."""
    one, two = ".planning/phases/01-quay", ".planning/phases/02-crane"
    project.write(
        {
            f"{one}/01-02-PLAN.md": plan("02", depends="'01-01'"),
            f"{one}/01-03-PLAN.md": plan("03", depends="'01-02'"),
            f"{two}/02-01-PLAN.md": plan("01").replace("01-lamp", "02-crane"),
            f"{two}/02-02-PLAN.md": plan("02", depends="'02-01'").replace("01-lamp", "02-crane"),
        }
    )
    written(project, ROADMAP)
    assert (ready(project), project.state("2.01").depends_on) == (["1.02"], ("1.03",))
    assert project.state("2.02").depends_on == ("2.01",)
    project.write({f"{two}/02-01-SUMMARY.md": summary("01")})
    assert project.state("2.02").blocked_by == ("1.03",)


def test_a_plan_that_waits_for_a_later_phase_closes_no_circle(project: SampleProject) -> None:
    project.write({".planning/phases/01-quay/01-02-PLAN.md": plan("02", depends="'02-01'")})
    written(project, ROADMAP)
    assert project.state("1.02").depends_on == ("2.01",)
    assert ready(project) == ["1.03", "2.01", "2.02"]
    assert project.run("import").code == 0
    assert project.snapshot.faults == ()


def test_plans_wait_for_a_phase_that_is_still_to_be_planned(project: SampleProject) -> None:
    written(project, UNPLANNED)
    assert (ready(project), blocked(project)) == ([], {"2.01": ("phase 1",)})
    assert "waits for phase 1" in project.run("status").out
    assert "depends on phase 1 (waiting for phase 1)" in project.run("show", "2.01").out
    shown = project.run("next").out
    assert "Plan Phase 1: Quay" in shown
    assert project.run("import").code == 0
    assert project.run("next").out == shown
    assert blocked(project) == {"2.01": ("phase 1",)}
    project.write({"plans/01-quay/01-stones/PLAN.md": "---\ntitle: Stones\n---\n"})
    assert "2.01" in ready(project)


def test_a_phase_that_has_begun_does_not_wait_for_one_without_plans(project: SampleProject) -> None:
    written(project, f"{UNPLANNED}- [x] 02-02: Jib\n")
    assert ready(project) == ["2.01"]


def test_plans_by_a_name_that_is_still_to_be_found(project: SampleProject) -> None:
    project.write({".planning/phases/02-crane/02-01-PLAN.md": plan("01").replace("01-lamp", "02-crane")})
    boxes = "### Phase 1: Quay\nPlans:\n- [ ] 01-01: TBD during planning\n\n### Phase 2: Crane\nPlans:\n- [ ] 02-01: TBD during planning\n"
    written(project, f"# Roadmap\n\n{boxes}")
    assert [state.ref for state in project.snapshot.plans] == ["2.01"]
    assert "TBD" not in project.state("2.01").title


def test_a_summary_of_a_decimal_phase_gives_its_plan_a_title(project: SampleProject) -> None:
    home = ".planning/phases/02.5-crane"
    project.write({f"{home}/02.5-01-SUMMARY.md": "# Phase 2.5 Plan 1 Summary: Hook and chain\n\nDone.\n"})
    written(project, "# Roadmap\n\n### Phase 2.5: Crane\n")
    assert project.state("2.5.01").title == "Hook and chain"
