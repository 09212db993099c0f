"""Directories compared: what a probe must leave as it was."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path


def below(root: Path) -> list[tuple[Path, os.stat_result]]:
    """Everything below the root with its status, sorted; what goes while a gateway is at work is left out."""
    found = []
    for directory, names, files in os.walk(root):
        for name in (*names, *files):
            path = Path(directory, name)
            with contextlib.suppress(FileNotFoundError):
                found.append((path, path.lstat()))
    return sorted(found, key=lambda entry: entry[0])


def read(path: Path) -> bytes:
    """What is in a file; nothing where the gateway has just put another in its place."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def contents(root: Path, *, without: Iterable[str] = ()) -> dict[str, str]:
    """Relative path of each regular file below the root to the SHA-256 of its bytes.

    `without` names first path components to leave out.
    """
    left_out = set(without)
    return {
        str(path.relative_to(root)): hashlib.sha256(read(path)).hexdigest()
        for path, status in below(root)
        if stat.S_ISREG(status.st_mode) and path.relative_to(root).parts[0] not in left_out
    }


def modes(root: Path) -> dict[str, int]:
    """Permission bits of the root (as ".") and of all below it; symlinks are not followed."""
    return {
        str(path.relative_to(root)): stat.S_IMODE(status.st_mode)
        for path, status in [(root, root.lstat()), *below(root)]
        if not stat.S_ISLNK(status.st_mode)
    }
