"""``.tracker/runs/ID``: the events and logs of a run, for every terminal that looks on."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
import time
from pathlib import Path

from tracker.model.progress import OUTPUT, Observer, Progress
from tracker.store import clock, files

KEPT = 20
"""As many runs keep their logs."""


class RunDirectory:
    """The directory of one run, and the observer that writes into it."""

    def __init__(self, root: Path) -> None:
        stamp = clock.now().replace("-", "").replace(":", "")[:15].replace("T", "-")
        self.id = f"{stamp}-{os.urandom(2).hex()}"
        runs = files.local_directory(root) / "runs"
        self.place = runs / self.id
        self.place.mkdir(parents=True)
        self._current = runs / "current"
        self._current.write_text(f"{self.id} {os.getpid()}\n", encoding="utf-8")
        self._events = (self.place / "events.jsonl").open(
            "a", encoding="utf-8", errors="backslashreplace", buffering=1
        )
        self._mutex = threading.Lock()
        others = [path for path in runs.iterdir() if path.is_dir() and path != self.place]
        for old in sorted(others, key=lambda path: path.stat().st_mtime)[: 1 - KEPT]:
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

    def finish(self) -> None:
        """The run has come to its end."""
        with contextlib.suppress(OSError):
            self._events.close()
        self._current.unlink(missing_ok=True)
