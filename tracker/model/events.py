"""The journal's events: one line each, append-only, folded in (time, id) order."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

LANDED = "landed"
VERIFIED = "verified"
DONE = "done"
REOPENED = "reopened"
DEFERRED = "deferred"
STARTED = "started"
NOTE = "note"
LINK = "link"
REVERTED = "reverted"
IMPORTED = "imported"
UNDO = "undo"

KINDS = frozenset({LANDED, VERIFIED, DONE, REOPENED, DEFERRED, STARTED, NOTE, LINK, REVERTED, IMPORTED, UNDO})
UNDOABLE = frozenset({DONE, REOPENED, DEFERRED, STARTED, NOTE, LINK})
"""What ``undo`` takes back. A landed plan is taken back by ``revert``."""

FIELDS = ("id", "time", "actor", "kind", "plan", "data")


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. ``time`` is UTC, ``YYYY-MM-DDTHH:MM:SS.mmmZ``."""

    id: str
    time: str
    actor: str
    kind: str
    plan: str | None = None
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def date(self) -> str:
        """The day, UTC."""
        return self.time[:10]


def dumps(event: Event) -> str:
    """The event as its line, without the line end."""
    return json.dumps(
        {name: getattr(event, name) for name in FIELDS}, ensure_ascii=False, separators=(", ", ": ")
    )


def in_order(events: Iterable[Event]) -> list[Event]:
    """Sorted by (time, id), each id once: the order in which a union merge is read."""
    unique = {event.id: event for event in events}
    return sorted(unique.values(), key=lambda event: (event.time, event.id))


def effective(events: Sequence[Event]) -> list[Event]:
    """The events that still count: what an undo names is taken out, and so is the undo.

    An undo of an undo restores what the first one took.
    """
    undone: set[str] = set()
    for event in reversed(events):
        if event.kind == UNDO and event.id not in undone:
            undone.add(str(event.data.get("event", "")))
    return [event for event in events if event.kind != UNDO and event.id not in undone]
