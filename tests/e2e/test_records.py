"""What people say: recorded, shown, taken back; and what it may not claim."""

from __future__ import annotations

import json

import pytest

from tests.project import SampleProject

WITH_DEFERRABLE = """
    def implement(codebase):
        lines = ["alpha = True"] + ([] if "ALPHA-02" in codebase.deferred else ["strict = True"])
        for line in lines:
            codebase.append("main.py", line + "\\n", why="alpha")
"""
TWO_CHECKS = """
    from tracker.api import check

    @check("ALPHA-01")
    def test_one(codebase):
        assert "alpha = True" in codebase.read("main.py")

    @check("ALPHA-02")
    def test_two(codebase):
        assert "strict = True" in codebase.read("main.py")
"""


def test_done_is_refused_while_checks_are_red(sample: SampleProject) -> None:
    outcome = sample.run("done", "1.01")
    assert outcome.code == 1
    assert "1.01 is not done: 1 of its checks did not pass" in outcome.err
    assert "ALPHA-01 failed" in outcome.err
    assert sample.state("1.01").status == "pending"


def test_done_after_work_by_hand_is_verified(sample: SampleProject) -> None:
    sample.write({"app/main.py": "start = True\nalpha = True\n"})
    assert sample.run("done", "1.01").code == 0
    plan = sample.state("1.01")
    assert (plan.status, plan.proof) == ("done", "verified")
    assert sample.run("done", "1.01").out == "1.01 is done and verified already\n"


def test_a_persons_word_is_unproven_everywhere_and_earns_nothing(sample: SampleProject) -> None:
    assert sample.run("done", "1.01", "--because", "I saw it run").code == 0
    for shown in (
        sample.run("status").out,
        sample.run("show", "1.01").out,
        sample.read("STATE.md"),
        sample.run("status", "--json").out,
    ):
        assert "unproven" in shown
        assert "I saw it run" in shown
    state = json.loads(sample.run("status", "--json").out)
    assert state["score"]["points"] == 0
    assert sample.run("undo").code == 0
    assert sample.state("1.01").status == "pending"


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (("done", "1.01", "--because", "seen"), "done"),
        (("defer", "1.01", "--reason", "later"), "deferred"),
        (("start", "1.01"), "active"),
        (("note", "--plan", "1.01", "remember the milk"), "pending"),
        (("link", "1.01", "HEAD"), "pending"),
        (("defer", "1.01", "--check", "alpha-01", "--reason", "no time"), "pending"),
    ],
)
def test_undo_takes_back(sample: SampleProject, command: tuple[str, ...], shown: str) -> None:
    sample.run("state")
    before, state = sample.run("status", "--json").out, sample.read("STATE.md")
    assert sample.run(*command).code == 0
    assert sample.state("1.01").status == shown
    assert sample.run("status", "--json").out != before
    assert sample.read("STATE.md") != state or command[0] == "link"
    assert sample.run("undo", "1.01").code == 0
    assert sample.run("status", "--json").out == before
    assert sample.read("STATE.md") == state
    assert sample.run("undo").code == 1


def test_a_deferred_check_is_left_out_and_red(project: SampleProject) -> None:
    checks = "  - {id: ALPHA-02, title: It is strict, points: 3, domain: Core}\n"
    project.base().plan(1, "alpha", implement=WITH_DEFERRABLE, verify=TWO_CHECKS)
    place = project.root / "plans/01-first/01-alpha/PLAN.md"
    place.write_text(
        place.read_text(encoding="utf-8").replace("\n---\n\n", f"\n{checks}---\n\n"), encoding="utf-8"
    )
    project.commit()
    assert project.run("defer", "1.01", "--check", "ALPHA-02", "--reason", "needs a month").code == 0
    outcome = project.run("run", "1.01")
    assert outcome.code == 0, outcome.out + outcome.err
    assert project.read("app/main.py") == "start = True\nalpha = True\n"
    plan = project.state("1.01")
    assert (plan.status, plan.proof) == ("done", "verified")
    assert [check.outcome for check in plan.checks] == ["passed", "failed"]
    assert project.snapshot.score is not None
    assert project.snapshot.score.points == 3
    assert "needs a month" in project.read("STATE.md")
    assert project.run("reopen", "1.01", "--check", "ALPHA-02").code == 0
    assert project.run("run", "1.01").code == 0, "what was left out is a reason to run again"
    assert "strict = True" in project.read("app/main.py")


