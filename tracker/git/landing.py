"""Landing: commits made beside the person's working tree, then the branch and the working tree moved to them.

Killed at any instant, nothing is lost: the commits are objects before the branch moves, the branch moves in one
compare-and-swap, and ``.tracker/landing.json`` says what has still to reach the working tree. Meanwhile git's
index lock is held (``tracker.git.index``), so that no commit, switch or checkout of the person's comes between.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tracker.errors import TrackerError, Usage
from tracker.git.index import Index, git_dir, stat_of
from tracker.git.objects import Entry, contents, differing
from tracker.git.plumbing import GitFailed, common_directory, git, raw

INTENT = ".tracker/landing.json"
SCRATCH = ".tracker/tmp"
STALE_REF_SECONDS = 1.0
_AT_ONCE = 500
"""Paths in one command line."""

Merge = Mapping[str, Callable[[bytes, bytes], bytes]]
"""Generated file → what becomes of the landed content where the working tree has this one."""


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


def require_settled(root: Path) -> None:
    """Raises Usage while a merge, cherry-pick or revert of the person's is under way."""
    home = git_dir(root)
    for name, what in (
        ("MERGE_HEAD", "merge"),
        ("CHERRY_PICK_HEAD", "cherry-pick"),
        ("REVERT_HEAD", "revert"),
    ):
        if (home / name).exists():
            raise Usage(
                f"a {what} is under way in this working tree",
                hint=f"Finish it (`git {what} --continue`) or give it up (`git {what} --abort`), then run again.",
            )
    if git(root, "ls-files", "-u"):
        raise Usage("files of this working tree are in conflict", hint="Resolve them and `git add` them.")


def message(subject: str, body: str, trailers: Sequence[tuple[str, str]]) -> str:
    """A commit message with its trailers."""
    parts = [subject]
    if body:
        parts.append(body.strip())
    parts.append("\n".join(f"{key}: {value}" for key, value in trailers))
    return "\n\n".join(parts) + "\n"


def dirty(root: Path, paths: Sequence[str]) -> list[str]:
    """Those of the paths that are changed, staged or untracked (ignored ones too) in the working tree."""
    found: list[str] = []
    for start in range(0, len(paths), _AT_ONCE):
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
            *paths[start : start + _AT_ONCE],
        )
        found += [
            entry[3:].decode("utf-8", "surrogateescape") for entry in listed.split(b"\0") if len(entry) > 3
        ]
    return sorted(found)


def check_clear(root: Path, old: str, new: str, *, generated: Sequence[str]) -> None:
    """Raises InTheWay where a person's change stands in a file that differs between the two commits.

    A file that already is what the commit would make of it is not in the way.
    """
    _require_clear(root, new, [path for path in _changes(root, old, new) if path not in generated])


def _require_clear(root: Path, new: str, paths: Sequence[str]) -> list[str]:
    """Those of the paths that a person has made what the commit makes of them. Raises InTheWay for other changes."""
    found = dirty(root, paths)
    already = [path for path in found if _same(root, new, path)]
    blocking = sorted(set(found) - set(already))
    if blocking:
        raise InTheWay(
            f"changed in your working tree, and the plan changes it too: {', '.join(blocking)}",
            hint="Commit or stash these changes, then run again.",
        )
    return already


def advance(
    root: Path,
    branch: str,
    old: str,
    new: str,
    *,
    generated: Sequence[str],
    merge: Merge,
    step: Callable[[str], None] = lambda _name: None,
) -> None:
    """Move the branch from ``old`` to ``new`` and bring the working tree along.

    Other changes in the working tree stay. ``generated`` are files of tracker's own, which never count as
    changed by a person; ``merge`` names those of them of which the working tree's content is kept too.
    Raises InTheWay and Moved before anything is touched, TrackerError where git is at work for too long.
    """
    intent = root / INTENT
    said = {"branch": branch, "old": old, "new": new, "generated": list(generated)}
    _write_synced(intent, json.dumps(said))
    step("intent written")
    moved = False
    try:
        with Index.held(root, step) as index:
            _stay_on(root, branch)
            require_settled(root)
            changes = _changes(root, old, new)
            already = _require_clear(root, new, [path for path in changes if path not in generated])
            try:
                git(root, "update-ref", "-m", "tracker: land", branch, new, old)
            except GitFailed as error:
                if "cannot lock ref" not in error.message or _commit_of(root, branch) == old:
                    raise
                raise Moved(f"{branch.removeprefix('refs/heads/')} has moved meanwhile") from None
            moved = True
            step("branch moved")
            _follow(index, old, new, changes, already, generated=generated, merge=merge, step=step)
    finally:
        if not moved:
            intent.unlink(missing_ok=True)
    intent.unlink(missing_ok=True)
    step("intent removed")


