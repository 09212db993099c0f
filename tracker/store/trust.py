"""Whose code may run: the person's word, kept outside the repository."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tracker.store.files import user_directory, write_atomic


def trusted(root: Path) -> bool:
    """Whether the repository's plans may execute: said once, or by ``TRACKER_TRUST=1``."""
    if os.environ.get("TRACKER_TRUST") == "1":
        return True
    return str(root.resolve()) in _known()


def trust(root: Path) -> None:
    """Remember that this repository's plans may execute."""
    known = sorted({*_known(), str(root.resolve())})
    write_atomic(_place(), (json.dumps(known, indent=1) + "\n").encode())


def _place() -> Path:
    return user_directory("state") / "trusted.json"


def _known() -> list[str]:
    try:
        place = _place()
        if place.stat().st_uid != os.getuid():
            return []
        value = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [str(item) for item in value] if isinstance(value, list) else []
