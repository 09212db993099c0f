"""What surrounds a run: the lock, finishing what a kill cut short, its directory and history, and tidying up."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tracker import process
from tracker.git import index as git_index
from tracker.git import landing as git_landing
from tracker.git import worktrees
from tracker.model import progress as pg
from tracker.service.base import Repository
from tracker.service.landing import Tip
from tracker.service.recorder import Recorder
from tracker.service.rundir import RunDirectory
from tracker.store import clock, files
from tracker.store.lock import lock


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is to be made. ``step`` is told each step of a landing by its name."""

    jobs: int = 1
    land: bool = True
    observer: pg.Observer = pg.silent
    cancelled: threading.Event | None = None
    step: Callable[[str], None] = lambda _name: None


@dataclass(frozen=True, slots=True)
class Work:
    """What a run works with."""

    directory: RunDirectory
    tip: Tip
    observer: pg.Observer
    recorder: Recorder


@contextmanager
def at_work(repository: Repository, selected: Sequence[str], options: Options) -> Iterator[Work]:
    """Hold the run's lock for the block. Raises Usage and Locked before anything has happened."""
    root = repository.root
    branch, _ = git_landing.current_branch(root)
    git_landing.require_settled(root)
    git_landing.require_identity(root)
    doing = f"running {', '.join(selected)}" if selected else "finishing a run"
    with lock(root, "run.lock", timeout=0.5, doing=doing):
        _end_strays(root)
        with repository.writing():
            shutil.rmtree(root / git_landing.SCRATCH, ignore_errors=True)
            files.sweep(root / files.LOCAL)
            git_landing.mend_summaries(root)
        trees_at = root / files.LOCAL / "worktrees"
        gone = worktrees.sweep(root, trees_at)
        directory = RunDirectory(root)
        observer = directory.observed(options.observer)
        if gone:
            observer(pg.Progress(pg.NOTICE, "", f"tidied up after {', '.join(gone)}"))
        recorder = Recorder(root / files.LOCAL / "state.db")
        started = time.monotonic()
        recorder.start_run(
            directory.id, clock.now(), pid=os.getpid(), plans=", ".join(selected), jobs=options.jobs
        )
        observer(
            pg.Progress(pg.RUN_STARTED, "", directory.id, {"plans": list(selected), "jobs": options.jobs})
        )
        state = "failed"
        try:
            yield Work(directory, Tip(branch, git_landing.current_branch(root)[1]), observer, recorder)
            stopped = options.cancelled is not None and options.cancelled.is_set()
            state = "cancelled" if stopped else "finished"
        finally:
            observer(pg.Progress(pg.RUN_FINISHED, "", state))
            recorder.finish_run(directory.id, state, clock.now(), round(time.monotonic() - started, 3))
            recorder.close()
            _tidy(root, trees_at / directory.id)
            directory.close()


def _end_strays(root: Path) -> None:
    """End what a killed run has left running: plans, verifications, and git at work on its copy of the index."""
    process.end_strays(
        [
            f"TRACKER_CODEBASE={root / files.LOCAL / 'worktrees'}{os.sep}",
            f"GIT_INDEX_FILE={git_index.git_dir(root) / git_index.COPY}",
        ]
    )


def _tidy(root: Path, place: Path) -> None:
    """Remove the run's worktrees, but for those of plans that failed."""
    kept = _kept(place)
    for worktree in sorted(place.iterdir()) if place.is_dir() else []:
        if worktree.name not in kept and worktree.is_dir():
            worktrees.discard(root, worktree)
    if place.is_dir() and not any(item.is_dir() for item in place.iterdir()):
        shutil.rmtree(place, ignore_errors=True)


def _kept(place: Path) -> list[str]:
    try:
        return (place / "kept").read_text(encoding="utf-8").split()
    except OSError:
        return []
