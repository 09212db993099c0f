"""What the long commands found, kept for the report."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

PLACE = Path(__file__).with_name("results.json")


def keep(name: str, found: dict[str, Any]) -> None:
    """Replace the result of one command."""
    known = load()
    known[name] = found
    PLACE.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def say(text: str) -> None:
    """A line on stdout, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def load() -> dict[str, dict[str, Any]]:
    """The results of all commands that have run."""
    try:
        return dict(json.loads(PLACE.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}
