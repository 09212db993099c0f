"""ROADMAP.md in its notations."""

from __future__ import annotations

import pytest

from tests.audit.conftest import Make
from tests.audit.samples import ROADMAP
from tracker.audit import roadmap


def test_a_roadmap_as_the_tool_writes_it() -> None:
    read = roadmap.read(ROADMAP, "ROADMAP.md")
    assert [(p.number, p.title, p.complete) for p in read.phases] == [
        ("1", "Lamp", True),
        ("2", "Lens", False),
        ("2.1", "Polish", False),
    ]
    assert (read.plan_lines, read.checked_plans) == (4, 2)
    assert [(p.phase, p.number, p.checked, p.title) for p in read.phases[0].plans] == [
        ("1", "1", True, "wick"),
        ("1", "2", True, "oil"),
    ]
    assert read.phases[0].goal == "A lamp that burns"


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ("- [ ] **Phase 1: A**\n\n| Phase | Status |\n|---|---|\n| 1. A | Complete |\n", False),
        ("| Phase | Status |\n|---|---|\n| 1. A | Complete |\n\n## Phase 1: A\n- [ ] 01-01: x\n", True),
        ("## ✅ Phase 1: A\n- [ ] 01-01: x\n", True),
        ("### [x] Phase 1: A\n", True),
        ("### [ ] Phase 1: A\n- [x] 01-01: x\n", False),
        ("## Phase 1: A (COMPLETE)\n", True),
        ("## Phase 1: Complete Checkout\n", None),
        ("## Phase 1: A\n- [x] 01-01: x\n- [x] **01-02-PLAN.md** — y\n", True),
        ("## Phase 1: A\n- [x] 01-01: x\n- [ ] 01-02: y\n", False),
        ("## Phase 1: A\n", None),
        ("### Phase 1: A ✅ DONE 2026-03-06\n", True),
        ("- [x] Phase 1: A (3/3 plans) — 2026-03-04\n", True),
        ("| # | Phase | Status |\n|---|---|---|\n| 01 | [A](./phase-01.md) | DONE (2026-09-26) |\n", True),
        ("| Phase | Status |\n|---|---|\n| [1. A](one.md) | Complete |\n", True),
        ("| Phase | Status |\n|---|---|\n| 1. A | Not started |\n", False),
        ("| Фаза | Статус |\n|---|---|\n| 1. A | ✅ Завершено |\n", True),
        ("| # | Phase | Goal |\n|---|---|---|\n| 1 | A | 3/3 | Complete   | 2026-01-02 |\n", True),
        ("| # | Phase | Goal | UI |\n|---|---|---|---|\n| 1 | A | Open the door | no |\n", None),
        (
            "| Phase | Milestone | Plans Complete | Status | Completed |\n|---|---|---|---|---|\n| 1. A | 4/4 | Complete | 2026-03-01 | - |\n",
            True,
        ),
    ],
)
def test_the_first_mark_present_decides(text: str, complete: bool | None) -> None:
    (phase,) = roadmap.read(text, "r").phases
    assert (phase.number, phase.title) == (
        "1",
        "Complete Checkout" if complete is None and "Checkout" in text else "A",
    )
    assert phase.complete is complete


@pytest.mark.parametrize(
    "text",
    [
        "- [x] **Phases 1-4: everything**\n",
        "- [x] Phase 1-3: range\n",
        "### Phase 5–9: later\n",
        "- [ ] **Phase 999.1: someday**\n",
        "| Phase | Status |\n|---|---|\n| **TOTAL** | Complete |\n| Итого | 3/3 |\n| 1-4. All | Complete |\n",
        "| Requirement | Phase | Status |\n|---|---|---|\n| A-01 | Phase 1 | Complete |\n",
        "| Wave | Plans |\n|---|---|\n| 1 | 01-01 |\n",
        "- [x] 1.1 a task\n",
        "```\n- [x] Phase 1: in a fence\n```\n",
    ],
)
def test_what_is_no_phase(text: str) -> None:
    assert roadmap.read(text, "r").phases == ()


def test_dates_are_no_plans() -> None:
    read = roadmap.read("- [x] 2026-01-02: shipped\n- [x] 01-02-03: deep\n", "r")
    assert read.plan_lines <= 1