def recover(root: Path, merge: Merge) -> str:
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
    Index.release_stale(root)
    _release_stale_refs(root, branch)
    finished = ""
    if _commit_of(root, branch) == new:
        with Index.held(root) as index:
            if _head(root) == branch:
                changes = _changes(root, old, new)
                already = _mended(root, new, [path for path in changes if path not in generated])
                _follow(
                    index,
                    old,
                    new,
                    changes,
                    already,
                    generated=generated,
                    merge=merge,
                    step=lambda _name: None,
                )
                finished = new
    intent.unlink(missing_ok=True)
    return finished


def mend_summaries(root: Path) -> None:
    """Complete generated summaries of which only the beginning has come to the disk."""
    listed = git(root, "ls-files", "-m", "-z", "--", "plans/*SUMMARY.md")
    for path in filter(None, listed.split("\0")):
        _mend(root, "HEAD", path)


def _stay_on(root: Path, branch: str) -> None:
    if _head(root) != branch:
        name = branch.removeprefix("refs/heads/")
        raise TrackerError(
            f"you have left the branch {name} while plans were being landed on it",
            hint=f"What has landed is on {name}; switch back to it and run again.",
        )


def _head(root: Path) -> str:
    try:
        return git(root, "symbolic-ref", "-q", "HEAD")
    except GitFailed:
        return ""


def _commit_of(root: Path, branch: str) -> str:
    try:
        return git(root, "rev-parse", "--verify", "-q", branch)
    except GitFailed:
        return ""


def _release_stale_refs(root: Path, branch: str) -> None:
    """Remove the lock of the branch or of HEAD that a killed ``update-ref`` has left.

    git holds these for milliseconds; one that does not change within a second while a landing was under way is ours.
    """
    common = common_directory(root)
    places = [common / f"{branch}.lock", git_dir(root) / "HEAD.lock"]
    seen = {place: stat_of(place) for place in places if place.exists()}
    if seen:
        time.sleep(STALE_REF_SECONDS)
    for place, before in seen.items():
        if stat_of(place) == before:
            place.unlink(missing_ok=True)


def _mended(root: Path, new: str, paths: Sequence[str]) -> list[str]:
    """Those of the paths that already are as in the commit, after files that a kill has cut short are completed."""
    found = dirty(root, paths)
    for path in found:
        _mend(root, new, path)
    return [path for path in found if _same(root, new, path)]


def _follow(
    index: Index,
    old: str,
    new: str,
    changes: Mapping[str, Entry | None],
    already: Sequence[str],
    *,
    generated: Sequence[str],
    merge: Merge,
    step: Callable[[str], None],
) -> None:
    """Bring index and working tree from ``old`` to ``new``; the files ``already`` there only need their entries."""
    root = index.root
    entries = {path: entry for path, entry in changes.items() if entry is not None}
    known: dict[str, Entry | None] = {path: entries[path] for path in already if path in entries}
    texts = contents(root, [entries[path][1] for path in generated if path in entries])
    for path in generated:
        if path not in entries:
            continue
        content = texts[entries[path][1]]
        place = root / path
        if path in merge and place.exists():
            content = merge[path](content, place.read_bytes())
        if not place.exists() or place.read_bytes() != content:
            _replace(root, place, content)
        known[path] = entries[path]
        step(f"{path} written")
    index.set(known)
    try:
        index.git("read-tree", "-m", "-u", "--no-recurse-submodules", old, new)
    except GitFailed as error:
        raise TrackerError(
            f"the branch has the new commit, but the working tree could not follow: {error.message}",
            hint=f"Nothing is lost: `git stash && git reset --hard {new[:12]} && git stash pop`.",
        ) from None
    step("working tree moved")


def _mend(root: Path, new: str, path: str) -> None:
    """Complete a file of which a kill has let git write only the beginning."""
    place = root / path
    if place.is_symlink() or not place.is_file():
        return
    try:
        wanted = raw(root, "cat-file", "blob", f"{new}:{path}")
    except GitFailed:
        return
    have = place.read_bytes()
    if have != wanted and wanted.startswith(have):
        place.write_bytes(wanted)


def _replace(root: Path, place: Path, content: bytes) -> None:
    scratch = root / SCRATCH
    scratch.mkdir(parents=True, exist_ok=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = scratch / f"{place.name}.{os.getpid()}"
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(place)


def _same(root: Path, commit_id: str, path: str) -> bool:
    place = root / path
    try:
        wanted = raw(root, "cat-file", "blob", f"{commit_id}:{path}")
    except GitFailed:
        return not place.exists()
    if place.is_symlink():
        return os.fsencode(place.readlink()) == wanted
    return place.is_file() and place.read_bytes() == wanted


def _changes(root: Path, old: str, new: str) -> dict[str, Entry | None]:
    """Path → its entry in ``new``, None where it has gone, of every path that differs between the two."""
    return {path: None if letter == "D" else entry for path, letter, entry in differing(root, old, new)}


def _write_synced(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
