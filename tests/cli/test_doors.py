"""The ways in and out: streams that are closed, projects that are there already, and those that have lost a file."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

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


def test_init_in_a_project_says_that_it_is_one(sample: SampleProject) -> None:
    sample.run("state")
    before = sample.git("status", "--porcelain")
    outcome = sample.run("init")
    assert outcome.code == 2
    assert "a tracker project already: it has plans/project.yaml" in outcome.err
    assert "import" not in outcome.err
    assert sample.git("status", "--porcelain") == before


@pytest.mark.parametrize("left", ["journal", "phases", "both"])
def test_a_lost_project_file_is_a_fault_and_the_project_stays_one(sample: SampleProject, left: str) -> None:
    sample.run("note", "kept", "--plan", "1.01") if left != "phases" else sample.run("state")
    (sample.root / "plans/project.yaml").unlink()
    if left == "journal":
        shutil.rmtree(sample.root / "plans/01-first")
    state = sample.read("STATE.md")
    fault = "plans/project.yaml:1:1: plans/project.yaml is missing; `git checkout -- plans/project.yaml`"
    status = sample.run("status")
    assert (status.code, fault in status.out) == (2, True)
    assert ("1.01  Alpha" in status.out) == (left != "journal")
    for command in (["run", "--all"], ["verify"], ["run", "--all", "--dry-run"], ["note", "x"], ["state"]):
        outcome = sample.run(*command)
        assert (outcome.code, fault in outcome.err) == (2, True), command
    assert sample.run("doctor").code == 1
    assert sample.read("STATE.md") == state


def test_init_writes_the_lost_project_file_and_nothing_over_the_plans(sample: SampleProject) -> None:
    sample.run("note", "kept")
    (sample.root / "plans/project.yaml").unlink()
    outcome = sample.run("init", "Sample", "--codebase", "app")
    assert (outcome.code, outcome.err) == (0, "")
    assert "01-start" not in outcome.out
    assert [plan.ref for plan in sample.snapshot.plans] == ["1.01", "1.02", "1.03"]
    assert "kept" in sample.read("STATE.md")
    assert sample.run("status").code == 0


def test_plans_of_another_kind_stay_somebody_else_s(project: SampleProject) -> None:
    project.write(
        {
            "plans/kitchen/PHASE.md": "# Not ours\n",
            "plans/01-notes/README.md": "# Not ours\n",
            "plans/2026.md": "# Not ours\n",
            ".planning/ROADMAP.md": "### Phase 1: Other\nPlans:\n- [ ] 01-01: other\n",
        }
    )
    project.commit()
    assert project.run("status").code == 0
    assert project.snapshot.origin == "planning"
    assert not (project.root / ".tracker").exists()


def test_the_first_minute_of_the_readme_ends_in_proof(project: SampleProject, tmp_path: Path) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    block = re.search(r"## In your own repository\n\n```sh\n(.*?)```", readme, re.DOTALL)
    assert block is not None
    lines = [line.partition("#")[0].strip() for line in block[1].splitlines()]
    assert lines[:2] == ["pip install .", "cd your-repository"]
    assert lines[-1] == "tracker"
    project.write({"main.c": "int main(void) { return 0; }\n", "Makefile": "all: main\n"})
    project.commit()
    command = tmp_path / "bin/tracker"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {TRACKER} "$@"\n')
    command.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", "-ec", "\n".join(lines[2:])],
        cwd=project.root,
        env={**os.environ, "PATH": f"{command.parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "stale" in done.stdout) == (0, False), done
    assert [plan.proof for plan in project.snapshot.plans] == ["verified"]
    assert project.git("status", "--porcelain") == ""


def test_init_names_the_step_between_it_and_a_proof(project: SampleProject) -> None:
    project.write({"main.c": "int main(void) { return 0; }\n"})
    project.commit()
    project.write({"mine.txt": "not yet to be committed\n"})
    said = project.run("init").out
    step = next(line.strip() for line in said.splitlines() if "git commit" in line)
    subprocess.run(["/bin/sh", "-ec", step], cwd=project.root, check=True, capture_output=True)
    assert project.git("status", "--porcelain") == "?? mine.txt"
    (project.root / "mine.txt").unlink()
    assert project.run("run", "1.01").code == 0
    assert project.state("1.01").proof == "verified"


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


@pytest.mark.parametrize("option", ["-r", "--reason", "--because"])
@pytest.mark.parametrize("command", ["done", "defer"])
def test_a_reason_goes_by_the_same_names_everywhere(sample: SampleProject, command: str, option: str) -> None:
    outcome = sample.run(command, "1.01", option, "seen elsewhere")
    assert outcome.code == 0, outcome.err
    plan = sample.state("1.01")
    assert (plan.status, plan.reason) == ({"done": "done", "defer": "deferred"}[command], "seen elsewhere")
