"""What ``run`` costs beside the work itself, and what a second job gains: ``python -m tools.bench_run``.

The plans and checks sleep, so that the machine's other guests weigh little and all that is left is the engine.
Prints ratios of one run; asserts nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

PLANS = 8
IMPLEMENT = 0.5
CHECKS = (0.0, 1.0)
"""Seconds."""


def make(root: Path, *, implement: float, check: float) -> None:
    """A committed project of independent plans, each sleeping so long to implement and to verify."""
    (root / "app").mkdir(parents=True)
    (root / "plans/01-only").mkdir(parents=True)
    (root / "app/main.txt").write_text("start\n", encoding="utf-8")
    (root / "plans/project.yaml").write_text("name: Bench\ncodebase: app\n", encoding="utf-8")
    (root / "plans/01-only/PHASE.md").write_text("---\ntitle: Only\n---\n", encoding="utf-8")
    for number in range(1, PLANS + 1):
        place = root / f"plans/01-only/{number:02d}-plan-{number}"
        place.mkdir()
        (place / "PLAN.md").write_text(
            f"---\ntitle: Plan {number}\nsummary: sleeps\nrun: sleep {implement} && touch app/{number}.txt\n"
            f"checks:\n  - {{id: C-{number}, title: It slept, points: 1}}\n"
            f"commands:\n  - {{check: C-{number}, run: sleep {check} && test -f {number}.txt}}\n---\n",
            encoding="utf-8",
        )
    for arguments in (
        ["init", "-q", "-b", "main"],
        ["config", "user.name", "Bench"],
        ["config", "user.email", "bench@example.org"],
        ["add", "-A"],
        ["commit", "-q", "-m", "start"],
    ):
        subprocess.run(["git", *arguments], cwd=root, check=True)


def measure(say: Callable[[str], None]) -> None:
    """Print one table: plans of half a second, with checks that cost nothing (the hardest case) and of a second."""
    say(f"The engine: {PLANS} independent plans of {IMPLEMENT} s, each implemented twice and verified twice")
    say("(budget: 10 % beside the work, two jobs 1.6 times one)\n")
    say(f"{'each check':>12}{'jobs':>6}{'s':>8}{'beside the work':>17}{'times one job':>15}")
    for check in CHECKS:
        one = _seconds(1, check)
        for jobs, taken in ((1, one), (2, _seconds(2, check))):
            work = PLANS * 2 * (IMPLEMENT + check) / jobs
            say(f"{check:>10} s{jobs:>6}{taken:>8.1f}{(taken - work) / work:>17.1%}{one / taken:>15.2f}")
    say("")


def _seconds(jobs: int, check: float) -> float:
    """How long the command takes for all plans of a fresh project."""
    with tempfile.TemporaryDirectory(prefix="tracker-bench-") as home:
        root = Path(home) / "project"
        make(root, implement=IMPLEMENT, check=check)
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-P", "-m", "tracker", "run", "--all", "--jobs", str(jobs)],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
        taken = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"the bench's own plans do not land: {done.stdout}{done.stderr}")
    return taken


def main() -> int:
    """Measure and print."""
    os.environ["TRACKER_TRUST"] = "1"
    measure(print)
    return 0


if __name__ == "__main__":
    sys.exit(main())
