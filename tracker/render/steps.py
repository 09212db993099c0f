"""What to do next, in words."""

from __future__ import annotations

from tracker.model import snapshot as sn
from tracker.model.numbers import points


def next_steps(snapshot: sn.Snapshot) -> list[str]:
    """The next steps of the current phase: single plans while they are few, then waves; closing steps; the score.

    Where that phase has none, those of the first other unfinished phase that has: they name it.
    """
    if not snapshot.phases:
        return []
    phase = snapshot.phase(snapshot.current_phase)
    stale = [plan for item in snapshot.phases for plan in item.plans if plan.proof == sn.STALE]
    cycle, stuck = _cycle(snapshot)
    broken: list[str] = []
    if cycle:
        members = sorted(set(cycle), key=cycle.index)
        broken.append(
            f"Mend Plans {', '.join(members)}: the definitions are broken,"
            f" {' → '.join(cycle)} is a cycle and can never start"
        )
    steps = _mend(phase)
    if stale:
        elsewhere = {plan.ref for plan in stale} - {plan.ref for plan in phase.plans}
        steps.append(f"Verify again: {_ranges(stale, full=bool(elsewhere))}")
    steps += _finish(phase) + broken + _execute(phase, stuck)
    if phase.status != sn.DONE:
        steps += phase.closing_steps
    steps += _score(snapshot, phase, steps)
    if not steps:
        others = (item for item in snapshot.phases if item.number != phase.number)
        found = (
            _mend(item, full=True) + _finish(item, full=True) + _execute(item, stuck, full=True)
            for item in others
        )
        steps = next((work for work in found if work), [])
    if not steps:
        waiting = any(plan.status == sn.DEFERRED for plan in snapshot.plans)
        steps.append(f"Nothing is left to do: every plan is done{' or deferred' if waiting else ''}")
    return steps


def _mend(phase: sn.PhaseState, *, full: bool = False) -> list[str]:
    return [f"Mend {_number(plan, full)}: {plan.title}" for plan in phase.plans if plan.status == sn.FAILED]


def _finish(phase: sn.PhaseState, *, full: bool = False) -> list[str]:
    return [f"Finish {_number(plan, full)}: {plan.title}" for plan in phase.plans if plan.status == sn.ACTIVE]


def _execute(phase: sn.PhaseState, stuck: set[str], *, full: bool = False) -> list[str]:
    """The plans that wait to be executed; an open phase without any plan is to be planned."""
    if not phase.plans and phase.status != sn.DONE:
        return [f"Plan Phase {phase.number}: {phase.title}"]
    active = sum(plan.status == sn.ACTIVE for plan in phase.plans)
    pending = sorted(
        (plan for plan in phase.plans if plan.status == sn.PENDING and plan.ref not in stuck),
        key=lambda plan: (plan.wave, plan.ref),
    )
    single = pending if active + len(pending) <= 3 else pending[: max(0, 2 - active)]
    steps = [f"Execute {_number(plan, full)}: {plan.title}" for plan in single]
    rest = pending[len(single) :]
    if rest:
        parallel = len({plan.wave for plan in rest}) < len(rest)
        manner = " in parallel waves" if parallel else ""
        steps.append(f"Execute {_ranges(sorted(rest, key=lambda plan: plan.ref), full=full)}{manner}")
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


def _number(plan: sn.PlanState, full: bool) -> str:
    """``Plan 04``; with ``full``, ``Plan 1.04``."""
    return f"Plan {plan.ref if full else plan.ref.rsplit('.', 1)[-1]}"


def _ranges(plans: list[sn.PlanState], *, full: bool = False) -> str:
    """``Plans 04-08``, ``Plans 04, 06-08``, ``Plan 04``; with ``full``, ``Plans 1.04-1.08, 2.01``."""
    parts: list[list[str]] = []
    for plan in plans:
        if parts and _follows(parts[-1][-1], plan.ref):
            parts[-1].append(plan.ref)
        else:
            parts.append([plan.ref])
    ends = [[part[0]] if len(part) == 1 else [part[0], part[-1]] for part in parts]
    words = ["-".join(ref if full else ref.rpartition(".")[2] for ref in part) for part in ends]
    return f"Plan{'s' if len(plans) > 1 else ''} {', '.join(words)}"


def _follows(before: str, ref: str) -> bool:
    """Whether the plan is the next one of the same phase."""
    (phase, _, number), (other, _, last) = ref.rpartition("."), before.rpartition(".")
    return phase == other and number.isdigit() and last.isdigit() and int(number) == int(last) + 1


def _cycle(snapshot: sn.Snapshot) -> tuple[list[str], set[str]]:
    """A cycle of dependencies, as the fault of it names it, and every plan that can never start for one."""
    if all(plan.wave for plan in snapshot.plans if plan.status == sn.PENDING):
        return [], set()  # whatever is pending has its wave
    from tracker.model.waves import find_cycle

    waiting = {plan.ref: plan.depends_on for plan in snapshot.plans if plan.status != sn.DONE}
    cycle = find_cycle(waiting)
    if not cycle:
        return [], set()
    order = list(waiting)
    start = cycle.index(min(cycle, key=order.index))
    stuck = set(waiting)
    while free := {ref for ref in stuck if stuck.isdisjoint(waiting[ref])}:
        stuck -= free
    return [*cycle[start:-1], *cycle[: start + 1]], stuck
