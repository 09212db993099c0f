"""Tables of a roadmap: phases listed in rows, with status cells and plan counts."""

from __future__ import annotations

import re

from tracker.audit import lines as md
from tracker.audit import marks
from tracker.audit.model import Mark, Unread
from tracker.audit.roadmapdraft import VERSION, Reading, enter, version_name
from tracker.audit.words import PHASE, STATUS

_COUNT_CELL = re.compile(
    r"[*_ ]*(\d{1,4})\s*/\s*(\d{1,4}|\?|N|TBD|-|—)(?=[*_ ]*(?:\Z|plans?\b|tasks?\b|\())", re.IGNORECASE
)
_TOTAL_ROW = re.compile(
    r"[*_ ]*(?:total|sum|итого|всего|gesamt|summe|合计|总计|合計|합계|totalt|totale|somme)", re.IGNORECASE
)


def read_table(state: Reading, rows: list[md.Row]) -> None:
    """Read the phases that a table lists; rows with a status and no phase are noted as not understood."""
    if not rows:
        return
    header = [marks.plain(cell).casefold() for cell in rows[0].header]
    at = _phase_column(header)
    if at is None:
        return
    for row in rows:
        if at >= len(row.cells):
            continue
        numbered = header[0] in ("#", "no", "no.", "nr", "№") and at == 1
        if numbered:
            named = md.row_name(row.cells[0])
            named = (named[0], md.title(row.cells[1])) if named else md.phase_name(row.cells[1])
        else:
            named = md.row_name(row.cells[at])
            if (
                named
                and not named[1]
                and at + 1 < len(header)
                and header[at + 1] in ("name", "title", "название", "nome", "名称")
            ):
                named = (named[0], md.title(row.cells[at + 1])) if at + 1 < len(row.cells) else named
        if named is None or not _whole_name(row.cells[at if not numbered else 0]):
            if _row_status(row, skip=at) is not None and not _TOTAL_ROW.match(row.cells[at]):
                state.unread.append(Unread(state.file, row.line, 1, " | ".join(row.cells)))
            continue
        version = VERSION.search(row.cell("milestone", "version", "release") or "")
        milestone = version_name(version) if version else None
        draft = enter(state, named[0], named[1], row.line, 1, milestone)
        status = _row_status(row, skip=at + 1 if numbered else at)
        if status is not None and draft.table is None:
            draft.table = status == "done"
        if (columns := md.columns(row)) is not None:
            draft.counts.append(columns[:2])
        for cell in row.cells[at + 1 :]:
            if count := _COUNT_CELL.match(cell):
                draft.counts.append((int(count[1]), int(count[2]) if count[2].isdigit() else None))
                break


def _whole_name(cell: str) -> bool:
    return not re.match(r"[\s*_`]*\d+(?:\.\d+)?\s*(?:,|&|\+|and\b)\s*\d", cell)


def _phase_column(header: list[str]) -> int | None:
    for index, cell in enumerate(header[:2]):
        if any(
            cell == word or cell.startswith((word + " ", word + "#")) for word in PHASE
        ) and not cell.startswith(("phase(s)", "phases")):
            if index == 0 or header[0] in ("#", "no", "no.", "nr", "№", "milestone", "version", ""):
                return index
            return None
    if header and header[0] in ("#", "№") and len(header) > 1 and header[1] in ("name", "название", "фаза"):
        return 1
    return None


def _row_status(row: md.Row, skip: int) -> Mark | None:
    cell = row.cell(*STATUS)
    if cell and (found := marks.status(cell)) is not None:
        return found
    for index, other in enumerate(row.cells):
        if index != skip and len(other) < 40 and len(other.split()) <= 4:
            found = marks.word(other)
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
