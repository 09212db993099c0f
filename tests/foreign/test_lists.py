"""Plans in lists and tables of a document, in whatever way their items are written; and what is not understood."""

from __future__ import annotations

import json

import pytest

from tests.project import SampleProject
from tracker.audit import planlists
from tracker.audit.lines import Row

SHOP = """\
# PROJECT STATE

**Project:** Shop
**Current Phase:** 2 - Checkout

## 📊 Overall Progress

| Phase | Status | Progress |
|-------|--------|----------|
| Phase 1: Catalogue | ✅ COMPLETE | 2/2 plans |
| Phase 2: Checkout | 🚧 IN PROGRESS | {count} |

## 🚀 Current Phase: Phase 2

{lists}
"""
OTHER = """\
# Shop

**Current Phase**: Phase 2 - The Checkout

## Overall Progress

| Phase | Status | Progress |
|-------|--------|----------|
| Phase 1: Catalogue | ✅ Done | 2/2 |
| Phase 2: Checkout | 🚧 In Progress | 1/2 |

**Legend**: ✅ Done | 🚧 In Progress

## Phase 2: Checkout

A word about it.

{part}
## Next Steps

1. Buy the domain

## Papers

- [x] Contract
"""


def plans(project: SampleProject, text: str, name: str = "STATE.md") -> list[tuple[str, str, str]]:
    """Number, title and status of each plan of phase 2; the same after an import."""
    project.write({name: text.encode()})
    project.commit()
    before = [(plan.ref, plan.title, plan.status) for plan in project.snapshot.phase("2").plans]
    audited = json.loads(project.run("audit", "--json").out)["unread"]
    result = json.loads(project.run("import", "--json").out)
    assert [(plan.ref, plan.title, plan.status) for plan in project.snapshot.phase("2").plans] == before
    assert [line for line in audited if line not in result["unread"]] == []
    return before


@pytest.mark.parametrize(
    "items",
    [
        ("1. **Plan 01:** Cart ✅", "2. **Plan 02:** Refunds (cards)"),
        ("- **Plan 01:** Cart", "- **Plan 02:** Refunds (cards, bank)"),
        ("- Plan 2.1: Cart", "- Plan 2.2: Refunds"),
        ("- [x] Plan 2.1: Cart", "- [ ] Plan 2.2: Refunds"),
        ("* **Task 2.1**: Cart\n  - with a total", "* **Task 2.2**: Refunds"),
        ("- Cart", "- Refunds"),
    ],
)
@pytest.mark.parametrize(
    "heading", ["Completed Plans ✅|Pending Plans ⏳", "✅ Completed|⏳ Pending", "Done|To do"]
)
def test_items_of_a_list_are_plans(project: SampleProject, heading: str, items: tuple[str, str]) -> None:
    parts = zip(heading.split("|"), items, strict=True)
    lists = "\n\n".join(f"### {title}\n{item}" for title, item in parts)
    found = plans(project, SHOP.format(count="1/2 plans", lists=lists))
    assert found == [("2.01", "Cart", "done"), ("2.02", "Refunds", "pending")]


@pytest.mark.parametrize(
    "heading", ["Current Phase", "Current Phase: 2 - Checkout", "🚀 Current Phase: Phase 2"]
)
def test_the_current_phase_is_known_from_its_heading_or_its_field(
    project: SampleProject, heading: str
) -> None:
    text = SHOP.format(count="0/1 plans", lists="### Pending\n- Plan 01: None-blocking cart")
    found = plans(project, text.replace("🚀 Current Phase: Phase 2", heading))
    assert found == [("2.01", "None-blocking cart", "pending")]


