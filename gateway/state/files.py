"""The one place that opens, creates and replaces files and directories of the gateway."""

import fcntl
import itertools
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from gateway.errors import StateError

DIR_MODE = 0o777
FILE_MODE = 0o666

_serial = itertools.count()


def ensure_dir(path: Path) -> None:
    """Create `path` and its missing parents."""
    if path.is_dir():
        return
    for directory in (*reversed(path.parents), path):
        with suppress(FileExistsError, PermissionError):
            directory.mkdir(DIR_MODE)
    if not path.is_dir():
        raise StateError(f"{path}: not a directory and cannot be made one")


def read_text(path: Path) -> str | None:
    """Return the text of `path`, None when there is no such file.

    Raises OSError when it is there and cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, encoding="utf-8") as file:
        return file.read()


def write_text(path: Path, text: str, mode: int = FILE_MODE) -> None:
    """Replace `path` by `text`: readers see the old or the new file, also after a crash."""
    ensure_dir(path.parent)
    temporary = path.parent / f".{path.name}.{os.getpid()}.{next(_serial)}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    _sync_dir(path.parent)


def _sync_dir(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def append_line(path: Path, line: str) -> None:
    """Add one line to `path` in a single write."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    descriptor = os.open(path, flags, FILE_MODE)
    try:
        os.write(descriptor, line.encode("utf-8", "replace") + b"\n")
    finally:
        os.close(descriptor)


def read_json(path: Path, default: Any) -> Any:
    """Return the JSON value of `path`, `default` when there is no such file.

    Raises StateError naming the place when the file is not JSON.
    """
    text = read_text(path)
    if text is None:
        return default
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise StateError(f"{path}:{error.lineno}:{error.colno}: not valid JSON: {error.msg}") from error


def write_json(path: Path, value: Any) -> None:
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file beside `path` against other processes."""
    ensure_dir(path.parent)
    descriptor = os.open(
        path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE
    )
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def read_slice(path: Path, start: int, length: int) -> bytes:
    """Return `length` bytes of `path` from `start`, fewer at its end."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.pread(descriptor, length, start)
    finally:
        os.close(descriptor)
