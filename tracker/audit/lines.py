"""Markdown as lines: what fences, tables, boxes, fields and phase names look like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tracker.audit.ids import PHASE_ID, is_backlog, normalise
from tracker.audit.marks import SYMBOLS, is_status
from tracker.audit.words import ANY_PART, ANY_PHASE, PLANS, heads

_DECOR = rf"(?:[\s*_~`\[\]]|[{SYMBOLS}\uFE0F]|[\U0001F300-\U0001FAFF])*"
PHASE_NAME = re.compile(
    rf"{_DECOR}(?:{ANY_PHASE}[ \t]*[#:]?[ \t]*(?P<id>{PHASE_ID})|第\s*(?P<cjk>\d{{1,3}})\s*(?:阶段|階段|期)|(?P<kr>\d{{1,3}})\s*단계)",
    re.IGNORECASE,
)
_WIDE_NAME = re.compile(
    rf"{_DECOR}{ANY_PART}[ \t]*[#:]?[ \t]*(?:(?P<letter>[A-UW-Z])-?(?=\d))?(?P<id>{PHASE_ID})", re.IGNORECASE
)
ROW_NAME = re.compile(
    rf"{_DECOR}(?:(?P<letter>[A-UW-Z])(?=\d))?(?P<id>{PHASE_ID})(?:[*_`\]]*)(?P<sep>[.:)\]]|[ \t]+[-–—]|[ \t]*\Z|[ \t]+(?=\S)|-(?=[a-z]))"
)
_RANGE = re.compile(
    r"[ \t]*(?:[-–—]|to|through|bis|até|&|and|,|\+)[ \t]*\d{1,4}(?:\.\d+)?[ \t]*(?:[:*_)\]|,(]|\Z|[-–—])",
    re.IGNORECASE,
)
CHECKBOX = re.compile(
    r"(?P<indent>\s{0,12})(?:[-*+]|\d{1,3}[.)])[ \t]+\[(?P<mark>[ xX]|[^\w\s\[\]^])\uFE0F?\][ \t]*(?P<rest>.*)\Z"
)
HEADING = re.compile(r"(?P<level>#{1,6})[ \t]+(?P<rest>.*?)[ \t]*#*\Z")
FIELD = re.compile(
    r"[ \t]*(?:[-*+][ \t]+)?(?:\*\*|__)(?P<key>[^*_:：\n]{1,60}?)(?:[:：](?:\*\*|__)|(?:\*\*|__)[ \t]*[:：])[ \t]*(?P<value>.*?)[ \t]*\Z"
)
PLAIN_FIELD = re.compile(r"(?P<key>[^\W\d_][^:：|`*#\n]{0,40}?)[:：][ \t]+(?P<value>\S.*?)[ \t]*\Z")
SEPARATOR = re.compile(r"[ \t]*\|?[ \t]*:?-{1,}:?[ \t]*(?:\|[ \t]*:?-{1,}:?[ \t]*){0,40}\|?[ \t]*\Z")
FENCE = re.compile(r"[ \t]{0,3}(```|~~~)")
RATIO = re.compile(r"(?<![\d/.\-])(\d{1,5})[ \t]*/[ \t]*(\d{1,5}|\?|N|TBD|—|-)(?![\d/])")
PERCENT = re.compile(r"(?<![\d.,])(\d{1,3}(?:[.,]\d{1,2})?)[ \t]*%")
PLAN_REF = re.compile(
    r"(?P<phase>\d{1,3}(?:[A-Za-z](?![A-Za-z]))?(?:\.\d{1,3}){0,3})"
    r"-(?:(?i:PLAN)-)?(?P<plan>\d{1,3}[A-Za-z]?|(?<=(?i:PLAN)-)[A-Za-z](?![A-Za-z]))(?!\d|\.(?!md\b))"
    r"(?P<tail>(?:-[A-Za-z][\w.+-]*?)?)(?:-PLAN)?(?:\.md)?(?=[\W_]|\Z)"
)
"""A plan by its two numbers, as its file is named: ``01-02``, ``01-02-PLAN.md``, ``01-PLAN-02.md``, ``01-PLAN-B.md``."""


MAX_LINE = 2_000
"""Characters of a line that are looked at; patterns cost more than the line's length, and no entry is longer."""
_BLANKS = re.compile(r"(?<=\S)[ \t]{3,}")


