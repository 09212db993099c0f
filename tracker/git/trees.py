"""The tree of the codebase: what evidence names."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tracker.git.plumbing import GitFailed, environment, git, raw

NOT_CODE = ("plans", "STATE.md", ".tracker")
"""Left out where the codebase is the whole repository: recording must not make evidence stale."""


def codebase_tree(root: Path, codebase: str, *, commit: str = "HEAD") -> str:
    """The tree id of the codebase as it is in the working tree; empty where there is none.

    Two git processes side by side when nothing is changed; a changed working tree is hashed through a
    throw-away index and object store, so that reading leaves nothing in the repository.
    """
    where = "" if codebase in ("", ".") else codebase
    env = environment({"GIT_OPTIONAL_LOCKS": "0"})
    pathspec = _pathspec(where)
    with (
        subprocess.Popen(
            ["git", "status", "--porcelain", "-z", "--untracked-files=all", "--", *pathspec],
            cwd=root,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as status,
        subprocess.Popen(
            ["git", "rev-parse", "--verify", "-q", f"{commit}:{where}"],
            cwd=root,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as committed,
    ):
        changed = status.communicate()[0]
        tree = committed.communicate()[0].decode().strip()
    if status.returncode:
        return ""
    if not changed and tree:
        return tree if where else _without(root, tree)
    return _working_tree(root, where, pathspec)


def committed_tree(root: Path, treeish: str, codebase: str) -> str:
    """The tree id of the codebase inside a commit or tree; empty where it has none."""
    where = "" if codebase in ("", ".") else codebase
    try:
        tree = git(root, "rev-parse", "--verify", "-q", f"{treeish}:{where}")
    except GitFailed:
        return ""
    return tree if where else _without(root, tree)


def _pathspec(where: str) -> list[str]:
    if where:
        return [where]
    return [".", *(f":(exclude){name}" for name in NOT_CODE)]


def _without(root: Path, tree: str) -> str:
    """The tree without what is not code."""
    entries = raw(root, "ls-tree", "-z", tree).split(b"\0")
    kept = [
        entry
        for entry in entries
        if entry and entry.split(b"\t", 1)[1].decode("utf-8", "replace") not in NOT_CODE
    ]
    if len(kept) == len([entry for entry in entries if entry]):
        return tree
    return git(root, "mktree", "-z", data=b"".join(entry + b"\0" for entry in kept))


def _working_tree(root: Path, where: str, pathspec: list[str]) -> str:
    import shutil
    import tempfile

    git_dir = Path(git(root, "rev-parse", "--absolute-git-dir"))
    common = Path(git(root, "rev-parse", "--path-format=absolute", "--git-common-dir"))
    with tempfile.TemporaryDirectory(prefix="tracker-") as scratch:
        index = Path(scratch) / "index"
        objects = Path(scratch) / "objects"
        objects.mkdir()
        if (git_dir / "index").exists():
            shutil.copyfile(git_dir / "index", index)
        env = {
            "GIT_INDEX_FILE": str(index),
            "GIT_OBJECT_DIRECTORY": str(objects),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(common / "objects"),
        }
        try:
            git(root, "add", "-A", "--", *pathspec, env=env)
            if where:
                return git(root, "write-tree", f"--prefix={where}/", env=env)
            git(root, "rm", "-r", "-q", "--cached", "--ignore-unmatch", "--", *NOT_CODE, env=env)
            return git(root, "write-tree", env=env)
        except GitFailed:
            return ""
