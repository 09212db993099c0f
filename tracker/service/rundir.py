"""``.tracker/runs/ID`` and ``.tracker/verify/ID``: events and logs of work, for every terminal that looks on."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import threading
import time
from pathlib import Path

from tracker.model.progress import OUTPUT, Observer, Progress
from tracker.service.liveness import CURRENT, EVENTS, PLACES, RUN, VERIFICATION
from tracker.store import clock, files

_KEPT = {RUN: 20, VERIFICATION: 5}
"""As many of each keep their logs."""


class RunDirectory:
    """The directory of one run or verification, and the observer that writes into it.

    Its events are locked as long as it is at work, so that a killed one is told from one that goes on.
    """

    def __init__(self, root: Path, kind: str = RUN) -> None:
        stamp = clock.now().replace("-", "").replace(":", "")[:15].replace("T", "-")
        self.id = f"{stamp}-{os.urandom(2).hex()}"
        siblings = files.local_directory(root) / PLACES[kind]
        self.place = siblings / self.id
        self.place.mkdir(parents=True)
        self._events = (self.place / EVENTS).open(
            "a", encoding="utf-8", errors="backslashreplace", buffering=1
        )
        fcntl.flock(self._events, fcntl.LOCK_EX)
        self._current = siblings / CURRENT
        self._name = f"{self.id} {os.getpid()}\n"
        self._current.write_text(self._name, encoding="utf-8")
        self._mutex = threading.Lock()
        others = [path for path in siblings.iterdir() if path.is_dir() and path != self.place]
        for old in sorted(others, key=lambda path: path.stat().st_mtime)[: 1 - _KEPT[kind]]:
            shutil.rmtree(old, ignore_errors=True)

    def observed(self, observer: Observer) -> Observer:
        """An observer that also writes every step to the directory (output lines stand in the logs).

        A terminal that is gone or a disk that is full silences what is shown; the run goes on.
        """
        start = time.monotonic()

        def both(progress: Progress) -> None:
            if progress.kind != OUTPUT:
                line = {
                    "kind": progress.kind,
                    "plan": progress.plan,
                    "text": progress.text,
                    "data": progress.data,
                    "at": round(time.monotonic() - start, 3),
                }
                with self._mutex, contextlib.suppress(OSError):
                    self._events.write(json.dumps(line, ensure_ascii=False) + "\n")
            with contextlib.suppress(OSError):
                observer(progress)

        return both

    def log(self, name: str) -> Path:
        """Where the log of a plan stands."""
        return self.place / f"{name}.log"

    def close(self) -> None:
        """The work has come to its end."""
        with contextlib.suppress(OSError):
            self._events.close()
        with contextlib.suppress(OSError):
            if self._current.read_text(encoding="utf-8") == self._name:
                self._current.unlink()
