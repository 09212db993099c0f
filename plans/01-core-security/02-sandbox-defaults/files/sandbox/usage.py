"""What running processes use, and how they end (proc(5))."""

import os
import signal
from contextlib import suppress
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")


def children(pid: int) -> list[int]:
    """Return the children of a process, by any of its threads; none when it is gone."""
    found: list[int] = []
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                found += [int(child) for child in (thread / "children").read_text().split()]
    return found


def descendants(pid: int) -> list[int]:
    found = children(pid)
    for process in found:
        found += children(process)
    return found


def resident(pids: list[int]) -> int:
    """Return the bytes of memory that the processes hold."""
    pages = 0
    for pid in pids:
        with suppress(OSError, IndexError):
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * PAGE


def end_descendants() -> None:
    """Kill everything below this process, also what is adopted meanwhile, and wait for its end.

    The caller must be a child subreaper (prctl(2)), or orphans escape.
    """
    while True:
        for child in children(os.getpid()):
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return
