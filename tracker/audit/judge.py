"""Each claim against the evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tracker.audit import marks, phrases, stategsd2, wording
from tracker.audit.counting import Scope, Tally
from tracker.audit.evidence import Evidence
from tracker.audit.ids import padded, whole
from tracker.audit.model import CONTRADICTED, SUPPORTED, UNSUPPORTED, Claim, Verdict

TOLERANCE = 2.0
"""Percentage points by which a percentage may differ: documents round in their own ways."""

_NO_RECORDS = "this project writes no SUMMARY files and ticks no boxes"
_OF_PHASES = {"phases", "position"}
Judgement = tuple[Verdict, str]


def judge(claim: Claim, evidence: Evidence) -> Claim:
    """Return the claim with verdict and evidence. A claim nothing speaks about is unsupported."""
    rule = _RULES.get(claim.kind)
    if rule is None:
        return claim
    verdict, words = rule(claim, evidence)
    reused = evidence.project.roadmap.reused if evidence.project.roadmap else frozenset()
    if verdict == CONTRADICTED and (claim.scope in reused or (reused and claim.kind in _OF_PHASES)):
        verdict, words = UNSUPPORTED, f"several phases have one number in ROADMAP.md; {words}"
    if verdict == CONTRADICTED and evidence.shared(claim.scope):
        verdict, words = UNSUPPORTED, f"there are several phases {claim.scope}; {words}"
    return replace(claim, verdict=verdict, evidence=words)


def _counts(claim: Claim, evidence: Evidence, what: str) -> Judgement:
    if claim.done is None and claim.total is None:
        return UNSUPPORTED, "no number to compare"
    scopes, doubt = _scopes(claim, evidence)
    if what == "plans" and not claim.scope and claim.section in {"position", "progress"} and claim.total:
        # "3/3 plans" below a position is as often said of the current phase.
        scopes += [
            scope for scope in [evidence.of_phase(evidence.position)] if evidence.position and scope.known
        ]
    if not scopes:
        return UNSUPPORTED, "no files and no roadmap to hold it against"
    if claim.total == 0 and not claim.done:
        return _nothing_planned(evidence) if what == "phases" else _no_plans(claim.scope, evidence)
    for scope in scopes:
        found = scope.match(what, claim.done, claim.total)
        if found is None and not claim.decisive and claim.done is None:
            # "7 plans, 4 phases" in passing may count what there is or what is done.
            found = scope.match(what, claim.total, None)
        if found is not None:
            return SUPPORTED, _ground(scope, what, found)
    if all(not tally.total and not tally.done for scope in scopes for tally in scope.tallies(what)):
        return UNSUPPORTED, "neither plan files nor roadmap entries to count"
    if what == "phases" and not evidence.listed:
        return UNSUPPORTED, "ROADMAP.md lists no phases"
    if doubt:
        return UNSUPPORTED, doubt
    if claim.done and not evidence.keeps_records:
        return UNSUPPORTED, _NO_RECORDS
    if claim.section == "metrics" and not claim.scope and (gone := evidence.gone):
        return UNSUPPORTED, f"it may count {', '.join(gone)} as well, of which nothing is here"
    return CONTRADICTED, _nearest(scopes, what, claim.total).describe(what)


def _nearest(scopes: list[Scope], what: str, total: int | None) -> Scope:
    """The scope that a contradicted claim most likely means: one that has as many as it says."""
    return next(
        (
            scope
            for scope in scopes
            if any(t.total == total and t.done is not None and not t.joined for t in scope.tallies(what))
        ),
        scopes[0],
    )


def _scopes(claim: Claim, evidence: Evidence) -> tuple[list[Scope], str]:
    """The scopes that may be meant, and why they need not be: of a version nobody else names anything may be true."""
    scopes, certain = evidence.scopes(claim.scope)
    doubt = "" if certain else f"nothing here is said to belong to {claim.scope}"
    if claim.value == phrases.SEVERAL:
        doubt = "an estimate, or several phases or versions are named"
    return [scope for scope in scopes if scope.known], doubt


def _ground(scope: Scope, what: str, found: Tally) -> str:
    """The count that a claim rests on; what the files give beside it, where only a document said so."""
    words = f"{scope.name}: {found.words}"
    files = scope.tallies(what)[0]
    differ = files.done is not None and (files.done, files.total) != (found.done, found.total)
    if what == "plans" and files.total and differ:
        return f"{words}; {files.words}"
    return words


def _nothing_planned(evidence: Evidence) -> Judgement:
    waiting = [p.number for p in evidence.listed.values() if p.complete is not True]
    if waiting:
        words = wording.share(len(waiting), len(evidence.listed), "phase", "is", "not complete in ROADMAP.md")
        return CONTRADICTED, words
    return SUPPORTED, "no phase is open in ROADMAP.md"


def _no_plans(phase: str, evidence: Evidence) -> Judgement:
    """Zero of zero plans: true where no plan is written for what is open, or for the phase that it is said of."""
    open_phases = {p.number for p in evidence.listed.values() if p.complete is not True}
    if phase in evidence.listed:
        open_phases &= {phase}
    written = [
        plan.path
        for directory in evidence.directories
        for plan in directory.plans
        if not evidence.listed or directory.phase in open_phases
    ]
    if written and open_phases:
        first = written[0].rpartition("/")[2]
        return CONTRADICTED, f"{wording.some(len(written), 'plan file')} of open phases, the first {first}"
    return SUPPORTED, "no plan of an open phase is written"


def _plans(claim: Claim, evidence: Evidence) -> Judgement:
    return _counts(claim, evidence, "plans")


def _phases(claim: Claim, evidence: Evidence) -> Judgement:
    return _counts(claim, evidence, "phases")


def _ratio(claim: Claim, evidence: Evidence) -> Judgement:
    for what in ("plans", "phases"):
        verdict, words = _counts(claim, evidence, what)
        if verdict != CONTRADICTED:
            return verdict, words
    return UNSUPPORTED, "a count that does not say of what"


def _percent(claim: Claim, evidence: Evidence) -> Judgement:
    scopes, doubt = _scopes(claim, evidence)
    if claim.percent is None or not scopes:
        return UNSUPPORTED, "nothing to compute a percentage from"
    shares = [
        (abs(percent - claim.percent), percent, scope, tally)
        for scope in scopes
        for tally in (*scope.plans, *scope.phases)
        if (percent := tally.percent) is not None
    ]
    if not shares:
        if claim.percent in (0, 100):
            return (SUPPORTED if claim.percent == 0 else UNSUPPORTED), "nothing is planned"
        return UNSUPPORTED, "nothing to compute a percentage from"
    distance, percent, scope, tally = min(shares, key=lambda share: share[0])
    if distance <= TOLERANCE:
        return SUPPORTED, f"{scope.name}: {tally.words} ({percent:.0f} %)"
    if claim.percent == 0 and _nothing_planned(evidence)[0] == SUPPORTED:
        # Every listed phase is complete: a counter at zero is the next milestone's.
        zero = any(c.kind in ("plans", "phases") and c.total == 0 for c in _said(evidence))
        if zero:
            return SUPPORTED, "no phase is open in ROADMAP.md"
    if doubt:
        return UNSUPPORTED, doubt
    if claim.percent and not evidence.keeps_records:
        return UNSUPPORTED, _NO_RECORDS
    nearest, plans = f"{scope.name}: {tally.words}", scopes[0].describe("plans")
    return CONTRADICTED, f"nearest is {percent:.0f} % ({nearest})" + (
        f"; {plans}" if plans != nearest else ""
    )


def _said(evidence: Evidence) -> tuple[Claim, ...]:
    return evidence.project.state.claims if evidence.project.state else ()


def _position(claim: Claim, evidence: Evidence) -> Judgement:
    if claim.scope and not evidence.of_phase(claim.scope).known and evidence.everything.known:
        words = f"no phase {claim.scope} in ROADMAP.md, no directory for it"
    else:
        words = f"phase {claim.scope} exists"
    if claim.total is None or not evidence.listed:
        return (SUPPORTED if words.endswith("exists") and evidence.everything.known else UNSUPPORTED), words
    totals: set[int] = set()
    for scope in (*evidence.general, *evidence.milestones.values()):
        totals |= scope.totals("phases")
        totals |= {
            max((whole(p.number) for p in scope.listed), default=0),
            max((whole(d.phase) for d in scope.directories if d.phase), default=0),
        }
    if claim.total in totals:
        return SUPPORTED, words
    return (
        CONTRADICTED,
        f"ROADMAP.md lists {wording.some(len(evidence.listed), 'phase')}, up to phase {max(map(whole, evidence.listed))}",
    )


def _plan_position(claim: Claim, evidence: Evidence) -> Judgement:
    scope = evidence.of_phase(claim.scope) if claim.scope else None
    if scope is None or not scope.known:
        return UNSUPPORTED, "no plans to hold it against"
    if claim.total == 0 and not claim.done:
        return _no_plans(claim.scope, evidence)
    if scope.totals("plans") == {0}:
        return UNSUPPORTED, f"phase {claim.scope} has no plan files and no plan boxes"
    if claim.total is not None and claim.total not in scope.totals("plans"):
        return CONTRADICTED, scope.describe("plans")
    key = f"{claim.scope}-{claim.done}"
    has_file, has_summary, box = evidence.of_plan(key)
    finished = has_summary or box
    if claim.mark == "done" and not finished and scope.match("plans", claim.done, None) is None:
        # Neither it nor as many plans as its number have a SUMMARY.
        sure = has_file and evidence.project.summaries
        return (CONTRADICTED if sure else UNSUPPORTED), _plan_words(key, evidence)
    if claim.total is not None:
        return SUPPORTED, scope.describe("plans")
    known = has_file or has_summary or box is not None
    return (SUPPORTED if known else UNSUPPORTED), _plan_words(key, evidence)


def _phase_status(claim: Claim, evidence: Evidence) -> Judgement:
    scope = evidence.of_phase(claim.scope)
    if not scope.known:
        return UNSUPPORTED, f"no phase {claim.scope} in the roadmap and no directory for it"
    files = sum(len(d.plans) for d in scope.directories)
    summarised = sum(d.summarised for d in scope.directories)
    filled = sum(d.filled for d in scope.directories)
    marked = any(p.complete for p in scope.listed)
    words = scope.describe("plans") + (", the phase is marked complete" if marked else "")
    if claim.mark == "done":
        if marked or (files and summarised >= files):
            return SUPPORTED, words
        if files and summarised < files and not _all_checked(scope) and evidence.keeps_records:
            return CONTRADICTED, words
        return UNSUPPORTED, words
    whole_phase = bool(files) and summarised >= files
    if claim.mark == "open":
        if whole_phase and not marks.only_awaits(claim.value):
            return CONTRADICTED, words
        if (
            filled
            and "not start" in f"{claim.value} {claim.text}".casefold()
            and not marks.only_awaits(claim.value)
        ):
            return CONTRADICTED, words
        return (UNSUPPORTED if filled or marked else SUPPORTED), words
    if claim.mark == "active":
        return (UNSUPPORTED if whole_phase or marked else SUPPORTED), words
    return UNSUPPORTED, words


def _all_checked(scope: Scope) -> bool:
    boxes = [plan.checked for p in scope.listed for plan in p.plans]
    return bool(boxes) and all(boxes)


def _sum(claim: Claim, _evidence: Evidence) -> Judgement:
    if claim.value == f"{claim.done}/{claim.total}":
        return SUPPORTED, "the rows above add up to it"
    return UNSUPPORTED, f"the rows above add up to {claim.value}"


def _tasks(claim: Claim, evidence: Evidence) -> Judgement:
    state = evidence.project.state
    phase = next((p for p in state.phases if p.number == claim.scope), None) if state is not None else None
    if phase is None or not phase.tasks:
        return UNSUPPORTED, "the document lists no tasks of this phase"
    done = sum(task.checked for task in phase.tasks)
    words = wording.share(done, len(phase.tasks), "task box", "is", f"ticked for phase {claim.scope}")
    if (claim.done, claim.total) == (done, len(phase.tasks)):
        return SUPPORTED, words
    return CONTRADICTED, words


def _plan_words(key: str, evidence: Evidence) -> str:
    has_file, has_summary, box = evidence.of_plan(key)
    return (
        f"plan {padded(key)}: {'plan file' if has_file else 'no plan file'}, "
        f"{'SUMMARY' if has_summary else 'no SUMMARY'}"
        + ("" if box is None else f", its box is {'' if box else 'not '}ticked")
    )


def _plan_status(claim: Claim, evidence: Evidence) -> Judgement:
    has_file, has_summary, box = evidence.of_plan(claim.scope)
    words = _plan_words(claim.scope, evidence)
    if claim.mark == "done":
        if has_summary or box:
            return SUPPORTED, words
        return (CONTRADICTED if has_file and box is False else UNSUPPORTED), words
    if has_summary:
        return (
            CONTRADICTED if claim.mark == "open" and not marks.only_awaits(claim.value) else UNSUPPORTED
        ), words
    return (SUPPORTED if has_file else UNSUPPORTED), words


def _milestone_status(claim: Claim, evidence: Evidence) -> Judgement:
    scopes = [evidence.milestones[name] for name in evidence.current if evidence.milestones[name].listed] or [
        evidence.everything
    ]
    if version := phrases.version(claim.value):
        named = evidence.milestone(version)
        if named is None:
            return UNSUPPORTED, f"ROADMAP.md does not say which phases {version} has"
        scopes = [named]
    missing: list[str] = []
    for scope in scopes:
        open_phases = _unfinished(scope)
        if not open_phases and scope.known:
            words = f"{scope.name}: every phase is marked complete or has all its summaries"
            return (SUPPORTED if claim.mark == "done" else UNSUPPORTED), words
        missing = missing or open_phases
    explicit = [
        n
        for n in missing
        if (p := evidence.listed.get(n)) is not None
        and (p.complete is False or n in {d.phase for d in evidence.directories if d.plans})
    ]
    words = f"not complete: phase {', '.join(missing[:8])}" if missing else "nothing to hold it against"
    if claim.mark != "done":
        return (SUPPORTED if missing else UNSUPPORTED), words
    return (CONTRADICTED if explicit and len(missing) > 1 else UNSUPPORTED), words


def _unfinished(scope: Scope) -> list[str]:
    finished = {d.phase for d in scope.directories if d.complete}
    stated_done = {p.number for p in scope.listed if p.complete}
    halves = {d.phase for d in scope.directories if d.plans and not d.complete}
    numbers = [p.number for p in scope.listed] or sorted(halves | finished)
    return [n for n in numbers if n not in stated_done and (n not in finished or n in halves)]


_RULES: dict[str, Callable[[Claim, Evidence], Judgement]] = {
    "plans": _plans,
    "phases": _phases,
    "ratio": _ratio,
    "percent": _percent,
    "tasks": _tasks,
    "sum": _sum,
    "position": _position,
    "plan position": _plan_position,
    "phase status": _phase_status,
    "plan status": _plan_status,
    "milestone status": _milestone_status,
    "slice position": stategsd2.judge,
    "slice status": stategsd2.judge,
}
