"""A wave as a merge queue: what lands has been verified on exactly what it lands on."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import pytest

from tests.project import SampleProject
from tracker.errors import TrackerError
from tracker.model import progress as pg
from tracker.service.base import Repository
from tracker.service.reports import RunReport
from tracker.service.running import Options, run

SAME_LINE = """
    def implement(codebase):
        text = codebase.read("main.py")
        if "{word}" not in text:
            codebase.write("main.py", text.replace("start = True", "start = True; {word} = True", 1), why="{word}")
"""
HAS = """
    from tracker.api import check

    @check("{check}")
    def test_it(codebase):
        text = codebase.read("main.py")
        assert "{word} = True" in text
"""
NOT_AFTER_ALPHA = (
    HAS
    + """        assert "alpha" not in text, "alpha is in the way"
"""
)


def carry_out(
    project: SampleProject,
    *,
    observer: Callable[[pg.Progress], None] = pg.silent,
    step: Callable[[str], None] = lambda _name: None,
) -> RunReport:
    options = Options(jobs=2, observer=observer, step=step)
    return run(Repository.find(project.root), all_plans=True, options=options)


def verified_on_what_it_stands(project: SampleProject) -> None:
    """Every landing's evidence names the codebase tree of its own commit."""
    for line in project.read("plans/journal.jsonl").splitlines():
        event = json.loads(line)
        if event["kind"] == "landed":
            commit = project.git("log", "--format=%H", f"--grep=^Plan: {event['plan']}$", "-1")
            assert project.git("rev-parse", f"{commit}:app") == event["data"]["tree"], event["plan"]


def test_textual_conflicts_are_implemented_again(project: SampleProject) -> None:
    project.base()
    for number, slug in enumerate(("alpha", "beta", "gamma"), 1):
        project.plan(number, slug, implement=SAME_LINE, verify=HAS)
    project.commit()
    said: list[str] = []
    report = carry_out(project, observer=lambda step: said.append(step.text))
    assert sorted(report.landed) == ["1.01", "1.02", "1.03"]
    assert said.count("conflicts with the plan before it: implemented again") == 2
    assert project.read("app/main.py") == "start = True; gamma = True; beta = True; alpha = True\n"
    verified_on_what_it_stands(project)


def test_a_red_plan_in_the_middle_is_taken_out(project: SampleProject) -> None:
    """beta is green alone and red on alpha; gamma, stacked on both, is built anew and lands."""
    project.base()
    project.plan(1, "alpha").plan(2, "beta", verify=NOT_AFTER_ALPHA).plan(3, "gamma")
    project.commit()
    report = carry_out(project)
    assert sorted(report.landed) == ["1.01", "1.03"]
    assert "alpha is in the way" in report.failed["1.02"]
    assert project.read("app/main.py") == "start = True\nalpha = True\ngamma = True\n"
    assert project.git("status", "--porcelain") == ""
    verified_on_what_it_stands(project)


def test_the_red_plan_is_green_where_it_comes_first(project: SampleProject) -> None:
    """So the failure above is of the stack, not of the plan."""
    project.base().plan(1, "alpha").plan(2, "beta", verify=NOT_AFTER_ALPHA).commit()
    assert project.run("run", "1.02").code == 0


def at_first(name: str, act: Callable[[], object]) -> Callable[[str], None]:
    """A step that acts the first time it has this name."""
    done: list[str] = []

    def step(now: str) -> None:
        if now == name and not done:
            done.append(now)
            act()

    return step


