"""Titles of phases and plans without what tools and people write around them."""

from __future__ import annotations

import re

LONGEST = 120
"""Characters; a sentence that somebody took for a title is cut at a word, and its whole stands in the plan's text."""

_MARKS = r"[✓✔✅☑🚧⏳❌]\uFE0F?"
_BEFORE = re.compile(
    rf"(?:{_MARKS}\s*)?(?:COMPLETED?\s*(?:\(\d{{4}}-\d\d-\d\d\))?\s*[-–—:]?\s*)?"
    r"(?:Task\s+[\d.]+[A-Za-z]?\s*[:.–—-]\s+|(?:Phase\s+[\d.]+[A-Za-z]?\s*[,–—-]?\s*)?(?:Plan\s+[\d.]+[A-Za-z]?\s*)?(?:Summary|SUMMARY)?\s*:\s+|\d{1,3}\s+Summary:\s+)?"
)
_ONE_TASK = re.compile(r"Task\s+\d", re.IGNORECASE)
_COUNTED = re.compile(r"\s*\(\s*\d+\s*/\s*\d+(?:\s+\w+)?\s*\)|\s*\(INSERTED\)", re.IGNORECASE)
_AFTER = re.compile(
    rf"\s*(?:{_MARKS}|[-–—]\s*(?:completed?|shipped|done)\b.*|\s(?:[-–—]\s*)?(?:Summary|Implementation Plan)|\((?:completed|shipped)\b[^)]*\))\s*\Z",
    re.IGNORECASE,
)
_NONE = re.compile(
    r"(?:(?:\d*\s*(?:plan\s*)?summary|what was built|overview|performance|accomplishments|objective|context)\W*\Z|.*:\Z|Task\s+[\d.]+"
    r"|(?:Phase\s+[\d.]+[A-Za-z]?\W*)?Plan\s+[\d.]+[A-Za-z]?)\Z",
    re.IGNORECASE,
)


def phase(text: str) -> str:
    """``Lamp (3/3 plans) — completed 2026-01-02`` → ``Lamp``; the words stay as their author has written them."""
    return _short(_trimmed(_COUNTED.sub("", " ".join(text.split()))))


def plan(text: str, objective: str, default: str) -> str:
    """The plan's title; where that is a heading that every such file has, the first sentence of its objective.

    So it is where the title is the name of one of several tasks (``Task 1: wick``): without an objective that one is it.
    """
    line = " ".join(text.split())
    title = _trimmed(_BEFORE.sub("", line, count=1))
    if not title or _NONE.match(title) or (objective and _ONE_TASK.match(line)):
        title = re.split(r"(?<=[.!?])\s", objective, maxsplit=1)[0].rstrip(".")
    return _short(title) or default


def _trimmed(text: str) -> str:
    while (shorter := _AFTER.sub("", text)) != text and shorter.strip():
        text = shorter
    return text.strip()


def _short(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    head, space, _ = text[:LONGEST].rpartition(" ")
    return f"{head if space and len(head) > LONGEST // 2 else text[:LONGEST]}…"
