"""The rows of the tree: pure functions from the Snapshot, what is folded, filtered and in which order."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tracker.model.snapshot import FAILED, PENDING, STATUSES, PhaseState, PlanState, Snapshot
from tracker.tui.palette import look

PROJECT = "project"
PHASE = "phase"
PLAN = "plan"
FAULT = "fault"

ORDERS = ("number", "status", "points")
"""What ``sort`` cycles through, inside each phase."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the tree. ``folded`` holds for a phase only."""

    kind: str
    key: str
    phase: PhaseState | None = None
    plan: PlanState | None = None
    fault: str = ""
    folded: bool = False


@dataclass(frozen=True, slots=True)
class FaultPlace:
    """Where a broken definition is broken."""

    path: str
    line: int
    column: int
    message: str


_FAULT = re.compile(r"(?P<path>.+?):(?P<line>\d+):(?P<column>\d+): (?P<message>.*)", re.DOTALL)


def place(fault: str) -> FaultPlace:
    """``path:line:column: message`` taken apart; a text of another form is all message."""
    match = _FAULT.match(fault)
    if match is None:
        return FaultPlace("", 1, 1, fault)
    return FaultPlace(match["path"], int(match["line"]), int(match["column"]), match["message"])


def rows(
    snapshot: Snapshot,
    *,
    folded: frozenset[str] = frozenset(),
    words: str = "",
    order: str = "number",
) -> list[Row]:
    """The tree, top to bottom. A filter unfolds what it finds and leaves out what it does not."""
    wanted = words.lower().split()
    result = [Row(FAULT, f"fault:{fault}", fault=fault) for fault in snapshot.faults]
    if not wanted and snapshot.phases:
        result.append(Row(PROJECT, PROJECT))
    for phase in snapshot.phases:
        plans = [plan for plan in phase.plans if matches(plan, wanted)] if wanted else phase.plans
        if wanted and not plans:
            continue
        closed = not wanted and phase.number in folded
        result.append(Row(PHASE, f"phase:{phase.number}", phase=phase, folded=closed))
        if not closed:
            result.extend(Row(PLAN, plan.ref, phase=phase, plan=plan) for plan in in_order(plans, order))
    return result


def matches(plan: PlanState, wanted: list[str]) -> bool:
    """Whether every word is in the plan's reference, title, slug, status, proof or check ids."""
    text = f"{plan.ref} {plan.title} {plan.slug} {plan.status} {plan.proof} {look(plan)}".lower()
    if all(word in text for word in wanted):
        return True
    text += " ".join(check.id for check in plan.checks).lower()
    return all(word in text for word in wanted)


_RANK = {FAILED: 0, "active": 1, PENDING: 2, "deferred": 3, "done": 4}
_KEYS: Mapping[str, Callable[[PlanState], Any]] = {
    "status": lambda plan: _RANK.get(plan.status, len(STATUSES)),
    "points": lambda plan: -plan.points,
}


def in_order(plans: list[PlanState] | tuple[PlanState, ...], order: str) -> list[PlanState]:
    """The plans of a phase: by number, by status (what needs a hand first), or by points."""
    key = _KEYS.get(order)
    return sorted(plans, key=key) if key else list(plans)


def jump(text: str, snapshot: Snapshot) -> str | None:
    """The row that the text means: a plan, ``phase 2`` or ``2``; None where nothing fits."""
    from tracker.errors import Usage
    from tracker.model.refs import resolve

    word = text.strip().lower().removeprefix("phase").strip()
    if any(phase.number == word for phase in snapshot.phases):
        return f"phase:{word}"
    try:
        return resolve(text, ((plan.ref, plan.slug) for plan in snapshot.plans))
    except Usage:
        wanted = text.lower().split()
        found = next((plan.ref for plan in snapshot.plans if wanted and matches(plan, wanted)), None)
        return found or next(
            (plan.ref for plan in snapshot.plans for check in plan.checks if check.id.lower() == word), None
        )
