"""Locks: exact pins with hashes, in the form that `pip install --require-hashes` reads."""

import re
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from gateway.supply_chain.errors import SupplyChainError

ONE_PIN = "a line is `name==version --hash=sha256:…`, nothing else"
_PIN = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?P<extras>\[[\w.,\s-]*\])?\s*=="
    r"\s*(?P<version>[^\s;=]+)\s*(?P<marker>;.*?)?(?P<hashes>(?:\s+--hash=sha256:[0-9a-f]{64})*)\s*"
)


@dataclass(frozen=True)
class Pin:
    """One requirement; `start` and `end` are the lines that it takes, counted from 0, `end` not included."""

    name: str
    version: Version
    hashes: tuple[str, ...] = ()
    extras: str = ""
    marker: str = ""
    start: int = 0
    end: int = 0

    @property
    def key(self) -> str:
        """The name that is the same for every spelling (PEP 503)."""
        return str(canonicalize_name(self.name))

    def lines(self) -> list[str]:
        """Return the pin as lines of a lock."""
        head = f"{self.name}{self.extras}=={self.version}" + (f" {self.marker}" if self.marker else "")
        return [" \\\n".join([head, *(f"    --hash=sha256:{digest}" for digest in self.hashes)]) + "\n"]


@dataclass(frozen=True)
class Lock:
    path: Path
    text: str
    pins: tuple[Pin, ...]

    @classmethod
    def read(cls, path: Path) -> "Lock":
        """Read a lock.

        Raises SupplyChainError with file and line for anything that is not an exact pin.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SupplyChainError(f"{path}: cannot be read: {error}") from None
        return cls(path, text, tuple(_pins(path, text)))

    def with_pins(self, changed: dict[Pin, Pin]) -> str:
        """Return the text with some pins replaced; every other byte stays."""
        lines = self.text.splitlines(keepends=True)
        for old in sorted(changed, key=lambda pin: pin.start, reverse=True):
            lines[old.start : old.end] = changed[old].lines()
        return "".join(lines)


def _pins(path: Path, text: str) -> list[Pin]:
    pins: list[Pin] = []
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        start = number
        logical = lines[number]
        while logical.endswith("\\") and number + 1 < len(lines):
            number += 1
            logical = f"{logical[:-1]} {lines[number].strip()}"
        number += 1
        requirement = re.sub(r"(^|\s)#.*$", "", logical).strip()
        if requirement:
            pins.append(_pin(f"{path}:{start + 1}", requirement, start, number))
    return pins


def _pin(place: str, requirement: str, start: int, end: int) -> Pin:
    found = _PIN.fullmatch(requirement)
    if found is None:
        raise SupplyChainError(f"{place}: not an exact pin: {requirement[:80]}", hint=ONE_PIN)
    try:
        version = Version(found["version"])
    except InvalidVersion:
        raise SupplyChainError(f"{place}: not a version: {found['version']}", hint=ONE_PIN) from None
    hashes = tuple(re.findall(r"sha256:([0-9a-f]{64})", found["hashes"] or ""))
    return Pin(
        found["name"], version, hashes, found["extras"] or "", (found["marker"] or "").strip(), start, end
    )
