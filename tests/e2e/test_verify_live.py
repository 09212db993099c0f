"""A verification is seen from outside while it goes on, and is not taken for one that goes on when it was killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.project import SampleProject
from tracker.model import progress as pg
from tracker.service import Service

WAITS = """
    import pathlib, time
    from tracker.api import check

    @check("{check}")
    def test_waits(codebase):
        end = time.monotonic() + 30
        while not pathlib.Path("%s").exists() and time.monotonic() < end:
            time.sleep(0.02)
"""


@pytest.fixture
def gate(project: SampleProject, tmp_path: Path) -> Path:
    """The file that the project's one check waits for."""
    gate = tmp_path / "gate"
    project.base()
    project.plan(1, "alpha", verify=WAITS % gate)
    project.commit()
    return gate


def _verifying(project: SampleProject) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        [sys.executable, "-m", "tracker", "verify", "1.01"],
        cwd=project.root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _until(project, going=True)
    return child


def _until(project: SampleProject, *, going: bool) -> None:
    """Wait until one goes on, or none does any more: what was being started at the kill ends a moment later."""
    service, end = Service.open(project.root), time.monotonic() + 30
    while (service.live() is not None) != going:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_it_is_seen_while_it_goes_on(project: SampleProject, gate: Path) -> None:
    child = _verifying(project)
    try:
        live = Service.open(project.root).live()
        assert live is not None
        assert (live.kind, live.pid) == ("verify", child.pid)
    finally:
        gate.touch()
        child.wait(30)
    assert Service.open(project.root).live() is None
    told = (live.directory / "events.jsonl").read_text()
    assert f'"kind": "{pg.CHECK}"' in told
    assert "ALPHA-01" in told
    assert Service.open(project.root).interrupted() == ""


def test_a_killed_one_does_not_go_on(project: SampleProject, gate: Path) -> None:
    child = _verifying(project)
    child.send_signal(signal.SIGKILL)
    child.wait(30)
    _until(project, going=False)
    gate.touch()
    service = Service.open(project.root)
    assert service.interrupted() == ""
    assert project.run("verify", "1.01").code == 0
    assert service.live() is None


def test_the_newest_five_keep_their_logs(project: SampleProject, gate: Path) -> None:
    gate.touch()
    for _ in range(6):
        project.run("verify", "1.01")
    kept = [path for path in (project.root / ".tracker/verify").iterdir() if path.is_dir()]
    assert len(kept) == 5
    assert all((path / "1.01.log").exists() for path in kept)
