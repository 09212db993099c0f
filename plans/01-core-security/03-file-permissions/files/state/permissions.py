"""Permissions of a state directory: loose ones are repaired, links and foreign files are refused."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import StateError
from gateway.state.ownership import CAREFULLY, fault, not_own, trusted_owners

DIR_MODE = 0o700
OTHERS = 0o077


@dataclass(frozen=True)
class Repaired:
    """A file or directory whose permissions were open to others."""

    path: Path
    before: int
    after: int


def repair_tree(root: Path, *, foreign: tuple[Path, ...] = ()) -> Iterator[Repaired]:
    """Make everything below the root private, the root first, and yield what was not.

    In the directories named `foreign`, which hold other people's work, links
    and second names are left alone instead of refused. Raises StateError at
    the first thing that must not be there; nothing is followed.
    """
    descriptor = _open_dir(root)
    try:
        yield from _repair_dir(descriptor, root)
        yield from _repair_below(descriptor, root, foreign, tolerant=root in foreign)
    finally:
        os.close(descriptor)


def repair_file(path: Path) -> Iterator[Repaired]:
    """The same for one file, which may be missing."""
    try:
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if os.path.lexists(path):
            yield from _repair_file(directory, path, tolerant=False)
    finally:
        os.close(directory)


def _open_dir(path: Path, parent: int | None = None) -> int:
    name = path if parent is None else path.name
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    return os.open(name, flags if parent is None else flags | os.O_NOFOLLOW, dir_fd=parent)


def _repair_below(
    descriptor: int, path: Path, foreign: tuple[Path, ...], *, tolerant: bool
) -> Iterator[Repaired]:
    with os.scandir(descriptor) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        child = path / entry.name
        if not entry.is_dir(follow_symlinks=False):
            yield from _repair_file(descriptor, child, tolerant=tolerant)
            continue
        inner = _open_dir(child, descriptor)
        try:
            yield from _repair_dir(inner, child)
            yield from _repair_below(inner, child, foreign, tolerant=tolerant or child in foreign)
        finally:
            os.close(inner)


def _repair_dir(descriptor: int, path: Path) -> Iterator[Repaired]:
    status = os.fstat(descriptor)
    if status.st_uid not in trusted_owners():
        raise StateError(
            f"{path}: is owned by another user (uid {status.st_uid})",
            hint=f"chown it: chown {os.geteuid()} {path}",
        )
    before = stat.S_IMODE(status.st_mode)
    if before & OTHERS and status.st_uid == os.geteuid():
        os.fchmod(descriptor, DIR_MODE)
        yield Repaired(path, before, DIR_MODE)


def _repair_file(directory: int, path: Path, *, tolerant: bool) -> Iterator[Repaired]:
    status = os.stat(path.name, dir_fd=directory, follow_symlinks=False)
    why = fault(status)
    if why is not None and not tolerant:
        raise not_own(path, why)
    if why is not None or not status.st_mode & OTHERS or status.st_uid != os.geteuid():
        return
    descriptor = os.open(path.name, os.O_RDONLY | CAREFULLY, dir_fd=directory)
    try:
        status = os.fstat(descriptor)
        if fault(status) is not None:
            raise not_own(path, "was exchanged while it was looked at")
        before = stat.S_IMODE(status.st_mode)
        os.fchmod(descriptor, before & ~OTHERS)
        yield Repaired(path, before, before & ~OTHERS)
    finally:
        os.close(descriptor)
