"""Somebody's project as phases and plans, every one named once: what is shown of it, and what an import makes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from tracker.audit import Claim, Phase, Plan, Project, marks, phrases
from tracker.audit.ids import is_backlog
from tracker.audit.model import Mark
from tracker.audit.records import PlanRecord, StateRecords
from tracker.service import titles, waiting

DONE = "done"
STATUSES: dict[Mark, str] = {"done": DONE, "active": "active", "open": "pending", "deferred": "deferred"}
"""What a list's mark says of the plans in it."""
MOST_PLACEHOLDERS = 500
"""A document that counts more plans in a phase than this, and names none, is not believed."""
_COUNTS = ("plans", "plan position")
_IN_PARENTHESES = re.compile(r"\s*\(([^()]{1,80})\)")
_DEFAULT_TITLE = re.compile(r"Plan \S+\Z")


class PlanOutline(NamedTuple):
    """A plan. ``because`` is the place that its status rests on, ``detail`` a few words about it.

    ``placeholder``: the document counts it and does not name it. ``changes`` are pairs of path and reason.
    ``waits_for`` are phases that are to be done before and have no plans yet, by which ``depends_on`` could name them.
    """

    ref: str
    number: str
    title: str
    status: str
    because: str = ""
    detail: str = ""
    mark: str = ""
    slug: str = ""
    path: str = ""
    summary: str = ""
    objective: str = ""
    depends_on: tuple[str, ...] = ()
    bullets: tuple[str, ...] = ()
    changes: tuple[tuple[str, str], ...] = ()
    placeholder: bool = False
    waits_for: tuple[str, ...] = ()


class PhaseOutline(NamedTuple):
    """A phase in the spelling of its project, with its plans."""

    number: str
    title: str
    status: str
    goal: str = ""
    impact: str = ""
    milestone: str = ""
    plans: tuple[PlanOutline, ...] = ()
    depends_on: tuple[str, ...] = ()


def outline(project: Project) -> list[PhaseOutline]:
    """The phases in order. A reference names one plan; a phase that is said to be done has one at least.

    What no document names or counts is not there: an open phase without plans has none, and neither has one
    whose count is zero. A backlog phase (``999.x``) is one only where it has plans.
    """
    records = _records(project)
    document = project.state.file if project.state is not None else ""
    known = [_decided(phase) for phase in project.phases or _positioned(project)]
    phases = [phase for phase in known if phase.plans or not is_backlog(phase.number)]
    empty = _empty(project)
    taken: set[str] = set()
    result = []
    for phase in phases:
        if phase.plans:
            plans = _named(phase, records, document, taken)
        else:
            plans = [] if phase.number in empty else _counted(_with_count(phase, project))
        taken |= {plan.ref for plan in plans}
        result.append(
            PhaseOutline(
                number=phase.number,
                title=titles.phase(phase.title) or f"Phase {phase.number}",
                status=_status(phase, plans),
                goal=phase.goal,
                impact=next((row.impact for row in records.phases if row.number == phase.number), ""),
                milestone=phase.milestone,
                plans=tuple(plans),
                depends_on=phase.depends_on,
            )
        )
    return waiting.connected(result)


def _decided(phase: Phase) -> Phase:
    """The phase without plans that are only a list's promise to name some: ``- [ ] 13-01: TBD``."""
    plans = tuple(
        plan
        for plan in phase.plans
        if plan.path or plan.summary or plan.status == DONE or not marks.undecided(plan.title)
    )
    return phase if plans == phase.plans else replace(phase, plans=plans, total=len(plans))


def _positioned(project: Project) -> tuple[Phase, ...]:
    """The phases of a document that only says where it stands: ``Phase: 3 of 9 (Lens)``, ``Plan: 1 of 4``."""
    claims = project.state.claims if project.state is not None else ()
    at = next((c for c in claims if c.kind == "position" and c.scope.isdigit() and c.total), None)
    if at is None or at.total is None or not 0 < int(at.scope) <= at.total <= MOST_PLACEHOLDERS:
        return ()
    here = int(at.scope)
    plans = next((c for c in claims if c.kind in _COUNTS and c.scope == at.scope and c.total), None)
    done, total = (plans.done or 0, plans.total or 0) if plans is not None else (0, 0)
    said = next((c.mark for c in claims if c.kind == "phase status" and c.scope == at.scope), None)
    if said == DONE or (plans is not None and plans.mark == DONE):
        done = total
    elif plans is not None and plans.kind == "plan position" and not _whole(claims, at.scope):
        done = min(done, total - 1)  # it is at the last plan, not behind it
    status = DONE if said == DONE else "active" if done or said == "active" else "pending"
    return tuple(
        Phase(
            number=str(number),
            title=(number == here and _name(at)) or f"Phase {number}",
            status=DONE if number < here else status if number == here else "pending",
            done=done if number == here else 0,
            total=total if number == here else 0,
            evidence=(f"{at.file}:{at.line} is at phase {here} of {at.total}",),
        )
        for number in range(1, at.total + 1)
    )


def _whole(claims: Iterable[Claim], phase: str) -> bool:
    """Whether the document says that all is done: 100 % of everything, or of the phase."""
    return any(c.kind == "percent" and c.percent == 100 and c.scope in ("", phase) for c in claims)


def _name(at: Claim) -> str:
    """The phase's name, which stands in parentheses behind its number."""
    where = phrases.position(marks.plain(at.text.partition(":")[2]))
    match = _IN_PARENTHESES.match(where.rest) if where is not None else None
    return match[1].strip() if match is not None and marks.word(match[1]) is None else ""