def split(text: str) -> tuple[list[str], list[int]]:
    """Split a document into lines of bounded length, long runs of blanks shortened.

    Returns the lines and the numbers of those whose end was cut off.
    """
    lines = text.split("\n")
    cut: list[int] = []
    for index, line in enumerate(lines):
        if len(line) > 300:
            short = _BLANKS.sub("  ", line).rstrip()
            indent = len(short) - len(short.lstrip())
            if indent > 100:
                short = short[indent - 100 :]
            if len(short) > MAX_LINE:
                cut.append(index + 1)
            lines[index] = short[:MAX_LINE]
    return lines, cut


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table with the table's header; ``line`` is the row's own."""

    line: int
    cells: tuple[str, ...]
    header: tuple[str, ...]

    def cell(self, *names: str) -> str | None:
        """Return the cell under the first header that starts with one of these words."""
        for index, title in enumerate(self.header):
            bare = title.strip("*_ `").casefold()
            if index < len(self.cells) and heads(bare, names):
                return self.cells[index]
        return None


def cells(line: str) -> tuple[str, ...]:
    """Split a table row at its bars (not at escaped ones), blanks trimmed."""
    text = line.strip()
    if "\\|" in text:
        text = text.replace("\\|", "\x00")
    parts = text.removeprefix("|").removesuffix("|").split("|")
    return tuple(part.strip().replace("\x00", "|") for part in parts)


def rows(lines: list[str], start: int) -> Iterator[Row]:
    """Yield the rows of the table whose header is ``lines[start]`` and separator the line after."""
    header = cells(lines[start])
    for index in range(start + 2, len(lines)):
        if "|" not in lines[index] or not lines[index].strip():
            return
        if SEPARATOR.match(lines[index]) and lines[index].count("-") > 2:
            continue
        yield Row(index + 1, cells(lines[index]), header)


_DONE_HEADERS = (
    "done",
    "completed",
    "finished",
    "готово",
    "завершено",
    "concluíd",
    "erledigt",
    "完成",
    "완료",
)
_TOTAL_HEADERS = (
    "tasks",
    "plans",
    "items",
    "total",
    "gesamt",
    "всего",
    "전체",
    "合计",
    "合計",
    "задач",
    "планов",
    "tarefas",
    "planos",
    "aufgaben",
    "任务",
    "작업",
)
_LEFT_HEADERS = ("remaining", "left", "open", "осталось", "restante", "offen", "剩余")


def columns(row: Row) -> tuple[int, int, int | None, str] | None:
    """Return done, total, remaining and the unit of a row with one whole number per column, None without."""
    found: dict[str, tuple[int, str]] = {}
    for index, title in enumerate(row.header[1:], start=1):
        name = title.strip("*_ `").casefold()
        cell = row.cells[index].strip("*_ `~") if index < len(row.cells) else ""
        if not cell.isdigit() or len(cell) > 5:
            continue
        for kind, words in (("done", _DONE_HEADERS), ("total", _TOTAL_HEADERS), ("left", _LEFT_HEADERS)):
            if name.startswith(words):
                found.setdefault(kind, (int(cell), name))
                break
    if "done" not in found or "total" not in found:
        return None
    unit = "plans" if found["total"][1].startswith(PLANS) else "tasks"
    return found["done"][0], found["total"][0], found["left"][0] if "left" in found else None, unit


def is_table(lines: list[str], index: int) -> bool:
    """Say whether a table's header stands on this line."""
    return (
        "|" in lines[index]
        and index + 1 < len(lines)
        and "-" in lines[index + 1]
        and "|" in lines[index + 1]
        and SEPARATOR.match(lines[index + 1]) is not None
    )


