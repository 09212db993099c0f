"""Numbers of phases and plans: how they are written, compared and normalised."""

from __future__ import annotations

import re

PHASE_ID = r"(?:\d{1,4}(?:\.\d{1,3}){0,4}[A-Za-z]?(?:\.\d{1,3}){0,2})(?![\w])"
BACKLOG = 999

_PARTS = re.compile(r"(?P<head>\d+)(?P<letter>[A-Za-z])?(?P<rest>(?:\.\d+)*)(?P<tail>[A-Za-z])?\Z")
_DIRECTORY = re.compile(
    r"(?:[A-Z]{1,6}-)?(?:(?:phase|fase|p)[-_ ]?)?(\d{1,3}(?:[A-Za-z](?![A-Za-z]))?(?:\.\d{1,3})*)(?=[-_. ]|\Z)",
    re.IGNORECASE,
)


def normalise(text: str) -> str:
    """Return a phase or plan number without padding: ``02.1`` → ``2.1``, ``012a`` → ``12A``.

    Decimal parts are whole numbers, not fractions: ``09.10`` is ``9.10`` and not ``9.1``.
    Text that is no number comes back stripped and in capitals.
    """
    match = _PARTS.match(text.strip())
    if match is None:
        return text.strip().upper()
    letter = (match["letter"] or match["tail"] or "").upper()
    rest = "".join(f".{int(part)}" for part in match["rest"].split(".")[1:])
    if match["letter"]:
        return f"{int(match['head'])}{letter}{rest}"
    return f"{int(match['head'])}{rest}{letter}"


def order(number: str) -> tuple[int, str, tuple[int, ...], str]:
    """Return the sort key of a normalised number: ``2 < 2.1 < 2.1.1 < 2.2 < 3``, ``12 < 12A < 12A.1``."""
    match = _PARTS.match(number)
    if match is None:
        return (1 << 30, "", (), number)
    rest = tuple(int(part) for part in match["rest"].split(".")[1:])
    return (int(match["head"]), (match["letter"] or match["tail"] or "").upper(), rest, number)


def whole(number: str) -> int:
    """Return the whole-number part of a phase number, -1 when it has none."""
    head = re.match(r"\d+", number)
    return int(head[0]) if head else -1


def padded(key: str) -> str:
    """Return ``phase-plan`` as files and commits write it: ``1-2`` is ``01-02``."""
    phase, _, plan = key.rpartition("-")
    head, dot, rest = phase.partition(".")
    return f"{head.zfill(2)}{dot}{rest}-{plan.zfill(2)}"


def release(version: str) -> str:
    """Return the name that a version has however many zeros end it: ``v1.0.0``, ``v1.0`` and ``v1`` are one."""
    while version.endswith(".0"):
        version = version.removesuffix(".0")
    return version


def is_backlog(number: str) -> bool:
    """Say whether a phase number belongs to the backlog (``999.x``)."""
    return whole(number) == BACKLOG


def from_directory(name: str) -> str | None:
    """Return the normalised phase number that a directory name starts with, None when there is none."""
    match = _DIRECTORY.match(name)
    return normalise(match[1]) if match else None
