"""File names of planning directories."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.audit import ids, names


@pytest.mark.parametrize(
    ("file", "phase", "plan"),
    [
        ("01-02-PLAN.md", "1", "2"),
        ("02.1-03-PLAN.md", "2.1", "3"),
        ("12A-01-PLAN.md", "12A", "1"),
        ("01-02a-PLAN.md", "1", "2A"),
        ("01-A-PLAN.md", "1", "A"),
        ("03-01-auth-hardening-PLAN.md", "3", "1"),
        ("30-01-wave0-test-scaffolding-PLAN.md", "30", "1"),
        ("02-model-and-storage-03-PLAN.md", "2", "3"),
        ("12-02-FIX.md", "12", "2"),
        ("12-PLAN-01.md", "12", "1"),
        ("04-PLAN.md", "", "4"),
        ("04-auth-PLAN.md", "", "4"),
        ("PLAN.md", "", ""),
        ("PLAN-01-x.md", "", "1"),
        ("PLAN-A.md", "", "A"),
        ("plan.md", "", ""),
    ],
)
def test_plans(file: str, phase: str, plan: str) -> None:
    name = names.parse(file)
    assert name is not None
    assert (name.role, name.phase, name.plan, name.certain) == ("plan", phase, plan, True)


@pytest.mark.parametrize(
    "file",
    [
        "PHASE-PLAN.md",
        "INTEGRATION-PLAN.md",
        "EXPLANATION.md",
        "03-VALIDATION-PLAN.md",
        "01-02-PLAN-OUTLINE.md",
        "01-02-PLAN.pre-bounce.md",
        "PLANNING-COMPLETE.md",
        "03-REVIEW-FIX.md",
        "01-02-PLAN-CHECK.md",
        "01-RESEARCH.md",
        "PHASE-COMPLETE-SUMMARY.md",
        "README.md",
    ],
)
def test_reports_are_no_plans(file: str) -> None:
    assert names.parse(file) is None


def test_a_name_without_the_word_has_to_be_confirmed_by_its_content() -> None:
    name = names.parse("01-02-auth.md")
    assert name is not None
    assert not name.certain


@pytest.mark.parametrize(
    "file", ["30-01-SUMMARY.md", "30-wallet-reliability-01-SUMMARY.md", "30-01-other-SUMMARY.md"]
)
def test_a_summary_goes_with_the_plan_of_the_same_name_or_number(file: str) -> None:
    plan, summary = names.parse("30-01-wave0-PLAN.md"), names.parse(file)
    assert plan is not None
    assert summary is not None
    assert (plan.phase, plan.plan) == (summary.phase, summary.plan)


@pytest.mark.parametrize(
    ("path", "zone", "phase"),
    [
        ("phases/01-lamp/01-01-PLAN.md", "phases", "1"),
        ("phases/06.1-insert/PLAN.md", "phases", "6.1"),
        ("phases/01-lamp/plans/PLAN-01-x.md", "phases", "1"),
        ("phases/phase-02-lens/PLAN.md", "phases", "2"),
        ("milestones/v1.0-phases/03-x/03-01-PLAN.md", "milestones/v1.0", "3"),
        ("milestones/v1.0/phases/03-x/03-01-PLAN.md", "milestones/v1.0", "3"),
        ("archive/v1.0/phases/04-x/04-01-PLAN.md", "archive/v1.0", "4"),
        ("archive/04-x/04-01-PLAN.md", "archive", "4"),
        ("workstreams/web/phases/01-x/01-01-PLAN.md", "workstreams/web", "1"),
    ],
)
def test_zones(path: str, zone: str, phase: str) -> None:
    place = names.place(tuple(path.split("/")))
    assert place is not None
    assert (place.zone, place.phase) == (zone, phase)


@pytest.mark.parametrize(
    "path", ["quick/001-x/001-PLAN.md", "research/PLAN.md", "PLAN.md", "todos/pending/01-PLAN.md"]
)
def test_what_is_outside_of_phases_is_in_no_zone(path: str) -> None:
    assert names.place(tuple(path.split("/"))) is None


def test_numbers_are_ordered_segment_by_segment() -> None:
    written = ["12A.1", "09.10", "2.2", "3", "02", "12", "2.1.1", "9.1", "12A", "2.1", "0"]
    assert sorted(map(ids.normalise, written), key=ids.order) == [
        "0",
        "2",
        "2.1",
        "2.1.1",
        "2.2",
        "3",
        "9.1",
        "9.10",
        "12",
        "12A",
        "12A.1",
    ]


@given(st.text(max_size=40))
def test_any_name_is_taken(text: str) -> None:
    names.parse(text + ".md")
    assert ids.normalise(ids.normalise(text)) == ids.normalise(text)
    assert ids.order(ids.normalise(text))