def phase_name(text: str) -> tuple[str, str] | None:
    """Return number and title when the text names one phase; None for ranges, backlog and other text."""
    match = PHASE_NAME.match(text)
    if match is None:
        return None
    return _named(match["id"] or match["cjk"] or match["kr"], text[match.end() :])


def part_name(text: str) -> tuple[str, str, str] | None:
    """Return number, title and letter when the text names what may stand for a phase: ``Step 1. X``, ``Phase R1``.

    A V is no such letter: ``Phase V2`` is of a version.
    """
    match = _WIDE_NAME.match(text)
    named = _named(match["id"], text[match.end() :]) if match is not None else None
    return (*named, (match["letter"] or "").upper()) if match is not None and named is not None else None


def names_backlog(text: str) -> bool:
    """Whether the text names a phase of the backlog (``999.x``), which is none yet."""
    match = PHASE_NAME.match(text)
    return match is not None and match["id"] is not None and is_backlog(normalise(match["id"]))


def row_name(text: str) -> tuple[str, str] | None:
    """Return number and title of a table cell that names a phase: ``Phase 1: X``, ``1. X``, ``**1**``, ``1``."""
    found = phase_name(text)
    if found is not None or PHASE_NAME.match(text):
        return found
    numbered = part_row(text)
    return numbered[:2] if numbered is not None and not numbered[2] else None


def part_row(text: str) -> tuple[str, str, str] | None:
    """Return number, title and letter of a table cell that begins with a number: ``1. X``, ``P6``."""
    match = ROW_NAME.match(text)
    if match is None:
        return None
    rest = text[match.end() - (0 if match["sep"] in ".:)]" else len(match["sep"])) :]
    named = _named(match["id"], rest)
    return (*named, match["letter"] or "") if named is not None else None


def _named(number: str, rest: str) -> tuple[str, str] | None:
    if _RANGE.match(rest) or is_backlog(normalise(number)):
        return None
    return normalise(number), title(rest)


_TITLE_LEAD = re.compile(r"^[\s:.)\]*_~`\-–—]+")
_TITLE_COUNT = re.compile(r"\s*[-–—(|:,]\s*\d{1,3}\s*/\s*\d{1,3}\s*(?:plans?|tasks?)\b.*\Z", re.IGNORECASE)
_TITLE_TAIL = re.compile(
    rf"\s*(?:\((?:INSERTED|COMPLETED?|DONE|IN PROGRESS|NEW)[^)]*\)|[{SYMBOLS}●]\uFE0F?"
    rf"|(?:[-–—|(]\s*)(?:[{SYMBOLS}●]\uFE0F?\s*)*\d{{1,3}}\s*%\)?"
    rf"|[{SYMBOLS}●]\uFE0F?\s*(?:\d{{1,3}}\s*%|\([^()]*\))"
    r"|(?:[-–—|]|(?:[-–—|]\s*)?(?:[✅✓✔]\s*)?\b(?:COMPLETED?|DONE|SHIPPED|FINISHED)\b)\s*\(?\d{4}-\d\d-\d\d\)?)\s*$",
    re.IGNORECASE,
)
_TITLE_STATUS = re.compile(
    rf"\s*(?:(?:[{SYMBOLS}●]\uFE0F?|\s[-–—:|])\s*(?P<word>[^\W\d_][^{SYMBOLS}]{{0,24}})|[(（【](?P<inner>[^()（）【】]{{1,24}})[)）】])\Z"
)
_LINK = re.compile(r"\]\([^()\s]{0,200}\)")


def title(rest: str) -> str:
    """Return the title that follows a phase number: without emphasis, marks, counts and the description after it."""
    text = _TITLE_LEAD.sub("", _LINK.sub("", rest).replace("[", ""))
    bold = text.find("**")
    if bold > 0:
        text = text[:bold]
    text = _TITLE_COUNT.sub("", text)
    if (status := _TITLE_STATUS.search(text)) and is_status(status["word"] or status["inner"]):
        text = text[: status.start()]
    while (shorter := _TITLE_TAIL.sub("", text)) != text:
        text = shorter
    return text.strip(" *_`~:")
