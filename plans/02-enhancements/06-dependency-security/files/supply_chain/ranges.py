"""Which versions a record of OSV means, in the order of PEP 440.

The evaluation is the one of https://ossf.github.io/osv-schema/#evaluation.
"""

from dataclasses import dataclass
from typing import Any

from packaging.version import InvalidVersion, Version

INTRODUCED, FIXED, LAST_AFFECTED, LIMIT = EVENTS = ("introduced", "fixed", "last_affected", "limit")
BEGINNING = "0"


@dataclass(frozen=True)
class Event:
    kind: str
    at: Version | None
    """None is before every version; `0` is not, because 0.dev1 comes before it."""


@dataclass(frozen=True)
class Range:
    """Versions listed one by one, and intervals."""

    listed: frozenset[Version]
    intervals: tuple[tuple[Event, ...], ...]

    def __contains__(self, version: Version) -> bool:
        return version in self.listed or any(_within(events, version) for events in self.intervals)

    def fixes(self) -> set[Version]:
        """Return the versions that ended an interval."""
        return {
            event.at
            for events in self.intervals
            for event in events
            if event.kind == FIXED and event.at is not None
        }


def _within(events: tuple[Event, ...], version: Version) -> bool:
    inside = False
    for event in events:
        if event.at is None or version > event.at or (version == event.at and event.kind != LAST_AFFECTED):
            inside = event.kind == INTRODUCED
    return inside


def versions_of(affected: dict[str, Any]) -> Range:
    """Read one entry of `affected`.

    Raises ValueError, KeyError or TypeError where it is not OSV.
    """
    intervals = []
    for given in affected.get("ranges") or ():
        if given["type"] == "ECOSYSTEM":
            events = [_event(kind, at) for event in given["events"] for kind, at in event.items()]
            intervals.append(tuple(sorted(events, key=_order)))
    listed = set()
    for text in affected.get("versions") or ():
        try:
            listed.add(Version(text))
        except InvalidVersion:
            continue  # a lock cannot pin what is not a version
    if not intervals and not listed:
        raise ValueError("affected names no versions")
    return Range(frozenset(listed), tuple(intervals))


def _event(kind: str, at: str) -> Event:
    if kind not in EVENTS:
        raise ValueError(f"unknown event {kind}")
    return Event(kind, None if at in (BEGINNING, "*") and kind == INTRODUCED else Version(at))


def _order(event: Event) -> tuple[bool, Version]:
    return event.at is not None, event.at or Version(BEGINNING)
