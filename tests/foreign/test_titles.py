"""Titles without counts, marks and headings that every file has."""

from __future__ import annotations

import pytest

from tracker.service import titles


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Lamp", "Lamp"),
        ("Lamp (3/3 plans) — completed 2026-01-02", "Lamp"),
        ("Lamp & Oil (INSERTED)", "Lamp & Oil"),
        ("Lamp (Weeks 1-2)", "Lamp (Weeks 1-2)"),
        ("Lens — for the north", "Lens — for the north"),
        ("Done and dusted", "Done and dusted"),
        ("npm packaging", "npm packaging"),
        ("v1.4 verification", "v1.4 verification"),
        ("Lamp ✅", "Lamp"),
        ("✅", "✅"),
        ("", ""),
    ],
)
def test_phases(text: str, title: str) -> None:
    assert titles.phase(text) == title


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Wick", "Wick"),
        ("Phase 01, Plan 01: Project Setup", "Project Setup"),
        ("✓ COMPLETE (2026-03-30) Repository Layer", "Repository Layer"),
        ("01 Summary: Text System", "Text System"),
        ("Event Posting Summary", "Event Posting"),
        ("Foundation — Implementation Plan", "Foundation"),
        ("What was built", "Light the lamp"),
        ("src/project.ts:", "Light the lamp"),
        ("Summary", "Light the lamp"),
        ("Complete Phase 1 Integrations", "Complete Phase 1 Integrations"),
        ("Plan the harbour", "Plan the harbour"),
        ("API: the second version", "API: the second version"),
        ("Task 1: Project structure created", "Light the lamp"),
        ("Phase 01 Plan 01 Summary", "Light the lamp"),
        ("Task force of the harbour", "Task force of the harbour"),
    ],
)
def test_plans(text: str, title: str) -> None:
    assert titles.plan(text, "Light the lamp. Then rest.", "Plan 01") == title


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Task 1: Project structure created", "Project structure created"),
        ("Task 0.2 - Storage", "Storage"),
        ("Task 3", "Plan 01"),
        ("Phase 1, Plan 2", "Plan 01"),
    ],
)
def test_a_task_is_the_title_where_nothing_says_more(text: str, title: str) -> None:
    assert titles.plan(text, "", "Plan 01") == title


def test_a_sentence_is_cut_at_a_word() -> None:
    title = titles.plan("wick " * 60, "", "Plan 01")
    assert title.endswith("wick…")
    assert len(title) <= titles.LONGEST + 1
    assert titles.plan("", "", "Plan 01") == "Plan 01"
