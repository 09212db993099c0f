"""No code of a repository runs before somebody has said that it may."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.project import SampleProject


@pytest.fixture
def canary(project: SampleProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of which every piece of code, run or imported, leaves a file; not trusted."""
    monkeypatch.delenv("TRACKER_TRUST")
    place = tmp_path / "canary"
    sing = f"open({str(place)!r}, 'a').write('sung')\n"
    project.base().plan(1, "alpha", implement=sing, verify=sing)
    project.write(
        {
            "plans/baseline.py": sing,
            "plans/conftest.py": sing,
            "conftest.py": sing,
            "sitecustomize.py": sing,
            "tracker.py": sing,
            "yaml.py": sing,
            "plans/01-first/01-alpha/conftest.py": sing,
        }
    )
    project.commit()
    return place


COMMANDS = [
    ("status",),
    ("status", "--json"),
    ("next",),
    ("show", "1.01"),
    ("log",),
    ("state",),
    ("state", "--check"),
    ("run", "--all", "--dry-run"),
    ("verify", "--dry-run"),
    ("note", "hello"),
    ("start", "1.01"),
    ("done", "1.01", "--because", "so"),
    ("undo",),
]
EXECUTING = [("run", "1.01"), ("run", "--all"), ("verify",), ("done", "1.01"), ("run", "1.01", "--no-land")]


def test_reading_and_recording_execute_nothing(project: SampleProject, canary: Path) -> None:
    for command in COMMANDS:
        assert project.run(*command).code in (0, 1)
        assert not canary.exists(), command
    project.git("log", "-1")
    assert not canary.exists()


def test_executing_asks_first_and_lists_what_would_run(project: SampleProject, canary: Path) -> None:
    for command in EXECUTING:
        outcome = project.run(*command)
        assert outcome.code == 2, command
        assert "this repository is not trusted yet" in outcome.err
        assert "plans/01-first/01-alpha/" in outcome.err
        assert not canary.exists(), command


def test_trust_is_remembered_outside_the_repository(project: SampleProject, canary: Path) -> None:
    project.run("verify", "--trust")
    assert canary.exists(), "the canary has to be able to sing"
    assert project.run("verify").code != 2
    assert "trust" not in project.git("status", "--porcelain")


def test_the_service_refuses_too(project: SampleProject, canary: Path) -> None:
    from tracker.errors import NotTrusted

    for call in (
        lambda: project.service.run(["1.01"]),
        project.service.verify,
        lambda: project.service.done("1.01"),
    ):
        with pytest.raises(NotTrusted):
            call()
    assert not canary.exists()


def test_a_copy_is_not_trusted_with_its_original(
    project: SampleProject, canary: Path, tmp_path: Path
) -> None:
    project.run("verify", "--trust")
    canary.unlink()
    twin = project.clone(tmp_path / "twin")
    assert twin.run("verify").code == 2
    assert not canary.exists()
