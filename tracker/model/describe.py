"""Events in words, for every surface that shows history."""

from __future__ import annotations

from tracker.model import events as ev
from tracker.model.snapshot import OUTCOMES, Activity


def activity(event: ev.Event) -> Activity:
    """The event as one line of history."""
    return Activity(
        time=event.time,
        kind=event.kind,
        actor=event.actor,
        text=_text(event),
        plan=event.plan or "",
        event=event.id,
        source="document" if event.kind == ev.IMPORTED else str(event.data.get("source", "")),
    )


def _text(event: ev.Event) -> str:
    data = event.data
    check = data.get("check")
    match event.kind:
        case ev.LANDED:
            return "landed"
        case ev.VERIFIED:
            return f"verified: {counts(data.get('checks') or {})}"
        case ev.DONE if data.get("source") == "document":
            return f"done, says a document: {data.get('because', '')}".rstrip(": ")
        case ev.DONE if data.get("because"):
            return f"done by word: {data['because']}"
        case ev.DONE:
            return "done, its checks passed"
        case ev.REOPENED:
            return f"{check} taken up again" if check else "reopened"
        case ev.DEFERRED:
            return f"{f'{check} ' if check else ''}deferred: {data.get('reason', '')}"
        case ev.STARTED:
            return "started"
        case ev.NOTE:
            return str(data.get("text", ""))
        case ev.LINK:
            return f"linked to {data.get('commit', '')}"
        case ev.REVERTED:
            return f"reverted: {data.get('reason', '')}".rstrip(": ")
        case ev.IMPORTED:
            return f"imported from {data.get('source', 'a document')}"
        case _:
            return event.kind


def counts(checks: dict[str, str]) -> str:
    """``38 passed, 2 failed``: the outcomes of a verification, in the fixed order."""
    found = list(checks.values())
    parts = [f"{found.count(outcome)} {outcome}" for outcome in OUTCOMES if outcome in found]
    return ", ".join(parts) or "nothing ran"
