"""What the screen remembers between two starts: versioned JSON, replaced atomically."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

VERSION = 1


@dataclass(slots=True)
class Prefs:
    """The state of the screen."""

    theme: str = "tracker-dark"
    tab: str = "plan"
    selected: str = ""
    words: str = ""
    order: str = "number"
    folded: tuple[str, ...] = ()
    jobs: int = 2


def load(path: Path) -> Prefs:
    """What was remembered. A missing, damaged or newer file is the beginning."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Prefs()
    if not isinstance(data, dict) or data.get("version") != VERSION:
        return Prefs()
    result = Prefs()
    for item in fields(Prefs):
        value = data.get(item.name)
        default = getattr(result, item.name)
        if isinstance(default, tuple) and isinstance(value, list):
            setattr(result, item.name, tuple(str(part) for part in value))
        elif type(value) is type(default):
            setattr(result, item.name, value)
    return result


def save(path: Path, prefs: Prefs) -> None:
    """Remember. A place that cannot be written is no reason to complain."""
    text = json.dumps({"version": VERSION, **asdict(prefs)}, indent=1) + "\n"
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            temporary = file.name
            file.write(text)
        Path(temporary).replace(path)
    except OSError:
        with suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108 - the name of a temporary file
