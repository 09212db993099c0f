"""Recent Activity and Files Modified of STATE.md."""

from __future__ import annotations

from typing import Any

from tracker.model import events as ev
from tracker.model import snapshot as sn
from tracker.render.plain import safe

LINES = 12
"""As many lines of history as STATE.md shows."""
PLANS = 3
"""As many landed plans as have their files listed."""

Section = tuple[str, list[str]]


def recent_activity(snapshot: sn.Snapshot) -> list[Section]:
    """The newest days, the newest first, each with what happened on it in order."""
    shown = [item for item in snapshot.activity if item.kind != ev.IMPORTED][-LINES:]
    days: dict[str, list[str]] = {}
    titles = {plan.ref: plan.title for plan in snapshot.plans}
    phases = {plan.ref: plan.phase for plan in snapshot.plans}
    for item in shown:
        day = item.time[:10]
        phase = phases.get(item.plan, "")
        heading = f"Phase {phase} ({day})" if phase else day
        days.setdefault(heading, []).append(_bullet(item, titles))
    sections = list(reversed(days.items()))
    return [*sections, *_imported(snapshot, "activity")]


def files_modified(snapshot: sn.Snapshot) -> list[Section]:
    """What the plans that landed last have changed, and why."""
    landed = sorted((plan for plan in snapshot.plans if plan.changes), key=lambda plan: plan.order)
    sections: list[Section] = [
        (
            f"Files Modified (Plan {plan.ref.rsplit('.', 1)[-1]})",
            [
                f"- `{safe(change.path)}`{f' - {safe(change.why)}' if change.why else ''}"
                for change in plan.changes
            ],
        )
        for plan in landed[-PLANS:]
    ]
    return [*sections, *_imported(snapshot, "files")]


def _imported(snapshot: sn.Snapshot, key: str) -> list[Section]:
    given: Any = snapshot.document.get(key) or []
    return [(safe(str(heading)), [str(line) for line in lines]) for heading, lines in given]


def _bullet(item: sn.Activity, titles: dict[str, str]) -> str:
    number = item.plan.rsplit(".", 1)[-1]
    title = safe(titles.get(item.plan, ""))
    text = safe(item.text)
    match item.kind:
        case ev.LANDED:
            return f"- Executed Plan {number}: {title}"
        case ev.NOTE if item.plan:
            return f"- **Note on Plan {number}:** {text}"
        case ev.NOTE:
            return f"- **Note:** {text}"
        case ev.VERIFIED:
            return f"- Verified: {text.removeprefix('verified: ')}"
        case _ if item.plan:
            return f"- Plan {number} ({title}): {text}"
        case _:
            return f"- {text[:1].upper()}{text[1:]}"
