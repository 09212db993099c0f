"""Where a project has got stuck, tracker says what is so and names a way out that works."""

from __future__ import annotations

import json

import pytest

from tests.project import SampleProject

STRETCH = """
    from tracker.api import check

    @check("ALPHA-01")
    def test_one(codebase):
        assert "alpha = True" in codebase.read("main.py")

    @check("ALPHA-02")
    def test_two(codebase):
        assert "strict = True" in codebase.read("main.py"), "it is not strict"

    @check("ALPHA-03")
    def test_three(codebase):
        raise RuntimeError("no such luck")
"""
MORE = """
  - {id: ALPHA-02, title: It is strict, points: 1, domain: Core, kind: stretch}
  - {id: ALPHA-03, title: It is lucky, points: 1, domain: Core, kind: stretch}
  - {id: ALPHA-04, title: Nobody looks, points: 1, domain: Core, kind: stretch}
"""


@pytest.fixture
def stretched(project: SampleProject) -> SampleProject:
    """alpha, with three stretch checks: one fails, one is in error, one has no verification."""
    project.base().plan(1, "alpha", verify=STRETCH)
    place = project.root / "plans/01-first/01-alpha/PLAN.md"
    place.write_text(place.read_text("utf-8").replace("\n---\n\n", f"{MORE}---\n\n"), "utf-8")
    project.commit()
    return project


def test_a_red_stretch_check_is_said_to_be_red_and_not_to_have_not_run(stretched: SampleProject) -> None:
    outcome = stretched.run("run", "1.01")
    assert outcome.code == 0, outcome.err
    assert "✘ ALPHA-02 is red, a stretch check: AssertionError: it is not strict" in outcome.out
    assert "✘ ALPHA-03 is red, a stretch check: RuntimeError: no such luck" in outcome.out
    assert [line.split()[1] for line in outcome.out.splitlines() if "did not run" in line] == ["ALPHA-04"]


def test_the_report_keeps_red_and_not_run_apart(stretched: SampleProject) -> None:
    report = json.loads(stretched.run("run", "1.01", "--json").out)
    assert sorted(report["red"]) == ["ALPHA-02", "ALPHA-03"]
    assert sorted(report["not_run"]) == ["ALPHA-04"]


def test_a_deferred_check_is_neither(stretched: SampleProject) -> None:
    stretched.run("defer", "1.01", "--check", "ALPHA-02", "--reason", "later")
    report = json.loads(stretched.run("run", "1.01", "--json").out)
    assert (sorted(report["red"]), sorted(report["not_run"])) == (["ALPHA-03"], ["ALPHA-04"])


def test_a_stretch_check_that_a_later_plan_turns_green_is_not_red_in_the_end(project: SampleProject) -> None:
    project.base().plan(1, "alpha").plan(2, "beta", front="depends_on: [1.01]\n")
    place = project.root / "plans/01-first/01-alpha/PLAN.md"
    text = place.read_text("utf-8").replace(
        "commands:\n",
        "  - {id: ALPHA-02, title: Beta too, points: 1, kind: stretch}\ncommands:\n"
        "  - {check: ALPHA-02, run: grep -q 'beta = True' main.py}\n",
    )
    place.write_text(text, "utf-8")
    project.commit()
    report = json.loads(project.run("run", "--all", "--json").out)
    assert (sorted(report["landed"]), report["red"]) == (["1.01", "1.02"], {})
