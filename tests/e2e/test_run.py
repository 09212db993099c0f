"""The main job: run, prove, land, and the same state everywhere."""

from __future__ import annotations

import json
from pathlib import Path

from tests.project import SampleProject
from tracker.model import progress as pg
from tracker.model.definitions import BASELINE

CHECKS = ("ALPHA-01", "BETA-01", "GAMMA-01")


def test_run_lands_each_plan_and_closes(sample: SampleProject) -> None:
    outcome = sample.run("run", "--all", "--jobs", "2")
    assert outcome.code == 0, outcome.err
    subjects = sample.git("log", "--format=%s", "--reverse").splitlines()
    assert subjects[0] == "start"
    assert sorted(subjects[1:4]) == ["1.01: Alpha", "1.02: Beta", "1.03: Gamma"]
    assert subjects[4] == "Verified: 5 of 10"
    trailers = sample.git("log", "-1", "--format=%(trailers:key=Plan,valueonly)", "HEAD~1").strip()
    assert trailers in {"1.01", "1.02", "1.03"}
    assert sample.git("log", "-1", "--format=%(trailers:key=Verify,valueonly)").strip() == "5"
    assert sample.git("status", "--porcelain") == ""
    assert [plan.proof for plan in sample.snapshot.plans] == ["verified"] * 3
    files = sample.git("show", "--name-only", "--format=", "HEAD~1").splitlines()
    assert "STATE.md" in files
    assert "plans/journal.jsonl" in files
    assert any(name.endswith("SUMMARY.md") for name in files)


def test_the_closing_runs_no_check_twice_on_the_same_code(sample: SampleProject) -> None:
    told: list[pg.Progress] = []
    report = sample.service.run(["1.01", "1.02", "1.03"], observer=told.append)
    closing = next(number for number, item in enumerate(told) if item.kind == pg.CLOSING)
    verified = [item.plan for item in told[closing:] if item.kind == pg.VERIFYING]
    assert sorted(verified) == ["1.01", "1.03", BASELINE], "the code is as it was when 1.02 landed"
    event = json.loads(sample.read("plans/journal.jsonl").splitlines()[-1])
    assert event["kind"] == "verified"
    assert event["data"]["checks"] == dict.fromkeys(["BASE-01", *CHECKS], "passed")
    assert set(report.results) == {"BASE-01", *CHECKS}
    assert event["data"]["tree"] == sample.git("rev-parse", "HEAD:app")


def test_how_long_each_attempt_took_is_on_record(sample: SampleProject) -> None:
    sample.run("run", "--all")
    for plan in ("1.01", "1.02"):
        [attempt] = sample.service.attempts(plan)
        assert attempt["implement_seconds"] > 0
        assert attempt["verify_seconds"] > 0


def test_a_second_run_does_nothing_and_says_why(sample: SampleProject) -> None:
    sample.run("run", "--all")
    head = sample.git("rev-parse", "HEAD")
    outcome = sample.run("run", "--all")
    assert outcome.code == 0
    assert outcome.out.count("up to date") == 3
    assert sample.git("rev-parse", "HEAD") == head


def test_a_clone_shows_the_same_bytes(sample: SampleProject, tmp_path: Path) -> None:
    sample.run("run", "1.01", "1.03")
    twin = sample.clone(tmp_path / "twin")
    here = sample.run("status", "--json")
    assert twin.run("status", "--json").out == here.out
    assert twin.run("state", "--check").code == 0
    assert json.loads(here.out)["score"]["points"] == 4


def test_every_commit_of_a_run_holds_a_fresh_state(sample: SampleProject, tmp_path: Path) -> None:
    sample.run("run", "--all")
    for number, commit in enumerate(sample.git("log", "--format=%H", "-4").splitlines()):
        twin = sample.clone(tmp_path / f"twin{number}")
        twin.git("checkout", "-q", "-B", "look", commit)
        assert twin.run("state", "--check").code == 0, twin.run("state", "--check").out
