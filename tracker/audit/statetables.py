"""Tables of state documents: fields, status of phases, plans and artifacts, totals."""

from __future__ import annotations

import re

from tracker.audit import lines as md
from tracker.audit import marks, phrases, words
from tracker.audit.ids import normalise, order
from tracker.audit.model import Mark, Roadmap, Unread
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
_METRIC_ROW = re.compile(r"(?:phase\s+)?\S+\s+P\d{1,3}\b", re.IGNORECASE)
_TOTAL = re.compile(
    r"(?:total|totals|sum|итого|всего|gesamt|summe|合计|总计|合計|합계|sums?|totalt|totale|somme)\b",
    re.IGNORECASE,
)
_PLAN_NAME = re.compile(
    r"(?:phase\s+(?P<phase>\d{1,3}(?:\.\d{1,3})*)\b.{0,40}?)?\bplan\s+(?P<plan>\d{1,3})\b|(?<![\w.-])(?P<p>\d{1,3}(?:\.\d{1,3})*)-(?P<n>\d{1,3})(?![\d-])",
    re.IGNORECASE,
)
_RATIO = re.compile(r"(\d{1,5})\s*(?:/|of)\s*(\d{1,5}|\?|N|TBD|-|—)(?![\d/])", re.IGNORECASE)
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*%")


def is_fields(rows: list[md.Row]) -> bool:
    """Say whether a table is a list of fields: two columns, the first of them names."""
    header = [marks.plain(cell).casefold() for cell in rows[0].header]
    return (
        len(header) == 2
        and header[0] in ("field", "key", "item", "attribute", "property", "поле", "字段", "", "campo")
        and all(len(row.cells) == 2 for row in rows)
    )


def read(reader: Reader, rows: list[md.Row]) -> None:
    """Read the rows of one table as claims about phases and plans, where it is such a table."""
    if not rows:
        return
    header = [marks.plain(cell).casefold() for cell in rows[0].header]
    status_at = next((i for i, cell in enumerate(header) if cell.startswith(words.STATUS)), None)
    progress_at = [i for i, cell in enumerate(header) if i and i != status_at and cell.startswith(_DONE_OF)]
    named_phase = bool(header) and (header[0].startswith(words.PHASE) or header[0] == "#")
    if status_at is None and not (named_phase and (progress_at or md.columns(rows[0]))):
        return
    metric = reader.section == "metrics" or (
        status_at is None and any(cell.startswith(_METRIC) for cell in header)
    )
    section = (
        "metrics"
        if metric
        else "milestones"
        if header[0].startswith("milestone") and not _names_phases(rows)
        else "status table"
    )
    if section == "milestones":
        return
    sums = [0, 0]
    for row in rows:
        _row(
            reader,
            row,
            section=section,
            status_at=status_at,
            progress_at=progress_at,
            sums=sums,
            named=named_phase,
        )


def _names_phases(rows: list[md.Row]) -> bool:
    return sum(md.phase_name(row.cells[0]) is not None for row in rows if row.cells) * 2 > len(rows)


def _row(
    reader: Reader,
    row: md.Row,
    *,
    section: str,
    status_at: int | None,
    progress_at: list[int],
    sums: list[int],
    named: bool,
) -> None:
    first = row.cells[0] if row.cells else ""
    text = " | ".join(row.cells)
    plain = marks.plain(first)
    if _METRIC_ROW.match(plain):
        return
    if _TOTAL.match(plain):
        _total(reader, row, text, sums)
        return
    plan = _PLAN_NAME.search(plain)
    status = row.cells[status_at] if status_at is not None and status_at < len(row.cells) else ""
    mark = marks.status(status) if status else None
    if plan is not None and (plan["phase"] or plan["p"]):
        scope = f"{normalise(plan['phase'] or plan['p'])}-{normalise(plan['plan'] or plan['n'])}"
        if mark is not None:
            reader.claim(row.line, 1, "plan status", text, section=section, scope=scope, mark=mark)
        return
    found = md.row_name(first) if named else md.phase_name(first)
    if found is None:
        if (
            named
            and status
            and plain
            and not plain.startswith(("-", "—", "..."))
            and section == "status table"
        ):
            reader.unread.append(Unread(reader.file, row.line, 1, text))
        return
    # "Phase 1 Context (Decisions Locked)" is an artifact of a phase, not the phase.
    if not named and re.search(
        r"\b(?:context|planning|research|execution|plan|uat|requirements|review)\b", found[1], re.IGNORECASE
    ):
        return
    number = found[0]
    if mark is not None and not re.search(r"\bphases?\s+\d", status, re.IGNORECASE):
        reader.claim(
            row.line,
            1,
            "phase status",
            text,
            section=section,
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
            section=section,
            scope=number,
            done=done,
            total=total,
            value="" if left is None else f"{left} remaining",
            decisive=False if what != "plans" or section == "metrics" else None,
        )
        sums[0] += done
        sums[1] += total
        return
    _figures(
        reader,
        row,
        section=section,
        number=number,
        columns=progress_at or ([] if status_at is None else [status_at]),
        sums=sums,
        mark=mark,
    )


def _figures(
    reader: Reader,
    row: md.Row,
    *,
    section: str,
    number: str,
    columns: list[int],
    sums: list[int],
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
                title.startswith("plans")
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
            sums[0] += done
            sums[1] += total or 0
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


def _total(reader: Reader, row: md.Row, text: str, sums: list[int]) -> None:
    if (counts := md.columns(row)) is not None:
        done, total, _left, _what = counts
        reader.claim(
            row.line,
            1,
            "sum",
            text,
            done=done,
            total=total,
            value=f"{sums[0]}/{sums[1]}",
            section="status table",
            decisive=False,
        )
        return
    for cell in row.cells[1:]:
        if (ratio := _RATIO.search(marks.plain(cell))) and ratio[2].isdigit():
            done, total = int(ratio[1]), int(ratio[2])
            reader.claim(
                row.line,
                1,
                "sum",
                text,
                section="status table",
                done=done,
                total=total,
                value=f"{sums[0]}/{sums[1]}",
                decisive=False,
            )
            return


def phases_as_claims(reader: Reader, read: Roadmap) -> None:
    """Turn phase headings and boxes of a state document into claims, where no table or field said it."""
    said = {claim.scope for claim in reader.claims if claim.kind == "phase status"}
    for phase in sorted(read.phases, key=lambda item: order(item.number)):
        mark: Mark | None = None
        if phase.checkbox is not None:
            mark = "done" if phase.checkbox else "open"
        elif phase.heading:
            mark = "done"
        if mark is not None and phase.number not in said:
            reader.claim(
                phase.line,
                phase.column,
                "phase status",
                f"Phase {phase.number}: {phase.title}",
                section="progress",
                scope=phase.number,
                mark=mark,
                decisive=mark == "done" and phase.checkbox is not None,
            )