def test_in_progress_is_at_work_and_a_box_says_more_than_its_list() -> None:
    found = [
        planlists.item("- Plan 1: Cart", "active"),
        planlists.item("- [x] Plan 1: Cart", "active"),
        planlists.item("- [ ] Plan 1: Cart", "done"),
        planlists.item("- [ ] Plan 1: Cart", "active"),
    ]
    assert [item and item.mark for item in found] == ["active", "done", "open", "active"]
    assert [
        planlists.opened(text) for text in ("In Progress", "Completed Tasks", "Completed in May", "Notes")
    ] == [
        "active",
        "done",
        None,
        None,
    ]


def test_bullets_that_are_no_plans_by_the_document_s_own_count_are_not_understood(
    project: SampleProject,
) -> None:
    lists = "### Completed\n- Cart\n- Prices\n- Refunds"
    assert [title for _, title, _ in plans(project, SHOP.format(count="1/2 plans", lists=lists))] == [
        "Plan 01",
        "Plan 02",
    ]
    notes = project.read("STATE.md").partition("<!-- notes -->")[2]
    assert notes.split("\n")[1:4] == ["- Cart", "- Prices", "- Refunds"]


TASKS = """\
| # | Task | Status | File |
|---|------|--------|------|
| 2.1 | Cart | ✅ Done | `cart.py` |
| 2.2 | Refunds | Pending | |

"""


@pytest.mark.parametrize("table", [TASKS, TASKS.replace("| 2.", "| ")])
def test_a_phase_s_table_of_tasks_has_its_plans(project: SampleProject, table: str) -> None:
    assert plans(project, OTHER.format(part=table)) == [
        ("2.01", "Cart", "done"),
        ("2.02", "Refunds", "pending"),
    ]
    assert "counts this plan" not in project.read("plans/02-checkout/01-cart/PLAN.md")


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        (("#", "Phase", "Status"), ("2", "Checkout", "Done")),
        (("#", "Risk", "Status"), ("1", "Fire", "Open")),
        (("#", "Task", "Status"), ("3.1", "Elsewhere", "Done")),
        (("#", "Task", "Status"), ("2.1", "Cart", "soon, perhaps")),
        (("Name", "Task", "Status"), ("2.1", "Cart", "Done")),
        (("#", "Status"), ("2.1", "Done")),
    ],
)
def test_other_tables_have_none(header: tuple[str, ...], cells: tuple[str, ...]) -> None:
    assert planlists.task(Row(1, cells, header), "2") is None


def test_a_document_of_another_dialect_is_not_pasted_into_the_notes(project: SampleProject) -> None:
    project.write({"STATE.md": OTHER.format(part="").encode()})
    project.commit()
    audited = json.loads(project.run("audit", "--json").out)["unread"]
    assert json.loads(project.run("import", "--json").out)["unread"] == audited
    assert "<!-- notes -->" not in project.read("STATE.md")


def test_next_steps_and_the_phase_s_title_survive_a_position_in_words(project: SampleProject) -> None:
    plans(project, OTHER.format(part=TASKS))
    state = project.read("STATE.md")
    assert "**Current Phase:** 2 - The Checkout" in state
    assert "2. Buy the domain" in state


def test_a_phase_s_goal_is_not_the_project_s(project: SampleProject) -> None:
    part = "**Goal**: People pay.\n\n"
    project.write({"STATE.md": OTHER.format(part=part).encode()})
    assert project.snapshot.goal == ""
    milestone = (
        "# Shop\n\n## Milestone v1\n\n### Aims\n\n**Goal:** Ship it.\n\n## About\n\n**Goal:** Sell books.\n\n"
    )
    project.write({"STATE.md": f"{milestone}### Phase 1: Catalogue\n".encode()})
    assert project.snapshot.goal == "Sell books."


def test_a_document_by_another_name_is_found_and_named_in_the_hint(project: SampleProject) -> None:
    assert plans(project, OTHER.format(part=TASKS), "PROJECT_STATE.md")
    hint = project.write({"docs/STATE.md": "# Notes\n\n- [x] loose\n"}).run("import", "docs/STATE.md").err
    assert "`tracker audit docs/STATE.md` lists them" in hint
