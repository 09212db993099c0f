"""The person's index, changed as a whole: git's own lock held, the work done on a copy, the copy put in place.

A killed git would leave a lock that no one can tell from the lock of a git at work. So tracker takes the lock
itself, with words in it by which it is known, and git works beside it on the copy.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tracker.errors import TrackerError
from tracker.git.plumbing import git

WORDS = b"tracker is landing a plan; if none is running, the next `tracker run` removes this file\n"
PATIENCE_SECONDS = 10.0
COPY = "tracker.index"


@dataclass(frozen=True, slots=True)
class Index:
    """The copy that is worked on."""

    root: Path
    copy: Path

    @classmethod
    @contextmanager
    def held(cls, root: Path, step: Callable[[str], None] = lambda _name: None) -> Iterator[Index]:
        """Hold git's index lock; at the end of the block the copy becomes the index, after an error it does not.

        Raises TrackerError when a git of the person's does not give the lock back in time.
        """
        home = git_dir(root)
        real, lock, copy = home / "index", home / "index.lock", home / COPY
        _take(lock)
        try:
            step("index held")
            if real.exists():
                shutil.copy2(real, copy)
            else:
                copy.unlink(missing_ok=True)
            yield cls(root, copy)
            if copy.exists():
                copy.replace(real)
            step("index replaced")
        finally:
            copy.unlink(missing_ok=True)
            lock.unlink(missing_ok=True)

    @staticmethod
    def release_stale(root: Path) -> None:
        """Remove what a killed tracker has left of its lock. The caller knows that no other tracker is landing."""
        home = git_dir(root)
        with contextlib.suppress(OSError):
            if (home / "index.lock").read_bytes() == WORDS:
                (home / "index.lock").unlink()
        for name in (COPY, f"{COPY}.lock", "tracker.lock"):
            (home / name).unlink(missing_ok=True)

    def git(self, *arguments: str, data: bytes | None = None) -> str:
        """git with the copy for its index."""
        return git(self.root, *arguments, data=data, env={"GIT_INDEX_FILE": str(self.copy)})

    def set(self, entries: Mapping[str, tuple[str, str] | None]) -> None:
        """Put entries into the index: path → (mode, blob). Files are looked at again."""
        lines = [
            f"{entry[0]} {entry[1]}\t{path}" if entry else f"0 {'0' * 40}\t{path}"
            for path, entry in entries.items()
        ]
        data = "".join(f"{line}\0" for line in lines).encode("utf-8", "surrogateescape")
        if lines:
            self.git("update-index", "-z", "--index-info", data=data)
        with contextlib.suppress(TrackerError):  # it fails where files differ, which read-tree tells apart
            self.git("update-index", "-q", "--refresh")


def git_dir(root: Path) -> Path:
    """Where git keeps index and HEAD of this working tree."""
    plain = root / ".git"
    return plain if plain.is_dir() else Path(git(root, "rev-parse", "--absolute-git-dir"))


def stat_of(path: Path) -> tuple[int, int, int] | None:
    """What tells one lock file from the next at the same place."""
    try:
        info = path.stat()
    except OSError:
        return None
    return info.st_ino, info.st_mtime_ns, info.st_size


def _take(lock: Path) -> None:
    """Make the lock file, whole in one step. Raises TrackerError."""
    words = lock.with_name("tracker.lock")
    try:
        words.write_bytes(WORDS)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                _make(words, lock)
            except FileExistsError:
                if time.monotonic() > deadline:
                    raise TrackerError(
                        f"git is at work here: {lock} exists",
                        hint="Wait until it has finished. If no git is running, delete that file.",
                    ) from None
                time.sleep(0.02)
            else:
                return
    except OSError as error:
        raise TrackerError(f"git's index cannot be locked: {error.strerror}: {lock}") from None
    finally:
        words.unlink(missing_ok=True)


def _make(words: Path, lock: Path) -> None:
    try:
        os.link(words, lock)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        with lock.open("xb") as file:
            file.write(WORDS)
