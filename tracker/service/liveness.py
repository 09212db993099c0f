"""Whether a run or a verification is going on, or a run was killed: asked often, so it costs next to nothing."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

RUN, VERIFICATION = "run", "verify"
PLACES = {RUN: "runs", VERIFICATION: "verify"}
"""Under ``.tracker``: a directory for each, and ``current``, which names the newest one."""
CURRENT, EVENTS = "current", "events.jsonl"


class Live(NamedTuple):
    """A run, or a verification, that is going on in some process."""

    id: str
    directory: Path
    pid: int
    kind: str = RUN


def live(root: Path) -> Live | None:
    """The run that is going on now, in whichever process; where there is none, the verification."""
    found = _current(root, RUN)
    if found is not None and _held(root):
        return found
    found = _current(root, VERIFICATION)
    return found if found is not None and _writing(root, found) else None


def interrupted(root: Path) -> str:
    """The id of a run that was killed and not yet taken up again; empty where there is none."""
    found = _current(root, RUN)
    return found.id if found is not None and not _held(root) else ""


def _held(root: Path) -> bool:
    from tracker.store.lock import is_held

    return is_held(root, "run.lock")


def _writing(root: Path, found: Live) -> bool:
    """Whether a process still writes the events."""
    from tracker.store.lock import is_held

    return is_held(root, f"{PLACES[found.kind]}/{found.id}/{EVENTS}")


def _current(root: Path, kind: str) -> Live | None:
    place = root / ".tracker" / PLACES[kind] / CURRENT
    try:
        name, pid = place.read_text(encoding="utf-8").split()
        return Live(name, place.with_name(name), int(pid), kind)
    except (OSError, ValueError):
        return None
