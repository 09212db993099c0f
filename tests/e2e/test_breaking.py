"""A plan that breaks another's check is found and named; revert takes it back."""

from __future__ import annotations

import pytest

from tests.project import SampleProject

ALPHA_OFF = """
    def implement(codebase):
        text = codebase.read("main.py")
        codebase.write("main.py", text.replace("alpha = True\\n", "") + ("" if "breaker" in text
            else "breaker = True\\n"), why="alpha is not wanted any more")
"""
BASE_OFF = """
    def implement(codebase):
        codebase.write("main.py", "breaker = True\\n", why="afresh")
"""


@pytest.fixture
def broken(project: SampleProject) -> SampleProject:
    """alpha, gamma, then breaker (which removes alpha), then delta: landed."""
    project.base().plan(1, "alpha").plan(2, "gamma", front="depends_on: [1.01]\n")
    project.plan(3, "breaker", front="depends_on: [1.02]\n", implement=ALPHA_OFF)
    project.plan(4, "delta", front="depends_on: [1.03]\n")
    project.commit()
    return project


def test_the_breaker_is_named(broken: SampleProject) -> None:
    outcome = broken.run("run", "--all")
    assert outcome.code == 1
    assert "✘ ALPHA-01 was green and is red: broken by 1.03" in outcome.out
    alpha = broken.state("1.01")
    assert (alpha.status, alpha.reason) == ("failed", "red since it was done: ALPHA-01")
    assert broken.snapshot.score is not None
    assert broken.snapshot.score.points == 5
    assert broken.git("status", "--porcelain") == ""


def test_a_broken_baseline_names_the_breaker(project: SampleProject) -> None:
    project.base().plan(1, "alpha").plan(2, "breaker", implement=BASE_OFF, front="depends_on: [1.01]\n")
    project.commit()
    outcome = project.run("run", "--all")
    assert outcome.code == 1
    assert "✘ BASE-01 was green and is red: broken by 1.02" in outcome.out


def test_a_check_that_a_person_broke_is_no_plans_fault(sample: SampleProject) -> None:
    sample.run("run", "1.01")
    sample.write({"app/main.py": "start = True\n"}).commit("alpha goes")
    outcome = sample.run("run", "1.03")
    assert "✘ ALPHA-01 was green and is red: broken by no plan of this run" in outcome.out


def test_revert_takes_the_plan_back_and_nothing_else(broken: SampleProject) -> None:
    broken.run("run", "1.01", "1.02")
    broken.run("run", "1.03")
    outcome = broken.run("revert", "1.03")
    assert outcome.code == 0, outcome.out + outcome.err
    assert broken.read("app/main.py") == "start = True\nalpha = True\ngamma = True\n"
    plan = broken.state("1.03")
    assert (plan.status, plan.run, plan.changes) == ("pending", "", ())
    assert [check.outcome for check in plan.checks] == ["failed"]
    assert [broken.state(ref).proof for ref in ("1.01", "1.02")] == ["verified", "verified"]
    assert broken.snapshot.score is not None
    assert broken.snapshot.score.points == 4
    assert broken.git("status", "--porcelain") == ""
    assert broken.run("state", "--check").code == 0
    assert (
        broken.git("log", "-1", "--format=%(trailers:key=Revert-Plan,valueonly)", "HEAD~1").strip() == "1.03"
    )
    assert not (broken.root / "plans/01-first/03-breaker/SUMMARY.md").exists()
    assert "1.03" in broken.run("next").out


def test_a_reverted_plan_can_run_again(sample: SampleProject) -> None:
    sample.run("run", "1.01", "1.03")
    sample.run("revert", "1.01")
    assert sample.state("1.03").proof == "verified"
    outcome = sample.run("run", "1.01")
    assert outcome.code == 0, outcome.out
    assert sample.state("1.01").proof == "verified"


def test_revert_names_what_stands_on_the_plan(sample: SampleProject) -> None:
    sample.run("run", "--all")
    outcome = sample.run("revert", "1.01")
    assert outcome.code == 1
    assert "1.02 depends on 1.01 and has landed" in outcome.err
    assert "Revert the later ones first" in outcome.err


def test_revert_names_the_check_that_it_breaks(project: SampleProject) -> None:
    """gamma does not declare that it needs alpha; reverting alpha turns gamma's check red."""
    project.base().plan(1, "alpha")
    project.plan(2, "gamma", implement=OWN_FILE, verify=NEEDS_ALPHA)
    project.commit()
    project.run("run", "1.01")
    project.run("run", "1.02")
    outcome = project.run("revert", "1.01")
    assert outcome.code == 1
    assert "GAMMA-01 was green and is red: broken by 1.01" in outcome.err


OWN_FILE = """
    def implement(codebase):
        codebase.write("gamma.py", "gamma = True\\n", why="gamma")
"""
NEEDS_ALPHA = """
    from tracker.api import check

    @check("{check}")
    def test_it(codebase):
        assert "alpha = True" in codebase.read("main.py")
"""


def test_revert_refuses_what_has_not_landed(sample: SampleProject) -> None:
    outcome = sample.run("revert", "1.01")
    assert outcome.code == 1
    assert "1.01 has not landed" in outcome.err


def test_revert_refuses_what_later_changes_touch(sample: SampleProject) -> None:
    sample.run("run", "1.01")
    sample.write({"app/main.py": "start = True\nalpha = True  # kept\n"}).commit("by hand")
    outcome = sample.run("revert", "1.01")
    assert outcome.code == 1
    assert "later changes touch what 1.01 changed" in outcome.err
    assert sample.read("app/main.py").endswith("# kept\n")
