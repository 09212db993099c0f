"""Landing: commits made beside the person's working tree, then the branch and the working tree moved to them.

Killed at any instant, nothing is lost: the commits are objects before the branch moves, the branch moves in one
compare-and-swap, and ``.tracker/landing.json`` says what has still to reach the working tree.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tracker.errors import TrackerError, Usage
from tracker.git.plumbing import GitFailed, git, raw

INTENT = ".tracker/landing.json"


class Moved(TrackerError):
    """The branch is no longer where it was: stack again."""


class InTheWay(Usage):
    """Files with changes of the person's own stand where the landing would write."""


def current_branch(root: Path) -> tuple[str, str]:
    """The full name of the branch and its commit. Raises Usage where there is none."""
    try:
        branch = git(root, "symbolic-ref", "-q", "HEAD")
    except GitFailed:
        raise Usage(
            "HEAD is detached: there is no branch to land on",
            hint="Check out a branch: `git switch -c NAME`.",
        ) from None
    try:
        return branch, git(root, "rev-parse", "--verify", "-q", "HEAD^{commit}")
    except GitFailed:
        raise Usage(
            "the branch has no commit yet", hint="Commit the project once: `git add -A && git commit`."
        ) from None


def require_identity(root: Path) -> None:
    """Raises Usage where git does not know who commits."""
    try:
        git(root, "var", "GIT_COMMITTER_IDENT")
        git(root, "var", "GIT_AUTHOR_IDENT")
    except GitFailed:
        raise Usage(
            "git does not know who you are, so nothing can be committed",
            hint='git config user.name "Your Name" && git config user.email you@example.org',
        ) from None


def blob(root: Path, data: bytes) -> str:
    """The data as a blob of the repository."""
    return git(root, "hash-object", "-w", "--stdin", "--no-filters", data=data)


def tree_with(root: Path, base: str, files: Mapping[str, tuple[str, str] | None]) -> str:
    """The tree ``base`` with entries replaced: path → (mode, blob), None removes it."""
    with tempfile.TemporaryDirectory(prefix="tracker-") as scratch:
        env = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
        git(root, "read-tree", base, env=env)
        lines = [
            f"{entry[0]} {entry[1]}\t{path}" if entry else f"0 {'0' * 40}\t{path}"
            for path, entry in files.items()
        ]
        data = "".join(f"{line}\0" for line in lines).encode("utf-8", "surrogateescape")
        git(root, "update-index", "-z", "--index-info", data=data, env=env)
        return git(root, "write-tree", env=env)


def commit(root: Path, tree: str, parent: str, message: str) -> str:
    """A commit object; no branch moves. Raises TrackerError where git cannot make it."""
    return git(root, "commit-tree", tree, "-p", parent, "-F", "-", data=message.encode())


def message(subject: str, body: str, trailers: Sequence[tuple[str, str]]) -> str:
    """A commit message with its trailers."""
    parts = [subject]
    if body:
        parts.append(body.strip())
    parts.append("\n".join(f"{key}: {value}" for key, value in trailers))
    return "\n\n".join(parts) + "\n"


def dirty(root: Path, paths: Sequence[str]) -> list[str]:
    """Those of the paths that are changed, staged or untracked (ignored ones too) in the working tree."""
    if not paths:
        return []
    listed = raw(
        root,
        "--literal-pathspecs",
        "status",
        "--porcelain",
        "-z",
        "--untracked-files=all",
        "--ignored=matching",
        "--no-renames",
        "--",
        *paths,
    )
    return sorted(
        entry[3:].decode("utf-8", "surrogateescape") for entry in listed.split(b"\0") if len(entry) > 3
    )


def check_clear(root: Path, old: str, new: str, *, generated: Sequence[str]) -> None:
    """Raises InTheWay where a person's change stands in a file that differs between the two commits.

    A file that already is what the commit would make of it is not in the way.
    """
    blocking = [
        path for path in dirty(root, _foreign(root, old, new, generated)) if not _same(root, new, path)
    ]
    if blocking:
        raise InTheWay(
            f"changed in your working tree, and the plan changes it too: {', '.join(blocking)}",
            hint="Commit or stash these changes, then run again.",
        )


