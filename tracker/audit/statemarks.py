"""Marks at the phases' own headings and boxes in a state document, and lines of one that says nothing else, to claims."""

from __future__ import annotations

import re

from tracker.audit import lines as md
from tracker.audit import marks, phrases, words
from tracker.audit.ids import order
from tracker.audit.model import Claim, Mark, Roadmap, Unread
from tracker.audit.reader import DECISIVE, PhaseHeading, Reader

_WORDS_OF_NO_WEIGHT = {"project", "goal", "note", "milestone", "focus"}
_SAYS_DONE = re.compile(
    r"\b(?:complete[d]?|done|finished|shipped|in progress|pending|blocked)\b", re.IGNORECASE
)


def phases_as_claims(reader: Reader, read: Roadmap) -> None:
    """Turn phase headings and boxes of a state document into claims, where no table or line said the same.

    A heading decides in the sections that do; elsewhere one that a table gives another status does, for both cannot
    be true.
    """
    said: dict[str, list[Claim]] = {}
    for claim in reader.claims:
        if claim.kind == "phase status":
            said.setdefault(claim.scope, []).append(claim)
    for phase in sorted(read.phases, key=lambda item: order(item.number)):
        mark: Mark | None = None
        heading: PhaseHeading | None = None
        if phase.checkbox is not None:
            mark = "done" if phase.checkbox else "open"
        else:
            headings = [heading for heading in reader.headings if heading.phase == phase.number]
            done = next((heading for heading in headings if _heading_mark(heading.text) == "done"), None)
            if phase.heading or done is not None:
                mark, heading = "done", done or next(iter(headings), None)
        others = said.get(phase.number, [])
        against = mark == "done" and any(_denies(other, phase.title) for other in others)
        current = mark == "done" and phase.number == reader.phase and not _tabled(others)
        if mark is None or (others and not against and not current):
            continue
        place = heading or phase
        reader.claim(
            place.line,
            place.column,
            "phase status",
            heading.text if heading is not None else f"Phase {phase.number}: {phase.title}",
            section="progress",
            scope=phase.number,
            mark=mark,
            value="marked",
            decisive=mark == "done"
            and (
                phase.checkbox is not None or against or (heading is not None and heading.section in DECISIVE)
            ),
        )
    for heading in reader.headings:
        _count(reader, heading)


_COUNT = re.compile(r"[ \t]*[(（][ \t]*\d{1,4}[ \t]*(?:/|of)[ \t]*\d{1,4}[^()（）]{0,40}[)）][\s*_]*\Z")
"""A count in parentheses at the end of a heading: behind the mark, if there is one."""


def _heading_mark(text: str) -> Mark | None:
    return marks.tail(_COUNT.sub("", text))


def _count(reader: Reader, heading: PhaseHeading) -> None:
    """``### Phase 3: Glass (1/3 plans complete)``."""
    at = _COUNT.search(heading.text)
    plans = [f for f in phrases.figures(at[0]) if f.unit == "plans" and f.done is not None] if at else []
    if len(plans) == 1:
        reader.claim(
            heading.line,
            heading.column,
            "plans",
            heading.text,
            section="progress",
            scope=heading.phase,
            done=plans[0].done,
            total=plans[0].total,
            decisive=heading.section in DECISIVE,
        )


def _tabled(claims: list[Claim]) -> bool:
    return any(claim.section in {"status table", "metrics"} for claim in claims)


def _denies(claim: Claim, title: str) -> bool:
    """Whether a row says of the phase of this title, and not of another with its number, that it is not complete."""
    name = re.split(r"\s+[-–—|(]", title)[0].strip().casefold()
    open_ = claim.mark in {"open", "active"} and not marks.only_awaits(claim.value)
    return open_ and _tabled([claim]) and bool(name) and name in claim.text.casefold()


def unread_lines(reader: Reader, lines: list[str], start: int) -> None:
    """List what looks like a statement in a document of which no claim was read."""
    if any(claim.kind not in _WORDS_OF_NO_WEIGHT for claim in reader.claims):
        return
    known = {unread.line for unread in reader.unread}
    fenced = False
    for number, line in enumerate(lines[start:], start=start + 1):
        fenced ^= md.FENCE.match(line) is not None
        bare = line.strip()
        if fenced or not bare or bare[0] in "#>|" or number in known:
            continue
        field = md.FIELD.match(line)
        of_now = field is not None and marks.plain(field["key"]).casefold().startswith(words.CURRENT)
        counts = md.PERCENT.search(bare) or md.RATIO.search(bare)
        if of_now or counts or _SAYS_DONE.search(bare) or marks.symbol(bare) is not None:
            reader.unread.append(Unread(reader.file, number, line.find(bare) + 1, bare))
