"""git as a subprocess: by argument list, in the repository, without its prompts."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tracker.errors import TrackerError, Usage

_QUIET = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "gc.auto=0")
"""No hook of the person's runs for tracker's commits, and no process stays behind."""

_LEAKS = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_OBJECT_DIRECTORY",
    "GIT_COMMON_DIR",
)


class GitFailed(TrackerError):
    """git said no. ``status`` is its exit status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The caller's environment without the variables by which git would act elsewhere."""
    result = {name: value for name, value in os.environ.items() if name not in _LEAKS}
    result["GIT_TERMINAL_PROMPT"] = "0"
    result["GIT_OPTIONAL_LOCKS"] = "0"
    result["LC_ALL"] = "C.UTF-8"
    result |= extra or {}
    return result


def git(root: Path, *arguments: str, data: bytes | None = None, env: Mapping[str, str] | None = None) -> str:
    """git's output, without the last line end. Raises GitFailed with what git said."""
    return raw(root, *arguments, data=data, env=env).decode("utf-8", "surrogateescape").rstrip("\n")


def raw(
    root: Path, *arguments: str, data: bytes | None = None, env: Mapping[str, str] | None = None
) -> bytes:
    """git's output as bytes. Raises GitFailed with what git said."""
    try:
        done = subprocess.run(
            ["git", *_QUIET, *arguments],
            cwd=root,
            input=data,
            capture_output=True,
            env=environment(env),
            check=False,
        )
    except FileNotFoundError:
        if not root.is_dir():
            raise GitFailed(f"git {_verb(arguments)}: {root} is gone", 128) from None
        raise Usage("git is not on PATH", hint="Install git 2.38 or newer.") from None
    if done.returncode:
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
        raise GitFailed(
            f"git {_verb(arguments)}: {said or f'exit status {done.returncode}'}", done.returncode
        )
    return done.stdout


def _verb(arguments: Sequence[str]) -> str:
    return next((word for word in arguments if not word.startswith("-")), "")


def find_root(start: Path) -> Path | None:
    """The top of the repository that holds ``start``; None outside of one. Runs nothing."""
    place = Path(os.path.abspath(start))  # noqa: PTH100 - symlinks in the caller's path are kept
    for candidate in (place, *place.parents):
        if (candidate / ".git").exists():
            return candidate
    return None


def common_directory(root: Path) -> Path:
    """Where git keeps what all worktrees of the repository share."""
    plain = root / ".git"
    return (
        plain
        if plain.is_dir()
        else Path(git(root, "rev-parse", "--path-format=absolute", "--git-common-dir"))
    )
