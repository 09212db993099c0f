"""Runs that are killed: ``python -m tests.torture.kill [--runs N] [--jobs N]``.

Every step of every landing is one kill; N more come at random instants. After each, the next run has to bring the
project to where an uninterrupted one brings it, with nothing left behind and the person's own files untouched.
"""

from __future__ import annotations

import argparse
import difflib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.torture import project
from tests.torture.results import keep, say


@dataclass(slots=True)
class Matrix:
    """A project to be killed in, and what it comes to when it is not."""

    home: Path
    plans: int = len(project.PLANS)
    steps: list[str] = field(init=False)
    seconds: float = field(init=False)
    wanted: project.Meaning = field(init=False)

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        project.make(self.base, plans=self.plans)
        start = time.monotonic()
        self.steps = self._run("whole")
        self.seconds = time.monotonic() - start
        self.wanted = project.meaning(self.home / "whole")
        left = project.left_over(self.home / "whole")
        if left:
            raise AssertionError(f"an uninterrupted run leaves {left}")

    @property
    def base(self) -> Path:
        """The project before any run."""
        return self.home / "base"

    def at_step(self, number: int) -> str:
        """What is wrong after a kill at this step and one more run; empty when nothing is."""
        name = f"step-{number}"
        return self.judged(name, lambda root: self.killed_at(root, number))

    def at_moment(self, number: int, seconds: float) -> str:
        """The same, killed so many seconds after the start."""
        return self.judged(f"moment-{number}", lambda root: self.killed_after(root, seconds))

    def judged(self, name: str, kill: Callable[[Path], None]) -> str:
        root = self.home / name
        project.copy(self.base, root)
        kill(root)
        torn = self._torn(root)
        done = subprocess.run(
            self._command(root), env=self._environment, capture_output=True, text=True, check=False
        )
        wrong = torn or self._wrong(root, done)
        if not wrong:
            shutil.rmtree(root)
        return f"{name}: {wrong} (kept in {root})" if wrong else ""

    def _torn(self, root: Path) -> str:
        """What a reader stumbles over between the kill and the next run."""
        shown = subprocess.run(
            [sys.executable, "-m", "tracker", "status"],
            cwd=root,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return "" if shown.returncode == 0 else f"status after the kill: {shown.stderr}"

    def _wrong(self, root: Path, done: subprocess.CompletedProcess[str]) -> str:
        if done.returncode:
            return f"the next run exits with {done.returncode}: {done.stderr.strip()}"
        left = project.left_over(root)
        if left:
            return f"left behind: {left}"
        found = project.meaning(root)
        for part in ("files", "state", "journal", "status", "person"):
            have, want = getattr(found, part), getattr(self.wanted, part)
            if have != want:
                return f"{part} differs: {_difference(have, want)}"
        project.git(root, "fsck", "--strict", "--no-dangling")
        return ""

    def _run(self, name: str) -> list[str]:
        root = self.home / name
        project.copy(self.base, root)
        done = subprocess.run(
            self._command(root), env=self._environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise AssertionError(f"an uninterrupted run exits with {done.returncode}: {done.stderr}")
        return done.stdout.splitlines()

    def killed_at(self, root: Path, number: int) -> None:
        subprocess.run(
            [*self._command(root), str(number)],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            check=False,
        )

    def killed_after(self, root: Path, seconds: float) -> None:
        child = subprocess.Popen(
            self._command(root),
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            child.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()

    @staticmethod
    def _command(root: Path) -> list[str]:
        return [sys.executable, "-m", "tests.torture.worker", str(root)]

    @property
    def _environment(self) -> dict[str, str]:
        here = Path(__file__).resolve().parents[2]
        return project.environment(self.home) | {"PYTHONPATH": str(here)}


def _difference(have: object, want: object) -> str:
    before, after = (
        side.splitlines() if isinstance(side, str) else [str(item) for item in side]  # type: ignore[attr-defined]
        for side in (want, have)
    )
    return "\n".join(difflib.unified_diff(before, after, "uninterrupted", "interrupted", n=0, lineterm=""))


def main() -> int:
    """Kill, print what went wrong, keep the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=300, help="kills at random instants")
    parser.add_argument("--jobs", type=int, default=2, help="projects at a time")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="tracker-kill-"))
    matrix = Matrix(home)
    dice = random.Random(options.seed)  # noqa: S311 - instants, not secrets
    moments = [dice.uniform(0.2, matrix.seconds * 1.3) for _ in range(options.runs)]

    def all_kills() -> Iterator[Callable[[], str]]:
        for number in range(len(matrix.steps)):
            yield lambda number=number: matrix.at_step(number)  # type: ignore[misc]
        for number, seconds in enumerate(moments):
            yield lambda number=number, seconds=seconds: matrix.at_moment(number, seconds)  # type: ignore[misc]

    wrong: list[str] = []
    with ThreadPoolExecutor(options.jobs) as pool:
        for done, text in enumerate(pool.map(lambda kill: kill(), all_kills()), 1):
            if text:
                wrong.append(text)
                say(text)
            if done % 25 == 0:
                say(f"{done} kills, {len(wrong)} wrong")
    keep(
        "kill",
        {"steps": len(matrix.steps), "random": options.runs, "wrong": len(wrong), "plans": matrix.plans},
    )
    say(f"{len(matrix.steps)} kills at steps, {options.runs} at random instants: {len(wrong)} wrong")
    if not wrong:
        shutil.rmtree(home)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
