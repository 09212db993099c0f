"""History through GitPython: which commits belong to which plan, and what they changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from git import Repo
from git.exc import GitCommandError, InvalidGitRepositoryError

from tracker.errors import Usage

_FORMAT = "%H%x09%cs%x09%(trailers:key=Plan,valueonly,separator=%x2C)%x09%s"


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit. ``plans`` are the references in its trailers."""

    hash: str
    date: str
    subject: str
    plans: tuple[str, ...] = ()


def commits(root: Path, *, since: str = "", paths: tuple[str, ...] = ()) -> Iterator[Commit]:
    """The commits reachable from HEAD (and not from ``since``), the newest first. Raises Usage outside a repository."""
    repository = _open(root)
    try:
        text = repository.git.log(
            f"--format={_FORMAT}",
            f"{since}..HEAD" if since else "HEAD",
            "--",
            *paths,
            strip_newline_in_stdout=True,
        )
    except GitCommandError:
        return
    finally:
        repository.close()
    for line in text.splitlines():
        parts = line.split("\t", 3)
        if len(parts) == 4:
            commit, date, trailers, subject = parts
            yield Commit(
                commit, date, subject, tuple(item.strip() for item in trailers.split(",") if item.strip())
            )


def diff(root: Path, commit: str) -> str:
    """What the commit changed, as a patch with its header. Raises Usage for a commit that does not exist."""
    repository = _open(root)
    try:
        return str(repository.git.show("--stat", "--patch", "--no-color", "--end-of-options", commit))
    except GitCommandError:
        raise Usage(f"no commit '{commit}' in this repository") from None
    finally:
        repository.close()


def exists(root: Path, commit: str) -> bool:
    """Whether the repository has the commit, reachable or not."""
    repository = _open(root)
    try:
        repository.git.cat_file("-e", f"{commit}^{{commit}}")
    except GitCommandError:
        return False
    finally:
        repository.close()
    return True


def _open(root: Path) -> Repo:
    try:
        return Repo(root)
    except InvalidGitRepositoryError:
        raise Usage(f"{root} is not a git repository") from None
