"""A commit's change, through GitPython."""

from __future__ import annotations

from pathlib import Path

from git import Repo
from git.exc import GitCommandError, InvalidGitRepositoryError

from tracker.errors import Usage


def diff(root: Path, commit: str) -> str:
    """What the commit changed, as a patch with its header.

    Raises Usage outside of a repository and for a commit that does not exist.
    """
    try:
        repository = Repo(root)
    except InvalidGitRepositoryError:
        raise Usage(f"{root} is not a git repository") from None
    try:
        return str(repository.git.show("--stat", "--patch", "--no-color", "--end-of-options", commit))
    except GitCommandError:
        raise Usage(f"no commit '{commit}' in this repository") from None
    finally:
        repository.close()
