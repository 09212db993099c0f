"""The terminal's renderings: status, one plan, what is next. Plain strings; colour only where asked for."""

from __future__ import annotations

from collections.abc import Mapping

from tracker.model import snapshot as sn
from tracker.model.numbers import points
from tracker.render.plain import safe, safe_lines
from tracker.render.steps import next_steps

MARKS = {sn.DONE: "✔", sn.ACTIVE: "▶", sn.PENDING: "·", sn.FAILED: "✘", sn.DEFERRED: "⏸"}
PROOF = {sn.VERIFIED: "verified", sn.STALE: "🔄 stale", sn.UNPROVEN: "⚠️ unproven"}
OUTCOME = {sn.PASSED: "✔", sn.RED: "✘", sn.ERROR: "!", sn.NOT_RUN: "–", sn.OPEN: "○", "": " "}
_NO_PLANS = {
    sn.DONE: "done, without plans",
    sn.ACTIVE: "in progress, no plans yet",
    sn.PENDING: "no plans yet",
}
_CODES = {"green": 32, "red": 31, "yellow": 33, "dim": 2, "bold": 1, "cyan": 36}
_STATUS_COLOUR = {sn.DONE: "green", sn.FAILED: "red", sn.ACTIVE: "cyan", sn.DEFERRED: "yellow"}


def status(snapshot: sn.Snapshot, *, colour: bool = False, interrupted: str = "") -> str:
    """The whole project on one screen."""
    lines = []
    if interrupted:
        lines += [
            _c(f"Run {interrupted} was interrupted; the next `tracker run` goes on.", "yellow", colour),
            "",
        ]
    lines.append(
        _c(safe(snapshot.name), "bold", colour) + (f" · {safe(snapshot.goal)}" if snapshot.goal else "")
    )
    if snapshot.score is not None:
        lines.append(score_line(snapshot.score, colour=colour))
    if snapshot.total:
        lines.append(f"{bar(snapshot.done, snapshot.total)} {snapshot.done} of {snapshot.total} plans done")
    for phase in snapshot.phases:
        impact = f" · {phase.impact}" if phase.impact else ""
        head = f"Phase {phase.number}: {safe(phase.title)}"
        lines += ["", f"{_c(head, 'bold', colour)} · {phase.done}/{phase.total}{impact}"]
        lines += [_row(plan, colour) for plan in phase.plans] or [_no_plans(phase, colour)]
    if not snapshot.phases and not snapshot.faults:
        lines += ["", _nothing(snapshot)]
    if snapshot.faults:
        lines += [
            "",
            _c("Broken definitions:", "red", colour),
            *(f"  {safe(fault)}" for fault in snapshot.faults),
        ]
    return "\n".join(lines)


def _no_plans(phase: sn.PhaseState, colour: bool) -> str:
    mark = _c(MARKS[phase.status], _STATUS_COLOUR.get(phase.status, "dim"), colour)
    return f"  {mark} {_NO_PLANS[phase.status]}"


def _nothing(snapshot: sn.Snapshot) -> str:
    """Why there is nothing to show: a document that was not understood, or none at all."""
    source = snapshot.document.get("source")
    if source and snapshot.origin != "native":
        return f"{safe(str(source))} is here, and names no phase and no plan that was understood: `tracker audit` lists its lines."
    return "No plans here yet. `tracker init` makes a project, `tracker new` a plan."


def score_line(score: sn.Score, *, colour: bool = False) -> str:
    """``Score 40 of 100``, with target, staleness and what caps the rating."""
    if not score.measured:
        return f"Score not measured yet (of {points(score.of)}); `tracker verify` measures it"
    text = f"Score {points(score.points)} of {points(score.of)}"
    line = f"{_c(text, 'bold', colour)} {bar(score.points, score.of)}"
    if score.target is not None:
        line += f" target {points(score.target)}"
    if score.stale:
        line += _c(" · 🔄 stale: the code or its checks have changed since", "yellow", colour)
    if score.capped_by:
        count = len(score.capped_by)
        line += f" · {count} critical check{'s' if count > 1 else ''} red"
    return line


