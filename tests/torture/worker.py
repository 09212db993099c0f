"""One run of a project, in a process that can be killed: ``python -m tests.torture.worker ROOT [STEP]``.

With a number the whole process group is killed at that step of the run's landings. The steps' names go to stdout.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from tracker.service.base import Repository
from tracker.service.running import Options, run


def main(root: str, at: int = -1) -> int:
    """The run's exit code."""
    steps = 0

    def step(name: str) -> None:
        nonlocal steps
        if steps == at:
            os.killpg(0, signal.SIGKILL)
        steps += 1
        sys.stdout.write(f"{name}\n")
        sys.stdout.flush()

    report = run(Repository.find(Path(root)), all_plans=True, options=Options(jobs=2, step=step))
    for ref, reason in report.failed.items():
        sys.stderr.write(f"{ref}: {reason}\n")
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else -1))
