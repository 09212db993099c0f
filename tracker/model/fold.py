"""Definitions + journal + present tree → Snapshot: the one place where state comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tracker.model import events as ev
from tracker.model import snapshot as sn
from tracker.model.definitions import Check, Definitions, Phase, Plan
from tracker.model.describe import activity
from tracker.model.impact import impacts
from tracker.model.numbers import total
from tracker.model.waves import waves

CAP = 69
"""A red critical check caps the rating here, whatever the sum."""


RECENT = 500
"""As many of the newest events, and of the newest scores, are in a Snapshot; the journal has them all."""


@dataclass(slots=True)
class _Seen:
    """The newest evidence of one check. ``proofs``: what each plan's checks were proved by; empty in old journals."""

    outcome: str
    tree: str
    time: str
    order: int
    proofs: dict[str, str]


@dataclass(slots=True)
class _PlanFold:
    """What the journal says of one plan."""

    done: ev.Event | None = None
    done_order: int = -1
    landed: ev.Event | None = None
    started: bool = False
    deferred: str | None = None
    notes: list[tuple[str, str]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Fold:
    plans: dict[str, _PlanFold] = field(default_factory=dict)
    seen: dict[str, _Seen] = field(default_factory=dict)
    deferred_checks: dict[str, tuple[str, int]] = field(default_factory=dict)
    last_verified: ev.Event | None = None
    history: list[tuple[str, float]] = field(default_factory=list)
    document: dict[str, Any] = field(default_factory=dict)


def fold(
    definitions: Definitions,
    journal: Iterable[ev.Event],
    *,
    tree: str = "",
    faults: Sequence[str] = (),
) -> sn.Snapshot:
    """The state of the project.

    ``tree`` is the git tree of the codebase as it is now. Evidence is stale that names another tree, or that was
    made by other checks than the present definitions have.
    Pure: the same arguments give the same Snapshot.
    """
    ordered = ev.in_order(journal)
    counted = ev.effective(ordered)
    points = {check.id: check.points for check in definitions.checks}
    state = _read(counted, points, definitions.plans)
    now = _Now(tree, definitions.proofs)
    baseline = tuple(_check(check, state, now) for check in definitions.project.checks)
    plans = {plan.ref: _plan(plan, state, now) for plan in definitions.plans}
    said = state.document.get("phases", {})
    plans = _connected(plans, _unplanned(definitions, state.document.get("waits", {}), said))
    checks = {check.id: check for plan in plans.values() for check in plan.checks}
    checks |= {check.id: check for check in baseline}
    phases = tuple(
        _phase(phase, plans, checks, said.get(phase.number, sn.PENDING)) for phase in definitions.phases
    )
    phases = impacts(phases, baseline)
    return sn.Snapshot(
        name=definitions.project.name,
        goal=definitions.project.goal,
        codebase=definitions.project.codebase,
        tree=tree,
        current_phase=sn.current_phase(
            {phase.number: phase.status for phase in phases}, state.document.get("position", "")
        ),
        updated=counted[-1].date if counted else "",
        done=sum(phase.done for phase in phases),
        total=sum(phase.total for phase in phases),
        phases=phases,
        score=_score(definitions, baseline, plans.values(), state),
        baseline=baseline,
        evidence=_evidence(state),
        activity=tuple(activity(event) for event in counted[-RECENT:]),
        faults=tuple(faults),
        document=state.document,
    )


def _read(counted: Sequence[ev.Event], points: dict[str, float], plans: Sequence[Plan]) -> _Fold:
    state = _Fold()
    slugs = {plan.ref: plan.slug for plan in plans}
    homes = {(plan.phase, plan.slug): plan.ref for plan in reversed(plans)}
    for order, event in enumerate(counted):
        data = event.data
        ref = event.plan or ""
        if "slug" in data and data["slug"] != slugs.get(ref):
            # The plan has been numbered anew: it is the phase's one of that slug. Else it was renamed.
            ref = homes.get((ref.rpartition(".")[0], data["slug"]), ref)
        plan = state.plans.setdefault(ref, _PlanFold())
        match event.kind:
            case ev.LANDED:
                plan.done, plan.done_order, plan.landed = event, order, event
                plan.started, plan.deferred = False, None
                _take(state, event, order)
            case ev.VERIFIED:
                _take(state, event, order)
                state.last_verified = event
                earned = [points.get(key, 0) for key, seen in state.seen.items() if seen.outcome == sn.PASSED]
                state.history.append((event.time, total(earned)))
            case ev.DONE:
                plan.done, plan.done_order = event, order
                plan.started, plan.deferred = False, None
            case ev.REOPENED if data.get("check"):
                state.deferred_checks.pop(str(data["check"]), None)
            case ev.REOPENED | ev.REVERTED:
                plan.done, plan.landed, plan.started, plan.deferred = None, None, False, None
            case ev.DEFERRED if data.get("check"):
                state.deferred_checks[str(data["check"])] = str(data.get("reason", "")), order
            case ev.DEFERRED:
                plan.deferred, plan.started = str(data.get("reason", "")), False
            case ev.STARTED:
                plan.started, plan.deferred = True, None
            case ev.NOTE:
                plan.notes.append((event.date, str(data.get("text", ""))))
            case ev.LINK:
                plan.links.append(str(data.get("commit", "")))
            case ev.IMPORTED:
                state.document = data
            case _:
                pass
    return state


def _take(state: _Fold, event: ev.Event, order: int) -> None:
    tree = str(event.data.get("tree", ""))
    proofs = event.data.get("proofs") or {}
    for check, outcome in (event.data.get("checks") or {}).items():
        state.seen[str(check)] = _Seen(str(outcome), tree, event.time, order, proofs)


class _Now(NamedTuple):
    """What evidence has to name to be current: the codebase's tree, and what proves each plan's checks."""

    tree: str
    proofs: dict[str, str]

    def same_proof(self, plan: str, seen: _Seen) -> bool:
        """Whether the check was proved by what would prove it now; an old journal does not say by what it was."""
        return not seen.proofs or seen.proofs.get(plan) == self.proofs.get(plan)


def _check(check: Check, state: _Fold, now: _Now) -> sn.CheckState:
    seen = state.seen.get(check.id)
    return sn.CheckState(
        id=check.id,
        title=check.title,
        domain=check.domain,
        points=check.points,
        kind=check.kind,
        critical=check.critical,
        outcome=seen.outcome if seen else "",
        current=bool(seen and now.tree and seen.tree == now.tree and now.same_proof(check.plan, seen)),
        tree=seen.tree if seen else "",
        time=seen.time if seen else "",
        deferred=state.deferred_checks.get(check.id, ("", 0))[0],
        closes=check.closes,
    )


def _plan(plan: Plan, state: _Fold, now: _Now) -> sn.PlanState:
    known = state.plans.get(plan.ref, _PlanFold())
    checks = tuple(_check(check, state, now) for check in plan.checks)
    # What a plan has landed with is not put off by a later word: the plan lands anew without it, or is mended.
    needs = [
        check
        for check in checks
        if check.kind == "need"
        and (not check.deferred or (known.landed and state.deferred_checks[check.id][1] > known.done_order))
    ]
    status, reason, proof, source = sn.PENDING, "", "", ""
    if known.done is not None:
        red = [
            check.id
            for check in needs
            if check.outcome in (sn.RED, sn.ERROR) and state.seen[check.id].order > known.done_order
        ]
        if red:
            status, reason = sn.FAILED, f"red since it was done: {', '.join(red)}"
        else:
            status = sn.DONE
            proof, source, reason = _proof(known, checks, needs, now)
    elif known.deferred is not None:
        status, reason = sn.DEFERRED, known.deferred
    elif known.started:
        status = sn.ACTIVE
    landed = known.landed
    return sn.PlanState(
        ref=plan.ref,
        title=plan.title,
        phase=plan.phase,
        slug=plan.slug,
        path=plan.path,
        summary=plan.summary,
        status=status,
        proof=proof,
        source=source,
        reason=reason,
        depends_on=plan.depends_on,
        how=plan.implementation.kind,
        finished=known.done.date if known.done and status == sn.DONE else "",
        run=str(landed.data.get("run", "")) if landed else "",
        digest=plan.digest,
        landed_digest=str(landed.data.get("digest", "")) if landed else "",
        highlights=plan.highlights,
        notes=tuple(known.notes),
        links=tuple(dict.fromkeys(known.links)),
        changes=_changes(landed or known.done),
        checks=checks,
        order=known.done_order if known.done else -1,
        mark=str(known.done.data.get("mark", "")) if known.done and proof == sn.UNPROVEN else "",
    )


def _changes(event: ev.Event | None) -> tuple[sn.Change, ...]:
    """The files that a landing changed, or that a document says a plan has changed."""
    return tuple(sn.Change(**change) for change in event.data.get("changes", ())) if event else ()


def _proof(
    known: _PlanFold, checks: Sequence[sn.CheckState], needs: Sequence[sn.CheckState], now: _Now
) -> tuple[str, str, str]:
    """Proof, its source, and the reason in words, of a plan that is done and not red."""
    ran = [check for check in checks if check.outcome == sn.PASSED]
    if ran and all(check.outcome == sn.PASSED for check in needs):
        old = [check for check in needs or ran if not check.current]
        if not old:
            return sn.VERIFIED, "verification", ""
        what = "the code has" if any(check.tree != now.tree for check in old) else "its checks have"
        return sn.STALE, "verification", f"{what} changed since it was verified: verify again"
    red = ", ".join(check.id for check in checks if check.outcome in (sn.RED, sn.ERROR))
    if known.done is not None and known.done.kind == ev.DONE:
        because = str(known.done.data.get("because", ""))
        source = str(known.done.data.get("source", "word"))
        return sn.UNPROVEN, source, f"{because}; red: {red}" if red and because else because
    missing = [check.id for check in needs if check.outcome != sn.PASSED]
    if missing:
        return sn.UNPROVEN, "commit", f"did not run: {', '.join(missing)}"
    return sn.UNPROVEN, "commit", f"red: {red}" if red else "it has no check that ran"


def _unplanned(
    definitions: Definitions, waits: Mapping[str, Sequence[str]], said: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """For each phase those that it waits for, as the document that was imported says, and that have no plans yet."""
    empty = {
        phase.number for phase in definitions.phases if not phase.plans and said.get(phase.number) != sn.DONE
    }
    return {
        number: tuple(f"phase {other}" for other in others if other in empty)
        for number, others in waits.items()
    }


def _connected(
    plans: dict[str, sn.PlanState], unplanned: Mapping[str, tuple[str, ...]]
) -> dict[str, sn.PlanState]:
    """The plans with what blocks them and the wave that each would run in."""
    remaining = {
        ref: plan.depends_on
        for ref, plan in plans.items()
        if plan.status in (sn.PENDING, sn.ACTIVE, sn.FAILED)
    }
    try:
        order = {ref: number for number, wave in enumerate(waves(remaining), 1) for ref in wave}
    except ValueError:
        order = {}
    return {
        ref: plan._replace(
            blocked_by=()
            if plan.status == sn.DONE
            else (
                *(other for other in plan.depends_on if other not in plans or plans[other].status != sn.DONE),
                *(unplanned.get(plan.phase, ()) if plan.status == sn.PENDING else ()),
            ),
            wave=order.get(ref, 0),
        )
        for ref, plan in plans.items()
    }


def _phase(
    phase: Phase, plans: dict[str, sn.PlanState], checks: dict[str, sn.CheckState], said: str
) -> sn.PhaseState:
    """The phase as its plans are; without any, as the document that it comes from has ``said``."""
    members = tuple(plans[plan.ref] for plan in phase.plans)
    done = sum(plan.status == sn.DONE for plan in members)
    if members and done == len(members):
        status = sn.DONE
    elif done or any(plan.status in (sn.ACTIVE, sn.FAILED) for plan in members):
        status = sn.ACTIVE
    else:
        status = said if not members and said in (sn.DONE, sn.ACTIVE) else sn.PENDING
    done_refs = {plan.ref for plan in members if plan.status == sn.DONE}
    return sn.PhaseState(
        number=phase.number,
        title=phase.title,
        slug=phase.slug,
        goal=phase.goal,
        status=status,
        impact=phase.impact,
        done=done,
        total=len(members),
        must_haves=tuple(
            sn.MustHaveState(
                text=item.text,
                met=bool(item.checks or item.plans)
                and all(check in checks and checks[check].outcome == sn.PASSED for check in item.checks)
                and done_refs.issuperset(item.plans),
                checks=item.checks,
                mark=item.mark,
                stale=any(check in checks and not checks[check].current for check in item.checks)
                or any(plans[ref].proof == sn.STALE for ref in item.plans if ref in plans),
            )
            for item in phase.must_haves
        ),
        closing_steps=phase.closing_steps,
        plans=members,
    )


def _score(
    definitions: Definitions,
    baseline: Sequence[sn.CheckState],
    plans: Iterable[sn.PlanState],
    state: _Fold,
) -> sn.Score | None:
    checks = [*baseline, *(check for plan in plans for check in plan.checks)]
    if not checks:
        return None
    of = definitions.project.of or total([check.points for check in checks])
    points = total([check.earned for check in checks])
    capped = tuple(check.id for check in checks if check.critical and check.outcome in (sn.RED, sn.ERROR))
    domains: dict[str, list[sn.CheckState]] = {}
    for check in checks:
        domains.setdefault(check.domain, []).append(check)
    return sn.Score(
        points=points,
        of=of,
        target=definitions.project.target,
        measured=any(check.outcome for check in checks),
        stale=any(check.outcome == sn.PASSED and not check.current for check in checks),
        rating=min(points, CAP) if capped else points,
        capped_by=capped,
        domains=tuple(
            sn.DomainScore(
                domain, total([check.earned for check in members]), total([check.points for check in members])
            )
            for domain, members in sorted(domains.items())
        ),
        history=tuple(state.history[-RECENT:]),
    )


def _evidence(state: _Fold) -> sn.Evidence | None:
    event = state.last_verified
    if event is None:
        return None
    counts: dict[str, int] = {}
    for outcome in (event.data.get("checks") or {}).values():
        counts[str(outcome)] = counts.get(str(outcome), 0) + 1
    return sn.Evidence(
        tree=str(event.data.get("tree", "")),
        date=event.date,
        counts=tuple((outcome, counts[outcome]) for outcome in sn.OUTCOMES if outcome in counts),
    )
