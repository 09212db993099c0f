"""Where a project's documents and planning directories are."""

from __future__ import annotations

import os
from pathlib import Path

PLANNING = ".planning"
GSD_2 = ".gsd"
STREAMS = "workstreams"
STATES = ("STATE.md", "PROJECT_STATE.md")
"""What a state document is called: the first of them that is there is the one that counts."""
DOCUMENTS = (*STATES, "ROADMAP.md")


def find(path: str) -> Path | None:
    """Return what there is to read at a path: a planning directory, a document, None when neither.

    A workstream is a planning directory as well.
    """
    base = Path(path)
    if base.is_file():
        return base
    if base.resolve().name in {PLANNING, GSD_2} and base.is_dir():
        return base
    for name in (PLANNING, GSD_2):
        if (base / name).is_dir():
            return base / name
    found = documents(base)
    if found and (is_stream(base) or any((base / inner).is_dir() for inner in ("phases", "milestones"))):
        return base
    return base / found[0] if found else None


def home(document: Path) -> Path | None:
    """Return the planning directory or workstream that a document lies in; None for one that stands alone."""
    directory = document.parent
    return directory if find(str(directory)) == directory else None


def base(found: Path) -> Path:
    """Return the root of the project that ``find`` has found: the paths in it are relative to this directory."""
    directory = found if found.is_dir() else home(found)
    return root(directory)[0] if directory is not None else found.parent


def root(directory: Path) -> tuple[Path, str]:
    """Return the project's root and the way from there to its planning directory or workstream, with a slash."""
    place = Path(os.path.abspath(directory))  # noqa: PTH100 - a link's own name counts, not its target's
    above = place.parents[2] if is_stream(directory) else place.parent
    return above, f"{place.relative_to(above).as_posix()}/"


def documents(directory: Path) -> list[str]:
    """Return the names of the state document and the roadmap, in whatever case, as far as the directory has them."""
    names = listdir(directory)
    return [names[name.upper()] for name in DOCUMENTS if name.upper() in names]


def state(directory: Path) -> str | None:
    """Return the name of the state document of a directory, None when it has none."""
    names = listdir(directory)
    return next((names[name.upper()] for name in STATES if name.upper() in names), None)


def streams(directory: Path) -> list[str]:
    """Return the workstreams of a planning directory that have documents of their own: the active one first."""
    found = [name for name in listdir(directory / STREAMS).values() if documents(directory / STREAMS / name)]
    try:
        active = (directory / "active-workstream").read_text("utf-8").strip()
    except (OSError, ValueError):
        active = ""
    return sorted(found, key=lambda name: (name != active, name))


def listdir(directory: Path) -> dict[str, str]:
    """Return the names in a directory by their capitals; none where it cannot be read."""
    try:
        return {entry.name.upper(): entry.name for entry in sorted(directory.iterdir())}
    except OSError:
        return {}


def is_stream(directory: Path) -> bool:
    """Say whether a directory is a workstream of a planning directory."""
    place = Path(os.path.abspath(directory))  # noqa: PTH100 - as above
    above = place.parent
    return above.name == STREAMS and above.parent.name in {PLANNING, GSD_2}
