"""Changes stacked on one another: the pieces of a speculative merge queue."""

from __future__ import annotations

from pathlib import Path

from tracker.git.plumbing import GitFailed, environment, git, raw


def merged_tree(root: Path, tip: str, change: str) -> str | None:
    """The tree of ``tip`` with the commit ``change`` applied by a 3-way merge; None where the texts conflict."""
    import subprocess

    done = subprocess.run(
        ["git", "merge-tree", "--write-tree", "--no-messages", tip, change],
        cwd=root,
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    if done.returncode == 0:
        return done.stdout.split("\n", 1)[0].strip()
    if done.returncode == 1:
        return None
    raise GitFailed(f"git merge-tree: {done.stderr.strip()}", done.returncode)


def reverted_tree(place: Path, tip: str, commit: str) -> str | None:
    """The tree of ``tip`` with ``commit`` taken back, made in the worktree ``place``; None on conflict."""
    git(place, "reset", "--hard", "-q", tip)
    try:
        git(place, "-c", "core.hooksPath=/dev/null", "revert", "--no-commit", "--no-edit", commit)
    except GitFailed:
        return None
    return git(place, "write-tree")


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


def is_ancestor(root: Path, commit: str, of: str) -> bool:
    """Whether ``of`` has ``commit`` in its history."""
    try:
        git(root, "merge-base", "--is-ancestor", commit, of)
    except GitFailed:
        return False
    return True
