"""Tables of state documents: fields, status of phases, plans and artifacts, totals."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from tracker.audit import lines as md
from tracker.audit import marks, phrases, words
from tracker.audit.ids import normalise
from tracker.audit.model import Mark, Unread
from tracker.audit.reader import Reader

_DONE_OF = (*words.PROGRESS, *words.PLANS, "done", "complet", "tasks")
_METRIC = (
    "duration",
    "avg",
    "total",
    "decision",
    "rationale",
    "commit",
    "impact",
    "mitigation",
    "files",
    "description",
    "blocker",
)
_NUMBERING = {"", "#", "id", "no", "no.", "nr", "nr.", "n°", "№", "num", "number", "番号", "序号", "번호"}
"""Headers of columns that number the rows, whatever these are."""
_SUBJECTS = {
    "task", "todo", "bug", "risk", "blocker", "decision", "rationale", "issue", "question", "item", "problem", "problema",
    "script", "file", "finding", "concern", "requirement", "test", "задача", "任务", "任務", "tarefa", "aufgabe",
}  # fmt: skip
"""Headers that name what else the rows of a table may be about: its status is of that. Their plurals are counts."""
_METRIC_ROW = re.compile(r"(?:phase\s+)?\S+\s+P\d{1,3}\b", re.IGNORECASE)
_TOTAL = re.compile(
    r"(?:total|totals|sum|итого|всего|gesamt|summe|合计|总计|合計|합계|sums?|totalt|totale|somme)\b",
    re.IGNORECASE,
)
_PLAN_NAME = re.compile(
    r"[^\w]*(?:phase\s+(?P<phase>\d{1,3}(?:\.\d{1,3})*)\b.{0,40}?\bplan\s+(?P<plan>\d{1,3})\b"
    r"|(?P<word>plan\s+)?(?P<p>\d{1,3}(?:\.\d{1,3})*)-(?P<n>\d{1,3})(?P<tail>-PLAN(?:\.md)?|\s*[:.)—–|]|\s*\Z)?(?![\d-]))",
    re.IGNORECASE,
)
_PLAN_CELL = re.compile(r"[^\w]*(?:plan\s*)?(?:\d{1,3}(?:\.\d{1,3})*-)?(\d{1,3})(?![\w./])", re.IGNORECASE)
_RATIO = re.compile(r"(\d{1,5})\s*(?:/|of)\s*(\d{1,5}|\?|N|TBD|-|—)(?![\d/])", re.IGNORECASE)
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*%")
_FIELD_NAMES = {
    "field", "key", "item", "attribute", "property", "поле", "字段", "", "campo",
    "metric", "aspect", "parameter", "indicator", "metrik", "métrica", "показатель", "指标", "지표",
}  # fmt: skip


def is_fields(rows: list[md.Row]) -> bool:
    """Say whether a table is a list of fields: two columns, the first of them names."""
    header = [marks.plain(cell).casefold() for cell in rows[0].header]
    return len(header) == 2 and header[0] in _FIELD_NAMES and all(len(row.cells) == 2 for row in rows)


@dataclass(frozen=True, slots=True)
class Shape:
    """Which columns of a table say what.

    ``name_at`` names phases and ``plan_at`` plans; ``other`` says that its rows are neither, though they name phases.
    """

    section: str
    name_at: int | None
    plan_at: int | None
    status_at: int | None
    progress_at: list[int]
    other: bool


def read(reader: Reader, rows: list[md.Row]) -> None:
    """Read the rows of one table as claims about phases and plans, where it is such a table.

    A row that carries a status or a count and gave no claim is listed as not understood.
    """
    if not rows:
        return
    header = [marks.plain(cell).casefold() for cell in rows[0].header]
    status_at = next((i for i, cell in enumerate(header) if words.heads(cell, words.STATUS)), None)
    progress_at = [i for i, cell in enumerate(header) if i and i != status_at and cell.startswith(_DONE_OF)]
    name_at = _name_column(reader, header)
    of_milestones = header[0].startswith("milestone") and not _names_phases(rows)
    counted = name_at is not None and bool(progress_at or md.columns(rows[0]))
    if status_at is None and not counted and not of_milestones:
        return
    metric = reader.section == "metrics" or (
        status_at is None and any(cell.startswith(_METRIC) for cell in header)
    )
    other = name_at is None and any(
        cell.startswith(words.PHASE) and about in _SUBJECTS for cell, about in itertools.pairwise(header)
    )
    plan_at = next((i for i, cell in enumerate(header) if i and cell == "plan"), None)
    shape = Shape("metrics" if metric else "status table", name_at, plan_at, status_at, progress_at, other)
    above: list[md.Row] = []
    for row in rows:
        before = len(reader.claims)
        if _TOTAL.match(marks.plain(row.cells[0])):
            _total(reader, row, above)
            continue
        above.append(row)
        if of_milestones:
            _milestone(reader, row, shape)
        elif not _METRIC_ROW.match(marks.plain(row.cells[0])):
            _row(reader, row, shape)
        if len(reader.claims) == before and _carries(row, shape, named=name_at is not None):
            reader.unread.append(Unread(reader.file, row.line, 1, " | ".join(row.cells)))


def _name_column(reader: Reader, header: list[str]) -> int | None:
    """The column that names the phases of the rows; a number alone names one only where something says so."""
    at = next((i for i, cell in enumerate(header) if cell.startswith(words.PHASE)), None)
    if at is not None:
        about = header[at + 1] if at + 1 < len(header) else ""
        numbered = all(cell in _NUMBERING for cell in header[:at])
        return at if numbered and about not in _SUBJECTS else None
    # Below "Phase 2" the numbers are its tasks'; below "Phases" or "Progress", or beside plans, they are phases'.
    said = not reader.scope and any(word in reader.heading for word in (*words.PHASE, *words.PROGRESS))
    said = said or any(cell.startswith(words.PLANS) for cell in header)
    other = {*_SUBJECTS, "description"} & {word for cell in header for word in cell.split()}
    return 0 if header[0] == "#" and said and not other else None


def _names_phases(rows: list[md.Row]) -> bool:
    return sum(md.phase_name(row.cells[0]) is not None for row in rows if row.cells) * 2 > len(rows)


def _carries(row: md.Row, shape: Shape, *, named: bool) -> bool:
    """Whether a row says how far something is; of phases every row with a status does."""
    first = marks.plain(row.cells[0])
    status = _cell(row, shape.status_at)
    if not first or first.startswith(("-", "—", "...")):
        return False
    if marks.status(status) is not None or (named and status):
        return True
    cells = [status, *(_cell(row, index) for index in shape.progress_at)]
    return any(_PERCENT.search(cell) or _RATIO.search(cell) for cell in cells)


def _cell(row: md.Row, index: int | None) -> str:
    return row.cells[index] if index is not None and index < len(row.cells) else ""


def _milestone(reader: Reader, row: md.Row, shape: Shape) -> None:
    """A row of shipped or planned milestones: what it says of a version is said of that alone."""
    version = phrases.only_version(marks.plain(row.cells[0]))
    if not version:
        return
    text, status = " | ".join(row.cells), marks.plain(_cell(row, shape.status_at))
    mark = marks.status(status) if status else None
    if mark is not None:
        value = f"{version} {status}"
        reader.claim(
            row.line, 1, "milestone status", text, section="milestones", scope=version, value=value, mark=mark
        )
    for index in shape.progress_at:
        title = marks.plain(row.header[index]).casefold()
        ratio = _RATIO.search(marks.plain(_cell(row, index)))
        if ratio and ratio[2].isdigit() and title.startswith(words.PLANS):
            done, total = int(ratio[1]), int(ratio[2])
            reader.claim(
                row.line, 1, "plans", text, section="milestones", scope=version, done=done, total=total
            )


def _plan(row: md.Row, shape: Shape, phase: str) -> str:
    """``phase-plan`` that a row is about, empty when it is about no plan."""
    named = _PLAN_NAME.match(marks.plain(row.cells[0]))
    if named is not None and named["phase"]:
        return f"{normalise(named['phase'])}-{normalise(named['plan'])}"
    # "1-2 hours" is a range: a plan is padded, or nothing but its number stands there.
    if named is not None and (named["tail"] is not None or named["word"] or named["n"].startswith("0")):
        return f"{normalise(named['p'])}-{normalise(named['n'])}"
    cell = _PLAN_CELL.match(marks.plain(_cell(row, shape.plan_at)))
    return f"{phase}-{normalise(cell[1])}" if cell is not None and phase else ""


def _phase(row: md.Row, shape: Shape) -> tuple[str, str] | None:
    """Number and title of the phase that a row is about."""
    if shape.other:
        return None
    if shape.name_at is None:
        found = md.phase_name(row.cells[0])
        # "Phase 1 Context (Decisions Locked)" is an artifact of a phase, not the phase.
        artifact = found is not None and re.search(
            r"\b(?:context|planning|research|execution|plan|uat|requirements|review)\b",
            found[1],
            re.IGNORECASE,
        )
        return None if artifact else found
    name = _cell(row, shape.name_at)
    if shape.name_at == 0 or md.phase_name(name) is not None:
        return md.row_name(name)
    number = re.fullmatch(r"(?:P|#)?(\d{1,3}(?:\.\d{1,3})*[A-Z]?)", marks.plain(row.cells[shape.name_at - 1]))
    return (normalise(number[1]), md.title(name)) if number is not None else md.row_name(name)


def _row(reader: Reader, row: md.Row, shape: Shape) -> None:
    text = " | ".join(row.cells)
    status = _cell(row, shape.status_at)
    mark = marks.status(status) if status else None
    found = _phase(row, shape)
    if plan := _plan(row, shape, found[0] if found is not None else ""):
        if mark is not None:
            reader.claim(row.line, 1, "plan status", text, section=shape.section, scope=plan, mark=mark)
        return
    if found is None:
        return
    number = found[0]
    if mark is not None and not re.search(r"\bphases?\s+\d", status, re.IGNORECASE):
        reader.claim(
            row.line,
            1,
            "phase status",
            text,
            section=shape.section,
            scope=number,
            mark=mark,
            value=marks.plain(status),
        )
    if (counts := md.columns(row)) is not None:
        done, total, left, what = counts
        reader.claim(
            row.line,
            1,
            "plans" if what == "plans" else "tasks",
            text,
            section=shape.section,
            scope=number,
            done=done,
            total=total,
            value="" if left is None else f"{left} remaining",
            decisive=False if what != "plans" or shape.section == "metrics" else None,
        )
        return
    columns = shape.progress_at or ([] if shape.status_at is None else [shape.status_at])
    _figures(reader, row, section=shape.section, number=number, columns=columns, mark=mark)


def _figures(
    reader: Reader,
    row: md.Row,
    *,
    section: str,
    number: str,
    columns: list[int],
    mark: Mark | None,
) -> None:
    text = " | ".join(row.cells)
    for index in columns:
        if index >= len(row.cells):
            continue
        cell = marks.plain(row.cells[index])
        title = marks.plain(row.header[index]).casefold() if index < len(row.header) else ""
        if ratio := _RATIO.search(cell):
            if phrases.other_unit(cell[ratio.end() :]):
                continue
            done = int(ratio[1])
            total = int(ratio[2]) if ratio[2].isdigit() else None
            # "5/5 planned" counts plans that exist, not plans that are done.
            done_claimed = None if re.search(r"\bplanned\b", cell, re.IGNORECASE) else done
            tasks = title.startswith("tasks") or "task" in cell.casefold()
            planned_column = (
                total is not None
                and title.startswith("plans")
                and "complet" not in title
                and (mark == "open" or _open_or_zero(row))
            )
            reader.claim(
                row.line,
                1,
                "tasks" if tasks else "plans",
                text,
                section=section,
                scope=number,
                done=None if planned_column else done_claimed,
                total=total,
                decisive=False if tasks or section == "metrics" else None,
            )
        elif percent := _PERCENT.search(cell):
            reader.claim(
                row.line,
                1,
                "percent",
                text,
                section=section,
                scope=number,
                percent=float(percent[1]),
                decisive=False if section == "metrics" else None,
            )


def _open_or_zero(row: md.Row) -> bool:
    """A row that says 0 % beside ``5/5`` counts plans written, not plans done."""
    return any((hit := _PERCENT.search(cell)) and float(hit[1]) == 0 for cell in row.cells[1:])


def _total(reader: Reader, row: md.Row, above: list[md.Row]) -> None:
    """A row of totals against what the rows above it add up to in the same columns."""
    if (counts := md.columns(row)) is not None:
        rows = [columns for other in above if (columns := md.columns(other)) is not None]
        _sum(reader, row, counts[:2], [(columns[0], columns[1]) for columns in rows])
        return
    for index in range(1, len(row.cells)):
        if (total := _whole_ratio(row, index)) is not None:
            _sum(reader, row, total, [found for other in above if (found := _whole_ratio(other, index))])
            return


def _whole_ratio(row: md.Row, index: int) -> tuple[int, int] | None:
    ratio = _RATIO.search(marks.plain(_cell(row, index)))
    if ratio is None:
        return None
    return int(ratio[1]), int(ratio[2]) if ratio[2].isdigit() else 0


def _sum(reader: Reader, row: md.Row, said: tuple[int, int], rows: list[tuple[int, int]]) -> None:
    value = f"{sum(done for done, _ in rows)}/{sum(total for _, total in rows)}"
    text = " | ".join(row.cells)
    if rows:
        reader.claim(
            row.line,
            1,
            "sum",
            text,
            section="status table",
            done=said[0],
            total=said[1],
            value=value,
            decisive=False,
        )