def test_notes_in_state_md_survive_and_never_block_a_run(sample: SampleProject) -> None:
    sample.run("state")
    text = sample.read("STATE.md")
    written = text + "<!-- notes -->\nAsk Grace before Friday.\n<!-- /notes -->\n"
    (sample.root / "STATE.md").write_text(written, encoding="utf-8")
    sample.run("state")
    assert sample.run("state", "--check").code == 0
    sample.run("note", "a note too")
    assert sample.run("run", "1.01").code == 0
    assert "Ask Grace before Friday." in sample.read("STATE.md")
    assert "Ask Grace before Friday." in sample.git("show", "HEAD:STATE.md")
    assert sample.git("status", "--porcelain") == ""
    sample.run("note", "another")
    assert sample.run("run", "1.03").code == 0
    assert "Ask Grace before Friday." in sample.read("STATE.md")


def test_words_outside_the_notes_are_kept_in_a_backup(sample: SampleProject) -> None:
    sample.run("state")
    (sample.root / "STATE.md").write_text("all done, trust me\n", encoding="utf-8")
    assert sample.run("state", "--check").code == 1
    assert sample.run("run", "1.01").code == 0
    kept = [place.read_text(encoding="utf-8") for place in (sample.root / ".tracker/backups").iterdir()]
    assert "all done, trust me\n" in kept
    assert sample.run("state", "--check").code == 0


def test_tracker_now_fixes_recorded_times(sample: SampleProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKER_NOW", "2026-01-27T12:00:00Z")
    sample.run("note", "one")
    sample.run("note", "two")
    times = [json.loads(line)["time"] for line in sample.read("plans/journal.jsonl").splitlines()]
    assert times == ["2026-01-27T12:00:00.000Z", "2026-01-27T12:00:00.001Z"]
    assert "2026-01-27" in sample.read("STATE.md")
    monkeypatch.setenv("TRACKER_NOW", "yesterday")
    outcome = sample.run("note", "three")
    assert outcome.code == 2
    assert "TRACKER_NOW is not an ISO date or time: 'yesterday'" in outcome.err


def test_a_changed_plan_runs_again(sample: SampleProject) -> None:
    sample.run("run", "1.01")
    place = sample.root / "plans/01-first/01-alpha/implementation.py"
    place.write_text(
        place.read_text(encoding="utf-8").replace("alpha = True", "alpha = True  # sure"), encoding="utf-8"
    )
    assert "the plan has changed since it landed" in sample.run("run", "1.01", "--dry-run").out
    assert sample.run("run", "1.01").code == 0
    assert "alpha = True  # sure" in sample.read("app/main.py")
    assert sample.git("status", "--porcelain") == ""
    assert "up to date" in sample.run("run", "1.01").out


def test_no_land_is_the_authors_loop(sample: SampleProject) -> None:
    head = sample.git("rev-parse", "HEAD")
    for _ in range(2):
        outcome = sample.run("run", "1.01", "--no-land")
        assert outcome.code == 0, outcome.err
        assert "1.01: its checks passed; nothing landed" in outcome.out
    place = outcome.out.split("worktree ")[1].split()[0]
    assert place.startswith(str(sample.root / ".tracker/worktrees"))
    kept = sample.root / ".tracker/worktrees"
    assert [run.name for run in kept.iterdir()] == [place.split("/")[-2]]
    assert sample.git("rev-parse", "HEAD") == head
    assert sample.state("1.01").status == "pending"
    assert sample.read("app/main.py") == "start = True\n"
