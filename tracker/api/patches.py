"""Patches, applied by git."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.errors import EditFailed, PathRefused

if TYPE_CHECKING:
    from tracker.api.codebase import Codebase


def apply(codebase: Codebase, patch: Path) -> list[tuple[str, str]]:
    """Apply the patch; the paths that it touched, relative to the codebase, with the kind of change.

    A patch that is applied already changes nothing. Raises EditFailed, and PathRefused for a path outside.
    """
    if not patch.is_file():
        raise EditFailed(f"{patch.name}: the plan has no such patch")
    top, prefix = _place(codebase.root)
    arguments = ["apply", *([f"--directory={prefix}"] if prefix else [])]
    touched = _git(top, *arguments, "--numstat", "-z", str(patch))
    if touched.returncode:
        raise EditFailed(f"{patch.name}: not a patch: {touched.stderr.strip()}")
    paths = _names(patch, touched.stdout, prefix)
    for path in paths:
        codebase.path(path)
    if re.search(r"^new (file )?mode 1[26]0000$", _text(patch), re.MULTILINE):
        raise PathRefused(f"{patch.name}: makes a symlink or a submodule; a plan changes regular files")
    if _git(top, *arguments, "--reverse", "--check", str(patch)).returncode == 0:
        return []
    there = {path: codebase.exists(path) for path in paths}
    result = _git(top, *arguments, "--3way", str(patch))
    if result.returncode:
        # Without a repository, or with an index that is behind the files, only the plain way is open.
        result = _git(top, *arguments, str(patch))
    if result.returncode:
        raise EditFailed(f"{patch.name}: does not apply: {result.stderr.strip()}")
    return [
        (path, "added" if not there[path] else "modified" if codebase.exists(path) else "deleted")
        for path in paths
    ]


def _place(root: Path) -> tuple[Path, str]:
    """Where to call git, and the codebase's path from there: in a subdirectory git skips a patch silently."""
    found = _git(root, "rev-parse", "--show-toplevel", "--show-prefix")
    if found.returncode:
        return root, ""
    top, _, prefix = found.stdout.partition("\n")
    return Path(top), prefix.rstrip("\n")


def _names(patch: Path, numstat: str, prefix: str) -> list[str]:
    """The paths that the patch touches. ``--numstat`` leaves out where a renamed file comes from."""
    names = [line.split("\t", 2)[2].removeprefix(prefix) for line in numstat.split("\0") if line]
    return [*names, *re.findall(r"^rename from (.+)$", _text(patch), re.MULTILINE)]


def _text(patch: Path) -> str:
    return patch.read_text(encoding="utf-8", errors="replace")


def _git(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *arguments], cwd=cwd, capture_output=True, text=True, check=False)
