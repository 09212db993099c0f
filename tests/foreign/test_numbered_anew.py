"""A project that numbers its phases anew with each milestone: none of them is taken for another."""

from __future__ import annotations

import json

import pytest

from tests.audit.test_places import STREAMS, harbour
from tests.project import SampleProject
from tracker.service import foreign, links
from tracker.service.base import Repository

FOLDED = """# Roadmap: Lighthouse

## Milestones

- ✅ **v1.0 Light** - Phases 1-2 (shipped 2026-01-02)
- 🚧 **v2.0 Sound** - Phases 1-2 (in progress)

<details>
<summary>✅ v1.0 Light (Phases 1-2) - SHIPPED 2026-01-02</summary>

- [x] **Phase 1: Lamp** - burns
- [x] **Phase 2: Lens** - turns

</details>

### 🚧 v2.0 Sound (In Progress)

- [ ] **Phase 1: Fog** - horn
- [ ] **Phase 2: Bell** - rings

#### Phase 1: Fog
**Goal**: be heard

Plans:
- [x] 01-01: Build the horn
- [ ] 01-02: Sound the horn
"""
TABLE = """# Roadmap

| Phase | Milestone | Plans Complete | Status |
|---|---|---|---|
| 1. Lamp | v1.0 | 2/2 | Complete |
| 2. Lens | v1.0 | 1/1 | Complete |
| 1. Fog | v2.0 | 1/2 | In progress |
| 2. Bell | v2.0 | 0/1 | Not started |
"""
OLD, NEW = ".planning/milestones/v1.0-phases", ".planning/phases"


def plan(phase: str, number: str, goal: str, *, after: str = "") -> bytes:
    text = f"---\nphase: {phase}\nplan: {number}\ndepends_on: [{after}]\n---\n<objective>\n{goal}\n</objective>\n"
    return text.encode()


def archived() -> dict[str, bytes]:
    return {
        f"{OLD}/01-lamp/01-01-PLAN.md": plan("01", "01", "Cut the wick"),
        f"{OLD}/01-lamp/01-01-SUMMARY.md": b"# S\n\n**It burns**\n",
        f"{OLD}/01-lamp/01-02-PLAN.md": plan("01", "02", "Trim the wick", after='"01-01"'),
        f"{OLD}/01-lamp/01-02-SUMMARY.md": b"# S\n\n**It burns long**\n",
        f"{OLD}/02-lens/02-01-PLAN.md": plan("02", "01", "Grind the lens", after='"01-02"'),
    }


def live() -> dict[str, bytes]:
    return {
        f"{NEW}/01-fog/01-01-PLAN.md": plan("01", "01", "Build the horn"),
        f"{NEW}/01-fog/01-01-SUMMARY.md": b"# S\n\n**It sounds**\n",
        f"{NEW}/01-fog/01-02-PLAN.md": plan("01", "02", "Sound the horn", after='"01-01"'),
        f"{NEW}/02-bell/02-01-PLAN.md": plan("02", "01", "Cast the bell", after='"01-02"'),
    }


@pytest.mark.parametrize("roadmap", [FOLDED, TABLE], ids=["folded", "table"])
def test_phases_of_one_number_are_shown_apart_with_their_milestone(
    project: SampleProject, roadmap: str
) -> None:
    project.write({**archived(), **live(), ".planning/ROADMAP.md": roadmap.encode()})
    snapshot = foreign.snapshot(project.root)
    assert [(phase.number, phase.title, phase.done, phase.total) for phase in snapshot.phases] == [
        ("v1.0/1", "Lamp", 2, 2),
        ("v1.0/2", "Lens", 0, 1),
        ("1", "Fog", 1, 2),
        ("2", "Bell", 0, 1),
    ]
    plans = {plan.ref: plan for plan in snapshot.plans}
    assert plans["v1.0/1.01"].path == f"{OLD}/01-lamp/01-01-PLAN.md"
    assert plans["1.01"].path == f"{NEW}/01-fog/01-01-PLAN.md"
    assert plans["v1.0/2.01"].depends_on == ("v1.0/1.02",)
    assert plans["2.01"].depends_on == ("1.02",)
    assert snapshot.current_phase == "1"
    assert project.run("show", "v1.0/1.02").out.startswith("v1.0/1.02 It burns long")


