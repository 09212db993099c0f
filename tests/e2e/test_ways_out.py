"""Where a project has got stuck, tracker says what is so and names a way out that works."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

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


def _squashed(project: SampleProject) -> None:
    """alpha, landed on a branch of its own, and squashed into main."""
    project.git("switch", "-q", "-c", "feat")
    assert project.run("run", "1.01").code == 0
    project.git("switch", "-q", "main")
    project.git("merge", "-q", "--squash", "feat")
    project.git("commit", "-q", "-m", "squashed")


def _reset(project: SampleProject) -> None:
    """alpha, landed and reset away: the journal alone is kept."""
    before = project.git("rev-parse", "HEAD")
    assert project.run("run", "1.01").code == 0
    journal = project.read("plans/journal.jsonl")
    project.git("reset", "-q", "--hard", before)
    project.write({"plans/journal.jsonl": journal})


@pytest.mark.parametrize("lose", [_squashed, _reset])
def test_a_plan_whose_landing_is_not_in_the_history_is_reopened(
    sample: SampleProject, lose: Callable[[SampleProject], None]
) -> None:
    lose(sample)
    assert sample.state("1.01").status == "done"
    outcome = sample.run("revert", "1.01")
    assert outcome.code == 1
    assert "is not in this branch's history" in outcome.err
    assert "`tracker reopen 1.01` makes it pending" in outcome.err
    outcome = sample.run("reopen", "1.01")
    assert (outcome.code, "1.01 is open again" in outcome.out) == (0, True), outcome.err
    assert sample.state("1.01").status == "pending"
    sample.commit("reopened")
    outcome = sample.run("run", "1.01")
    assert outcome.code == 0, outcome.out + outcome.err
    assert sample.read("app/main.py") == "start = True\nalpha = True\n"
    assert sample.state("1.01").proof == "verified"
    assert "has landed" in sample.run("reopen", "1.01").err, "this landing is in the history"


def test_a_plan_whose_landing_is_in_the_history_is_reverted(sample: SampleProject) -> None:
    sample.run("run", "1.01")
    outcome = sample.run("reopen", "1.01")
    assert outcome.code == 1
    assert "1.01 has landed: its code is in the codebase" in outcome.err
    assert "`tracker revert 1.01`" in outcome.err
    assert sample.run("revert", "1.01").code == 0
    assert sample.state("1.01").status == "pending"


def test_a_shallow_clone_does_not_take_a_landing_for_lost(sample: SampleProject, tmp_path: Path) -> None:
    sample.run("run", "1.01")
    sample.write({"more.txt": "x\n"}).commit("later")
    place = tmp_path / "shallow"
    sample.git("clone", "-q", "--depth", "1", f"file://{sample.root}", str(place))
    twin = SampleProject(place, sample._capsys)
    assert "has landed" in twin.run("reopen", "1.01").err
    outcome = twin.run("revert", "1.01")
    assert outcome.code == 1
    assert "this clone is shallow" in outcome.err
    assert "git fetch --unshallow" in outcome.err


@pytest.mark.parametrize("command", [("start", "1.01"), ("defer", "1.01", "--reason", "later")])
def test_what_is_said_to_come_first_works(sample: SampleProject, command: tuple[str, ...]) -> None:
    sample.run("run", "1.01")
    outcome = sample.run(*command)
    assert outcome.code == 1
    assert "1.01 is done" in outcome.err
    assert "`tracker revert 1.01`" in outcome.err
    assert "reopen" not in outcome.err
    assert sample.run("revert", "1.01").code == 0
    assert sample.run(*command).code == 0
    sample.run("done", "1.03", "--because", "seen")
    by_word = tuple(part.replace("1.01", "1.03") for part in command)
    assert "`tracker reopen 1.03`" in sample.run(*by_word).err
    sample.run("verify")
    outcome = sample.run(*by_word)
    assert outcome.code == 1, "it would stay red"
    assert "1.03 is red since it was done: GAMMA-01" in outcome.err
    assert sample.run("reopen", "1.03").code == 0
    assert sample.run(*by_word).code == 0


@pytest.mark.parametrize(
    ("command", "usage"),
    [
        ("log", "[PLAN]"),
        ("undo", "[PLAN]"),
        ("link", "[PLAN] [COMMIT]"),
        ("run", "[PLAN…]"),
        ("verify", "[PLAN…]"),
        ("show", "PLAN"),
    ],
)
def test_usage_shows_what_may_be_left_out(project: SampleProject, command: str, usage: str) -> None:
    assert project.run(command, "--help").out.splitlines()[0] == f"Usage: tracker {command} [OPTIONS] {usage}"


def _broken(project: SampleProject) -> None:
    """alpha has landed, and somebody takes it out of the code."""
    assert project.run("run", "1.01").code == 0
    project.write({"app/main.py": "start = True\n"}).commit("alpha goes")
    assert project.run("verify").code == 1
    assert project.state("1.01").status == "failed"
    project.commit("verified")


WAY_OUT = (
    "landed, and red since it was done: ALPHA-01; `tracker revert 1.01`, then `tracker run 1.01`;"
    " or mend the code by hand, then `tracker verify`"
)


def test_a_run_of_a_plan_that_is_red_since_says_no_and_names_the_ways_out(sample: SampleProject) -> None:
    _broken(sample)
    outcome = sample.run("run", "1.01")
    assert outcome.code == 1
    assert f"– 1.01 not run: {WAY_OUT}" in outcome.out
    assert f"refuse 1.01 Alpha · {WAY_OUT}" in sample.run("run", "1.01", "--dry-run").out
    sample.write({"app/main.py": "start = True\nalpha = True\n"})
    assert sample.run("verify").code == 0
    assert "up to date" in sample.run("run", "1.01").out


def test_a_run_of_all_says_no_too_and_lands_the_others(sample: SampleProject) -> None:
    _broken(sample)
    outcome = sample.run("run", "--all")
    assert outcome.code == 1
    assert WAY_OUT in outcome.out
    assert "✔ 1.03 landed" in outcome.out
    assert "1.02 not run: waits for 1.01" in outcome.out
    assert sample.run("run", "--all").code == 1, "also where there is nothing left to run"


def test_a_red_plan_is_reverted_and_run_again(project: SampleProject) -> None:
    """gamma takes alpha out of the code: a revert of alpha has nothing to take back, and a run puts it there."""
    project.base().plan(1, "alpha").commit()
    project.run("run", "1.01")
    project.write({"app/main.py": "start = True\n"}).commit("alpha goes")
    project.run("verify")
    project.commit("verified")
    assert project.run("revert", "1.01").code == 0
    assert project.run("run", "1.01").code == 0
    assert project.state("1.01").proof == "verified"


def test_a_red_plan_whose_landing_is_lost_is_reopened_and_run_again(sample: SampleProject) -> None:
    _reset(sample)
    sample.run("verify")
    outcome = sample.run("run", "1.01")
    assert outcome.code == 1
    assert "`tracker reopen 1.01`, then `tracker run 1.01`" in outcome.out
    assert sample.run("reopen", "1.01").code == 0
    sample.commit("reopened")
    assert sample.run("run", "1.01").code == 0
    assert sample.state("1.01").proof == "verified"


def test_what_a_person_did_and_is_verified_is_not_carried_out_anew(sample: SampleProject) -> None:
    sample.write({"app/main.py": "start = True\nalpha = True  # by hand\n"})
    assert sample.run("done", "1.01").code == 0
    sample.commit("alpha by hand")
    shown = sample.run("run", "1.01", "1.02", "--dry-run").out
    assert "skip 1.01 Alpha · done and verified: `tracker reopen 1.01` first" in shown
    assert "wave 1\n  1.02 Beta\n" in shown
    outcome = sample.run("run", "--all")
    assert outcome.code == 0, outcome.out
    assert sample.read("app/main.py") == "start = True\nalpha = True  # by hand\nbeta = True\n"
    sample.write({"app/main.py": "start = True\nalpha = True  # mine\nbeta = True\n"})
    assert "1.01 Alpha · done, but stale: `tracker verify`" in sample.run("run", "--all", "--dry-run").out
    assert sample.run("reopen", "1.01").code == 0
    assert "wave 1\n  1.01 Alpha\n" in sample.run("run", "1.01", "--dry-run").out


def test_what_is_done_by_word_only_or_red_since_is_carried_out(sample: SampleProject) -> None:
    sample.run("done", "1.01", "--because", "seen")
    assert "1.01 Alpha · done by word only" in sample.run("run", "1.01", "--dry-run").out
    sample.run("verify")
    assert "1.01 Alpha · red since it was done: ALPHA-01" in sample.run("run", "1.01", "--dry-run").out
    sample.commit("verified")
    assert sample.run("run", "1.01").code == 0


def _unlanded(project: SampleProject) -> list[str]:
    report = json.loads(project.run("audit", "--json").out)
    return [item["message"] for item in report["findings"] if item["kind"] == "plan-without-commits"]


def test_an_audit_finds_nothing_wrong_with_what_has_landed_or_a_person_did(sample: SampleProject) -> None:
    assert sample.run("run", "1.01").code == 0
    sample.write({"gamma.py": "", "app/gamma.py": "value = 3\n"})
    assert sample.run("done", "1.03").code == 0
    assert sample.run("done", "1.02", "--because", "seen").code == 0
    assert _unlanded(sample) == []
    assert sample.run("revert", "1.01").code == 1, "beta is red now"
    assert _unlanded(sample) == []


@pytest.mark.parametrize("lose", [_squashed, _reset])
def test_an_audit_finds_a_landing_that_is_not_in_the_history(
    sample: SampleProject, lose: Callable[[SampleProject], None]
) -> None:
    lose(sample)
    (message,) = _unlanded(sample)
    assert message.startswith("plan 1.01 has landed (run ")
    assert message.endswith("), and no commit of this history belongs to it")
    shown = sample.run("audit").out
    assert "`tracker link 1.01 COMMIT` where another commit has its code, else `tracker reopen 1.01`" in shown
    assert sample.run("link", "1.01", "HEAD").code == 0
    assert _unlanded(sample) == []
    assert sample.run("undo").code == 0
    assert sample.run("reopen", "1.01").code == 0
    assert _unlanded(sample) == []


@pytest.mark.parametrize("data", ["{}", '{"run": "20260101-000000-abcd", "digest": "x"}', "genuine"])
def test_an_audit_finds_a_landing_that_somebody_made_up(sample: SampleProject, data: str) -> None:
    assert sample.run("run", "1.01").code == 0
    if data == "genuine":
        data = json.dumps({"run": sample.state("1.01").run})
    line = f'{{"id": "made-up", "time": "2999-01-01T00:00:00.000Z", "actor": "x", "kind": "landed", "plan": "1.03", "data": {data}}}\n'
    sample.write({"plans/journal.jsonl": sample.read("plans/journal.jsonl") + line})
    (message,) = _unlanded(sample)
    assert message.startswith("plan 1.03 has landed")


def test_a_shallow_clone_is_not_said_to_lack_landings(sample: SampleProject, tmp_path: Path) -> None:
    sample.run("run", "1.01")
    sample.write({"more.txt": "x\n"}).commit("later")
    place = tmp_path / "shallow"
    sample.git("clone", "-q", "--depth", "1", f"file://{sample.root}", str(place))
    assert _unlanded(SampleProject(place, sample._capsys)) == []


def test_plans_numbered_anew_keep_their_landings(sample: SampleProject) -> None:
    """The trailers name the numbers that the plans had then."""
    assert sample.run("run", "1.01").code == 0
    sample.git("mv", "plans/01-first/01-alpha", "plans/01-first/09-alpha")
    sample.git("mv", "plans/01-first/03-gamma", "plans/01-first/01-gamma")
    place = sample.root / "plans/01-first/02-beta/PLAN.md"
    place.write_text(place.read_text("utf-8").replace("[1.01]", "[1.09]"), "utf-8")
    sample.commit("numbered anew")
    assert sample.state("1.09").run
    assert _unlanded(sample) == []
    assert "has landed" in sample.run("reopen", "1.09").err


def _two_phases(project: SampleProject) -> None:
    project.base().plan(1, "alpha").plan(2, "beta")
    project.write({"plans/02-second/PHASE.md": "---\ntitle: Second\n---\n"})
    project.plan(1, "gamma", phase="02-second").plan(2, "delta", phase="02-second")
    project.commit()


def test_stale_plans_of_several_phases_are_named_in_full(project: SampleProject) -> None:
    _two_phases(project)
    assert project.run("run", "1.01", "1.02").code == 0
    project.write({"app/more.py": "x = 1\n"})
    assert "Verify again: Plans 1.01-1.02" in project.run("next").out, "phase 2 is the current one"
    assert project.run("run", "2.01").code == 0
    project.write({"app/more.py": "x = 2\n"})
    assert "Verify again: Plans 1.01-1.02, 2.01" in project.run("next").out
    project.run("state")
    assert "Verify again: Plans 1.01-1.02, 2.01" in project.read("STATE.md")


def test_stale_plans_of_the_current_phase_need_only_their_numbers(project: SampleProject) -> None:
    _two_phases(project)
    assert project.run("run", "1.01").code == 0
    project.write({"app/more.py": "x = 1\n"})
    assert "Verify again: Plan 01\n" in project.run("next").out


def test_a_cycle_is_to_be_mended_and_what_waits_for_it_is_not_offered(project: SampleProject) -> None:
    project.base().plan(1, "alpha", front="depends_on: [1.02]\n").plan(
        2, "beta", front="depends_on: [1.01]\n"
    )
    project.plan(3, "gamma", front="depends_on: [1.02]\n").plan(4, "delta")
    project.commit()
    shown = project.run("next").out
    assert (
        "Mend Plans 1.01, 1.02: the definitions are broken, 1.01 → 1.02 → 1.01 is a cycle and can never start"
        in shown
    )
    assert "Execute Plan 04: Delta" in shown
    assert shown.count("Execute") == 1
    assert "1.01 → 1.02 → 1.01 is a cycle" in project.run("doctor").out
