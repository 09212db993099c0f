"""One writer at a time: the repository's lock."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tracker.errors import Locked
from tracker.store.files import local_directory


@contextmanager
def lock(root: Path, name: str = "lock", *, timeout: float = 60, doing: str = "") -> Iterator[None]:
    """Hold the lock; the system gives it back when the process dies, however it dies.

    Raises Locked, naming the holder, when it is not free within ``timeout`` seconds.
    """
    import filelock

    place = local_directory(root) / name
    held = filelock.FileLock(place, timeout=timeout, thread_local=False)
    try:
        held.acquire(poll_interval=0.01)
    except filelock.Timeout:
        holder = _holder(place)
        raise Locked(
            f"another tracker is at work here{holder}",
            hint="Wait for it, or end it; what it has landed stays.",
        ) from None
    note = place.with_suffix(".holder")
    note.write_text(f"{os.getpid()} {doing}\n", encoding="utf-8")
    try:
        yield
    finally:
        note.unlink(missing_ok=True)
        held.release()


def is_held(root: Path, name: str = "lock") -> bool:
    """Whether some process holds the lock now."""
    import fcntl

    place = root / ".tracker" / name
    try:
        descriptor = os.open(place, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _holder(place: Path) -> str:
    try:
        pid, _, doing = place.with_suffix(".holder").read_text(encoding="utf-8").strip().partition(" ")
    except OSError:
        return ""
    return f" (process {pid}{f': {doing}' if doing else ''})"
