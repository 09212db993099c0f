"""The catalogue of controls: what each is worth, how it is tried out, and which criteria it answers to.

The references to SOC 2 (trust services criteria of 2017, revised 2022) and to
ISO/IEC 27001:2022 Annex A are indicative; an auditor decides what they prove.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("catalogue.json")
RESIDUAL = "residual"


@dataclass(frozen=True)
class Entry:
    """One control of the catalogue. `control` names the gateway's own way to try it out, if it has one."""

    id: str
    title: str
    domain: str
    points: float
    kind: str
    control: str | None
    soc2: tuple[str, ...]
    iso27001: tuple[str, ...]
    other: tuple[str, ...]

    @classmethod
    def read(cls, stored: dict[str, Any]) -> "Entry":
        lists = {key: tuple(stored[key]) for key in ("soc2", "iso27001", "other")}
        return cls(**{**stored, **lists})


def catalogue() -> list[Entry]:
    """Return every entry, in the order of the catalogue."""
    return [Entry.read(stored) for stored in json.loads(FILE.read_text(encoding="utf-8"))]