def test_a_branch_that_moves_is_stacked_on_again(sample: SampleProject) -> None:
    """A person commits between verification and landing; nothing of either is lost."""

    def person() -> None:
        sample.write({"app/main.py": "start = True\nperson = True\n"})
        sample.git("commit", "-q", "-m", "by hand", "app/main.py")

    said: list[str] = []
    report = carry_out(
        sample, step=at_first("commit made", person), observer=lambda step: said.append(step.text)
    )
    assert sorted(report.landed) == ["1.01", "1.02", "1.03"]
    assert "the branch has moved: stacked again" in said
    assert "by hand" in sample.git("log", "--format=%s").splitlines()
    assert "person = True" in sample.read("app/main.py")
    assert "alpha = True" in sample.read("app/main.py")
    assert [plan.proof for plan in sample.snapshot.plans] == ["verified"] * 3
    assert sample.git("status", "--porcelain") == ""
    verified_on_what_it_stands(sample)


def test_an_edit_at_the_last_moment_is_not_overwritten(sample: SampleProject) -> None:
    def person() -> None:
        sample.write({"app/main.py": "start = True\nperson = True\n"})

    report = carry_out(sample, step=at_first("index held", person))
    assert "changed in your working tree" in report.failed["1.01"]
    assert sorted(report.landed) == ["1.03"]
    assert sample.read("app/main.py") == "start = True\nperson = True\n"


def test_a_commit_before_the_closing_makes_the_proof_stale_not_false(sample: SampleProject) -> None:
    """The closing's evidence names the tree that was verified, not the one that a person has made since."""

    def observer(step: pg.Progress) -> None:
        if step.kind == pg.CLOSING:
            sample.write({"app/person.py": "x = 1\n"}).commit("meanwhile")

    report = carry_out(sample, observer=observer)
    assert report.exit_code == 0
    assert sample.git("log", "-2", "--format=%s").splitlines() == ["Verified: 5 of 10", "meanwhile"]
    assert {plan.proof for plan in sample.snapshot.plans} == {"stale"}
    assert sample.run("state", "--check").code == 0
    assert sample.git("status", "--porcelain") == ""


def test_a_branch_that_never_stands_still_ends_the_run(sample: SampleProject) -> None:
    count = 0

    def step(name: str) -> None:
        nonlocal count
        if name == "commit made":
            count += 1
            sample.git("commit", "-q", "--allow-empty", "-m", f"{count}")

    with pytest.raises(TrackerError, match="the branch keeps moving"):
        carry_out(sample, step=step)
    assert sample.git("status", "--porcelain", "--", ".", ":(exclude)STATE.md") == ""
    assert sample.run("run", "--all").code == 0


def test_notes_said_during_a_run_are_in_its_commits(sample: SampleProject) -> None:
    def observer(step: pg.Progress) -> None:
        if step.kind == pg.IMPLEMENTING and step.plan == "1.02":
            sample.service.note("said while it ran", "1.01")

    report = carry_out(sample, observer=observer)
    assert report.exit_code == 0
    assert "said while it ran" in sample.git("show", "HEAD:plans/journal.jsonl")
    assert "said while it ran" in sample.git("show", "HEAD:STATE.md")
    assert sample.git("status", "--porcelain") == ""


def test_two_runs_at_once_are_refused_by_name(sample: SampleProject) -> None:
    said: list[str] = []

    def observer(step: pg.Progress) -> None:
        if step.kind == pg.IMPLEMENTING and step.plan == "1.03":
            outcome = sample.command("run", "1.01")
            said.append(f"{outcome.code} {outcome.err}")

    assert carry_out(sample, observer=observer).exit_code == 0
    assert said[0].startswith("1 error: another tracker is at work here (process ")
    assert "running 1.01, 1.03, 1.02" in said[0]


def test_a_stopped_run_lands_nothing_more_and_the_next_goes_on(sample: SampleProject) -> None:
    stop = threading.Event()

    def observer(step: pg.Progress) -> None:
        if step.kind == pg.LANDED:
            stop.set()

    options = Options(observer=observer, cancelled=stop)
    report = run(Repository.find(sample.root), all_plans=True, options=options)
    assert report.exit_code == 130
    assert sample.git("status", "--porcelain") == ""
    assert sample.run("run", "--all").code == 0
    assert [plan.proof for plan in sample.snapshot.plans] == ["verified"] * 3
