"""The fence around the workspace: a path is walked from the workspace's descriptor, one name at a time.

No link is followed and no name climbs, so nothing can be exchanged between looking and opening
(CWE-22, CWE-59, CWE-367).
"""

import itertools
import os
import re
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import unquote

from gateway.errors import RequestError
from gateway.protocol.schema.error_codes import INVALID_REQUEST
from gateway.state import files

CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
SEPARATORS = re.compile(r"[/\\]")
CLIMB = ".."
MOST_DECODINGS = 4

_serial = itertools.count()


def refused(why: str) -> RequestError:
    return RequestError(INVALID_REQUEST, f"path must stay in the workspace: {why}")


def names(root: Path, path: str) -> tuple[str, ...]:
    """Return the names on the way from the workspace to a file.

    Raises RequestError for a path that leaves it, or would for somebody who
    decodes it once more: percent signs, full-width dots, backslashes.
    """
    if CONTROLS.search(path):
        raise refused("it has control characters")
    for form in _readings(path):
        if CLIMB in SEPARATORS.split(form) or CONTROLS.search(form):
            raise refused("it climbs")
        if "\\" in form or form.count("/") != path.count("/"):
            raise refused("it hides separators")
    if path.startswith("/"):
        path = _below(root, path)
    found = tuple(name for name in path.split("/") if name not in {"", "."})
    if not found:
        raise refused("it names no file")
    return found


def _readings(path: str) -> Iterator[str]:
    """Yield what a path reads as when it is decoded and normalized, as often as that changes it."""
    for _ in range(MOST_DECODINGS):
        yield path
        decoded = unicodedata.normalize("NFKC", unquote(path, errors="surrogateescape"))
        if decoded == path:
            return
        path = decoded
    raise refused("it is encoded too often")


def _below(root: Path, path: str) -> str:
    for top in {str(root.absolute()), str(root.resolve())}:
        if path.startswith(f"{top}/"):
            return path.removeprefix(f"{top}/")
    raise refused("it is absolute")


@contextmanager
def _directory(root: Path, parents: Sequence[str], *, create: bool = False) -> Iterator[int]:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    descriptor = os.open(root, flags)
    try:
        for name in parents:
            if create:
                with suppress(FileExistsError):
                    os.mkdir(name, files.DIR_MODE, dir_fd=descriptor)
            inner = os.open(name, flags | os.O_NOFOLLOW, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def _refuse_planted(status: os.stat_result) -> None:
    """A link, a device or a file with a second name leads to what is not in the workspace."""
    if not stat.S_ISREG(status.st_mode):
        raise refused("it is not a regular file")
    if status.st_nlink > 1:
        raise refused("the file has a second name (hard link)")


def read(root: Path, path: str, limit: int) -> bytes:
    """Return the first `limit` bytes of a file in the workspace.

    Raises RequestError when it is not in there, OSError when it cannot be read.
    """
    *parents, name = names(root, path)
    with _directory(root, parents) as parent:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with os.fdopen(os.open(name, flags, dir_fd=parent), "rb") as file:
            _refuse_planted(os.fstat(file.fileno()))
            return file.read(limit)


def write(root: Path, path: str, content: bytes) -> None:
    """Replace a file in the workspace: readers see the old or the new one.

    Raises RequestError when it is not in there, OSError when it cannot be written.
    """
    *parents, name = names(root, path)
    with _directory(root, parents, create=True) as parent:
        with suppress(FileNotFoundError):
            _refuse_planted(os.stat(name, dir_fd=parent, follow_symlinks=False))
        temporary = f".write.{os.getpid()}.{next(_serial)}.tmp"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(temporary, flags, files.FILE_MODE, dir_fd=parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=parent)
            raise
        os.fsync(parent)
