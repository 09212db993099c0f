"""ROADMAP.md in its notations."""

from __future__ import annotations

import pytest

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
