"""Worktrees in which plans run: made, reset and removed; never the person's own.

A worktree is where foreign code has run, so nothing in it is believed: git is always told its directory, never
led by the ``.git`` file that stands there, and works with an index that lies outside of it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracker.git.objects import differing
from tracker.git.plumbing import GitFailed, common_directory, git

_ADDING = threading.Lock()
"""git reads all worktrees when it adds one, and stumbles over one that is half made."""


@dataclass(frozen=True, slots=True)
class Worktree:
    """One worktree: its files in ``place``, git's own files of it in ``git_dir``."""

    root: Path
    place: Path
    git_dir: Path
    link: bytes
    """What the ``.git`` file in it says."""

    @property
    def intact(self) -> bool:
        """Whether the ``.git`` file is still what git made it."""
        link = self.place / ".git"
        try:
            return not link.is_symlink() and link.read_bytes() == self.link
        except OSError:
            return False

    @property
    def index(self) -> Path:
        """The index by which tracker sees the worktree."""
        return self.place.with_name(f"{self.place.name}.index")

    def git(self, *arguments: str) -> str:
        """git in this worktree. Raises GitFailed."""
        if self.place.is_symlink():
            raise GitFailed(f"{self.place.name} has been replaced by a symlink", 128)
        env = {
            "GIT_DIR": str(self.git_dir),
            "GIT_WORK_TREE": str(self.place),
            "GIT_INDEX_FILE": str(self.index),
        }
        return git(self.place, *arguments, env=env)


def add(root: Path, place: Path, commit: str) -> Worktree:
    """A new detached worktree at the commit; one that is in the way is removed first."""
    if place.exists():
        discard(root, place)
    place.parent.mkdir(parents=True, exist_ok=True)
    with _ADDING:
        git(root, "worktree", "add", "--force", "--detach", "--no-checkout", str(place), commit)
    link = (place / ".git").read_bytes()
    git_dir = Path(os.fsdecode(link).removeprefix("gitdir:").strip())
    made = Worktree(root, place, git_dir, link)
    made.git("read-tree", "--reset", "-u", "--no-recurse-submodules", commit)
    shutil.copy2(made.index, git_dir / "index")
    return made


def reset(worktree: Worktree, commit: str) -> None:
    """The worktree exactly at the commit, without any file that is not in it."""
    worktree.git("update-ref", "--no-deref", "HEAD", commit)
    if not worktree.intact:
        _erase(worktree.place / ".git")
        (worktree.place / ".git").write_bytes(worktree.link)
    worktree.git("read-tree", "--reset", "-u", "--no-recurse-submodules", commit)
    worktree.git("clean", "-ffdxq")
    shutil.copy2(worktree.index, worktree.git_dir / "index")


def remove(worktree: Worktree) -> None:
    """The worktree and git's memory of it, gone."""
    _erase(worktree.place)
    _forget(worktree.git_dir)
    worktree.index.unlink(missing_ok=True)


def discard(root: Path, place: Path) -> None:
    """The same for whatever stands at ``place``."""
    for admin in _admins(root):
        if _gone_or_below(admin, place):
            _forget(admin)
    _erase(place)
    place.with_name(f"{place.name}.index").unlink(missing_ok=True)


def sweep(root: Path, directory: Path) -> list[str]:
    """Remove every worktree below ``directory``, whole or half made; the names of the runs that left them."""
    try:
        runs = sorted(run.name for run in directory.iterdir())
    except OSError:
        runs = []
    _erase(directory)
    for admin in _admins(root):
        if _gone_or_below(admin, directory):
            _forget(admin)
    return runs


def tree_of(worktree: Worktree) -> str:
    """The tree of everything in the worktree, new files included (ignored ones not)."""
    worktree.git("add", "-A")
    return worktree.git("write-tree")


@dataclass(frozen=True, slots=True)
class Changed:
    """A path that differs between two trees: git's letter (A, M, D, T), and its new mode.

    120000 is a symlink, 160000 a submodule, 000000 a file that has gone.
    """

    path: str
    letter: str
    mode: str


def changed(root: Path, old: str, new: str) -> list[Changed]:
    """What differs between two trees."""
    return [Changed(path, letter, mode) for path, letter, (mode, _) in differing(root, old, new)]


def _admins(root: Path) -> list[Path]:
    try:
        return sorted((common_directory(root) / "worktrees").iterdir())
    except (GitFailed, OSError):
        return []


def _gone_or_below(admin: Path, directory: Path) -> bool:
    """Whether git's memory is of a worktree below the directory, or of one whose making a kill has cut short."""
    try:
        place = Path(os.fsdecode((admin / "gitdir").read_bytes()).strip()).parent
    except OSError:
        place = None
    if place is not None and str(place) not in ("", "."):
        return place.is_relative_to(directory) or place.is_relative_to(directory.resolve())
    try:
        return (admin / "locked").read_text(encoding="utf-8").strip() in ("", "initializing")
    except (OSError, ValueError):
        return not any(admin.iterdir()) if admin.is_dir() else False


def _forget(admin: Path) -> None:
    """Remove git's memory of a worktree, last the file that says whose it is: a kill leaves nothing nameless."""
    try:
        names = [item for item in admin.iterdir() if item.name != "gitdir"]
    except OSError:
        return
    for item in names:
        _erase(item)
    _erase(admin)


def _erase(path: Path) -> None:
    """The file or directory, gone, also where a plan has taken the right to write away."""
    if path.is_symlink() or path.is_file():
        with contextlib.suppress(OSError):
            path.unlink()
        return

    def again(function: Callable[..., Any], name: str, _error: object) -> None:
        with contextlib.suppress(OSError):
            Path(name).parent.chmod(0o700)
            if not Path(name).is_symlink():
                Path(name).chmod(0o700)
            function(name)

    shutil.rmtree(path, onerror=again)
    if path.exists():
        shutil.rmtree(path, ignore_errors=True)