@pytest.mark.parametrize("roadmap", [FOLDED, TABLE], ids=["folded", "table"])
def test_what_is_shown_and_what_is_audited_count_the_same(project: SampleProject, roadmap: str) -> None:
    project.write({**archived(), **live(), ".planning/ROADMAP.md": roadmap.encode()})
    shown = json.loads(project.run("status", "--json").out)
    counts = json.loads(project.run("audit", "--json").out)["counts"]
    assert len(shown["phases"]) == counts["phases_total"] == 4
    assert shown["total"] == counts["plans_total"] == 6
    assert shown["done"] == counts["plans_with_summary"] == 3


def test_no_file_of_a_plan_is_left_out_whatever_lists_it(project: SampleProject) -> None:
    stream = ".planning/workstreams/tide/phases/01-pump"
    texts = {**archived(), **live(), f"{stream}/01-01-PLAN.md": plan("01", "01", "Lay the pipe")}
    texts[f"{NEW}/v1.5/01-rope/01-01-PLAN.md"] = plan("01", "01", "Twist the rope")
    project.write(texts)
    snapshot = foreign.snapshot(project.root)
    assert sorted(plan.path for plan in snapshot.plans) == sorted(
        name for name in texts if name.endswith("PLAN.md")
    )
    assert {phase.number for phase in snapshot.phases} == {
        "1",
        "2",
        "tide/1",
        "v1.0/1",
        "v1.0/2",
        "v1.5/1",
    }


def test_workstreams_are_shown_and_imported_with_what_each_of_them_lists(project: SampleProject) -> None:
    texts = {name: text.encode() for name, text in harbour().items()}
    texts[f"{STREAMS}/quay/ROADMAP.md"] += b"- [ ] **Phase 2: Rails** - only listed\n"
    project.write(texts)
    project.commit("start")
    snapshot = foreign.snapshot(project.root)
    assert [(phase.number, phase.title, phase.done, phase.total) for phase in snapshot.phases] == [
        ("1", "Crane", 2, 2),
        ("quay/1", "Quay", 1, 3),
        ("quay/2", "Rails", 0, 0),
    ]
    assert (snapshot.name, snapshot.current_phase) == (project.root.name, "quay/1")
    assert "quay/1.02" in project.run("next").out
    inside = project.run("-C", f"{STREAMS}/quay", "status", "--json").out
    assert json.loads(inside)["total"] == 5
    assert json.loads(project.run("import", "--json").out)["plans"] == 5


def test_a_milestone_whose_files_are_gone_keeps_its_phases(project: SampleProject) -> None:
    project.write({**live(), ".planning/ROADMAP.md": FOLDED.encode()})
    snapshot = foreign.snapshot(project.root)
    assert [(phase.number, phase.title, phase.status) for phase in snapshot.phases] == [
        ("v1.0/1", "Lamp", "done"),
        ("v1.0/2", "Lens", "done"),
        ("1", "Fog", "active"),
        ("2", "Bell", "pending"),
    ]


def test_numbers_that_go_on_keep_their_names(project: SampleProject) -> None:
    texts = archived()
    texts[f"{NEW}/03-fog/03-01-PLAN.md"] = plan("03", "01", "Build the horn")
    project.write(texts)
    assert [phase.number for phase in foreign.snapshot(project.root).phases] == ["1", "2", "3"]


def test_a_subject_names_the_plan_of_each_milestone(project: SampleProject) -> None:
    project.write({**archived(), **live()})
    project.commit("feat(01-02): light it")
    found = links.links(Repository(project.root))
    assert {ref: [commit.source for commit in rows] for ref, rows in found.plans.items()} == {
        "v1.0/1.02": ["scope"],
        "1.02": ["scope"],
    }
