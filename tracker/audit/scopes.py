"""Commit subjects to phases and plans: conventional scopes, strict and as people really write them.

Source: the conventional-commits form ``type(scope)!: text`` with the scopes of planning tools,
``feat(08-02): …``, ``docs(phase-03): …``, ``feat(02.1-01): …``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from tracker.audit.ids import normalise

_HEAD = re.compile(r"([A-Za-z]{2,20})\(([^()]{1,120})\)!?:(?=\s|\Z)")
_PHASE = r"(?:phase-)?0*(\d{1,3}(?:[A-Za-z](?![A-Za-z]))?(?:\.\d{1,3}){0,3})"
_EXACT = re.compile(_PHASE + r"-(\d{1,3}[A-Za-z]?)\Z", re.IGNORECASE)
_SLUGGED = re.compile(_PHASE + r"-[a-z][a-z0-9.+&-]{0,90}?-(?:\d{1,3}-)?(\d{1,3})\Z", re.IGNORECASE)
_SEVERAL = re.compile(
    _PHASE + r"-(\d{1,3})(?:(?:[,/&+]|\.\.|\s|and)+(?:\d{1,3}-)?(\d{1,3}))+\Z", re.IGNORECASE
)
_PHASE_ONLY = re.compile(r"(?:phase[- ]?|p)?0*(\d{1,3}[A-Za-z]?(?:\.\d{1,3}){0,3})\Z", re.IGNORECASE)
_PHASE_SLUG = re.compile(_PHASE + r"-[a-z][^,/]{0,90}\Z", re.IGNORECASE)
_NAMED = re.compile(r"[a-z][a-z-]{2,40}-0*(\d{1,3})\Z", re.IGNORECASE)
_ELSEWHERE = re.compile(r"(?<![\w.-])(\d{1,3}(?:\.\d{1,3})?)-(\d{2,3})(?![\w-])")
_NUMBER = re.compile(r"\d{1,3}")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a commit subject refers to. ``exact`` is the strict ``type(NN-MM):`` form, all else a variant.

    ``plan`` is empty for a commit of a whole phase; ``phase`` is empty where only a plan number is named.
    """

    type: str
    phase: str
    plan: str
    exact: bool
    variant: str

    @property
    def key(self) -> str:
        """``phase-plan`` without padding, empty unless both are named."""
        return f"{self.phase}-{self.plan}" if self.phase and self.plan else ""


def parse(subject: str) -> tuple[Scope, ...]:
    """Return the phases and plans that a commit subject refers to, none for an unrelated commit."""
    head = _HEAD.match(subject)
    if head is None:
        return _elsewhere(subject, "") if "-" in subject else ()
    kind, scope = head[1], head[2].strip()
    if not any(char.isdigit() for char in scope):
        return _elsewhere(subject[head.end() :], kind) if "-" in subject[head.end() :] else ()
    found = _of_scope(scope)
    if found:
        return tuple(Scope(kind, phase, plan, exact, variant) for phase, plan, exact, variant in found)
    return _elsewhere(subject[head.end() :], kind)


@lru_cache(maxsize=8192)
def _of_scope(scope: str) -> tuple[tuple[str, str, bool, str], ...]:
    if scope[:5].lower() == "quick":
        return ()
    if match := _EXACT.match(scope):
        return ((normalise(match[1]), normalise(match[2]), True, "exact"),)
    if match := _SEVERAL.match(scope):
        rest = scope[match.end(1) :].lstrip("-")
        numbers = [normalise(number) for number in _NUMBER.findall(rest)]
        phase = normalise(match[1])
        if ".." in rest and len(numbers) == 2:
            numbers = [str(n) for n in range(int(numbers[0]), min(int(numbers[1]), int(numbers[0]) + 99) + 1)]
        return tuple(
            (phase, number, False, "several plans")
            for number in numbers
            if number != phase or len(numbers) < 3
        )
    if match := _PHASE_ONLY.match(scope):
        return ((normalise(match[1]), "", False, "phase"),)
    if match := _SLUGGED.match(scope):
        return ((normalise(match[1]), normalise(match[2]), False, "slugged plan"),)
    if match := _PHASE_SLUG.match(scope):
        return ((normalise(match[1]), "", False, "slugged phase"),)
    if match := _NAMED.match(scope):
        return (("", normalise(match[1]), False, "named"),)
    return ()


def _elsewhere(text: str, kind: str) -> tuple[Scope, ...]:
    match = _ELSEWHERE.search(text)
    if match is None:
        return ()
    return (Scope(kind, normalise(match[1]), normalise(match[2]), exact=False, variant="in the subject"),)
