"""Lists and tables of plans in a state document: the headings that open a list, the plans in lines and rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tracker.audit import lines as md
from tracker.audit import marks
from tracker.audit.ids import normalise
from tracker.audit.model import Mark
from tracker.audit.words import PHASE, STATUS

_HEADINGS: dict[str, Mark] = {
    "completed?|done|finished": "done",
    "active|in progress|current": "active",
    "pending|remaining|planned|upcoming|not started|todo|to do|failed": "open",
    "deferred": "deferred",
}
_OPENED = tuple(
    (re.compile(rf"(?:{words})(?: (?:plans?|tasks?))?\Z", re.IGNORECASE), mark)
    for words, mark in _HEADINGS.items()
)
_ITEM = re.compile(r"(?:[-*+]|\d{1,3}[.)])[ \t]+(?:\[(?P<box>[ xX✓✔✅])\][ \t]*)?(?P<rest>\S.*?)[ \t]*\Z")
_NUMBERED = re.compile(
    r"[*_`]*(?P<word>plan|task)[ \t]+(?:(?P<phase>\d{1,3}(?:\.\d{1,3})*)[.-])?(?P<number>\d{1,3}[A-Za-z]?)"
    r"(?:[*_`]*[ \t]*[:—–-][*_`]*)[ \t]*(?P<title>.*)\Z",
    re.IGNORECASE,
)
_DETAIL = re.compile(r"(?P<title>.*?)[ \t]+\((?P<detail>.*)\)\Z")
_SYMBOL = re.compile(rf"[ \t]*(?P<symbol>[{marks.SYMBOLS}]\uFE0F?)\Z")
_CELL = re.compile(r"[*_`]*(?:(?P<phase>\d{1,3}(?:\.\d{1,3})*)[.-])?(?P<number>\d{1,3})[*_`]*\Z")
_NUMBER_HEADERS = ("#", "№", "no", "no.", "nr", "id", "task", "plan", "step", "")
_TITLE_HEADERS = (
    "task", "plan", "step", "tarefa", "tarea", "aufgabe", "задач", "план", "шаг", "任务", "任務", "计划", "작업",
)  # fmt: skip


class Item(NamedTuple):
    """A plan in a list. Without ``number`` the list gives it none; ``phase`` is empty where only the list says it.

    ``plan``: it is called a plan, or the list says so; a task may be part of one. ``box``: it has a box of its own.
    """

    phase: str
    number: str
    title: str
    detail: str
    symbol: str
    mark: Mark
    plan: bool = True
    box: bool = False


def opened(heading: str) -> Mark | None:
    """The mark of the plans in the list that a heading opens: ``Completed Plans``, ``In Progress``; None for others."""
    return next((mark for words, mark in _OPENED if words.match(heading)), None)


def item(line: str, mark: Mark) -> Item | None:
    """The plan in a list's line; a box of its own says more than the list's ``mark``. None where it is no item."""
    found = _ITEM.match(line)
    if found is None:
        return None
    if box := found["box"]:
        ticked = marks.box(box) == "done"
        mark = "done" if ticked else "open" if mark == "done" else mark
    rest, symbol = found["rest"], ""
    named = _NUMBERED.match(rest)
    rest = named["title"] if named else rest
    if tail := _SYMBOL.search(rest):
        rest, symbol = rest[: tail.start()], tail["symbol"]
    rest = rest.removesuffix("**") if rest.count("**") % 2 else rest
    detail = _DETAIL.match(rest)
    title, more = (detail["title"], detail["detail"]) if detail else (rest, "")
    return Item(
        phase=normalise(named["phase"]) if named and named["phase"] else "",
        number=normalise(named["number"]) if named else "",
        title=title,
        detail=more,
        symbol=symbol,
        mark=mark,
        plan=named is not None and named["word"].casefold() == "plan",
        box=bool(box),
    )


def task(row: md.Row, phase: str) -> Item | None:
    """The plan in a row of the table of a phase's tasks (``# | Task | Status``); None in any other table.

    Its number has the phase's before it (``2.1``), or stands alone in a table that is headed so.
    """
    header = [marks.plain(cell).casefold() for cell in row.header]
    if len(row.cells) < 3 or header[0] not in _NUMBER_HEADERS or header[1].startswith(PHASE):
        return None
    number, status = _CELL.match(row.cells[0]), row.cell(*STATUS)
    mark = marks.status(status) if status else None
    title = row.cells[1].strip()
    if number is None or mark is None or not title:
        return None
    if normalise(number["phase"]) != phase if number["phase"] else not header[1].startswith(_TITLE_HEADERS):
        return None
    return Item(phase, normalise(number["number"]), title, "", "", mark, plan=False)


def numbered(
    items: Sequence[tuple[Item, int]], counts: Mapping[str, int | None]
) -> tuple[list[tuple[Item, int]], list[int]]:
    """The items of all lists with their lines, each with a number, and the lines of those that are no plans.

    What has no number comes behind those of its phase that have one. It is a plan where it has a box among such, or
    where the document counts as many plans in the phase as its lists have; ``counts`` are these (None: no count).
    """
    found = [(item, line) for item, line in items if item.number]
    others: dict[str, list[tuple[Item, int]]] = {}
    for item, line in items:
        if not item.number:
            others.setdefault(item.phase, []).append((item, line))
    left = []
    for phase, more in others.items():
        taken = [item.number for item, _ in found if item.phase == phase]
        whole = phase in counts and counts[phase] in (None, len(taken) + len(more))
        last = max((int(number) for number in taken if number.isdigit()), default=0)
        for item, line in more:
            if whole or (item.box and taken):
                last += 1
                found.append((item._replace(number=str(last)), line))
            else:
                left.append(line)
    return sorted(found, key=lambda pair: pair[1]), left
