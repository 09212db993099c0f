"""Changes stacked on one another: the pieces of a speculative merge queue."""

from __future__ import annotations

from pathlib import Path

from tracker.git.plumbing import GitFailed, git, raw


def merged_tree(root: Path, tip: str, change: str) -> str | None:
    """The tree of ``tip`` with the commit ``change`` applied by a 3-way merge; None where the texts conflict."""
    try:
        return git(root, "merge-tree", "--write-tree", "--no-messages", tip, change).split("\n", 1)[0]
    except GitFailed as error:
        if error.status == 1:
            return None
        raise


def show(root: Path, commit: str, path: str) -> bytes | None:
    """The file's content in the commit; None where it has none."""
    try:
        return raw(root, "cat-file", "blob", f"{commit}:{path}")
    except GitFailed:
        return None


def entries(root: Path, treeish: str, path: str) -> dict[str, tuple[str, str]]:
    """Path → (mode, blob) of every file below ``path`` in the tree."""
    text = git(root, "--literal-pathspecs", "ls-tree", "-r", "-z", treeish, "--", path)
    result = {}
    for entry in text.split("\0"):
        if entry:
            meta, name = entry.split("\t", 1)
            mode, _, sha = meta.split(" ")
            result[name] = (mode, sha)
    return result
