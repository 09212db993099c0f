"""Findings about files: who can read, change or replace what the gateway keeps."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from gateway.config import source
from gateway.errors import GatewayError
from gateway.security.subject import CRITICAL, WARN, Check, Finding, Subject

OTHERS = 0o077
OTHERS_WRITE = 0o022
SECRET_DIRECTORIES = ("devices", "keys", "identity", "gateway", "backups")


def members(subject: Subject) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield what the gateway keeps; the workspace belongs to the tools, and links are not followed."""
    for directory, names, file_names in os.walk(subject.paths.state):
        here = Path(directory)
        if here == subject.paths.workspace:
            names.clear()
            continue
        for name in (*names, *file_names):
            with suppress(OSError):
                yield here / name, (here / name).lstat()


def permissions(subject: Subject) -> Iterator[Finding]:
    state, config = subject.paths.state, subject.paths.config
    if state.is_dir() and state.stat().st_mode & OTHERS:
        writable = state.stat().st_mode & OTHERS_WRITE
        yield Finding(
            "fs.state_dir.perms_writable" if writable else "fs.state_dir.perms_readable",
            CRITICAL if writable else WARN,
            "Others can write to the state directory" if writable else "Others can list the state directory",
            f"{state} has mode {state.stat().st_mode & 0o777:o}",
            f"chmod 700 {state}",
        )
    if config.is_file() and config.stat().st_mode & OTHERS:
        writable = config.stat().st_mode & OTHERS_WRITE
        yield Finding(
            "fs.config.perms_writable" if writable else "fs.config.perms_world_readable",
            CRITICAL if writable else WARN,
            f"Others can {'change' if writable else 'read'} the configuration",
            f"{config} has mode {config.stat().st_mode & 0o777:o}",
            f"chmod 600 {config}",
        )
    for path, status in members(subject):
        if path == config or stat.S_ISLNK(status.st_mode) or not status.st_mode & OTHERS:
            continue
        yield Finding(
            *_loose(path.relative_to(state), status.st_mode),
            f"{path} has mode {status.st_mode & 0o777:o}",
            f"chmod {'700' if stat.S_ISDIR(status.st_mode) else '600'} {path}",
        )


def _loose(path: Path, mode: int) -> tuple[str, str, str]:
    if mode & OTHERS_WRITE:
        return "fs.state.perms_writable", CRITICAL, "Others can change what the gateway keeps"
    if path.parts[0] in SECRET_DIRECTORIES or path.name == "auth-profiles.json" or ".bak" in path.name:
        return "fs.secrets.perms_readable", CRITICAL, "Others can read what the gateway keeps secret"
    return "fs.state.perms_readable", WARN, "Others can read what the gateway keeps"


def links(subject: Subject) -> Iterator[Finding]:
    config = subject.paths.config
    outside = [(config, config.lstat())] if os.path.lexists(config) else []
    inside = [(path, status) for path, status in members(subject) if path != config]
    for path, status in (*outside, *inside):
        kind = _link_kind(status)
        if kind:
            yield Finding(
                "fs.linked",
                CRITICAL,
                "What the gateway keeps can be reached by another name",
                f"{path} is {kind}",
                "replace it by a file of its own",
            )
        elif status.st_uid not in {os.geteuid(), _owner(subject)}:
            yield Finding(
                "fs.foreign_owner",
                CRITICAL,
                "What the gateway keeps belongs to somebody else",
                f"{path} belongs to uid {status.st_uid}",
                f"chown it to the gateway's user, after a look at what it holds: {path}",
            )


def _link_kind(status: os.stat_result) -> str:
    if stat.S_ISLNK(status.st_mode):
        return "a symbolic link"
    if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
        return "one of several names of a file"
    return ""


def _owner(subject: Subject) -> int:
    return subject.paths.state.stat().st_uid if subject.paths.state.exists() else os.geteuid()


def includes(subject: Subject) -> Iterator[Finding]:
    """Look at the files that the configuration includes: they decide as much as it does."""
    try:
        _, value = source.read_source(subject.paths.config)
    except GatewayError:
        return
    for path in _included(value, subject.paths.config.parent):
        with suppress(OSError):
            status = path.stat()
            if status.st_mode & OTHERS_WRITE or status.st_uid not in {os.geteuid(), 0, _owner(subject)}:
                yield Finding(
                    "config.include_writable",
                    CRITICAL,
                    "Others can change an included part of the configuration",
                    f"{path} has mode {status.st_mode & 0o777:o} and belongs to uid {status.st_uid}",
                    f"chmod 600 {path}",
                )


def _included(value: Any, directory: Path) -> Iterator[Path]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if key == source.INCLUDE:
            names = item if isinstance(item, list) else [item]
            yield from (directory / name for name in names if isinstance(name, str))
        else:
            yield from _included(item, directory)


CHECKS: list[Check] = [permissions, links, includes]
