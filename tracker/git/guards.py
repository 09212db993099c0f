"""What no plan may touch, looked at before and after it ran: the only protection where there is no sandbox.

The journal may grow meanwhile, because people record things while plans run; what stood in it has to stay.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from tracker.git.plumbing import common_directory

_JOURNAL = "plans/journal.jsonl"
_GITS = ("config", "hooks", "info")


def taken(root: Path) -> dict[str, bytes]:
    """The guarded files as they are now: path for people → digest, or for the journal its bytes."""
    common = common_directory(root)
    found: dict[str, bytes] = {}
    for name in _GITS:
        place = common / name
        files = sorted(item for item in place.rglob("*") if item.is_file()) if place.is_dir() else [place]
        for file in files:
            found[f".git/{file.relative_to(common).as_posix()}"] = _digest(file)
    journal = root / _JOURNAL
    text = journal.read_bytes() if journal.is_file() else b""
    found[_JOURNAL] = text[: text.rfind(b"\n") + 1]
    return found


def differing(root: Path, before: Mapping[str, bytes]) -> list[str]:
    """The guarded files that are no longer what they were."""
    now = taken(root)
    return sorted(
        path
        for path in {*before, *now}
        if not (
            now.get(path, b"").startswith(before[path])
            if path == _JOURNAL
            else now.get(path) == before.get(path)
        )
    )


def _digest(file: Path) -> bytes:
    try:
        return hashlib.sha256(file.read_bytes()).digest()
    except OSError:
        return b"unreadable"
