"""Patches, applied by git."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.errors import EditFailed

if TYPE_CHECKING:
    from tracker.api.codebase import Codebase


def apply(codebase: Codebase, patch: Path) -> list[tuple[str, str]]:
    """Apply the patch; the paths that it touched, relative to the codebase, with the kind of change.

    A patch that is applied already changes nothing. Raises EditFailed.
    """
    if not patch.is_file():
        raise EditFailed(f"{patch.name}: the plan has no such patch")
    touched = _git(codebase.root, "apply", "--numstat", str(patch))
    if touched.returncode:
        raise EditFailed(f"{patch.name}: not a patch: {touched.stderr.strip()}")
    paths = [line.split("\t", 2)[2] for line in touched.stdout.splitlines() if line.count("\t") >= 2]
    for path in paths:
        codebase.path(path)
    if _git(codebase.root, "apply", "--reverse", "--check", str(patch)).returncode == 0:
        return []
    there = {path: codebase.exists(path) for path in paths}
    result = _git(codebase.root, "apply", "--3way", str(patch))
    if result.returncode:
        result = _git(codebase.root, "apply", str(patch))
    if result.returncode:
        raise EditFailed(f"{patch.name}: does not apply: {result.stderr.strip()}")
    return [
        (path, "added" if not there[path] else "modified" if codebase.exists(path) else "deleted")
        for path in paths
    ]


def _git(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *arguments], cwd=cwd, capture_output=True, text=True, check=False)