def test_milestones_hold_their_phases() -> None:
    text = (
        "# R\n## Milestones\n- ✅ **v1.0 MVP** - Phases 1-2 (shipped 2026-01-01)\n- 🚧 **v1.1 More** - Phase 3 (in progress)\n"
        "<details>\n<summary>✅ v1.0 MVP (Phases 1-2) - SHIPPED</summary>\n\n- [x] Phase 1: A (1/1 plans)\n- [x] Phase 2: B (2/2 plans)\n"
        "</details>\n\n### 🚧 v1.1 More (In Progress)\n\n#### Phase 3: C\n"
    )
    read = roadmap.read(text, "r")
    assert {m.version: (m.mark, m.phases) for m in read.milestones} == {
        "v1.0": ("done", ("1", "2")),
        "v1.1": ("active", ("3",)),
    }
    assert [p.counts for p in read.phases] == [((1, 1),), ((2, 2),), ()]


@pytest.mark.parametrize(
    "line",
    [
        "|" * 5000,
        "- [x] " + "Phase " * 3000,
        "#" * 5000,
        "**" * 5000,
        "-" * 20000,
        "| " * 8000,
        "1." * 9000,
        "[" * 9000,
    ],
)
def test_odd_lines_do_not_hang(line: str) -> None:
    import time

    start = time.process_time()
    roadmap.read("\n".join([line, "|---|", line] * 3), "r")
    assert time.process_time() - start < 1


def _phases(text: str, *, wide: bool = True) -> list[tuple[str, str, bool | None, bool]]:
    return [(p.number, p.title, p.complete, p.active) for p in roadmap.read(text, "r", wide=wide).phases]


@pytest.mark.parametrize(
    "text",
    [
        "| Step | Name | Status |\n|---|---|---|\n| 1 | Wick | ✅ |\n| 2 | Oil | ⏳ |\n\n## Step 1. Wick ✅\n\n## Step 2. Oil ⏳\n",
        "## Sprint 1: Wick — Done\n\n## Sprint 2: Oil\n- [ ] press\n",
        "| Step | 내용 | 상태 |\n|---|---|---|\n| 1 | Wick | ✅ (9/6 완료) |\n| 2 | Oil | ⏳ |\n",
        "| ID | Phase | Status |\n|---|---|---|\n| P1 | Wick | Done |\n| P2 | Oil | Pending |\n",
        "| ID | フェーズ | 状態 |\n|---|---|---|\n| 1 | Wick | 完了 |\n| 2 | Oil | 未着手 |\n",
        "## Fases\n- [x] FASE R1 — Wick\n- [ ] FASE R2 — Oil\n",
        "## 페이즈\n- [x] P1. Wick\n- [ ] P2. Oil\n",
        "## Mapa de fases\n- [x] 1. Wick\n- [ ] 2. Oil\n",
        "| Phase | Statut |\n|---|---|\n| Phase 1 : Wick | ✅ Terminé |\n| Phase 2 : Oil | Prévu |\n",
    ],
)
def test_phases_by_other_names(text: str) -> None:
    found = _phases(text)
    assert [(number, title) for number, title, _, _ in found] == [("1", "Wick"), ("2", "Oil")]
    assert [bool(complete) for _, _, complete, _ in found] == [True, False]


@pytest.mark.parametrize(
    "text",
    [
        "| Step | Status |\n|---|---|\n| 1. Wick | Done |\n| 4. Oil | Done |\n",
        "| Phase | Status |\n|---|---|\n| Sprint 1–2 : Base | ✅ |\n| Phase V2 : More | ⏳ |\n",
        "| ID | Phase | Status |\n|---|---|---|\n| 7 | Phase 2 | Open |\n| 8 | Phase 2 | Done |\n",
        "### H-002: Lens — Done\n\n### H-003: Mirror\n",
        "| Platform | Status |\n|---|---|\n| Web | ✅ stable |\n| Desktop | pending |\n",
        "| Priorität | Gesamt | Erledigt |\n|---|---|---|\n| Hoch | 3 | 0 |\n| Mittel | 7 | 1 |\n| **Gesamt** | 10 | 1 |\n",
        "| 1. Wick | 2/2 | Complete |\n| 2. Oil | 0/1 | Pending |\n",
        "- Wick ✅\n- ⏳ Oil\n",
        "## Step 4. Oil ✅\n### Wick - 100%\n",
        "### Phase 1–2: A range - 40%\n## Later (Done)\n",
    ],
)
def test_what_says_how_far_something_is_and_is_no_phase_is_listed_as_not_understood(text: str) -> None:
    read = roadmap.read(text, "r", wide=True)
    assert read.phases == ()
    assert len(read.unread) == 2


