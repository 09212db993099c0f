"""STATE.md: a pure function of the Snapshot and the notes that people wrote into it."""

from __future__ import annotations

import re
from collections.abc import Callable

from tracker.model import snapshot as sn
from tracker.model.numbers import points
from tracker.render.activity import files_modified, recent_activity
from tracker.render.plain import cell, safe
from tracker.render.steps import next_steps

NOTES = re.compile(r"<!-- notes -->\n.*?<!-- /notes -->\n", re.DOTALL)

STATUS = {
    sn.DONE: "✅ COMPLETE",
    sn.ACTIVE: "🚧 IN PROGRESS",
    sn.PENDING: "⏳ PENDING",
}


def state_md(snapshot: sn.Snapshot, *, notes: str = "") -> str:
    """The text of STATE.md. ``notes`` is the block of notes that stands in the present file, markers included."""
    sections: list[Callable[[sn.Snapshot], list[str]]] = [_progress, _current_phase, _activity, _goals, _next]
    if snapshot.score is not None:
        sections += [_domains, _residual, _evidence]
    lines = _header(snapshot)
    for section in sections:
        part = section(snapshot)
        if part:
            lines += ["", "---", "", *part]
    lines += ["", "---", ""]
    if notes:
        lines += [*notes.rstrip("\n").split("\n"), ""]
    lines.append(
        f"*State updated on {snapshot.updated}*" if snapshot.updated else "*Nothing has been recorded yet*"
    )
    return "\n".join(lines) + "\n"


def notes_of(text: str) -> str:
    """The block of notes in a STATE.md, markers included; empty where there is none."""
    match = NOTES.search(text.replace("\r\n", "\n"))
    return match[0] if match else ""


def _header(snapshot: sn.Snapshot) -> list[str]:
    lines = ["# PROJECT STATE", "", f"**Project:** {safe(snapshot.name)}  "]
    if snapshot.goal:
        lines.append(f"**Goal:** {safe(snapshot.goal)}  ")
    if snapshot.phases:
        phase = snapshot.phase(snapshot.current_phase)
        document = snapshot.document
        given = document.get("current_phase_title") if document.get("current_phase") == phase.number else None
        lines.append(f"**Current Phase:** {phase.number} - {safe(str(given or phase.title))}  ")
    lines.append(f"**Last Updated:** {snapshot.updated or 'never'}")
    return lines


def _progress(snapshot: sn.Snapshot) -> list[str]:
    lines = ["## 📊 Overall Progress", ""]
    if not snapshot.phases:
        return [*lines, "No phases are defined yet."]
    impact = any(phase.impact for phase in snapshot.phases)
    lines.append("| Phase | Status | Progress |" + (" Score Impact |" if impact else ""))
    lines.append("|-------|--------|----------|" + ("--------------|" if impact else ""))
    for phase in snapshot.phases:
        row = f"| Phase {phase.number}: {cell(phase.title)} | {STATUS[phase.status]} | {phase.done}/{phase.total} plans |"
        lines.append(row + (f" {cell(phase.impact)} |" if impact else ""))
    return lines


def _current_phase(snapshot: sn.Snapshot) -> list[str]:
    if not snapshot.phases:
        return []
    phase = snapshot.phase(snapshot.current_phase)
    groups = {status: [plan for plan in phase.plans if plan.status == status] for status in sn.STATUSES}
    done = groups[sn.DONE]
    lines = [
        f"## 🚀 Current Phase: Phase {phase.number}",
        "",
        f"**Status:** {STATUS[phase.status].split(' ', 1)[1]}  ",
        f"**Plans:** {phase.total} total  ",
        f"**Completed:** {len(done)}  ",
        f"**Remaining:** {phase.total - len(done)}",
        "",
        "### Completed Plans ✅",
    ]
    for plan in done:
        lines += _completed(plan)
    if not done:
        lines.append("None yet")
    lines += ["", "### Active Plans 🚧"]
    lines += [_item(plan, _detail(plan)) for plan in groups[sn.ACTIVE]] or ["None currently active"]
    if groups[sn.FAILED]:
        lines += ["", "### Failed Plans ❌"]
        lines += [_item(plan, f" - {safe(plan.reason)}") for plan in groups[sn.FAILED]]
    if groups[sn.PENDING] or not groups[sn.DEFERRED]:
        lines += ["", "### Pending Plans ⏳"]
        lines += [_item(plan, _detail(plan)) for plan in groups[sn.PENDING]] or ["None"]
    if groups[sn.DEFERRED]:
        lines += ["", "### Deferred Plans ⏸️"]
        lines += [
            _item(plan, _detail(plan) + (f" - {safe(plan.reason)}" if plan.reason else ""))
            for plan in groups[sn.DEFERRED]
        ]
    return lines


def _item(plan: sn.PlanState, rest: str) -> str:
    number = plan.ref.rsplit(".", 1)[-1]
    return f"{int(number) if number.isdigit() else number}. **Plan {number}:** {safe(plan.title)}{rest}"


def _detail(plan: sn.PlanState) -> str:
    return f" ({safe(plan.summary)})" if plan.summary else ""


def _completed(plan: sn.PlanState) -> list[str]:
    lines = [_item(plan, f" {proof_mark(plan)}")]
    lines += [f"   - {safe(text)}" for text in plan.highlights]
    lines += [
        f"   - {check.id} deferred ({safe(check.deferred)}): {safe(check.title)}"
        for check in plan.checks
        if check.deferred and check.outcome != sn.PASSED
    ]
    lines += [f"   - Note ({date}): {safe(text)}" for date, text in plan.notes]
    return lines


