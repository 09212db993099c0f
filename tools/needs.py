"""``make needs``: the programme with every stretch check put off, on a scratch copy: the needs alone reach the target.

Exit 0 when every plan lands, every stretch check that was put off is red, nothing else is, and the score is what the
needs are worth.
"""

from __future__ import annotations

import argparse

from tools.demo import scratch_copy
from tracker.cli.progress import Lines
from tracker.model import snapshot as sn
from tracker.model.numbers import points, total
from tracker.service import Service


def main() -> int:
    """Put off, run, and compare; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    service = Service.open(scratch_copy())
    print(f"scratch copy: {service.root}", flush=True)
    stretch = [
        (plan.ref, check.id)
        for plan in service.snapshot().plans
        for check in plan.checks
        if check.kind == "stretch"
    ]
    for ref, check_id in stretch:
        service.defer(ref, "the needs alone", check_id)
    with Lines() as lines:
        report = service.run(all_plans=True, jobs=options.jobs, observer=lines)
    state = service.snapshot()
    put_off = {check_id for _, check_id in stretch}
    worth = total([check.points for check in state.checks if check.kind == "need"])
    wrong = [f"{ref} did not land: {reason}" for ref, reason in report.failed.items()]
    wrong += [f"{plan.ref} is {plan.status}" for plan in state.plans if plan.status != sn.DONE]
    for check in state.checks:
        expected: tuple[str, ...] = (sn.OPEN,) if check.kind == "residual" else (sn.PASSED,)
        if check.id in put_off:
            expected = (sn.RED, sn.ERROR)
        if check.outcome not in expected:
            wrong.append(f"{check.id} is {check.outcome or 'not measured'}, not {expected[0]}")
    if report.points != worth:
        wrong.append(f"measured {report.points}, and the needs are worth {points(worth)}")
    for line in wrong:
        print(f"WRONG {line}")
    print(f"the needs alone: {points(report.points or 0)}; {len(wrong)} things are not as they have to be")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
