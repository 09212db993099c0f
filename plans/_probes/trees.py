"""Directories compared: what a probe must leave as it was."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterable
from pathlib import Path


def contents(root: Path, *, without: Iterable[str] = ()) -> dict[str, str]:
    """Relative path of each regular file below the root to the SHA-256 of its bytes.

    `without` names first path components to leave out.
    """
    left_out = set(without)
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.is_symlink() and path.relative_to(root).parts[0] not in left_out
    }


def modes(root: Path) -> dict[str, int]:
    """Permission bits of the root (as ".") and of all below it; symlinks are not followed."""
    found = [root, *sorted(root.rglob("*"))]
    return {
        str(path.relative_to(root)): stat.S_IMODE(path.lstat().st_mode)
        for path in found
        if not path.is_symlink()
    }
