"""What to do next, in words."""

from __future__ import annotations

from tracker.model import snapshot as sn
from tracker.model.numbers import points


def next_steps(snapshot: sn.Snapshot) -> list[str]:
    """The next steps of the current phase: single plans while they are few, then waves; closing steps; the score."""
    if not snapshot.phases:
        return []
    phase = snapshot.phase(snapshot.current_phase)
    steps: list[str] = []
    failed = [plan for plan in phase.plans if plan.status == sn.FAILED]
    steps += [f"Mend {_number(plan)}: {plan.title}" for plan in failed]
    stale = [plan for item in snapshot.phases for plan in item.plans if plan.proof == sn.STALE]
    if stale:
        steps.append(f"Verify again: {_ranges(stale)}")
    active = [plan for plan in phase.plans if plan.status == sn.ACTIVE]
    steps += [f"Finish {_number(plan)}: {plan.title}" for plan in active]
    pending = sorted(
        (plan for plan in phase.plans if plan.status == sn.PENDING), key=lambda plan: (plan.wave, plan.ref)
    )
    single = pending if len(active) + len(pending) <= 3 else pending[: max(0, 2 - len(active))]
    steps += [f"Execute {_number(plan)}: {plan.title}" for plan in single]
    rest = pending[len(single) :]
    if rest:
        parallel = len({plan.wave for plan in rest}) < len(rest)
        manner = " in parallel waves" if parallel else ""
        steps.append(f"Execute {_ranges(sorted(rest, key=lambda plan: plan.ref))}{manner}")
    if phase.status != sn.DONE:
        steps += phase.closing_steps
    steps += _score(snapshot, phase, steps)
    if not steps:
        steps.append("Nothing is left to do: every plan is done")
    return steps


def _score(snapshot: sn.Snapshot, phase: sn.PhaseState, steps: list[str]) -> list[str]:
    """The last phase ends with the project's target, until it is reached."""
    score = snapshot.score
    if score is None or score.target is None or phase.number != snapshot.phases[-1].number:
        return []
    if score.measured and score.points >= score.target:
        return []
    step = f"Verify score {points(score.target)}+/{points(score.of)}"
    return [] if step in steps else [step]


def _number(plan: sn.PlanState) -> str:
    return f"Plan {plan.ref.rsplit('.', 1)[-1]}"


def _ranges(plans: list[sn.PlanState]) -> str:
    """``Plans 04-08``, ``Plans 04, 06-08``, ``Plan 04``."""
    numbers = [plan.ref.rsplit(".", 1)[-1] for plan in plans]
    parts: list[list[str]] = []
    for number in numbers:
        if parts and number.isdigit() and parts[-1][-1].isdigit() and int(number) == int(parts[-1][-1]) + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    words = [part[0] if len(part) == 1 else f"{part[0]}-{part[-1]}" for part in parts]
    return f"Plan{'s' if len(numbers) > 1 else ''} {', '.join(words)}"
