"""How long the whole catalogue takes on the hardened gateway: ``python -m tools.bench_catalogue``. Asserts nothing.

A clone gets the gateway that every plan's implementation makes of the one as found, and ``tracker verify`` proves it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.ablation.hardened import hardened_copy
from tracker import definitions
from tracker.model.snapshot import PASSED

REPOSITORY = Path(__file__).resolve().parent.parent
JOBS = 2
SLOWEST = 12
IDENTITY = ["-c", "user.name=Bench", "-c", "user.email=bench@example.org", "-c", "commit.gpgsign=false"]


def main() -> int:
    """Measure and print."""
    measure(print)
    return 0


def measure(say: Callable[[str], None]) -> None:
    """Say how long every verification takes, and which checks take longest."""
    with tempfile.TemporaryDirectory(prefix="tracker-bench-") as scratch:
        Path(scratch).chmod(0o755)
        clone, made = Path(scratch) / "clone", Path(scratch) / "made"
        made.mkdir()
        _git(Path(scratch), "clone", "-q", str(REPOSITORY), str(clone))
        hardened = hardened_copy(clone, made)
        shutil.rmtree(clone / "gateway")
        shutil.move(hardened, clone / "gateway")
        _git(clone, "add", "-A")
        _git(clone, "commit", "-q", "-m", "Every plan carried out")
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "tracker", "verify", "--jobs", str(JOBS), "--json"],
            cwd=clone,
            env=os.environ | {"TRACKER_TRUST": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        passed = time.perf_counter() - start
        _report(say, json.loads(done.stdout)["checks"], passed, clone)


def _report(say: Callable[[str], None], checks: dict[str, dict[str, Any]], passed: float, root: Path) -> None:
    known = definitions.load(root).definitions
    refs = {check.id: plan.ref for plan in known.plans for check in plan.checks}
    outcomes = Counter(str(check["outcome"]) for check in checks.values())
    counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    say(f"The whole catalogue on the hardened gateway, {JOBS} jobs (budget: 240 s)\n")
    say(f"{len(checks)} checks in {passed:.0f} s: {counts}\n")
    say(f"{'plan':10}{'checks':>8}{'seconds':>9}    {'slowest checks':16}{'plan':>6}{'seconds':>9}")
    sums: dict[str, list[float]] = {}
    for check, found in checks.items():
        sums.setdefault(refs.get(check, "baseline"), []).append(float(found["seconds"]))
    slowest = sorted(checks, key=lambda check: -float(checks[check]["seconds"]))
    for number, (plan, taken) in enumerate(sorted(sums.items(), key=lambda item: -sum(item[1]))):
        line = f"{plan:10}{len(taken):>8}{sum(taken):>9.1f}"
        if number < SLOWEST:
            check = slowest[number]
            line += f"    {check:16}{refs.get(check, 'base'):>6}{float(checks[check]['seconds']):>9.1f}"
        say(line)
    for check, found in checks.items():
        if found["outcome"] not in {PASSED, "open"}:
            say(f"{check} {found['outcome']}: {found['reason']}")
    say("")


def _git(cwd: Path, *words: str) -> None:
    subprocess.run(["git", *IDENTITY, *words], cwd=cwd, check=True, capture_output=True)


if __name__ == "__main__":
    sys.exit(main())