@pytest.mark.parametrize(
    "text",
    [
        "| Requirement | Phase | Status |\n|---|---|---|\n| A-01 | Phase 1 | Complete |\n",
        "- v1 requirements: 12 total\n- Unmapped: 0 ✓\n",
        "## ✅ Completed phases\n### Completed Plans ✅\n### Active Plans 🚧\n",
        "### After the launch (After Phase 5)\n- Some remark (no hurry)\n",
    ],
)
def test_labels_and_coverage_are_no_data(text: str) -> None:
    assert roadmap.read(text, "r", wide=True).unread == ()


def test_a_step_is_no_phase_where_phases_are_named() -> None:
    text = "## Phase 3: Lens\n\n### Step 1: grind\n\n### Step 2: mount ✅\n"
    assert _phases(text) == [("3", "Lens", None, False)]


@pytest.mark.parametrize("symbol", ["●", "◆", "■", "🟠", "🚀", "⚠️"])
def test_a_shape_before_a_status_word_is_a_bullet(symbol: str) -> None:
    rows = f"| 1 | Wick | {symbol} Complete (2/2 plans) |\n| 2 | Oil | {symbol} In Progress (1/2 plans) |\n"
    read = roadmap.read("| Phase | Name | Status |\n|---|---|---|\n" + rows, "r")
    assert [(p.title, p.table, p.active, p.counts) for p in read.phases] == [
        ("Wick", True, False, ((2, 2),)),
        ("Oil", False, True, ((1, 2),)),
    ]


def test_a_day_is_no_count_of_plans() -> None:
    (phase,) = roadmap.read("| Phase | Due | Status |\n|---|---|---|\n| 1. Wick | 9/4 | ✅ |\n", "r").phases
    assert (phase.complete, phase.counts) == (True, ())


@pytest.mark.parametrize(
    ("heading", "title", "complete", "active"),
    [
        ("### Phase 1: Golden Wick - ✅ 100%", "Golden Wick", True, False),
        ("### Phase 1: Golden Wick - 0%", "Golden Wick", False, False),
        ("### Phase 1: Golden Wick (40%)", "Golden Wick", False, True),
        ("### Phase 1: Golden Wick ✅ COMPLETE", "Golden Wick", True, False),
        ("### Phase 1: Golden Wick（已完成）", "Golden Wick", True, False),
        ("### Phase 1: Coverage to 80%", "Coverage to 80%", None, False),
        ("### Phase 1: Auth (Active Directory)", "Auth (Active Directory)", False, True),
        ("- [x] Phase 1: Golden Wick — 1/1 plans — completed 2026-06-17", "Golden Wick", True, False),
        ("- [~] Phase 1: Golden Wick — 0/1 plans (01-01 later)", "Golden Wick", False, True),
        ("- [x] Phase 1: Golden Wick (1/1 plans) - menu and all", "Golden Wick", True, False),
        ("- [➔] Phase 1: Golden Wick", "Golden Wick", False, True),
    ],
)
def test_marks_and_counts_are_no_part_of_a_title(
    heading: str, title: str, complete: bool | None, active: bool
) -> None:
    assert _phases(heading + "\n") == [("1", title, complete, active)]


