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
    """The newest days, the newest first, each with what happened on it in order.

    What a document told of stands below; its newest part goes on where the same phase went on the same day.
    """
    imported: list[Any] = list(snapshot.document.get("activity") or ())
    shown = [item for item in snapshot.activity if item.source != "document"]
    if not imported:
        shown = [item for item in snapshot.activity if item.source != "document" or item.kind == ev.IMPORTED]
    days: dict[tuple[str, str], list[str]] = {}
    titles = {plan.ref: plan.title for plan in snapshot.plans}
    phases = {plan.ref: plan.phase for plan in snapshot.plans}
    for item in shown[-LINES:]:
        phase, day = phases.get(item.plan, ""), item.time[:10]
        last = next(reversed(days), ("", ""))
        key = last if not phase and last[1] == day else (phase, day)
        days.setdefault(key, []).append(_bullet(item, titles))
    told = [(_told_heading(part), _told_lines(part)) for part in imported]
    if imported:
        day = str(imported[0].get("date", ""))
        for key in [key for key in days if day and key == (snapshot.document.get("current_phase"), day)]:
            told[0][1].extend(days.pop(key))
    sections = [(f"Phase {phase} ({day})" if phase else day, lines) for (phase, day), lines in days.items()]
    return [*reversed(sections), *told]


def _told_heading(part: dict[str, Any]) -> str:
    title, day = safe(str(part.get("title", ""))), safe(str(part.get("date", "")))
    return f"{title} ({day})" if title and day else title or day


def _told_lines(part: dict[str, Any]) -> list[str]:
    lines = []
    for entry in part.get("entries") or ():
        label, mark, text = (safe(str(entry.get(key, ""))) for key in ("label", "mark", "text"))
        words = [f"**{label}:**" if label else "", mark, text]
        lines.append(f"- {' '.join(word for word in words if word)}")
        lines += [f"  - {safe(str(item))}" for item in entry.get("items") or ()]
    return lines


def files_modified(snapshot: sn.Snapshot) -> list[Section]:
    """What the plans that landed last have changed, and why: those of one phase, whose numbers tell them apart."""
    landed = sorted((plan for plan in snapshot.plans if plan.changes), key=lambda plan: plan.order)
    landed = [plan for plan in landed if plan.phase == landed[-1].phase]
    sections = [
        (
            f"Files Modified (Plan {plan.ref.rsplit('.', 1)[-1]})",
            [_changed(*change[:2]) for change in plan.changes],
        )
        for plan in landed[-PLANS:]
    ]
    for part in snapshot.document.get("files") or ():
        plan = safe(str(part.get("plan", "")))
        heading = f"Files Modified (Plan {plan.zfill(2)})" if plan else "Files Modified"
        changes = [
            _changed(str(item["path"]), str(item.get("why", ""))) for item in part.get("changes") or ()
        ]
        sections.append((heading, changes))
    return sections


def _changed(path: str, why: str) -> str:
    return f"- `{safe(path)}`{f' - {safe(why)}' if why else ''}"


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
