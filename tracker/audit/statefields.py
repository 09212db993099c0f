"""Fields and progress lines of a state document to claims."""

from __future__ import annotations

import re

from tracker.audit import lines as md
from tracker.audit import marks, phrases
from tracker.audit.ids import normalise, order
from tracker.audit.model import Unread
from tracker.audit.reader import (
    COUNT_KEYS,
    DECISIVE,
    FOCUS_KEYS,
    NOTED,
    PHASE_KEYS,
    PLAN_KEYS,
    PROGRESS_KEYS,
    STATUS_KEYS,
    Reader,
)
from tracker.audit.words import ANY_PHASE, PHASE, PROGRESS

_PHASES_NAMED = re.compile(rf"\b{ANY_PHASE}\s+(\d{{1,3}}(?:\.\d{{1,3}})*[A-Z]?)\b", re.IGNORECASE)


_OTHER_SHARE = re.compile(r"%[ \t]+(?!complete|done|finished|of\b)[^\W\d_]", re.IGNORECASE)
"""A percentage of something that is named: "70% latency reduction"."""
_COUNTED = {"position", "progress", "metrics"}


def is_noted(key: str) -> bool:
    """Whether a field of this name is known to say nothing about progress."""
    return key in NOTED or key.startswith(("last ", "next", "total ", "average ", "avg"))


def read(reader: Reader, key: str, value: str, *, bare: str, line: int, column: int) -> bool:
    """Read one field as claims. False where it looks like progress and is not understood."""
    plain = marks.plain(value)
    decisive = reader.section in DECISIVE
    key = key.partition(" / ")[0]
    if key in PHASE_KEYS and reader.section != "history":
        _position(reader, key, value, line, column)
    elif key in PLAN_KEYS and reader.section != "history":
        _plan(reader, value, line, column)
    elif key in STATUS_KEYS:
        _status(reader, plain, line, column)
    elif key in PROGRESS_KEYS or re.fullmatch(r"v[\d.]+ progress", key):
        label = phrases.version(key)
        progress(reader, f"{label} {value}".strip(), column, line)
    elif any(word in key for word in PROGRESS):
        scope = reader.scope or reader.phase
        about_phase = scope and any(word in key for word in PHASE)
        progress(reader, f"Phase {scope} {value}" if about_phase else value, column, line)
    elif key in FOCUS_KEYS:
        _focus(reader, bare, plain, line, column)
    elif key in COUNT_KEYS:
        _count(reader, key, plain, bare=bare, line=line, column=column)
    elif (
        key in ("plans", "completed", "remaining")
        and (scope := reader.scope or reader.phase)
        and re.match(r"\d{1,4}\b", plain)
    ):
        number = int(re.match(r"\d{1,4}", plain)[0])  # type: ignore[index]
        if not re.search(r"\d{4}-\d\d", plain):
            _share(reader, key, number, scope=scope, bare=bare, line=line, column=column)
    elif key in ("project", "goal"):
        reader.claim(line, column, key, bare, value=plain, decisive=False)
    elif key == "milestone":
        reader.milestone = reader.milestone or phrases.version(plain)
        reader.claim(line, column, "milestone", bare, value=plain, decisive=False)
    elif reader.section in _COUNTED and (label := phrases.version(key)) == key:
        progress(reader, bare, column, line, of=label)
    elif reader.section in _COUNTED and key in ("total", "totals", "overall"):
        if _OTHER_SHARE.search(value):
            return False
        progress(reader, bare, column, line)
    elif is_noted(key):
        reader.claim(line, column, "note", bare, value=plain, decisive=False) if key == "stopped at" else None
    elif decisive and (md.PERCENT.search(value) or md.RATIO.search(value) or marks.word(value) is not None):
        return False
    return True


def _position(reader: Reader, key: str, value: str, line: int, column: int) -> None:
    where = phrases.position(marks.plain(value))
    if where is None:
        done = phrases.milestone_done(value)
        if done is not None:
            reader.claim(line, column, "milestone status", f"{key}: {value}", value=done[0], mark="done")
        elif (re.search(r"\d", value) and not phrases.version(value)) or marks.word(value) is not None:
            reader.unread.append(Unread(reader.file, line, column, f"{key}: {value}"))
        return
    if not reader.phase:
        reader.phase = where.number
    reader.claim(line, column, "position", f"{key}: {value}", scope=where.number, total=where.total)
    if where.mark is not None:
        reader.claim(
            line,
            column,
            "phase status",
            f"{key}: {value}",
            scope=where.number,
            mark=where.mark,
            value=re.sub(r"^[\s:|—–\-.(]+", "", where.rest),
        )
    elif (hit := phrases.milestone_done(where.rest)) is not None:
        reader.claim(line, column, "milestone status", f"{key}: {value}", value=hit[0], mark="done")


