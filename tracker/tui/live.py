"""Runs of other processes, and files that change: what is seen without asking."""

from __future__ import annotations

import json
import select
import threading
from collections.abc import Callable
from pathlib import Path

from tracker.model.progress import OUTPUT, Progress

CHUNK = 256 * 1024
"""Bytes of a log that are read at a time."""


class Tail:
    """Follows a run's directory: its events, and the lines of its logs."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._places: dict[Path, int] = {}

    def read(self) -> list[Progress]:
        """What is new: events first, then output by plan. Never raises."""
        steps = [step for line in self._lines(self._directory / "events.jsonl") if (step := _step(line))]
        try:
            logs = sorted(self._directory.glob("*.log"))
        except OSError:
            logs = []
        for log in logs:
            steps += [Progress(OUTPUT, log.stem, line) for line in self._lines(log)]
        return steps

    def _lines(self, path: Path) -> list[str]:
        """The whole lines behind what was read before; a torn last line waits."""
        start = self._places.get(path, 0)
        try:
            with path.open("rb") as file:
                file.seek(start)
                data = file.read(CHUNK)
        except OSError:
            return []
        end = data.rfind(b"\n") + 1
        if not end and len(data) == CHUNK:
            end = len(data)
        self._places[path] = start + end
        return data[:end].decode("utf-8", "replace").split("\n")[:-1] if end else []


def _step(line: str) -> Progress | None:
    try:
        value = json.loads(line)
        return Progress(
            str(value["kind"]),
            str(value.get("plan") or ""),
            str(value.get("text") or ""),
            dict(value.get("data") or {}),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def hung_up(terminal: int) -> bool:
    """Whether the other end of the terminal is gone: its window was closed, its connection lost."""
    poll = select.poll()
    poll.register(terminal, 0)
    return any(found & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, found in poll.poll(0))


def watch(paths: list[Path], stop: threading.Event, changed: Callable[[], None]) -> None:
    """Call ``changed`` after files under these paths have changed, until ``stop``. Runs in a thread of its own.

    Where the system cannot watch, it looks at the newest modification every second.
    """
    present = [path for path in paths if path.exists()]
    if not present:
        return
    try:
        import watchfiles

        for _changes in watchfiles.watch(
            *present, stop_event=stop, debounce=400, step=100, rust_timeout=500, yield_on_timeout=False,
            raise_interrupt=False,
        ):  # fmt: skip
            changed()
    except (OSError, RuntimeError):
        _look(present, stop, changed)


def _look(paths: list[Path], stop: threading.Event, changed: Callable[[], None]) -> None:
    newest = _newest(paths)
    while not stop.wait(1.0):
        now = _newest(paths)
        if now != newest:
            newest = now
            changed()


def _newest(paths: list[Path]) -> tuple[int, int]:
    latest = count = 0
    for path in paths:
        for item in (path, *path.rglob("*")):
            try:
                latest = max(latest, item.stat().st_mtime_ns)
                count += 1
            except OSError:
                continue
    return latest, count
