"""What proves a check beside its plan's own files: the code that verifications share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tracker.definitions.digest import contents

_NOT_SHARED = ("project.yaml", "journal.jsonl")


def shared(plans: Path, baseline: str) -> str:
    """Eight digits over the files that any verification may import: all but definitions, plans and ``baseline``.

    These are files right in the plans directory, what lies in its directories that begin with an underscore, and
    a phase's ``conftest.py``; no hidden ones, no bytecode. Empty where there are none.
    """
    return contents(plans, (name for name in _files(plans) if name != baseline))[:8]


def own(plans: Path, baseline: str, checks: object) -> str:
    """Sixteen digits over what proves the project's own checks: their definitions and their file."""
    import json

    return contents(plans, [baseline] if baseline else [], json.dumps(checks))[:16]


def _files(plans: Path) -> Iterator[str]:
    for entry in sorted(_entries(plans), key=lambda entry: entry.name):
        if entry.is_file() and entry.name not in _NOT_SHARED and entry.name[0] != ".":
            yield entry.name
        elif entry.is_dir(follow_symlinks=False) and entry.name[0] == "_" and entry.name != "__pycache__":
            for directory, inner, names in os.walk(entry.path):
                inner[:] = sorted(name for name in inner if name[0] != "." and name != "__pycache__")
                yield from (
                    os.path.relpath(f"{directory}/{name}", plans) for name in sorted(names) if name[0] != "."
                )
        elif entry.is_dir(follow_symlinks=False) and Path(entry.path, "conftest.py").is_file():
            yield f"{entry.name}/conftest.py"


def _entries(plans: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(plans) as entries:
            return list(entries)
    except OSError:
        return []
