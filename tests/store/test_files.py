"""Files written whole or not at all; what a kill leaves is swept; the lock names its holder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project import SampleProject
from tracker.errors import Locked, TrackerError
from tracker.store import files
from tracker.store.lock import is_held, lock


def test_a_write_that_fails_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "STATE.md"
    files.write_atomic(place, b"old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(TrackerError, match=r"STATE.md cannot be written: No space left on device"):
        files.write_atomic(place, b"new")
    assert place.read_bytes() == b"old"
    assert [item.name for item in tmp_path.iterdir()] == ["STATE.md"]


def test_what_dead_processes_left_is_swept(tmp_path: Path) -> None:
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    left = tmp_path / f".reasons.json.{int(dead.stdout)}.new"
    mine = tmp_path / f".reasons.json.{os.getpid()}.new"
    other = tmp_path / ".mine.new"
    for place in (left, mine, other):
        place.touch()
    files.sweep(tmp_path)
    assert [place.exists() for place in (left, mine, other)] == [False, True, True]


def test_a_half_made_local_directory_is_completed(sample: SampleProject) -> None:
    (sample.root / ".tracker").mkdir()
    (sample.root / ".tracker/.gitignore").touch()
    sample.run("note", "x")
    assert "?? .tracker" not in sample.git("status", "--porcelain")


def test_the_lock_is_refused_by_name_and_free_again(tmp_path: Path) -> None:
    with lock(tmp_path, doing="landing 1.01"):
        assert is_held(tmp_path)
        with (
            pytest.raises(Locked, match=rf"\(process {os.getpid()}: landing 1.01\)"),
            lock(tmp_path, timeout=0.05),
        ):
            pass
    assert not is_held(tmp_path)
    with lock(tmp_path, timeout=0.05):
        pass


def test_a_killed_holder_gives_the_lock_back(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from tracker.store.lock import lock\n"
        "with lock(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    with lock(tmp_path, timeout=0.05):
        pass


@pytest.mark.parametrize("kind", ["state", "cache"])
def test_the_users_directory_without_a_home(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    assert files.user_directory(kind).is_absolute()
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert "relative" not in str(files.user_directory(kind))


def test_trust_by_a_file_of_somebody_else_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without HOME the file lies below the common temporary directory."""
    from tracker.store import trust

    monkeypatch.delenv("TRACKER_TRUST")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    trust.trust(tmp_path)
    assert trust.trusted(tmp_path)
    owner = os.getuid()
    monkeypatch.setattr("os.getuid", lambda: owner + 1)
    assert not trust.trusted(tmp_path)
