"""Commit subjects to plans."""

from __future__ import annotations

import time

import pytest

from tracker.audit.scopes import parse


@pytest.mark.parametrize(
    ("subject", "key", "variant"),
    [
        ("feat(08-02): name", "8-2", "exact"),
        ("feat(8-2): name", "8-2", "exact"),
        ("docs(phase-03-01): done", "3-1", "exact"),
        ("feat(02.1-01): x", "2.1-1", "exact"),
        ("feat(09.10-01): x", "9.10-1", "exact"),
        ("fix(01-02a)!: x", "1-2A", "exact"),
        ("test(12A-03): x", "12A-3", "exact"),
        ("feat(01-foundation-02): x", "1-2", "slugged plan"),
        ("feat(01-foundation-01-02): x", "1-2", "slugged plan"),
        ("chore: fix leftovers of 03-04", "3-4", "in the subject"),
    ],
)
def test_plans(subject: str, key: str, variant: str) -> None:
    (scope,) = parse(subject)
    assert (scope.key, scope.variant, scope.exact) == (key, variant, variant == "exact")


@pytest.mark.parametrize(
    ("subject", "phase"),
    [("docs(phase-03): x", "3"), ("docs(3): x", "3"), ("docs(02.1): x", "2.1"), ("feat(01-setup): x", "1")],
)
def test_phases(subject: str, phase: str) -> None:
    (scope,) = parse(subject)
    assert (scope.phase, scope.plan, scope.exact, scope.key) == (phase, "", False, "")


def test_a_named_scope_gives_the_plan_only() -> None:
    (scope,) = parse("feat(security-01): x")
    assert (scope.phase, scope.plan, scope.key) == ("", "1", "")


def test_several_plans_in_one_scope() -> None:
    assert [scope.key for scope in parse("docs(05-01,05-02): x")] == ["5-1", "5-2"]
    assert [scope.key for scope in parse("docs(05-01..03): x")] == ["5-1", "5-2", "5-3"]


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "feat: x",
        "feat(auth): x",
        "feat(quick-12): x",
        "release 2026-01-02",
        "merge branch 'x'",
        "feat(2026-01): x",
        "wip(v1.0): x",
    ],
)
def test_other_subjects_link_nothing(subject: str) -> None:
    assert [scope.key for scope in parse(subject) if scope.key] == []


def test_cost_grows_with_the_history_and_not_with_odd_subjects() -> None:
    odd = [
        "feat(" + "1-" * 50 + "): x",
        "feat(01-" + "a-" * 50 + "): x",
        "(" * 200,
        "x-" * 400,
        "feat(01-02" + ",1" * 50 + "x): y",
    ]
    start = time.process_time()
    for subject in odd * 200:
        parse(subject)
    assert time.process_time() - start < 1
