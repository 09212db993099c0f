"""Worktrees in which plans run: made, reset and removed; never the person's own."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from tracker.git.plumbing import GitFailed, git, succeeds


def add(root: Path, place: Path, commit: str) -> None:
    """A new detached worktree at the commit; one that is in the way is removed first."""
    if place.exists():
        remove(root, place)
    place.parent.mkdir(parents=True, exist_ok=True)
    git(root, "worktree", "prune")
    git(root, "-c", "core.hooksPath=/dev/null", "worktree", "add", "--force", "--detach", str(place), commit)


def reset(place: Path, commit: str) -> None:
    """The worktree exactly at the commit, without any file that is not in it."""
    git(place, "-c", "core.hooksPath=/dev/null", "reset", "--hard", "-q", commit)
    git(place, "clean", "-ffdxq")


def remove(root: Path, place: Path) -> None:
    """The worktree and git's memory of it, gone."""
    with contextlib.suppress(GitFailed):
        git(root, "worktree", "remove", "--force", "--force", str(place))
    shutil.rmtree(place, ignore_errors=True)
    with contextlib.suppress(GitFailed):
        git(root, "worktree", "prune")


def sweep(root: Path, directory: Path, keep: set[str]) -> list[str]:
    """Remove the worktrees below ``directory`` that a killed run has left; their names."""
    gone = []
    if directory.is_dir():
        for run in sorted(directory.iterdir()):
            if run.name in keep:
                continue
            for place in sorted(run.iterdir()) if run.is_dir() else []:
                remove(root, place)
            shutil.rmtree(run, ignore_errors=True)
            gone.append(run.name)
    if gone and succeeds(root, "rev-parse", "--git-dir"):
        git(root, "worktree", "prune")
    return gone


def tree_of(place: Path) -> str:
    """The tree of everything in the worktree, new files included (ignored ones not)."""
    git(place, "add", "-A")
    return git(place, "write-tree")


def changed(root: Path, old: str, new: str) -> list[tuple[str, str]]:
    """Paths that differ between two trees, each with git's letter (A, M, D, T)."""
    text = git(root, "diff-tree", "-r", "-z", "--no-renames", "--name-status", old, new)
    parts = text.split("\0")
    return [(parts[number + 1], parts[number]) for number in range(0, len(parts) - 1, 2)]


def modes(root: Path, tree: str, paths: list[str]) -> dict[str, str]:
    """The git mode of each path in the tree (120000 is a symlink, 160000 a submodule)."""
    if not paths:
        return {}
    text = git(root, "--literal-pathspecs", "ls-tree", "-r", "-z", tree, "--", *paths)
    return {entry.split("\t", 1)[1]: entry[:6] for entry in text.split("\0") if entry}
