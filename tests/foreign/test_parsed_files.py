"""What was read of somebody else's files is kept: each file once, and only by the readers that it was read with."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tracker.audit import disk
from tracker.service import foreign

LONG_AGO = 1_700_000_000


@pytest.fixture
def read_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A project of three plans and two summaries; the names of the files that were parsed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    phase = tmp_path / "project/.planning/phases/01-lamp"
    phase.mkdir(parents=True)
    for number in (1, 2, 3):
        (phase / f"01-0{number}-PLAN.md").write_text(
            f"---\nphase: 01\nplan: 0{number}\n---\n# Plan {number}\n"
        )
    for number in (1, 2):
        (phase / f"01-0{number}-SUMMARY.md").write_text(f"# Summary {number}\n\nIt is done.\n")
    parsed: list[str] = []
    for role, reader in dict(disk._READERS).items():

        def noted(text: str, path: str, reader: Callable[[str, str], Any] = reader) -> Any:
            parsed.append(Path(path).name)
            return reader(text, path)

        monkeypatch.setitem(disk._READERS, role, noted)
    return parsed


def read(root: Path) -> disk.Disk:
    with foreign.cached(root) as cache:
        return disk.read(str(root / ".planning"), "", cache)


@pytest.fixture
def kept(read_by_itself: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> disk.Disk:
    """What the first reading saw, all of it kept however young; the names of its files are forgotten."""
    monkeypatch.setattr(foreign, "SETTLED", 0)
    seen = read(tmp_path / "project")
    assert len(read_by_itself) == 5
    read_by_itself.clear()
    return seen


def test_each_file_is_parsed_once(kept: disk.Disk, read_by_itself: list[str], tmp_path: Path) -> None:
    assert read(tmp_path / "project") == kept
    assert read_by_itself == []


@pytest.mark.usefixtures("kept")
def test_a_changed_file_is_parsed_again_and_no_other(read_by_itself: list[str], tmp_path: Path) -> None:
    root = tmp_path / "project"
    os.utime(root / ".planning/phases/01-lamp/01-02-PLAN.md", (LONG_AGO, LONG_AGO))
    read(root)
    assert read_by_itself == ["01-02-PLAN.md"]


@pytest.mark.usefixtures("kept")
def test_another_version_of_the_readers_parses_all_anew(
    read_by_itself: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign, "stamp", lambda path: f"another {path.name}")
    read(tmp_path / "project")
    assert len(read_by_itself) == 5


def test_a_file_that_has_just_changed_is_not_kept(read_by_itself: list[str], tmp_path: Path) -> None:
    root = tmp_path / "project"
    read(root)
    read(root)
    assert len(read_by_itself) == 10
