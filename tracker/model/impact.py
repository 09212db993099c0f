"""What a phase adds to the score: measured where it is done, planned where it is not."""

from __future__ import annotations

from collections.abc import Sequence

from tracker.model import snapshot as sn
from tracker.model.numbers import points, total


def impacts(phases: Sequence[sn.PhaseState], baseline: Sequence[sn.CheckState]) -> tuple[sn.PhaseState, ...]:
    """The phases with ``impact`` filled in: ``+45 points (40→85)``, or ``+5-10 points (85→90+)``.

    A text that the definition gives stands where a phase has no checks.
    """
    needs = [check for check in baseline if check.kind == "need"]
    measured = any(check.outcome for check in needs)
    before = total([check.earned if measured else check.points for check in needs])
    result = []
    for phase in phases:
        checks = [check for plan in phase.plans for check in plan.checks]
        if not checks:
            result.append(phase)
            continue
        low = total([check.points for check in checks if check.kind == "need"])
        high = total([check.points for check in checks])
        if phase.status == sn.DONE:
            earned = total([check.earned for check in checks])
            text = f"+{points(earned)} points ({points(before)}→{points(before + earned)})"
            low = earned
        elif high > low:
            text = f"+{points(low)}-{points(high)} points ({points(before)}→{points(before + low)}+)"
        else:
            text = f"+{points(low)} points ({points(before)}→{points(before + low)})"
        before = total([before, low])
        result.append(phase._replace(impact=text))
    return tuple(result)