def _focus(reader: Reader, bare: str, plain: str, line: int, column: int) -> None:
    """What is worked on; a focus that calls a phase complete speaks of that phase, and of no place to stand at."""
    done = phrases.says_done(plain)
    statuses = phrases.phase_statuses(plain) if done else []
    for number, mark, words, offset in statuses:
        reader.claim(line, column + offset, "phase status", bare, scope=number, mark=mark, value=words)
    named = {normalise(number) for number in _PHASES_NAMED.findall(plain)} if statuses or not done else set()
    scope = max(named - {status[0] for status in statuses}, key=order, default="")
    if scope or not statuses:
        reader.claim(line, column, "focus", bare, scope=scope, value=plain, decisive=False)


def _plan(reader: Reader, value: str, line: int, column: int) -> None:
    plain = marks.plain(value)
    found = phrases.plan_position(plain)
    if found is None:
        if re.search(r"\d", plain):
            reader.unread.append(Unread(reader.file, line, column, f"Plan: {value}"))
        return
    phase, at, total, mark = found
    reader.claim(
        line,
        column,
        "plan position",
        f"Plan: {value}",
        scope=phase or reader.phase,
        done=at,
        total=total,
        mark=mark,
    )


def _status(reader: Reader, plain: str, line: int, column: int) -> None:
    if (hit := phrases.milestone_done(plain)) is not None:
        reader.claim(line, column, "milestone status", f"Status: {plain}", value=hit[0], mark="done")
    statuses = phrases.phase_statuses(plain)
    for number, mark, words, offset in statuses:
        reader.claim(line, column + offset, "phase status", f"Status: {words}", scope=number, mark=mark)
    if statuses or hit:
        return
    mark_found = marks.status(plain)
    scope = phrases.active_phase(plain) or reader.scope or reader.phase
    if mark_found is not None and scope:
        reader.claim(
            line, column, "phase status", f"Status: {plain}", scope=scope, value=plain, mark=mark_found
        )
    else:
        reader.claim(line, column, "status", f"Status: {plain}", value=plain, mark=mark_found, decisive=False)


def _count(reader: Reader, key: str, plain: str, *, bare: str, line: int, column: int) -> None:
    kind, what = COUNT_KEYS[key]
    numbers = [f for f in phrases.figures(plain) if f.total is not None and f.unit != "other"]
    label = phrases.only_version(plain) or ("" if phrases.version(plain) else reader.label)
    if what == "phase":
        label, what = reader.phase, "total"
    if numbers and numbers[0].done is not None:
        reader.claim(line, column, kind, bare, scope=label, done=numbers[0].done, total=numbers[0].total)
    elif (match := re.match(r"(\d{1,5})\b", plain)) and what != "both":
        number = int(match[1])
        reader.claim(
            line,
            column,
            kind,
            bare,
            scope=label,
            done=number if what == "done" else None,
            total=number if what == "total" else None,
        )


def _share(reader: Reader, key: str, number: int, *, scope: str, bare: str, line: int, column: int) -> None:
    if key == "plans":
        reader.claim(line, column, "plans", bare, scope=scope, total=number)
    elif key == "completed":
        reader.claim(line, column, "plans", bare, scope=scope, done=number)
    else:
        reader.claim(line, column, "remaining", bare, scope=scope, done=number, decisive=False)


def progress(reader: Reader, text: str, column: int, line: int, *, of: str = "") -> None:
    """Read every count, percentage and bar in a line as claims of what the line names, or ``of`` something known."""
    plain = marks.plain(text) if "[" not in text else text
    section = (
        reader.section if reader.section in ("position", "progress", "metrics", "history") else "progress"
    )
    found = phrases.figures(plain)
    drawn = phrases.bars(text)
    if (hit := phrases.milestone_done(plain)) is not None and not found:
        reader.claim(line, column, "milestone status", text, section=section, value=hit[0], mark="done")
    for figure in found:
        unclear = not of and figure.scope == phrases.SEVERAL
        scope = of or ("" if unclear else figure.scope)
        at = column + figure.offset
        if figure.unit == "other":
            continue
        if figure.unit == "percent":
            reader.claim(
                line,
                at,
                "percent",
                text,
                section=section,
                scope=scope,
                value=phrases.SEVERAL if unclear else "",
                percent=figure.percent,
                decisive=False if unclear else None,
            )
        else:
            reader.claim(
                line,
                at,
                figure.unit or "ratio",
                text,
                section=section,
                scope=scope,
                value=phrases.SEVERAL if unclear else "",
                done=figure.done,
                total=figure.total,
                decisive=False if figure.done is None or unclear else None,
            )
    percents = [figure.percent for figure in found if figure.percent is not None]
    if percents and len(drawn) in (1, len(percents)):
        # Each bar has the percentage of its place, one alone any of the line: none is within a cell of it.
        for index, (share, length, offset) in enumerate(drawn):
            beside = percents if len(drawn) == 1 else [percents[index]]
            if all(abs(share - percent) > 100 / length + 2 for percent in beside):
                value = f"{beside[0]:g}"
                reader.claim(line, column + offset, "bar", text, percent=share, value=value, decisive=False)
    if not found and hit is None and (longest := phrases.bar(text)) is not None:
        reader.claim(
            line, column, "percent", text, section=section, percent=round(longest[0], 1), decisive=False
        )