def plan(state: sn.PlanState, body: str, reasons: Mapping[str, str], *, colour: bool = False) -> str:
    """One plan with everything known of it."""
    lines = [_c(f"{state.ref} {safe(state.title)}", "bold", colour)]
    if state.summary:
        lines.append(safe(state.summary))
    facts = [state.status + (f", {PROOF[state.proof]}" if state.proof else "")]
    if state.finished:
        facts.append(f"done {state.finished}")
    if state.run:
        facts.append(f"run {state.run}")
    if state.wave:
        facts.append(f"wave {state.wave}")
    lines.append(" · ".join(facts))
    if state.reason:
        lines.append(f"  {safe(state.reason)}")
    if others := dict.fromkeys((*state.depends_on, *state.blocked_by)):
        waiting = f" (waiting for {', '.join(state.blocked_by)})" if state.blocked_by else ""
        lines.append(f"depends on {', '.join(others)}{waiting}")
    if state.path:
        lines.append(state.file)
    if state.checks:
        lines += ["", _c(f"Checks · {points(state.earned)} of {points(state.points)} points", "bold", colour)]
        lines += [check_row(check, reasons.get(check.id, ""), colour=colour) for check in state.checks]
    if state.changes:
        lines += ["", _c("Changes", "bold", colour)]
        lines += [f"  {change.kind:8} {safe(change.path)} · {safe(change.why)}" for change in state.changes]
    if state.notes:
        lines += ["", _c("Notes", "bold", colour), *(f"  {date} {safe(text)}" for date, text in state.notes)]
    if body.strip():
        lines += ["", safe_lines(body.strip())]
    return "\n".join(lines)


def check_row(check: sn.CheckState, reason: str = "", *, colour: bool = False) -> str:
    """One check on one line, with the reason below where it is not green."""
    name = {sn.PASSED: "green", sn.RED: "red", sn.ERROR: "red", sn.NOT_RUN: "yellow"}.get(
        check.outcome, "dim"
    )
    mark = _c(OUTCOME[check.outcome], name, colour)
    flags = [check.kind] + (["critical"] if check.critical else [])
    if check.deferred:
        flags.append(f"deferred: {safe(check.deferred)}")
    elif check.outcome and not check.current:
        flags.append("stale")
    row = f"  {mark} {check.id:9} {points(check.points):>4}  {safe(check.title)} ({', '.join(flags)})"
    if reason and check.outcome != sn.PASSED:
        row += f"\n      {check.outcome}: {safe(reason)}"
    return row


def following(snapshot: sn.Snapshot, *, colour: bool = False) -> str:
    """What can be done now, and the next steps."""
    ready = [plan for plan in snapshot.plans if plan.ready]
    lines = [_c("Ready now", "bold", colour)]
    lines += [_row(plan, colour) for plan in ready] or ["  nothing: every plan is done or waits for another"]
    steps = next_steps(snapshot)
    if steps:
        lines += ["", _c("Next steps", "bold", colour)]
        lines += [f"  {number}. {safe(step)}" for number, step in enumerate(steps, 1)]
    return "\n".join(lines)


def bar(value: float, of: float, width: int = 20) -> str:
    """A bar of block characters."""
    full = round(width * value / of) if of else 0
    return "█" * min(width, full) + "░" * (width - min(width, full))


def _row(state: sn.PlanState, colour: bool) -> str:
    mark = _c(MARKS[state.status], _STATUS_COLOUR.get(state.status, "dim"), colour)
    parts = [f"  {mark} {state.ref:5} {safe(state.title)}"]
    if state.status == sn.DONE:
        proof = PROOF[state.proof]
        parts.append(f"{proof} ({_source(state)})" if state.proof == sn.UNPROVEN else proof)
    elif state.status in (sn.FAILED, sn.DEFERRED):
        parts.append(f"{state.status}: {safe(state.reason)}" if state.reason else state.status)
    elif state.blocked_by:
        parts.append(f"waits for {', '.join(state.blocked_by)}")
    if state.checks:
        parts.append(f"{points(state.earned)}/{points(state.points)} points")
    return " · ".join(parts)


def _source(state: sn.PlanState) -> str:
    words = {"word": "a person's word", "commit": "a commit", "document": "a document"}
    said = words.get(state.source, state.source)
    return f"{said}: {safe(state.reason)}" if state.reason else said


def _c(text: str, name: str, colour: bool) -> str:
    return f"\x1b[{_CODES[name]}m{text}\x1b[0m" if colour else text
