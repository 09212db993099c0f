"""What proves a check beside its plan's own files: the code that verifications share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tracker.definitions.digest import contents
from tracker.definitions.scan import Directory


def shared(plans: Path, scanned: Directory, baseline: str) -> str:
    """Eight digits over the files that any verification may import: all but definitions, plans and ``baseline``.

    These are files right in the plans directory, what lies in its directories that begin with an underscore, and
    a phase's ``conftest.py``; no hidden ones, no bytecode. Empty where there are none.
    """
    names = [name for name in scanned.names if name not in ("project.yaml", baseline)]
    names += _underscored(plans)
    names += [
        f"{Path(phase.path).name}/conftest.py"
        for phase in scanned.directories
        if "conftest.py" in phase.names
    ]
    return contents(plans, names)[:8]


def own(plans: Path, baseline: str, checks: object) -> str:
    """Sixteen digits over what proves the project's own checks: their definitions and their file."""
    import json

    return contents(plans, [baseline] if baseline else [], json.dumps(checks))[:16]


def _underscored(plans: Path) -> Iterator[str]:
    """What the scan passes over: it defines nothing."""
    for place in sorted(plans.glob("_*")):
        if place.is_file():
            yield place.name
        elif place.name != "__pycache__" and not place.is_symlink():
            for directory, inner, names in os.walk(place):
                inner[:] = sorted(name for name in inner if name[0] != "." and name != "__pycache__")
                yield from (
                    os.path.relpath(f"{directory}/{name}", plans) for name in sorted(names) if name[0] != "."
                )
