"""Root acts for the owner of what it touches: files get the right owner, and root is led nowhere by a link.

Where a directory on the way belongs to another user, that user can put a link there. Root's commands beside
a gateway that gave up root would follow it with root's rights (CWE-59, CWE-281), and leave files behind that
the gateway cannot read. So the rights of that user are taken for the time of one operation (setfsuid(2);
they count for this thread only).
"""

import ctypes
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import update_wrapper
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

INQUIRE = 0xFFFF_FFFF
UNMAPPED = 65_534
ALL_USERS = ["0", "0", "4294967295"]

_libc = ctypes.CDLL(None, use_errno=True)


def user() -> int:
    """Return the user whose rights count for files now: the effective one, unless root acts for another."""
    return os.geteuid() or int(_libc.setfsuid(ctypes.c_uint(INQUIRE))) & INQUIRE


def is_known(uid: int) -> bool:
    """Tell whether a user id means one user; in a user namespace this id stands for all that it does not know."""
    if uid != UNMAPPED:
        return True
    return Path("/proc/self/uid_map").read_text(encoding="ascii").split() == ALL_USERS


def owner_on_the_way(directory: Path) -> tuple[int, int] | None:
    """Return user and group of the first directory of a path that is not root's; None when all are."""
    for part in (*reversed(directory.parents), directory):
        try:
            found = part.lstat()
            if found.st_uid == 0 and stat.S_ISLNK(found.st_mode):
                found = part.stat()
        except OSError:
            return None
        if found.st_uid != 0:
            return (found.st_uid, found.st_gid) if is_known(found.st_uid) else None
    return None


def _open_directory(directory: Path) -> int:
    """Open a directory; from the first that is not root's on, no link is followed. Raises OSError."""
    way = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
    descriptor, theirs = os.open("/", way), False
    try:
        for part in directory.parts[1:]:
            if not theirs:
                found = os.stat(part, dir_fd=descriptor, follow_symlinks=False)
                theirs = found.st_uid != 0 or os.fstat(descriptor).st_uid != 0
            inner = os.open(part, way | (os.O_NOFOLLOW if theirs else 0), dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        return os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def acting_as(uid: int, gid: int) -> Iterator[None]:
    """Use files with another user's rights; what is created belongs to that user. Only root can."""
    group = int(_libc.setfsgid(ctypes.c_uint(gid)))
    _libc.setfsuid(ctypes.c_uint(uid))
    try:
        yield
    finally:
        _libc.setfsuid(ctypes.c_uint(0))
        _libc.setfsgid(ctypes.c_uint(group))


@contextmanager
def acting_for(directory: Path) -> Iterator[None]:
    """As root, act for the owner of what is in a directory; anybody else acts for themselves."""
    owner = owner_on_the_way(directory) if os.geteuid() == 0 and user() == 0 else None
    if owner is None:
        yield
        return
    _reclaim(directory, *owner)
    with acting_as(*owner):
        yield


def _reclaim(directory: Path, uid: int, gid: int) -> None:
    """Give directories that root made below one of the owner's to the owner; no link is followed."""
    ways = [directory, *directory.parents]
    for way in reversed([way for way in ways if owner_on_the_way(way)]):
        with suppress(OSError):
            descriptor = _open_directory(way)
            try:
                _give(descriptor, uid, gid, frozenset({0}))
            finally:
                os.close(descriptor)


def for_owner(function: Callable[Concatenate[Path, P], R]) -> Callable[Concatenate[Path, P], R]:
    """Let a function whose first argument is a file's path act for the owner of the file's directory."""

    def acting(path: Path, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with acting_for(path.parent):
            return function(path, *args, **kwargs)

    update_wrapper(acting, function)
    return acting


def keep_owner(descriptor: int, path: Path) -> None:
    """As root, give a file that takes another one's place to the other one's owner."""
    if os.geteuid() == 0 and user() == 0:
        with suppress(FileNotFoundError):
            found = path.lstat()
            if stat.S_ISREG(found.st_mode) and found.st_uid != 0:
                os.fchown(descriptor, found.st_uid, found.st_gid)


def hand_over(directory: Path, uid: int, gid: int, *, of: frozenset[int] = frozenset({0})) -> None:
    """Give a directory and all below it that belongs to one of the users `of` to another one.

    Links, other file systems' mounts and files with a second name stay as they are: such a name may stand
    for what is not ours.
    """
    with suppress(OSError):
        descriptor = _open_directory(directory.absolute())
        try:
            _hand_over_below(descriptor, uid, gid, of, os.fstat(descriptor).st_dev)
        finally:
            os.close(descriptor)


def _hand_over_below(descriptor: int, uid: int, gid: int, of: frozenset[int], device: int) -> None:
    with os.scandir(descriptor) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_directory in found:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with suppress(OSError):
            inner = os.open(name, flags | (os.O_DIRECTORY if is_directory else 0), dir_fd=descriptor)
            try:
                if is_directory and os.fstat(inner).st_dev == device:
                    _hand_over_below(inner, uid, gid, of, device)
                else:
                    _give(inner, uid, gid, of)
            finally:
                os.close(inner)
    _give(descriptor, uid, gid, of)


def _give(descriptor: int, uid: int, gid: int, of: frozenset[int]) -> None:
    found = os.fstat(descriptor)
    plain = stat.S_ISDIR(found.st_mode) or (stat.S_ISREG(found.st_mode) and found.st_nlink == 1)
    if plain and found.st_uid in of and found.st_uid != uid:
        os.fchown(descriptor, uid, gid)


def hand_over_file(path: Path, uid: int, gid: int) -> None:
    """Give a file of root's to a user, if it is a regular one with one name."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            _give(descriptor, uid, gid, frozenset({0}))
        finally:
            os.close(descriptor)


def settle(state: Path) -> None:
    """As root, give what root left in another user's state directory to that user."""
    if os.geteuid() == 0:
        owner = owner_on_the_way(state)
        if owner is not None:
            hand_over(state, *owner)
