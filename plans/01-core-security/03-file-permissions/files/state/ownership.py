"""Files that are the gateway's own: regular, one name, ours, and no link on the way.

A link in the state directory would make the gateway read, write or chmod
what somebody else chose (CWE-59), so it is an error and never followed.
"""

import os
import stat
from pathlib import Path

from gateway.errors import StateError

CAREFULLY = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def trusted_owners() -> frozenset[int]:
    """Return the user ids whose files are taken for the gateway's own: its own and root's."""
    return frozenset({os.geteuid(), 0})


def fault(status: os.stat_result) -> str | None:
    """Return why a file is not the gateway's own, None when it is."""
    if stat.S_ISLNK(status.st_mode):
        return "is a symbolic link"
    if not stat.S_ISREG(status.st_mode):
        return "is not a regular file"
    if status.st_nlink > 1:
        return f"has {status.st_nlink} names (hard links)"
    if status.st_uid not in trusted_owners():
        return f"is owned by another user (uid {status.st_uid})"
    return None


def not_own(path: Path, why: str) -> StateError:
    return StateError(
        f"{path}: {why}", hint=f"put a file of your own there: cp {path} to a new name, then mv it back"
    )


def open_own(path: Path, flags: int, mode: int = 0o600) -> int:
    """Open a file of the gateway's own and return the descriptor; the caller closes it.

    Raises StateError when it is a link, has a second name or another owner,
    and OSError like os.open. What it is gets looked at on the open
    descriptor, so it cannot be exchanged in between.
    """
    try:
        descriptor = os.open(path, flags | CAREFULLY, mode)
    except OSError:
        if path.is_symlink():
            raise not_own(path, "is a symbolic link") from None
        raise
    why = fault(os.fstat(descriptor))
    if why is not None:
        os.close(descriptor)
        raise not_own(path, why)
    return descriptor
