"""Files written whole or not at all, and the directory of what is local."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from tracker.errors import TrackerError

LOCAL = ".tracker"


def write_atomic(path: Path, data: bytes, *, scratch: Path | None = None) -> None:
    """Replace the file's content in one step; the old content stays where this fails. Raises TrackerError.

    ``scratch`` is a directory of the same file system for the new file: a kill leaves nothing beside the old one.
    """
    temporary = (scratch or path.parent) / f".{path.name}.{os.getpid()}.new"
    try:
        temporary.parent.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise TrackerError(
            f"{path.name} cannot be written: {error.strerror}", hint="The old file is untouched."
        ) from None


def sweep(directory: Path) -> None:
    """Remove the half-written files that killed processes have left in the directory."""
    for place in directory.glob(".*.new"):
        with contextlib.suppress(OSError, ValueError):
            try:
                os.kill(int(place.name.split(".")[-2]), 0)
            except ProcessLookupError:
                place.unlink()


def local_directory(root: Path) -> Path:
    """``.tracker/`` of the repository, made where it is missing and ignored by git through its own file."""
    place = root / LOCAL
    try:
        place.mkdir(exist_ok=True)
        ignore = place / ".gitignore"
        if not ignore.exists() or not ignore.stat().st_size:
            ignore.write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise TrackerError(f"{LOCAL}/ cannot be made: {error.strerror}") from None
    return place


def user_directory(kind: str) -> Path:
    """A directory of tracker's under the user's ``state`` or ``cache``; works where HOME is not set."""
    variable = {"state": "XDG_STATE_HOME", "cache": "XDG_CACHE_HOME"}[kind]
    given = os.environ.get(variable)
    if given and Path(given).is_absolute():
        return Path(given) / "tracker"
    if os.environ.get("HOME"):
        import platformdirs

        text = (
            platformdirs.user_state_dir("tracker")
            if kind == "state"
            else platformdirs.user_cache_dir("tracker")
        )
        return Path(text)
    import tempfile

    return Path(tempfile.gettempdir()) / f"tracker-{os.getuid()}" / kind