@pytest.mark.parametrize(
    ("overview", "heading", "title"),
    [
        ("| # | Phase | Goal |\n|---|---|---|\n| 1 | Lens | x |\n", "Lens (Part 1)", "Lens (Part 1)"),
        ("| # | Phase | Goal |\n|---|---|---|\n| 1 | Lens | x |\n", "Lens Grinding", "Lens Grinding"),
        ("- [ ] Phase 1: Lens - grind and mount it\n", "Lens", "Lens"),
        ("- [ ] **Phase 1: Lens** - grind it\n", "Lens — ground in summer", "Lens"),
        ("- [ ] **Phase 1: Lens**\n", "Mirror", "Lens"),
    ],
)
def test_the_heading_of_a_phase_has_its_full_name(overview: str, heading: str, title: str) -> None:
    (phase,) = roadmap.read(f"{overview}\n## Phase 1: {heading}\n", "r").phases
    assert phase.title == title


@pytest.mark.parametrize("level", ["##", "###"])
def test_a_heading_of_the_same_level_closes_a_phase(level: str) -> None:
    text = f"### Phase 1: Lens\n\n#### Work\n- [x] grind\n\n{level} Risks\n- [ ] ask the lawyer\n"
    read = roadmap.read(text, "r")
    assert [task.text for task in read.phases[0].tasks] == ["grind"]
    assert [unread.text for unread in read.unread] == ["ask the lawyer"]


def test_a_box_below_a_box_is_a_detail_of_it() -> None:
    text = (
        "## Phase 1: Lens\n- [x] Task 1: grind\n- [ ] Task 2: mount\n  - [ ] 2.1 screw\n    - [ ] tighten\n"
        "- [ ] Task 3: polish\n\n## Phase 2: Lamp\n- Tasks\n  - [ ] wick\n  - [ ] oil\n\n"
        "## Phase 3: Door\n- [ ] Plans\n  - [ ] 03-01: hinge\n    - [x] oil it\n  - [ ] 03-02: lock\n"
    )
    lens, lamp, door = roadmap.read(text, "r").phases
    assert [task.text for task in lens.tasks] == ["Task 1: grind", "Task 2: mount", "Task 3: polish"]
    assert [task.text for task in lamp.tasks] == ["wick", "oil"]
    assert [plan.number for plan in door.plans] == ["1", "2"]


def test_a_phase_at_work_is_active(make: Make) -> None:
    rows = "| 1. Wick | 100% | ✅ |\n| 2. Oil | 90% | 🚧 In Progress |\n| 3. Door | 0% | ⏳ |\n| 4. Bell | 30% | |\n"
    report = make({"ROADMAP.md": "| Phase | Progress | Status |\n|---|---|---|\n" + rows})
    assert [phase.status for phase in report.project.phases] == ["done", "active", "pending", "active"]


def test_a_status_that_is_no_known_word_is_listed_as_not_understood() -> None:
    read = roadmap.read("| Phase | Status |\n|---|---|\n| 1. Wick | Lovely |\n", "r")
    assert [(p.number, p.table) for p in read.phases] == [("1", None)]
    assert [unread.text for unread in read.unread] == ["1. Wick: Lovely"]


def test_a_state_document_of_steps_has_them_as_phases(make: Make) -> None:
    rows = "| P6 | Wick | 完了 |\n| P6.5 | Oil | 完了 |\n| P7 | Door | 未着手 |\n"
    report = make(
        {"STATE.md": "# Lamp\n\n| ID | フェーズ | 状態 |\n|---|---|---|\n| P0〜P5 | base | 完了 |\n" + rows}
    )
    assert [(p.number, p.title, p.status) for p in report.project.phases] == [
        ("6", "Wick", "done"),
        ("6.5", "Oil", "done"),
        ("7", "Door", "pending"),
    ]
    assert [unread.line for unread in report.unread] == [5]


def test_bullets_with_marks_below_a_phase_are_listed_as_not_understood() -> None:
    text = "## Phase 1: Lens\n**Status:** In progress\n- ✅ ground\n- ⏳ mounted\n- a remark (done)\n"
    read = roadmap.read(text, "r")
    assert [(p.complete, p.active) for p in read.phases] == [(None, True)]
    assert [unread.text for unread in read.unread] == ["- ✅ ground", "- ⏳ mounted"]


