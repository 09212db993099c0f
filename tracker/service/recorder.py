"""Local history, written beside the work: the ORM is imported while plans already run."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracker.errors import TrackerError

if TYPE_CHECKING:
    from tracker.store.index import History


class Recorder:
    """One thread that owns the connection; ``close`` waits until everything is written."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._queue: queue.Queue[Callable[[History], None] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self._thread.start()
        self.problem = ""

    def start_run(self, run: str, started: str, *, pid: int, plans: str, jobs: int) -> None:
        """Record that a run began; runs that a kill left open are marked interrupted."""

        def write(history: History) -> None:
            from tracker.store import models

            for old in history.unfinished():
                history.finish_run(old.id, "interrupted", started, 0)
            history.start_run(models.Run(id=run, started=started, pid=pid, plans=plans, jobs=jobs))

        self._queue.put(write)

    def finish_run(self, run: str, state: str, finished: str, seconds: float) -> None:
        """Record how a run ended."""
        self._queue.put(lambda history: history.finish_run(run, state, finished, seconds))

    def attempt(self, **values: Any) -> None:
        """Record what a run made of a plan."""

        def write(history: History) -> None:
            from tracker.store import models

            history.record_attempt(models.Attempt(**values))

        self._queue.put(write)

    def sync(self, snapshot: Any, events: Any) -> None:
        """Bring the tables up to date."""
        self._queue.put(lambda history: history.sync(snapshot, events))

    def close(self) -> None:
        """Wait until everything is written."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        from tracker.store.index import History

        history: History | None = None
        while (write := self._queue.get()) is not None:
            try:
                if history is None:
                    history = History(self._place)
                write(history)
            except TrackerError as error:
                self.problem = error.message
            except Exception as error:  # noqa: BLE001 - local history is never worth a run
                self.problem = f"{type(error).__name__}: {error}"
        if history is not None:
            history.close()
