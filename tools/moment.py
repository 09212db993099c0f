"""``make moment``: the moment that the project's first STATE.md tells of, reached by running it.

Phase 1 done, Plan 2.01 done with its command log put off. On a scratch copy, from the gateway as found (measured
first, where that is out of date), each verification against the booted gateway. Recording time is fixed: the same
programme gives the same dates. Keeps the journal and STATE.md in tests/e2e/moment/, where a test replays the one and
expects the other.
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

from tools.demo import scratch_copy
from tracker.cli.progress import Lines
from tracker.service import Service
from tracker.service.base import JOURNAL, STATE

HERE = Path(__file__).resolve().parent.parent
KEPT = HERE / "tests" / "e2e" / "moment"
NOW = "2027-01-27T12:00:00Z"
"""A year after the first STATE.md; later than everything in the journal, whose events never go backwards."""


def main() -> int:
    """Reach the moment and keep it; 1 where a plan did not land or what was green is red."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    os.environ |= {"TRACKER_NOW": NOW, "TRACKER_ACTOR": "maintainers"}
    service = Service.open(scratch_copy())
    print(f"scratch copy: {service.root}", flush=True)
    with Lines() as lines:
        found = service.snapshot().score
        if found is None or found.stale or not found.measured:
            service.verify(jobs=options.jobs, observer=lines)
        core = service.run(phase="1", jobs=options.jobs, observer=lines)
        service.defer("2.01", "forensics feature", "CLOG-01")
        first = service.run(["2.01"], jobs=options.jobs, observer=lines)
    faults = [*core.failed, *core.broken, *core.red, *core.not_run, *first.failed, *first.broken]
    if faults:
        print(f"not kept: {', '.join(faults)}")
        return 1
    KEPT.mkdir(exist_ok=True)
    for name in (JOURNAL, STATE):
        shutil.copyfile(service.root / name, KEPT / Path(name).name)
    print(f"{first.points:g} of {first.of:g}; kept in {KEPT.relative_to(HERE)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