@pytest.mark.parametrize(
    ("box", "number", "title"),
    [
        ("01-PLAN-02.md — Fill the oil", "2", "Fill the oil"),
        ("**01-PLAN-B.md** — Fill the oil", "B", "Fill the oil"),
        ("01-plan-02: Fill the oil", "2", "Fill the oil"),
        ("01-02.md — Fill the oil", "2", "Fill the oil"),
        ("Plan 01-02: Fill the oil", "2", "Fill the oil"),
        ("01-02-PLAN.md — Fill the oil", "2", "Fill the oil"),
    ],
)
def test_a_box_of_a_plan_by_any_name_of_its_file(box: str, number: str, title: str) -> None:
    read = roadmap.read(f"### Phase 1: Lamp\nPlans:\n- [x] {box}\n", "r")
    (phase,) = read.phases
    assert (read.plan_lines, read.checked_plans) == (1, 1)
    assert [(p.number, p.title) for p in phase.plans] == [(number, title)]
    assert phase.boxes == (True,)


@pytest.mark.parametrize(
    ("cell", "complete", "active", "counts"),
    [
        ("3/3 Complete (2026-03-27)", True, False, ((3, 3),)),
        ("3/4 In Progress", False, True, ((3, 4),)),
        ("3/4 complete", None, False, ((3, 4),)),
        ("0/3 Not started", False, False, ((0, 3),)),
        ("3", None, False, ()),
    ],
)
def test_a_status_behind_a_count(
    cell: str, complete: bool | None, active: bool, counts: tuple[tuple[int, int], ...]
) -> None:
    table = f"| # | Phase | Goal | Plans |\n|---|---|---|---|\n| 1 | Lamp | Light | {cell} |\n"
    (phase,) = roadmap.read(table, "r").phases
    assert (phase.complete, phase.active, phase.counts) == (complete, active, counts)


@pytest.mark.parametrize(
    ("said", "numbers"),
    [
        ("Nothing", ()),
        ("None (first phase of 2)", ()),
        ("Nothing (independent of Phases 2 and 3)", ()),
        ("Phase 1", ("1",)),
        ("Phase 1 (for the wick), can go with Phase 3", ("1",)),
        ("Phases 2, 3", ("2", "3")),
        ("Phase 1 (wick); Phase 2 (oil)", ("1", "2")),
        ("Phase 2 and Phase 3", ("2", "3")),
        ("Phase 1-3", ("1", "2", "2.1", "3")),
        ("Phase 3 · **Requirements**: A-01, A-02", ("3",)),
        ("2, 3", ("2", "3")),
        ("3 services", ()),
        ("01-02", ()),
        ("v3.2 complete", ()),
        ("Phase 4", ()),
    ],
)
def test_what_a_phase_depends_on(said: str, numbers: tuple[str, ...]) -> None:
    before = "".join(f"### Phase {number}: P\n\n" for number in ("1", "2", "2.1", "3"))
    read = roadmap.read(f"{before}### Phase 4: Lamp\n**Depends on**: {said}\n", "r")
    assert read.phases[-1].depends_on == numbers
    assert read.unread == ()


def test_what_a_phase_depends_on_in_a_table() -> None:
    table = "| # | Phase | Depends On |\n|---|---|---|\n| 1 | Wick | - |\n| 2 | Oil | 1 |\n| 3 | Lamp | Phases 1, 2 |\n"
    assert [phase.depends_on for phase in roadmap.read(table, "r").phases] == [(), ("1",), ("1", "2")]


def test_a_circle_of_phases_is_cut_and_listed() -> None:
    text = "### Phase 1: Wick\n**Depends on**: Phase 2\n\n### Phase 2: Oil\n**Depends on**: Phase 1\n"
    read = roadmap.read(text, "r")
    assert [phase.depends_on for phase in read.phases] == [("2",), ()]
    assert [(row.line, row.text) for row in read.unread] == [
        (5, "Phase 2 waits for Phase 1, which waits for it")
    ]


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("# ROADMAP: Lamp", "Lamp"),
        ("# ROADMAP.md — Lamp", "Lamp"),
        ("# Roadmap", "Roadmap"),
        ("# Roadmap of the harbour", "Roadmap of the harbour"),
    ],
)
def test_the_project_s_name_without_the_document_s(heading: str, name: str) -> None:
    assert roadmap.read(f"{heading}\n\n### Phase 1: Wick\n", "r").title == name
