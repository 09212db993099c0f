"""Whether a run is going on, or was killed: asked by every command, so it costs next to nothing."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

CURRENT = ".tracker/runs/current"


class Live(NamedTuple):
    """A run that is going on in some process."""

    id: str
    directory: Path
    pid: int


def live(root: Path) -> Live | None:
    """The run that is going on now, in whichever process."""
    found = _current(root)
    return found if found is not None and _held(root) else None


def interrupted(root: Path) -> str:
    """The id of a run that was killed and not yet taken up again; empty where there is none."""
    found = _current(root)
    return found.id if found is not None and not _held(root) else ""


def _held(root: Path) -> bool:
    from tracker.store.lock import is_held

    return is_held(root, "run.lock")


def _current(root: Path) -> Live | None:
    place = root / CURRENT
    try:
        name, pid = place.read_text(encoding="utf-8").split()
        return Live(name, place.with_name(name), int(pid))
    except (OSError, ValueError):
        return None