def proof_mark(plan: sn.PlanState) -> str:
    """How a done plan is marked: proved, to be proved again, or only said to be done."""
    if plan.proof == sn.VERIFIED or (plan.source == "document" and plan.mark):
        return safe(plan.mark) or "✅"
    if plan.proof == sn.STALE:
        return f"🔄 stale ({safe(plan.reason.partition(':')[0])})"
    said = {"word": "a person's word", "commit": "a commit", "document": "a document"}.get(
        plan.source, plan.source
    )
    reason = f": {safe(plan.reason)}" if plan.reason else ""
    return f"⚠️ unproven ({said}{reason})"


def _activity(snapshot: sn.Snapshot) -> list[str]:
    entries = recent_activity(snapshot)
    files = files_modified(snapshot)
    if not entries and not files:
        return []
    lines = ["## 📁 Recent Activity"]
    for heading, bullets in [*entries, *files]:
        lines += ["", f"### {heading}", *bullets]
    return lines


def _goals(snapshot: sn.Snapshot) -> list[str]:
    if not snapshot.phases:
        return []
    phase = snapshot.phase(snapshot.current_phase)
    target = _target(snapshot)
    if not target and not phase.must_haves and not phase.goal:
        return []
    lines = [f"## 🎯 Phase {phase.number} Goals"]
    if phase.goal:
        lines += ["", safe(phase.goal)]
    if target:
        lines += ["", "### Security Score Target" if _is_security(snapshot) else "### Score Target", *target]
    if phase.must_haves:
        lines += ["", "### Must-Haves"]
        lines += [
            f"{number}. {item.mark or ('✅' if item.met else '⏳')} {safe(item.text)}"
            + (" 🔄 stale" if item.met and item.stale and not item.mark else "")
            for number, item in enumerate(phase.must_haves, 1)
        ]
    return lines


def _is_security(snapshot: sn.Snapshot) -> bool:
    return "security" in f"{snapshot.name} {snapshot.goal}".lower()


def _target(snapshot: sn.Snapshot) -> list[str]:
    given = snapshot.document.get("score_target")
    if given:
        return [f"- **{safe(str(name))}:** {safe(str(value))}" for name, value in given]
    score = snapshot.score
    if score is None:
        return []
    of = points(score.of)
    if not score.measured:
        current = "not measured yet"
    else:
        current = f"{points(score.points)}/{of}"
        if score.stale:
            current += " (measured before the code changed: verify again)"
    lines = [f"- **Current:** {current}"]
    if score.target is not None:
        lines.append(f"- **Target:** {points(score.target)}+/{of}")
        gap = max(0.0, score.target - score.points)
        lines.append(f"- **Gap:** {'none' if not gap else f'+{points(gap)} points'}")
    return lines


def _next(snapshot: sn.Snapshot) -> list[str]:
    steps = next_steps(snapshot)
    if not steps:
        return []
    return ["## 🔍 Next Steps", "", *(f"{number}. {safe(step)}" for number, step in enumerate(steps, 1))]


def _domains(snapshot: sn.Snapshot) -> list[str]:
    score = snapshot.score
    if score is None:
        return []
    lines = ["## 🛡️ Score by Domain", "", "| Domain | Points | Of |", "|--------|-------:|---:|"]
    lines += [
        f"| {cell(item.domain)} | {points(item.points)} | {points(item.of)} |" for item in score.domains
    ]
    lines.append(f"| **Total** | **{points(score.points)}** | **{points(score.of)}** |")
    if score.capped_by and score.measured:
        shown = ", ".join(score.capped_by[:6]) + (
            f" and {len(score.capped_by) - 6} more" if len(score.capped_by) > 6 else ""
        )
        lines += ["", f"**Rating:** {points(score.rating)}, capped: critical and red are {shown}"]
    return lines


def _residual(snapshot: sn.Snapshot) -> list[str]:
    residual = [check for check in snapshot.checks if check.kind == "residual"]
    if not residual:
        return []
    lines = ["## ⚠️ Residual Risk", "", "| Check | Risk | Points | Measured | What would close it |"]
    lines.append("|-------|------|-------:|----------|---------------------|")
    for check in residual:
        title = check.title.removeprefix("(open) ")
        lines.append(
            f"| {check.id} | {cell(title)} | {points(check.points)} | {check.outcome or 'not measured'}"
            f" | {cell(check.closes)} |"
        )
    return lines


def _evidence(snapshot: sn.Snapshot) -> list[str]:
    lines = ["## 🔬 Evidence", ""]
    evidence = snapshot.evidence
    if evidence is None:
        return [*lines, "Nothing has been verified yet."]
    counts = ", ".join(f"{count} {outcome}" for outcome, count in evidence.counts)
    lines += [
        f"- **Last verification:** {evidence.date}",
        f"- **Codebase tree:** `{evidence.tree}`",
        f"- **Checks:** {counts or 'none ran'}",
    ]
    proofs = [plan.proof for plan in snapshot.plans if plan.status == sn.DONE]
    if proofs:
        words = ", ".join(f"{proofs.count(proof)} {proof}" for proof in sn.PROOFS if proof in proofs)
        lines.append(f"- **Done plans:** {words}")
    return lines
