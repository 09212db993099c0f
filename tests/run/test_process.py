"""Child processes: bounded in time, output, memory and number, and gone when they are done."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tracker import process
from tracker.process import family

PYTHON = sys.executable


def run(tmp_path: Path, *command: str, timeout: float = 20, **more: object) -> process.Ended:
    return process.run(
        process.limited(command),
        cwd=tmp_path,
        env=process.clean_environment(tmp_path),
        log=tmp_path / "log",
        timeout=timeout,
        **more,  # type: ignore[arg-type]
    )


def shell(tmp_path: Path, script: str, **more: object) -> process.Ended:
    return run(tmp_path, "/bin/sh", "-c", script, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("script", "code", "reason"),
    [
        ("true", 0, ""),
        ("exit 3", 3, ""),
        ("kill -9 $$", -9, "killed by signal 9 (SIGKILL)"),
        ("kill -11 $$", -11, "killed by signal 11 (SIGSEGV)"),
        ("sh -c 'kill -9 $$'; exit $?", 137, "killed by signal 9 (SIGKILL)"),
        ("exit 200", 200, ""),
    ],
)
def test_how_it_ended(tmp_path: Path, script: str, code: int, reason: str) -> None:
    ended = shell(tmp_path, script)
    assert (ended.code, ended.reason) == (code, reason)


def test_what_cannot_be_started_says_so(tmp_path: Path) -> None:
    ended = process.run(
        ["/nowhere/at/all"],
        cwd=tmp_path,
        env={},
        log=tmp_path / "log",
        timeout=5,
    )
    assert ended.code == 127
    assert ended.reason == "could not be started: No such file or directory: /nowhere/at/all"


def test_a_time_out_ends_also_what_does_not_listen(tmp_path: Path) -> None:
    start = time.monotonic()
    ended = shell(tmp_path, "trap '' TERM; while :; do sleep 0.1; done", timeout=0.2)
    assert ended.reason == "timed out after 0.2 s"
    assert time.monotonic() - start < 15


def test_cancelling_ends_it(tmp_path: Path) -> None:
    cancelled = threading.Event()
    threading.Timer(0.1, cancelled.set).start()
    assert shell(tmp_path, "sleep 60", cancelled=cancelled).reason == "cancelled"


@pytest.mark.parametrize("script", ["yes", "head -c 5000000 /dev/zero"])
def test_output_is_capped(tmp_path: Path, script: str) -> None:
    lines: list[str] = []
    ended = shell(tmp_path, script, cap=100_000, on_output=lines.append)
    assert ended.reason == "wrote more than 97 KiB of output"
    assert (tmp_path / "log").stat().st_size < 200_000
    assert max(map(len, lines)) <= 200_000


def test_output_arrives_line_by_line_and_whole(tmp_path: Path) -> None:
    lines: list[str] = []
    shell(tmp_path, r"printf 'one\ntw'; sleep 0.1; printf 'o\r\n\377\nlast'", on_output=lines.append)
    assert lines == ["one", "two", "\ufffd", "last"]
    assert (tmp_path / "log").read_bytes() == b"one\ntwo\r\n\xff\nlast"


def test_the_cap_is_of_one_child_not_of_the_log(tmp_path: Path) -> None:
    for _ in range(3):
        assert shell(tmp_path, "head -c 60000 /dev/zero", cap=100_000).reason == ""
    assert (tmp_path / "log").stat().st_size == 180_000


def test_memory_is_bounded(tmp_path: Path) -> None:
    assert run(tmp_path, PYTHON, "-c", "bytearray(5 << 30)").code == 1
    assert b"MemoryError" in (tmp_path / "log").read_bytes()


def test_reserved_address_space_is_not_memory(tmp_path: Path) -> None:
    """Runtimes such as V8 and the JVM reserve tens of gigabytes."""
    code = "import mmap; mmap.mmap(-1, 40 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=0)"
    assert run(tmp_path, PYTHON, "-c", code).code == 0, (tmp_path / "log").read_text(encoding="utf-8")


def test_one_file_is_bounded(tmp_path: Path) -> None:
    ended = shell(tmp_path, "truncate -s 2G big")
    assert ended.code != 0


def test_processes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker.process.child.PROCESSES", 20)
    ended = shell(tmp_path, "for i in $(seq 40); do sleep 272 & done; wait")
    assert ended.reason == "started more than 20 processes"
    assert not sleeping("272")


@pytest.mark.parametrize(
    ("number", "script"),
    [
        ("301", "sleep 301 &"),
        ("302", "setsid sleep 302 &"),
        ("303", "(setsid sleep 303 &) ; exit 0"),
        ("304", "setsid sh -c 'trap \"\" TERM; sleep 304' & sleep 0.1"),
        ("305", "env -i setsid sleep 305 & sleep 60"),
    ],
)
def test_nothing_is_left_running(tmp_path: Path, number: str, script: str) -> None:
    shell(tmp_path, script, timeout=1.5)
    assert not sleeping(number)


def test_strays_are_known_by_their_environment(tmp_path: Path) -> None:
    child = subprocess.Popen(["sleep", "274"], env={"TRACKER_CODEBASE": f"{tmp_path}/worktrees/x"})
    other = subprocess.Popen(["sleep", "275"], env={"TRACKER_CODEBASE": "/elsewhere"})
    try:
        process.end_strays([f"TRACKER_CODEBASE={tmp_path}/worktrees/"])
        assert child.wait(timeout=5) == -9
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_members_are_descendants_and_the_marked() -> None:
    child = subprocess.Popen(["sh", "-c", "sleep 276 & wait"])
    marked = subprocess.Popen(["sleep", "277"], env={family.VARIABLE: "mark"})
    try:
        while len(found := family.members(child.pid, "mark")) < 3:
            time.sleep(0.01)
        assert {child.pid, marked.pid} < found
        assert os.getpid() not in found
    finally:
        family.end(child.pid, "mark")
        child.wait()
        marked.wait()
    assert family.members(child.pid, "mark") == set()


def test_the_environment_is_clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_TOKEN", "secret")
    monkeypatch.setenv("LD_PRELOAD", "")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    environment = process.clean_environment(tmp_path, {"EXTRA": "1"})
    assert {"API_TOKEN", "LD_PRELOAD", "PYTHONPATH", "SSH_AUTH_SOCK"}.isdisjoint(environment)
    assert environment["HOME"] == str(tmp_path)
    assert environment["EXTRA"] == "1"


def sleeping(seconds: str) -> bool:
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                if (place / "cmdline").read_bytes() == f"sleep\0{seconds}\0".encode():
                    return True
            except OSError:
                continue
    return False
