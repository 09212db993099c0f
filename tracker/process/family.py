"""The processes that a child has started, also those that have left its group or lost their parent (Linux)."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Collection, Sequence
from pathlib import Path

VARIABLE = "TRACKER_CHILD"
"""Carries the mark by which descendants are known that were handed to another parent."""

_PROC = Path("/proc")


def new_mark() -> str:
    """A value that no other child has."""
    return os.urandom(8).hex()


def members(child: int, mark: str) -> set[int]:
    """The child's living descendants, and every living process that carries its mark; empty without ``/proc``."""
    wanted = f"{VARIABLE}={mark}".encode()
    parents: dict[int, int] = {}
    found: set[int] = set()
    try:
        names = os.listdir(_PROC)  # noqa: PTH208 - names are all that is needed, hundreds of times
    except OSError:
        return set()
    for name in names:
        if not name.isdigit():
            continue
        try:
            stat = (_PROC / name / "stat").read_bytes()
            state, parent = stat[stat.rindex(b")") + 2 :].split(None, 2)[:2]
            if state in (b"Z", b"X"):
                continue
            parents[int(name)] = int(parent)
            if wanted in (_PROC / name / "environ").read_bytes():
                found.add(int(name))
        except (OSError, ValueError):
            continue
    found.add(child)
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in found and pid not in found}
        found |= more
        grown = bool(more)
    return {pid for pid in found if pid in parents and pid != os.getpid()}


def end_strays(marks: Sequence[str]) -> None:
    """KILL every process in whose environment one of the marks (``NAME=beginning of a value``) stands."""
    wanted = [mark.encode() for mark in marks]
    try:
        names = os.listdir(_PROC)  # noqa: PTH208 - as above
    except OSError:
        return
    for name in names:
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            environment = (_PROC / name / "environ").read_bytes().split(b"\0")
            if any(entry.startswith(mark) for entry in environment for mark in wanted):
                os.kill(int(name), signal.SIGKILL)
        except OSError:
            continue


def end(child: int, mark: str, *, known: Collection[int] = (), patience: float = 5.0) -> None:
    """KILL ``known`` and everything that ``members`` names, until nothing is left or ``patience`` seconds are over."""
    deadline = time.monotonic() + patience
    first = set(known)
    while left := {*members(child, mark), *first}:
        first = set()
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
        if time.monotonic() > deadline:
            return
        time.sleep(0.002)
