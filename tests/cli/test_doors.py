"""The ways in and out: streams that are closed, projects that are there already, and those that have lost a file."""

from __future__ import annotations

import shlex
import subprocess
import sys

import pytest

from tests.project import Outcome, SampleProject
from tracker.store import journal

TRACKER = f"{shlex.quote(sys.executable)} -P -m tracker"


def shell(project: SampleProject, line: str) -> Outcome:
    done = subprocess.run(
        ["/bin/sh", "-c", line.replace("tracker", TRACKER, 1)],
        cwd=project.root,
        capture_output=True,
        text=True,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_changes_neither_the_work_nor_the_exit_code(
    sample: SampleProject, closed: str
) -> None:
    commands = {"": 0, "status": 0, "status --json": 0, "show 1.01": 0, "next": 0, "log": 0, "--help": 0}
    for command, code in {**commands, "state --check": 1, "show 9.09": 2, "done 1.01": 1}.items():
        outcome = shell(sample, f"tracker {command} {closed}")
        assert outcome.code == code, (command, outcome)
        assert "internal" not in outcome.err + outcome.out, command
    before = len(journal.read(sample.root)[0])
    assert shell(sample, f"tracker note heard {closed}").code == 0
    assert len(journal.read(sample.root)[0]) == before + 1
    sample.git("add", "-A")
    sample.git("commit", "-q", "-m", "note")
    assert shell(sample, f"tracker run 1.03 {closed}").code == 0
    assert sample.state("1.03").proof == "verified"


def test_a_pipe_that_closes_ends_quietly_and_says_neither_yes_nor_no(sample: SampleProject) -> None:
    sample.run("note", "one")
    for command in ("log", "status", "status --json", "state --print", "--help", "link", "show 9.09 2>&1"):
        quiet = shell(sample, f"{{ sleep 0.2; tracker {command}; echo $? >&2; }} | true")
        assert quiet.err == "141\n", (command, quiet)
    heard = shell(sample, "{ tracker log; echo $? >&2; } | cat")
    assert (heard.err, "one" in heard.out) == ("0\n", True)


@pytest.mark.parametrize(
    ("options", "instead"),
    [("--check --print", "--check shows how"), ("--json", "--check"), ("--print --json", "status --json")],
)
def test_options_of_state_that_do_not_go_together_are_refused(
    sample: SampleProject, options: str, instead: str
) -> None:
    outcome = sample.run("state", *options.split())
    assert (outcome.code, outcome.out) == (2, "")
    assert instead in outcome.err
    assert not (sample.root / "STATE.md").exists()


@pytest.mark.parametrize("codebase", ["plans", "plans/01-first"])
def test_what_tracker_writes_itself_is_no_codebase(sample: SampleProject, codebase: str) -> None:
    text = sample.read("plans/project.yaml").replace("codebase: app", f"codebase: {codebase}")
    sample.write({"plans/project.yaml": text})
    outcome = sample.run("run", "--all")
    assert outcome.code == 2
    assert "plans/project.yaml:3:11: codebase: 'plans' holds the records" in outcome.err
    (sample.root / "plans/project.yaml").unlink()
    assert "holds the records" in sample.run("init", "--codebase", codebase).err
    assert not (sample.root / "plans/project.yaml").exists()


def test_doctor_warns_of_an_event_that_is_ahead_of_the_clock(
    sample: SampleProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample.run("state")
    monkeypatch.setenv("TRACKER_NOW", "2030-01-01T12:00:00Z")
    sample.run("note", "early")
    assert "✔ clock:" in sample.run("doctor").out
    monkeypatch.setenv("TRACKER_NOW", "2029-12-31T12:30:00Z")
    assert "✔ clock:" in sample.run("doctor").out
    monkeypatch.setenv("TRACKER_NOW", "2026-02-01T12:00:00Z")
    outcome = sample.run("doctor")
    assert "✘ clock: an event is recorded at 2030-01-01, the clock says 2026-02-01: later" in outcome.out
    assert outcome.code == 0
