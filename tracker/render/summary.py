"""SUMMARY.md of a landed plan: no figure that is not in the journal."""

from __future__ import annotations

from typing import Any

from tracker.model.definitions import Plan
from tracker.model.events import Event
from tracker.render.plain import cell, safe


def summary_md(plan: Plan, landed: Event) -> str:
    """What changed and why, highlights, and the checks as they were when the plan landed."""
    data: dict[str, Any] = landed.data
    lines = [f"# Plan {plan.ref}: {safe(plan.title)}", "", f"Landed on {landed.date}.", ""]
    if plan.summary:
        lines += [safe(plan.summary), ""]
    if plan.highlights:
        lines += ["## Highlights", "", *(f"- {safe(text)}" for text in plan.highlights), ""]
    lines += ["## Changes", ""]
    changes = data.get("changes") or []
    lines += [f"- `{safe(change['path'])}` ({change['kind']}): {safe(change['why'])}" for change in changes]
    if not changes:
        lines.append("No file of the codebase changed.")
    outcomes = data.get("checks") or {}
    lines += ["", "## Checks", ""]
    if outcomes:
        lines += ["| Check | Title | Outcome |", "|-------|-------|---------|"]
        titles = {check.id: check.title for check in plan.checks}
        lines += [
            f"| {check} | {cell(titles.get(check, ''))} | {outcome} |" for check, outcome in outcomes.items()
        ]
    else:
        lines.append("This plan has no checks: it is done, and unproven.")
    deferred = data.get("deferred") or []
    if deferred:
        lines += ["", f"Deferred: {', '.join(deferred)}."]
    return "\n".join(lines) + "\n"
