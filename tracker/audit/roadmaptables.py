"""Tables of a roadmap: phases listed in rows, with status cells and plan counts."""

from __future__ import annotations

import re

from tracker.audit import lines as md
from tracker.audit import marks
from tracker.audit.model import Mark
from tracker.audit.roadmapdraft import VERSION, Reading, enter, version_name
from tracker.audit.words import DATE, DEPENDS, NAME, NUMBER, PHASE, PROGRESS, STAGE, STATUS, heads

_COUNT_CELL = re.compile(
    r"[*_ ]*(\d{1,4})\s*/\s*(\d{1,4}|\?|N|TBD|-|—)(?=[*_ ]*(?:\Z|plans?\b|tasks?\b|\())", re.IGNORECASE
)
_COUNT_LEAD = re.compile(
    r"[*_ ]*(\d{1,4})\s*/\s*(\d{1,4}|\?|N|TBD|-|—)(?:\s+(?:plans?|tasks?)\b)?(?=[*_ ]*[^\w\s]*\s*[^\W\d_]{2})",
    re.IGNORECASE,
)
_COUNT_WITHIN = re.compile(r"(?<![\d/])(\d{1,4})\s*/\s*(\d{1,4})\s*plans?\b", re.IGNORECASE)
_TOTAL_ROW = re.compile(
    r"[*_ ]*(?:total|sum|итого|всего|gesamt|summe|合计|总计|合計|합계|totalt|totale|somme)", re.IGNORECASE
)


def read_table(state: Reading, rows: list[md.Row]) -> None:
    """Read the phases that a table lists; rows that say how far something is, and name no phase, are noted.

    A table of things that belong to phases, as requirements do, says nothing of the phases.
    """
    if not rows:
        return
    header = [marks.plain(cell).casefold() for cell in rows[0].header]
    columns = _columns(header, wide=state.wide)
    belongs = columns is None and any(heads(cell, PHASE) for cell in header[1:])
    for row in rows:
        if columns is not None and _phase(state, row, *columns):
            continue
        if belongs or any(map(_TOTAL_ROW.match, row.cells[:2])):
            continue
        if is_data(row.cells[1:]) or md.columns(row) is not None:
            state.leave(row.line, " | ".join(row.cells))


def _phase(state: Reading, row: md.Row, number_at: int, name_at: int) -> bool:
    """Read a row as a phase whose number and name stand in these cells; whether it is one."""
    if max(number_at, name_at) >= len(row.cells):
        return False
    named = state.named(row.cells[number_at], cell=True)
    if name_at != number_at:
        reference = md.phase_name(row.cells[name_at])
        if named is None:
            named = reference if marks.plain(row.header[0]).casefold() != "id" else None
        elif reference is not None and reference[0] == named[0]:
            named = reference
        elif reference is not None and not reference[1]:
            # "1 | Phase 3 | open": something else's number, and the phase that it belongs to.
            return False
        else:
            named = (named[0], named[1] or md.title(row.cells[name_at]))
    if named is None or not _whole_name(row.cells[number_at]):
        return False
    version = VERSION.search(row.cell("milestone", "version", "release") or "")
    draft = enter(state, named[0], named[1], row.line, 1, version_name(version) if version else None)
    status = _row_status(row, skip=max(number_at, name_at)) or _share(row)
    if status is not None and draft.table is None:
        draft.table, draft.table_line = status == "done", row.line
        draft.active = draft.active or status == "active"
    if status is None and re.search(r"[^\W\d_]{2}", said := row.cell(*STATUS) or ""):
        state.leave(row.line, f"{row.cells[number_at]}: {said}")
    draft.wait(row.cell(*DEPENDS) or "", row.line)
    if (columns := md.columns(row)) is not None:
        draft.counts.append(columns[:2])
    if (count := _count(row, max(number_at, name_at) + (number_at == name_at))) is not None:
        draft.counts.append(count)
    return True


def _count(row: md.Row, start: int) -> tuple[int, int | None] | None:
    """The first count of plans in the cells from ``start`` on; ``9/4`` below "Due" is a day."""
    for index, cell in enumerate(row.cells[start:], start=start):
        title = marks.plain(row.header[index]).casefold() if index < len(row.header) else ""
        count = _COUNT_CELL.match(cell) or _COUNT_WITHIN.search(cell) or _before_status(cell)
        if count is None or heads(title, DATE):
            continue
        return int(count[1]), int(count[2]) if count[2].isdigit() else None
    return None


def _before_status(cell: str) -> re.Match[str] | None:
    """The count that stands before a status: ``3/4 In Progress``."""
    count = _COUNT_LEAD.match(cell)
    return count if count is not None and marks.word(cell[count.end() :]) is not None else None


def is_data(cells: tuple[str, ...]) -> bool:
    """Whether one of a row's cells is a status, a count or a percentage."""
    return any(
        cell
        and len(cell) < 60
        and (marks.status(cell) is not None or _COUNT_CELL.match(cell) or md.PERCENT.fullmatch(cell))
        for cell in cells
    )


def _whole_name(cell: str) -> bool:
    return not re.match(r"[\s*_`]*\d+(?:\.\d+)?\s*(?:,|&|\+|and\b)\s*\d", cell)


def _columns(header: list[str], *, wide: bool) -> tuple[int, int] | None:
    """The columns that hold number and name of a phase, None where the table lists something else."""
    words = (*PHASE, *STAGE) if wide else PHASE
    named = [
        any(cell == word or cell.startswith((word + " ", word + "#")) for word in words)
        and not cell.startswith(("phase(s)", "phases"))
        for cell in header[:2]
    ]
    if named[:1] == [True]:
        return 0, 1 if len(header) > 1 and heads(header[1], NAME) else 0
    if named[1:] == [True] and header[0] in (*NUMBER, "milestone", "version", ""):
        return (0, 1) if header[0] in NUMBER else (1, 1)
    if header[0] in ("#", "№") and len(header) > 1 and header[1] in ("name", "название"):
        return 0, 1
    return None


def _counted_status(cell: str) -> Mark | None:
    """What a cell's words say, also behind a count: of ``3/4 complete`` they say nothing, the count does."""
    count = _COUNT_LEAD.match(cell)
    if count is None:
        return marks.word(cell)
    found = marks.word(cell[count.end() :])
    whole = count[2].isdigit() and int(count[1]) >= int(count[2]) > 0
    return None if found == "done" and not whole else found


def _share(row: md.Row) -> Mark | None:
    """What a percentage in a column for progress says, where no cell holds a status."""
    share = md.PERCENT.search(row.cell(*PROGRESS) or "")
    return None if share is None else marks.share(float(share[1].replace(",", ".")))


def _row_status(row: md.Row, skip: int) -> Mark | None:
    cell = row.cell(*STATUS)
    if cell and (found := marks.status(cell)) is not None:
        return found
    for index, other in enumerate(row.cells):
        if index != skip and len(other) < 40 and len(other.split()) <= 4:
            found = _counted_status(other)
            if found is not None and re.search(r"[^\W\d_]", other):
                title = row.header[index].strip("*_ ").casefold() if index < len(row.header) else ""
                if title.startswith(
                    ("name", "title", "goal", "description", "phase", "depends", "deliver", "цель", "focus")
                ):
                    # A goal column may hold a status when a tool wrote by cell number: only the bare word.
                    if found == "done" and marks.plain(other).casefold() in ("complete", "completed", "done"):
                        return found
                    continue
                return found
    return None
