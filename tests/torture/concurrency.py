"""A crowd at one project: ``python -m tests.torture.concurrency [--writers 16] [--writes 50] [--readers 4]``.

Every writer has a plan of its own and says things of all kinds, some through the command line; readers read all the
while. At the end every word has to be in the journal once, and no reader may have seen anything half done.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from tests.torture.project import environment, git
from tests.torture.results import keep, say
from tracker.errors import TrackerError
from tracker.service import Service

BY_COMMAND = 10
"""One write in so many goes through the command line."""


def make(root: Path, writers: int) -> list[str]:
    """A project with a plan for each writer; commits to link."""
    (root / "plans/01-only").mkdir(parents=True)
    (root / "app").mkdir()
    (root / "app/main.txt").write_text("start\n", encoding="utf-8")
    (root / "plans/project.yaml").write_text("name: Crowd\ncodebase: app\n", encoding="utf-8")
    (root / "plans/01-only/PHASE.md").write_text("---\ntitle: Only\n---\n", encoding="utf-8")
    for number in range(1, writers + 1):
        place = root / f"plans/01-only/{number:02d}-plan-{number}"
        place.mkdir()
        text = f"---\ntitle: Plan {number}\nsummary: of writer {number}\nmanual: true\n---\n"
        (place / "PLAN.md").write_text(text, encoding="utf-8")
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "user.name", "Ada")
    git(root, "config", "user.email", "ada@example.org")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "start")
    for number in range(9):
        git(root, "commit", "-q", "--allow-empty", "-m", f"commit {number}")
    return git(root, "log", "--format=%H").splitlines()


def write(root: Path, writer: int, writes: int, commits: list[str]) -> list[str]:
    """So many writes of all kinds; the errors that a person would have seen."""
    os.environ.update(environment(root.parent))
    os.environ["TRACKER_ACTOR"] = f"writer {writer}"
    service = Service.open(root)
    ref = f"1.{writer:02d}"
    errors = []
    for number in range(writes):
        word = f"word {writer}-{number}"
        kinds: list[tuple[Callable[[], Any], list[str]]] = [
            (lambda word=word: service.done_by_word(ref, word), ["done", ref, "--because", word]),  # type: ignore[misc]
            (lambda: service.reopen(ref), ["reopen", ref]),
            (lambda: service.start(ref), ["start", ref]),
            (lambda word=word: service.defer(ref, word), ["defer", ref, "--reason", word]),  # type: ignore[misc]
            (lambda word=word: service.note(word, ref), ["note", "--plan", ref, word]),  # type: ignore[misc]
            (
                lambda number=number: service.link(ref, commits[number // 6 % len(commits)]),  # type: ignore[misc]
                ["link", ref, commits[number // 6 % len(commits)]],
            ),
        ]
        call, command = kinds[number % len(kinds)]
        try:
            if number % BY_COMMAND == BY_COMMAND - 1:
                errors += _by_command(root, command)
            else:
                call()
        except TrackerError as error:
            errors.append(f"{command}: {error.message}")
    return errors


def read(root: Path, reader: int, stop: Any) -> list[str]:
    """Read in every way until told to stop; what was torn."""
    os.environ.update(environment(root.parent))
    wrong: list[str] = []
    seen = 0
    while not stop.is_set():
        text = (root / "STATE.md").read_text(encoding="utf-8")
        if not text.startswith("# PROJECT STATE\n") or not text.endswith("*\n"):
            wrong.append(f"STATE.md is torn: {text[:40]!r} … {text[-40:]!r}")
        snapshot = Service.open(root).snapshot()
        if snapshot.faults or len(snapshot.activity) < seen:
            wrong.append(f"{snapshot.faults} {seen} → {len(snapshot.activity)}")
        seen = len(snapshot.activity)
        if reader == 0:
            done = subprocess.run(
                [sys.executable, "-m", "tracker", "status", "--json"],
                cwd=root,
                capture_output=True,
                check=False,
            )
            try:
                json.loads(done.stdout)
            except ValueError:
                wrong.append(f"status --json: {done.stdout[:80]!r} {done.stderr[-200:]!r}")
    return wrong


def crowd(root: Path, *, writers: int, writes: int, readers: int) -> dict[str, Any]:
    """Let them loose; what was found."""
    commits = make(root, writers)
    os.environ.update(environment(root.parent))
    Service.open(root).write_state()
    with multiprocessing.get_context("spawn").Manager() as manager:
        stop = manager.Event()
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(writers + readers, mp_context=context) as pool:
            reading = [pool.submit(read, root, number, stop) for number in range(readers)]
            writing = [pool.submit(write, root, number, writes, commits) for number in range(1, writers + 1)]
            errors = [error for future in writing for error in future.result()]
            stop.set()
            torn = [text for future in reading for text in future.result()]
    lines = (root / "plans/journal.jsonl").read_text(encoding="utf-8").splitlines()
    ids = {json.loads(line)["id"] for line in lines}
    service = Service.open(root)
    return {
        "writers": writers,
        "writes": writes,
        "readers": readers,
        "recorded": len(ids),
        "lines": len(lines),
        "errors": errors[:10],
        "torn": torn[:10],
        "stale": bool(service.state_diff()),
        "noted": sum(len(plan.notes) for plan in service.snapshot().plans),
    }


def _by_command(root: Path, command: list[str]) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "tracker", *command], cwd=root, capture_output=True, text=True, check=False
    )
    return [f"{command}: {done.stderr}"] if done.returncode else []


def main() -> int:
    """Print and keep what was found; 1 when anything was lost, torn or refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--writes", type=int, default=50)
    parser.add_argument("--readers", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tracker-crowd-") as home:
        found = crowd(
            Path(home) / "crowd", writers=options.writers, writes=options.writes, readers=options.readers
        )
    say(json.dumps(found, indent=1))
    keep("concurrency", found)
    wanted = options.writers * options.writes
    return (
        0 if found["recorded"] == wanted and not (found["errors"] or found["torn"] or found["stale"]) else 1
    )


if __name__ == "__main__":
    sys.exit(main())
