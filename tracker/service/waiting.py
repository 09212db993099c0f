"""What plans wait for: what their files name, and the phases that the roadmap wants done before."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tracker.audit.ids import normalise as number_of
from tracker.model import snapshot as sn

if TYPE_CHECKING:
    from tracker.service.outline import PhaseOutline, PlanOutline

_DEPENDENCY = re.compile(
    r"(?:phase[- ]?)?0*(\d{1,3}[A-Za-z]?(?:\.\d{1,3})*)(?:-(?:.*?-)?0*(\d{1,3}[A-Za-z]?)(?=\D|\Z))?",
    re.IGNORECASE,
)


def connected(phases: list[PhaseOutline]) -> list[PhaseOutline]:
    """The same with dependencies as references; what names no plan, or closes a circle, is left out."""
    edges = _named(phases)
    _cut_circles(edges)
    unplanned = _add_phases(phases, edges)
    return [
        phase._replace(
            plans=tuple(
                plan._replace(
                    depends_on=edges[plan.ref],
                    waits_for=unplanned.get(phase.number, ()) if plan.status == sn.PENDING else (),
                )
                for plan in phase.plans
            )
        )
        for phase in phases
    ]


def _named(phases: Sequence[PhaseOutline]) -> dict[str, tuple[str, ...]]:
    """The plans that each plan's own file names."""
    known: dict[tuple[str, str], str] = {}
    for phase in phases:
        for plan in phase.plans:
            known.setdefault((phase.number, plan.number), plan.ref)
    edges: dict[str, tuple[str, ...]] = {}
    for phase in phases:
        for plan in phase.plans:
            wanted = dict.fromkeys(
                ref for text in plan.depends_on if (ref := _target(text, phase.number, known)) is not None
            )
            edges[plan.ref] = tuple(ref for ref in wanted if ref != plan.ref)
    return edges


def _add_phases(
    phases: Sequence[PhaseOutline], edges: dict[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """Let the plans of a phase wait for those of the phases before it. Returns the phases that have no plans to wait for.

    The first pending plans of the phase wait for the last unfinished ones of the other; the rest follows from it. What
    is being worked on waits for nothing, and neither does a phase that has begun for one that was never planned.
    """
    by_number = {phase.number: phase for phase in phases}
    unplanned: dict[str, tuple[str, ...]] = {}
    for phase in phases:
        part, slash, _ = phase.number.rpartition("/")
        for number in phase.depends_on:
            other = by_number.get(f"{part}{slash}{number}") or by_number.get(number)
            if other is None or other.status == sn.DONE or other is phase:
                continue
            if not other.plans:
                if phase.status == sn.PENDING:
                    unplanned[phase.number] = (*unplanned.get(phase.number, ()), other.number)
                continue
            last = _last(other.plans, edges)
            grown = {
                ref: (*edges[ref], *(r for r in last if r not in edges[ref]))
                for ref in _first(phase.plans, edges)
            }
            if not _circular({**edges, **grown}):
                edges.update(grown)
    return unplanned


def _first(plans: Sequence[PlanOutline], edges: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The pending plans that wait for no unfinished one of their phase."""
    unfinished = {plan.ref for plan in plans if plan.status in (sn.PENDING, sn.ACTIVE)}
    return [
        plan.ref for plan in plans if plan.status == sn.PENDING and unfinished.isdisjoint(edges[plan.ref])
    ]


def _last(plans: Sequence[PlanOutline], edges: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The unfinished plans for which no other unfinished one of their phase waits."""
    unfinished = [plan.ref for plan in plans if plan.status in (sn.PENDING, sn.ACTIVE)]
    before = {other for ref in unfinished for other in edges[ref]}
    return [ref for ref in unfinished if ref not in before]


def _circular(edges: Mapping[str, tuple[str, ...]]) -> bool:
    from tracker.model.waves import find_cycle

    return bool(find_cycle(edges))


def _target(text: str, phase: str, known: dict[tuple[str, str], str]) -> str | None:
    match = _DEPENDENCY.match(text.strip().strip("\"'"))
    if match is None:
        return None
    first, second = number_of(match[1]), number_of(match[2]) if match[2] else ""
    part, slash, _ = phase.rpartition("/")
    return known.get((f"{part}{slash}{first}", second)) if second else known.get((phase, first))


def _cut_circles(edges: dict[str, tuple[str, ...]]) -> None:
    from tracker.model.waves import find_cycle

    while cycle := find_cycle(edges):
        last, first = cycle[-2], cycle[-1]
        edges[last] = tuple(ref for ref in edges[last] if ref != first)
