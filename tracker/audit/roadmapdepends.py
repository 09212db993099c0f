"""What phases wait for: ``**Depends on**: Phases 2, 3 (for the lens)``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tracker.audit.ids import normalise, order
from tracker.audit.words import PHASE, PHASES

_NUMBER = r"\d{1,4}(?:\.\d{1,3})*[A-Za-z]?(?![\w%]|\.\d)"
_BETWEEN = (
    r"[ \t]*(?:[,;&+/、，]|\b(?:and|und|e|y|et|og|en|и)\b|和)+[ \t]*(?:(?:and|und|e|y|et|og|en|и)\b[ \t]*)?"
)
_WORD = rf"(?:{'|'.join(sorted((*PHASE, *PHASES), key=len, reverse=True))})[ \t]*#?[ \t]*"
_REFERENCE = re.compile(
    rf"(?P<word>{_WORD})?(?P<first>{_NUMBER})(?:[ \t]*(?:[-–—]|\b(?:to|through)\b)[ \t]*(?:{_WORD})?(?P<last>{_NUMBER}))?",
    re.IGNORECASE,
)
_NEXT = re.compile(_BETWEEN, re.IGNORECASE)
_REMARK = re.compile(r"\([^()]*\)|[*_`\[\]]")
_END = re.compile(r"[ \t]*(?:\Z|[,;.·|]|[-–—](?!\d))")


class Span(NamedTuple):
    """The phases from ``first`` to ``last``; often the same."""

    first: str
    last: str


def read(value: str) -> list[Span]:
    """The phases that the value begins with; what follows them is a remark. ``Nothing`` and other words name none.

    Numbers without the word count only where the value holds nothing else: ``2, 3``, but not ``3 services``.
    """
    text = _REMARK.sub("", value).strip()
    found: list[Span] = []
    at, named = 0, False
    while match := _REFERENCE.match(text, at):
        named = named or match["word"] is not None
        if match["last"] and not named:
            return []  # "01-02" is a plan
        first, last = normalise(match["first"]), normalise(match["last"] or match["first"])
        if order(first) <= order(last):
            found.append(Span(first, last))
        at = match.end()
        between = _NEXT.match(text, at)
        if between is None:
            break
        at = between.end()
    return found if named or _END.match(text, at) else []


def numbers(spans: Sequence[Span], known: Sequence[str], own: str) -> tuple[str, ...]:
    """The phases that are meant: each that is named, and of a range those that there are, never the phase itself."""
    found: dict[str, None] = {}
    for first, last in spans:
        inside = [n for n in known if order(first) <= order(n) <= order(last)] if first != last else [first]
        found |= dict.fromkeys(number for number in inside if number != own)
    return tuple(found)


def reaches(start: str, end: str, edges: Mapping[str, Sequence[str]]) -> bool:
    """Whether one gets from the one to the other by what each of them waits for."""
    seen, left = {start}, [start]
    while left:
        for other in edges.get(left.pop(), ()):
            if other == end:
                return True
            if other not in seen:
                seen.add(other)
                left.append(other)
    return False
