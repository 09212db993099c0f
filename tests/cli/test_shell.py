"""The command line as its user meets it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project import SampleProject
from tracker.cli import main as shell
from tracker.cli.registry import COMMANDS

TRACKER = [sys.executable, "-P", "-m", "tracker"]


def test_every_command_of_the_registry_has_help(project: SampleProject) -> None:
    for name in COMMANDS:
        outcome = project.run(name, "--help")
        assert outcome.code == 0, name
        assert outcome.out.startswith("Usage: tracker")


def test_an_unknown_command_names_the_nearest(project: SampleProject) -> None:
    outcome = project.run("sttus")
    assert outcome.code == 2
    assert "'status'" in outcome.err


def test_a_check_in_place_of_a_plan_names_its_plan(sample: SampleProject) -> None:
    plan = json.loads(sample.run("show", "1.01", "--json").out)["plan"]
    outcome = sample.run("show", plan["checks"][0]["id"])
    assert outcome.code == 2
    assert "is a check of plan 1.01" in outcome.err


def test_outside_a_repository_it_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert shell.main(["-C", str(tmp_path), "status"]) == 2
    assert "not inside a git repository" in capsys.readouterr().err


def test_status_shows_the_rest_when_a_definition_is_broken(sample: SampleProject) -> None:
    sample.write({"plans/01-first/02-beta/PLAN.md": "---\ntitle: [\n---\n"})
    outcome = sample.run("status")
    assert outcome.code == 2
    assert "1.01  Alpha" in outcome.out
    assert "plans/01-first/02-beta/PLAN.md:" in outcome.out
    assert "Traceback" not in outcome.out + outcome.err


def test_json_is_data_only_and_has_the_documented_fields(sample: SampleProject) -> None:
    outcome = sample.run("status", "--json")
    data = json.loads(outcome.out)
    assert outcome.err == ""
    assert data["schema"] == 1
    assert data["score"]["points"] == 0
    assert data["score"]["of"] == 10
    plan = data["phases"][0]["plans"][0]
    assert {"ref", "status", "proof", "checks", "depends_on"} <= plan.keys()
    for command in (["show", "1.01"], ["next"], ["log"], ["link"], ["state", "--check"], ["doctor"]):
        shown = json.loads(sample.run(*command, "--json").out)
        assert shown["schema"] == 1, command
    for command in (["run", "--all", "--dry-run"], ["verify", "--dry-run"]):
        assert json.loads(sample.run(*command, "--json").out)["schema"] == 1


def test_json_reference_names_every_field_of_the_snapshot() -> None:
    from tracker.model import snapshot as sn

    text = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
    for kind in (sn.Snapshot, sn.PhaseState, sn.PlanState, sn.CheckState, sn.Score, sn.Activity):
        for name in kind._fields:
            assert re.search(rf"`(?:[^`]*\W)?{name}(?:\[\])?`", text), f"{kind.__name__}.{name}"


def test_dry_run_says_what_would_run_and_why_not(sample: SampleProject) -> None:
    outcome = sample.run("run", "1.02", "--dry-run")
    assert "waits for 1.01" in outcome.out
    outcome = sample.run("run", "--all", "--dry-run")
    assert outcome.out.splitlines()[:4] == ["wave 1", "  1.01 Alpha", "  1.03 Gamma", "wave 2"]
    assert sample.git("status", "--porcelain") == ""


def test_without_trust_nothing_runs(sample: SampleProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRACKER_TRUST")
    outcome = sample.run("run", "1.01")
    assert outcome.code == 2
    assert "plans/01-first/01-alpha/implementation.py" in outcome.err
    assert sample.snapshot.done == 0


def test_an_internal_error_becomes_a_log(
    sample: SampleProject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from tracker.service import Service

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def broken(self: Service) -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr(Service, "snapshot", broken)
    outcome = sample.run("status")
    assert outcome.code == 3
    assert "Traceback" not in outcome.err
    (log,) = tmp_path.glob("tracker-error-*.log")
    assert "on purpose" in log.read_text(encoding="utf-8")


def test_a_closed_pipe_is_no_error(sample: SampleProject) -> None:
    done = subprocess.run(
        f"{' '.join(TRACKER)} status | head -1",
        shell=True,
        cwd=sample.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("Sample")
    assert done.stderr == ""


def test_no_colour_off_a_terminal(sample: SampleProject) -> None:
    done = subprocess.run([*TRACKER, "status"], cwd=sample.root, capture_output=True, text=True, check=True)
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("kind", ["bash", "zsh", "fish"])
def test_completion_knows_plans(sample: SampleProject, kind: str) -> None:
    words = {"bash": "tracker show 1.0", "zsh": "tracker show 1.0", "fish": "tracker show 1.0"}[kind]
    environment = {
        **os.environ,
        "_TRACKER_COMPLETE": f"{kind}_complete",
        "COMP_WORDS": words if kind != "fish" else "tracker show 1.0",
        "COMP_CWORD": "2" if kind != "fish" else "1.0",
    }
    done = subprocess.run(
        [sys.executable, "-P", "-c", "from tracker.cli.main import cli; cli(prog_name='tracker')"],
        cwd=sample.root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1.03" in done.stdout


def test_completion_script_can_be_printed(sample: SampleProject) -> None:
    done = subprocess.run(
        TRACKER,
        cwd=sample.root,
        env={**os.environ, "_TRACKER_COMPLETE": "bash_source"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "complete" in done.stdout