def _empty(project: Project) -> frozenset[str]:
    """The phases of which ROADMAP.md says that they have no plans: ``0/0``."""
    listed = project.roadmap.phases if project.roadmap is not None else ()
    return frozenset(phase.number for phase in listed if not phase.planned and phase.counts[:1] == ((0, 0),))


def _with_count(phase: Phase, project: Project) -> Phase:
    """The phase with the plans that the state document counts in it, where nothing else has counted them."""
    claims = project.state.claims if project.state is not None else ()
    found = next(
        (c for c in claims if c.kind == "plans" and c.decisive and c.scope == phase.number and c.total), None
    )
    if phase.total or phase.done or found is None or found.total is None:
        return phase
    done = min(found.done or 0, found.total)
    said = f"{found.file}:{found.line} says {done} of {found.total} plans are done"
    return replace(phase, done=done, total=found.total, evidence=(*phase.evidence, said))


def _status(phase: Phase, plans: list[PlanOutline]) -> str:
    """The phase's status; what only the document lists counts too."""
    done = sum(plan.status == DONE for plan in plans)
    if not plans or len(plans) == len(phase.plans):
        return phase.status
    if done == len(plans):
        return DONE
    return "active" if done or any(plan.status == "active" for plan in plans) else "pending"


def _records(project: Project) -> StateRecords:
    found = project.state.records if project.state is not None else None
    return found if found is not None else StateRecords()


def _named(phase: Phase, records: StateRecords, document: str, taken: set[str]) -> list[PlanOutline]:
    listed: dict[str, PlanRecord] = {
        item.number: item for item in records.plans if item.phase == phase.number
    }
    names = set(taken)
    plans = []
    for plan in phase.plans:
        record = listed.get(plan.number)
        if record is not None and plan.path and not record.given:
            record = None
        default = f"Plan {plan.number.zfill(2)}"
        if _DEFAULT_TITLE.match(plan.title):
            title = record.title if record else default
        else:
            title = titles.plan(plan.title, plan.objective, default)
        ref = _once(plan.ref, names)
        names.add(ref)
        plans.append(
            PlanOutline(
                ref=ref,
                number=plan.number,
                title=title,
                status=plan.status,
                because=_because(plan),
                detail=record.detail if record else "",
                mark=record.symbol if record else "",
                slug=_slug(plan),
                path=plan.path,
                summary=plan.summary,
                objective=plan.objective if record is None or plan.objective != record.detail else "",
                depends_on=plan.depends_on,
                bullets=record.bullets if record else (),
                changes=_changes(records, phase.number, plan.number),
            )
        )
    present = {plan.number for plan in phase.plans}
    plans += [
        _listed(item, records, document, _once(f"{phase.number}.{item.number.zfill(2)}", names))
        for item in listed.values()
        if item.given and item.number not in present
    ]
    return plans


def _listed(item: PlanRecord, records: StateRecords, document: str, ref: str) -> PlanOutline:
    """A plan that only the state document names."""
    status = STATUSES[item.mark]
    return PlanOutline(
        ref=ref,
        number=item.number,
        title=item.title,
        status=status,
        because=f"{document}:{item.line} lists it as {status}",
        detail=item.detail,
        mark=item.symbol,
        slug=re.sub(r"\W+", "-", item.title.lower()).strip("-"),
        bullets=item.bullets,
        changes=_changes(records, item.phase, item.number),
    )


def _changes(records: StateRecords, phase: str, plan: str) -> tuple[tuple[str, str], ...]:
    """What the document says this plan has changed; it speaks of the plans of its current phase."""
    if phase != records.current_phase:
        return ()
    return tuple((item.path, item.why) for item in records.changes if item.plan == plan)


def _counted(phase: Phase) -> list[PlanOutline]:
    """The plans that a document counts and does not name; a done phase without any count is one plan."""
    total = max(phase.total, phase.done) or int(phase.status == DONE)
    if total > MOST_PLACEHOLDERS:
        return []
    done = total if phase.status == DONE else phase.done
    because = phase.evidence[-1] if phase.evidence else ""
    return [
        PlanOutline(
            ref=f"{phase.number}.{number:02d}",
            number=str(number),
            title=f"Plan {number:02d}",
            status=_counted_status(phase, number, done),
            because=because if number <= done else "",
            placeholder=True,
        )
        for number in range(1, total + 1)
    ]


def _counted_status(phase: Phase, number: int, done: int) -> str:
    """Done while the count lasts; where nothing is done in an active phase, its first plan is at work."""
    if number <= done:
        return DONE
    return "active" if phase.status == "active" and number == 1 else "pending"


def _because(plan: Plan) -> str:
    """What the plan's status rests on: the summary that says something, the ticked box, the listing."""
    if plan.status == DONE and plan.summary:
        for text in plan.evidence:
            if text == plan.summary:
                return f"{plan.summary} reports it"
    for text in plan.evidence:
        if text.endswith(("is ticked", f"lists it as {plan.status}")):
            return text
    return plan.evidence[0] if plan.evidence else ""


def _slug(plan: Plan) -> str:
    """The name that people type for it: the stem of its file, as in ``02.1-01``."""
    file = (plan.path or plan.summary).rsplit("/", 1)[-1]
    stem = re.sub(r"(?i)[-_.]?(?:PLAN|SUMMARY)?\.md\Z", "", file)
    return stem or re.sub(r"\W+", "-", plan.title.lower()).strip("-")


def _once(ref: str, taken: Iterable[str]) -> str:
    """The reference, with ``~2``, ``~3``, … where another plan has it already."""
    known = set(taken)
    number, result = 2, ref
    while result in known:
        result, number = f"{ref}~{number}", number + 1
    return result