def advance(
    root: Path,
    branch: str,
    old: str,
    new: str,
    *,
    generated: Sequence[str],
    merge: Mapping[str, Callable[[bytes, bytes], bytes]],
    step: Callable[[str], None] = lambda _name: None,
) -> None:
    """Move the branch from ``old`` to ``new`` and bring the working tree along.

    Other changes in the working tree stay. ``generated`` are files of tracker's own, which never count as
    changed by a person; ``merge`` names those of them of which the working tree's content is kept too.
    Raises InTheWay before anything is touched, Moved where the branch has moved meanwhile.
    """
    check_clear(root, old, new, generated=generated)
    intent = root / INTENT
    _write_synced(
        intent, json.dumps({"branch": branch, "old": old, "new": new, "generated": list(generated)})
    )
    step("intent written")
    try:
        git(root, "update-ref", "-m", "tracker: land", branch, new, old)
    except GitFailed:
        intent.unlink(missing_ok=True)
        raise Moved(f"{branch.removeprefix('refs/heads/')} has moved meanwhile") from None
    step("branch moved")
    _follow(root, old, new, generated=generated, merge=merge, step=step)
    intent.unlink(missing_ok=True)


def recover(root: Path, merge: Mapping[str, Callable[[bytes, bytes], bytes]]) -> str:
    """Finish a landing that a kill cut short; the commit it brought to the working tree, or an empty text."""
    intent = root / INTENT
    try:
        data = json.loads(intent.read_text(encoding="utf-8"))
        branch, old, new = str(data["branch"]), str(data["old"]), str(data["new"])
        generated = [str(path) for path in data["generated"]]
    except FileNotFoundError:
        return ""
    except (ValueError, KeyError, TypeError):
        intent.unlink(missing_ok=True)
        return ""
    try:
        there = git(root, "rev-parse", "--verify", "-q", branch)
    except GitFailed:
        there = ""
    finished = ""
    if there == new and git(root, "symbolic-ref", "-q", "HEAD") == branch:
        _follow(root, old, new, generated=generated, merge=merge, step=lambda _name: None)
        finished = new
    intent.unlink(missing_ok=True)
    return finished


def _follow(
    root: Path,
    old: str,
    new: str,
    *,
    generated: Sequence[str],
    merge: Mapping[str, Callable[[bytes, bytes], bytes]],
    step: Callable[[str], None],
) -> None:
    changed = _changed(root, old, new)
    for path in dirty(root, _foreign(root, old, new, generated)):
        entry = git(root, "--literal-pathspecs", "ls-tree", new, "--", path)
        if entry and _same(root, new, path):
            mode, _, rest = entry.partition(" ")
            git(root, "update-index", "--add", "--cacheinfo", f"{mode},{rest.split()[1]},{path}")
    for path in generated:
        if path not in changed:
            continue
        entry = git(root, "--literal-pathspecs", "ls-tree", new, "--", path)
        if not entry:
            continue
        mode, _, rest = entry.partition(" ")
        sha = rest.split()[1]
        content = raw(root, "cat-file", "blob", sha)
        place = root / path
        if path in merge and place.exists():
            content = merge[path](content, place.read_bytes())
        if not place.exists() or place.read_bytes() != content:
            place.parent.mkdir(parents=True, exist_ok=True)
            temporary = place.with_name(f".{place.name}.{os.getpid()}.new")
            temporary.write_bytes(content)
            temporary.replace(place)
        git(root, "update-index", "--add", "--cacheinfo", f"{mode},{sha},{path}")
        step(f"{path} written")
    try:
        git(root, "read-tree", "-m", "-u", old, new)
    except GitFailed as error:
        raise TrackerError(
            f"the branch has the new commit, but the working tree could not follow: {error.message}",
            hint=f"Nothing is lost: `git stash && git reset --hard {new[:12]} && git stash pop`.",
        ) from None
    step("working tree moved")


def _foreign(root: Path, old: str, new: str, generated: Sequence[str]) -> list[str]:
    return [path for path in _changed(root, old, new) if path not in generated]


def _same(root: Path, commit_id: str, path: str) -> bool:
    place = root / path
    try:
        wanted = raw(root, "cat-file", "blob", f"{commit_id}:{path}")
    except GitFailed:
        return not place.exists()
    return place.is_file() and not place.is_symlink() and place.read_bytes() == wanted


def _changed(root: Path, old: str, new: str) -> list[str]:
    text = git(root, "diff-tree", "-r", "-z", "--no-renames", "--name-only", old, new)
    return [path for path in text.split("\0") if path]


def _write_synced(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
