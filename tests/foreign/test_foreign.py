"""Somebody else's repository is shown at once, and nothing is written into it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.project import SampleProject
from tracker.cli.main import main
from tracker.service import Service

DOCUMENT = b"""# Project State

| Phase | Status | Progress |
|-------|--------|----------|
| Phase 1: Lamp | Complete | 2/2 |
| Phase 2: Lens | In progress | 1/3 |
"""


def contents(root: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(root)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in root.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",),
        ("status", "--json"),
        ("next",),
        ("next", "--json"),
        ("log",),
        ("show", "01-02"),
        ("show", "1.2", "--json"),
        ("link",),
        ("link", "--json"),
        ("state", "--print"),
        ("audit",),
        ("audit", "--json"),
        ("import", "--dry-run"),
        ("doctor",),
    ],
    ids=" ".join,
)
def test_reading_writes_nothing_into_the_repository(
    beacon: SampleProject, arguments: tuple[str, ...]
) -> None:
    before = contents(beacon.root)
    outcome = beacon.run(*arguments)
    assert outcome.code in (0, 1), outcome.err
    assert outcome.out
    assert contents(beacon.root) == before


def test_status_shows_phases_plans_and_where_done_comes_from(beacon: SampleProject) -> None:
    outcome = beacon.run("status")
    assert "2 of 4 plans done" in outcome.out
    assert "Phase 2.1: Polish" in outcome.out
    assert "999" not in outcome.out
    snapshot = json.loads(beacon.run("status", "--json").out)
    assert snapshot["origin"] == "planning"
    assert (snapshot["done"], snapshot["total"], snapshot["current_phase"]) == (2, 4, "2")
    assert snapshot["updated"] == "2026-01-02"
    done = snapshot["phases"][0]["plans"][0]
    assert (done["status"], done["proof"], done["source"]) == ("done", "unproven", "document")
    assert done["reason"] == ".planning/phases/01-lamp/01-01-SUMMARY.md reports it"
    second = snapshot["phases"][0]["plans"][1]
    assert second["depends_on"] == ["1.01"]


def test_plans_go_by_the_names_of_their_files(beacon: SampleProject) -> None:
    for name in ("1.02", "1.2", "01-02"):
        assert "Do part 02." in beacon.run("show", name).out
    assert "no plan '7.01'" in beacon.run("show", "7.01").err


@pytest.mark.parametrize(
    "arguments",
    [
        ("start", "1.01"),
        ("start", "2.01"),
        ("done", "2.01", "--because", "I say so"),
        ("defer", "2.01", "-r", "later"),
        ("reopen", "1.01"),
        ("note", "hello"),
        ("undo",),
        ("state",),
        ("run", "2.01"),
        ("verify",),
        ("new", "plan", "Another"),
    ],
    ids=" ".join,
)
def test_recording_says_import_first(beacon: SampleProject, arguments: tuple[str, ...]) -> None:
    before = contents(beacon.root)
    outcome = beacon.run(*arguments)
    assert outcome.code == 2
    assert "`tracker import .planning`" in outcome.err
    assert contents(beacon.root) == before


@pytest.mark.parametrize("arguments", [(), ("--json",)], ids=["text", "json"])
def test_a_document_that_is_not_generated_is_not_called_stale(
    beacon: SampleProject, arguments: tuple[str, ...]
) -> None:
    before = contents(beacon.root)
    outcome = beacon.run("state", "--check", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert "`tracker audit`" in outcome.err
    assert "`tracker import .planning`" in outcome.err
    assert "`tracker state`" not in outcome.err
    assert contents(beacon.root) == before


def test_a_lone_document_is_enough(project: SampleProject) -> None:
    project.write({"STATE.md": DOCUMENT})
    project.commit()
    snapshot = project.snapshot
    assert snapshot.origin == "document"
    assert [(phase.done, phase.total, phase.status) for phase in snapshot.phases] == [
        (2, 2, "done"),
        (1, 3, "active"),
    ]
    assert "`tracker import STATE.md`" in project.run("note", "x").err


def test_from_a_directory_below_and_without_git(
    tmp_path: Path, beacon: SampleProject, capsys: pytest.CaptureFixture[str]
) -> None:
    assert Service.open(beacon.root / ".planning" / "phases").snapshot().total == 4
    plain = tmp_path / "plain"
    (beacon.root / ".planning").rename(tmp_path / "moved")
    plain.mkdir()
    (tmp_path / "moved").rename(plain / ".planning")
    before = contents(plain)
    assert main(["-C", str(plain), "status"]) == 0
    assert "2 of 4 plans done" in capsys.readouterr().out
    assert main(["-C", str(plain / ".planning" / "phases"), "status"]) == 0
    assert contents(plain) == before


def test_an_empty_repository_says_what_to_do(project: SampleProject) -> None:
    project.write({"README.md": "# Hello\n"})
    project.commit()
    assert project.snapshot.origin == "none"
    assert "`tracker init`" in project.run("status").out
    check = project.run("state", "--check")
    assert (check.code, "`tracker init`" in check.err) == (2, True)


def test_a_cache_that_cannot_be_written_harms_nothing(
    beacon: SampleProject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a directory")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    assert beacon.snapshot.total == 4


def test_what_was_parsed_is_kept_in_the_user_s_cache(
    beacon: SampleProject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    old = 1_700_000_000
    for path in beacon.root.rglob("*.md"):
        os.utime(path, (old, old))
    monkeypatch.setattr("tracker.service.foreign.SETTLED", 0)
    first = beacon.snapshot
    assert list((tmp_path / "cache").rglob("state.db"))

    def refuse(*_: object) -> object:
        raise AssertionError("parsed again")

    monkeypatch.setattr("tracker.audit.planfile.read_plan", refuse)
    assert beacon.snapshot == first
