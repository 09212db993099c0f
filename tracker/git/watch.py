"""Whether anything has changed since a cached answer: asked of git, whose index knows every file's stamp."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from tracker.git.plumbing import environment

SETTLED = 2_000_000_000
"""Nanoseconds. A changed file younger than this may change again without its stamp telling."""


class Watch:
    """``git status`` of some paths, started at once and read when it is needed."""

    def __init__(self, root: Path, paths: list[str]) -> None:
        self._root = root
        self._process = subprocess.Popen(
            [
                "git",
                "status",
                "--porcelain=v2",
                "--branch",
                "-z",
                "--no-renames",
                "--untracked-files=all",
                "--ignored=matching",
                "--",
                *paths,
            ],
            cwd=root,
            env=environment({"GIT_OPTIONAL_LOCKS": "0"}),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def key(self) -> str:
        """One text for the state of the paths: the commit, and each file that differs from it with its stamp.

        Empty where git fails, and while a changed file is too young to be sure of.
        """
        output = self._process.communicate()[0]
        if self._process.returncode:
            return ""
        parts = []
        now = time.time_ns()
        for entry in output.decode("utf-8", "surrogateescape").split("\0"):
            if not entry or (entry.startswith("# branch.") and not entry.startswith("# branch.oid")):
                continue
            if entry.startswith("#"):
                parts.append(entry)
                continue
            path = entry[2:] if entry[0] in "?!" else entry.split(" ", 8 if entry[0] == "1" else 10)[-1]
            stamp, newest = _stamp(self._root / path)
            if now - newest < SETTLED:
                return ""
            parts.append(f"{entry} {stamp}")
        return "\n".join(parts)


def _stamp(path: Path) -> tuple[str, int]:
    try:
        info = os.lstat(path)
    except OSError:
        return "gone", 0
    return (
        f"{info.st_size}.{info.st_mtime_ns}.{info.st_ctime_ns}.{info.st_ino}",
        max(info.st_mtime_ns, info.st_ctime_ns),
    )
