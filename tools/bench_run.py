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
from pathlib import Path

from tracker.service.base import Repository
from tracker.service.running import Options, run

PLANS = 8
IMPLEMENT_SECONDS = 0.5
CHECK_SECONDS = 1.0


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


def seconds(jobs: int, *, implement: float, check: float) -> float:
    """How long a run of all plans takes on a fresh project."""
    with tempfile.TemporaryDirectory(prefix="tracker-bench-") as home:
        root = Path(home) / "project"
        make(root, implement=implement, check=check)
        start = time.perf_counter()
        report = run(Repository.find(root), all_plans=True, options=Options(jobs=jobs))
        passed = time.perf_counter() - start
    if len(report.landed) != PLANS:
        raise SystemExit(f"the bench's own plans do not land: {report.failed}")
    return passed


def main() -> int:
    """Measure and print."""
    os.environ["TRACKER_TRUST"] = "1"
    work = PLANS * (2 * IMPLEMENT_SECONDS + 2 * CHECK_SECONDS)
    one = seconds(1, implement=IMPLEMENT_SECONDS, check=CHECK_SECONDS)
    two = seconds(2, implement=IMPLEMENT_SECONDS, check=CHECK_SECONDS)
    sys.stdout.write(
        f"{PLANS} independent plans, implemented twice and verified twice each\n"
        f"overhead beside the work, one job   {(one - work) / work:6.1%}\n"
        f"two jobs against one                {one / two:6.2f} ×\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
