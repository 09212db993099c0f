"""A state document to claims: front matter, position, progress, status tables, metrics."""

from __future__ import annotations

import re
from typing import Any

from tracker.audit import (
    frontmatter,
    marks,
    phrases,
    records,
    roadmap,
    statefields,
    stategsd2,
    statemarks,
    statetables,
)
from tracker.audit import lines as md
from tracker.audit.ids import normalise
from tracker.audit.model import Document, Finding, Mark, Unread
from tracker.audit.planfile import cited_commits
from tracker.audit.reader import SECTIONS, PhaseHeading, Reader
from tracker.audit.text import Decoded
from tracker.audit.words import ANY_PHASE

_MILESTONE = re.compile(r"\bmilestone\b|\bv\d+(?:\.\d+)*\b", re.IGNORECASE)


def read(decoded: Decoded, file: str) -> Document:
    """Read a state document of any dialect. Never raises; what is not understood is in ``unread``."""
    text = decoded.text
    front = frontmatter.read(text, file)
    reader = Reader(file)
    _front_matter(reader, front)
    lines, cut = md.split(text)
    reader.unread.extend(Unread(file, number, md.MAX_LINE, "the end of a very long line") for number in cut)
    title = ""
    fenced = table_end = 0
    tabled: set[int] = set()
    for index in range(front.body_line - 1, len(lines)):
        line = lines[index]
        if md.FENCE.match(line):
            fenced ^= 1
            continue
        bare = line.strip()
        if not bare or index < table_end or bare[0] == ">" or bare.strip("-*_ ") == "":
            continue
        if fenced:
            if phrases.bar(bare) or bare.casefold().startswith("progress"):
                statefields.progress(reader, bare, line.find(bare) + 1, index + 1)
            continue
        if line.lstrip().startswith("#") and (heading := md.HEADING.match(line.lstrip())):
            if len(heading["level"]) == 1 and not title:
                title = heading["rest"].strip(" *")
            else:
                _heading(reader, heading["rest"], len(heading["level"]), index + 1, line)
            continue
        if md.is_table(lines, index):
            rows = list(md.rows(lines, index))
            table_end = rows[-1].line if rows else index + 2
            tabled.update(row.line for row in rows)
            _table(reader, rows)
            continue
        _line(reader, line, bare, index + 1)
    marks_read = roadmap.read("\n" * (front.body_line - 1) + "\n".join(lines[front.body_line - 1 :]), file)
    statemarks.phases_as_claims(reader, marks_read)
    known = {(unread.line, unread.text) for unread in reader.unread}
    # Tables have been read for claims already; what the roadmap's reader adds are boxes, bullets and headings under no
    # phase, and rows of no table.
    others = [unread for unread in marks_read.unread if unread.line not in tabled]
    reader.unread.extend(unread for unread in others if (unread.line, unread.text) not in known)
    statemarks.unread_lines(reader, lines, front.body_line - 1)
    reader.unread.sort(key=lambda unread: (unread.line, unread.column))
    dialect = records.read(text, file)
    return Document(
        file=file,
        title=title,
        project=_first(reader, "project", front.text("project")),
        goal=_goal(reader, lines),
        front_matter=_flat(front.data),
        claims=tuple(reader.claims),
        phases=marks_read.phases,
        commits=tuple(cited_commits(text)),
        records=dialect if dialect.known else None,
        problems=(*front.problems, *_damage(decoded, file)),
        unread=tuple(reader.unread),
    )


def _goal(reader: Reader, lines: list[str]) -> str:
    """The first goal that is not a phase's or a milestone's: one below their headings is."""
    parts: dict[int, bool] = {}
    at = 0
    for goal in reader.claims:
        if goal.kind != "goal":
            continue
        for line in lines[at : goal.line]:
            if heading := md.HEADING.match(line):
                level, words = len(heading["level"]), heading["rest"]
                parts = {above: part for above, part in parts.items() if above < level}
                parts[level] = level > 1 and (
                    md.phase_name(words) is not None or bool(_MILESTONE.search(words))
                )
        if not any(parts.values()):
            return goal.value
        at = goal.line
    return ""


def _damage(decoded: Decoded, file: str) -> tuple[Finding, ...]:
    if not decoded.repairs:
        return ()
    first, number = decoded.repairs[0], len(decoded.repairs)
    message = f"{number} symbols are damaged, the first was {first.symbol}: the text was once read in another encoding"
    return (
        Finding(
            "damaged-symbols", message, file, first.line, first.column, "they are read as they were meant"
        ),
    )


def _first(reader: Reader, kind: str, default: str) -> str:
    return next((claim.value for claim in reader.claims if claim.kind == kind), default)


def _flat(data: dict[str, Any]) -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            flat.update({f"{key}.{name}": str(inner) for name, inner in value.items()})
        else:
            flat[key] = value if isinstance(value, str) else ", ".join(map(str, value))
    return flat


def _front_matter(reader: Reader, front: frontmatter.FrontMatter) -> None:
    reader.section = "front matter"
    progress = front.data.get("progress")
    if isinstance(progress, dict):
        for kind in ("phases", "plans"):
            total_key, total = _figure(progress, f"total_{kind}", f"{kind}_total")
            done_key, done = _figure(progress, f"completed_{kind}", f"{kind}_complete", f"{kind}_completed")
            if total is None and done is None:
                continue
            line, column = front.place("progress", done_key if done is not None else total_key)
            reader.claim(
                line, column, kind, f"{done_key}: {done}, {total_key}: {total}", done=done, total=total
            )
        percent = _number(progress.get("percent"))
        if percent is not None:
            line, column = front.place("progress", "percent")
            reader.claim(line, column, "percent", f"percent: {percent:g}", percent=percent)
    elif isinstance(progress, str) and (hit := md.PERCENT.search(progress)):
        line, column = front.place("progress")
        reader.claim(
            line, column, "percent", f"progress: {progress}", percent=float(hit[1].replace(",", "."))
        )
    for key in ("current_phase", "active_phase", "phase"):
        if value := front.text(key):
            where = phrases.position(value)
            line, column = front.place(key)
            if where is None:
                if value.casefold() not in ("n/a", "none", "null", "-", "~", "tbd"):
                    reader.unread.append(Unread(reader.file, line, column, f"{key}: {value}"))
                continue
            reader.claim(
                line,
                column,
                "position",
                f"{key}: {value}",
                scope=where.number,
                mark=where.mark,
                total=where.total,
            )
            break
    if value := front.text("status"):
        line, column = front.place("status")
        reader.claim(
            line, column, "status", f"status: {value}", value=value, mark=marks.word(value), decisive=False
        )
    if value := front.text("milestone"):
        line, column = front.place("milestone")
        reader.milestone = value
        reader.claim(line, column, "milestone", f"milestone: {value}", value=value, decisive=False)
    reader.section = "position"


def _figure(progress: dict[str, Any], *keys: str) -> tuple[str, int | None]:
    return next(
        ((key, value) for key in keys if (value := _int(progress.get(key))) is not None), (keys[0], None)
    )


def _int(value: object) -> int | None:
    text = str(value).strip() if isinstance(value, str) else ""
    return int(text) if text.isdigit() and len(text) < 8 else None


def _number(value: object) -> float | None:
    text = str(value).strip().rstrip("%") if isinstance(value, str) else ""
    return float(text) if re.fullmatch(r"\d{1,5}(?:\.\d{1,4})?", text) else None


def _heading(reader: Reader, rest: str, level: int, number: int, line: str) -> None:
    low = marks.plain(rest[:160]).casefold()
    reader.scope = reader.label = ""
    reader.heading = low
    reader.listing = _listing(low)
    named = md.phase_name(rest) or _report_phase(rest)
    for section, words in SECTIONS:
        if words.search(low):
            reader.section = section
            break
    else:
        if level <= 2 or reader.section in ("position", "progress"):
            reader.section = "other" if named is None else "history"
    if named is None:
        reader.around = reader.section
        return
    reader.scope = named[0]
    if md.phase_name(rest) is not None:
        section = reader.around if level > 2 else "other"
        column = len(line) - len(line.lstrip()) + 1
        reader.headings.append(PhaseHeading(number, column, named[0], rest, section))


def _listing(heading: str) -> Mark | None:
    """Return the mark that a list's heading gives its plans: "Completed Plans", "Pending Plans"."""
    if not re.search(r"\b(?:plans|planos|planes|планы)\b", heading):
        return None
    return marks.word(re.sub(r"[^\w\s-]", "", heading))


_LISTED = re.compile(
    r"[ \t]{0,3}(?:[-*+]|\d{1,3}[.)])[ \t]+[*_`]*(?:plan[ \t]+)?(?:(?P<phase>\d{1,3}(?:\.\d{1,3})*)-)?(?P<plan>\d{1,3}[A-Za-z]?)(?:-PLAN(?:\.md)?)?[*_`]*[ \t]*[:—–*-]",
    re.IGNORECASE,
)


def _listed(reader: Reader, line: str, number: int) -> bool:
    match = _LISTED.match(line)
    phase = match and (match["phase"] or reader.scope or reader.phase)
    if match is None or not phase or (not match["phase"] and "plan" not in line.casefold()):
        return False
    reader.claim(
        number,
        match.start("plan") + 1,
        "plan status",
        line,
        section="status table",
        scope=f"{normalise(phase)}-{normalise(match['plan'])}",
        mark=reader.listing,
        value="listed",
    )
    return True


_NAMED_PHASE = re.compile(rf"\b{ANY_PHASE}\s+(\d{{1,3}}(?:\.\d{{1,3}})?)\b", re.IGNORECASE)


def _report_phase(rest: str) -> tuple[str, str] | None:
    match = _NAMED_PHASE.search(rest)
    return md.phase_name(match[0]) if match else None


def _line(reader: Reader, line: str, bare: str, number: int) -> None:
    if reader.listing is not None and _listed(reader, line, number):
        return
    if stategsd2.read_line(reader, bare, line.find(bare) + 1, number):
        return
    read_phases = reader.section in {"position", "progress", "other", "milestones"}
    named = md.phase_name(bare.lstrip("-+ ")) if read_phases else None
    if named is not None and not _PHASE_FIELD.match(bare):
        _phase_line(reader, bare, named[0], line.find(bare) + 1, number)
        return
    if reader.section == "metrics" and (label := phrases.version(bare)) and bare.startswith("**"):
        reader.label = label
    found = md.FIELD.match(line)
    if found is None and reader.section in ("position", "progress", "metrics"):
        found = md.PLAIN_FIELD.match(bare.lstrip("-* "))
    if found is not None:
        key = marks.plain(found["key"]).casefold()
        value = found["value"].strip()
        column = max(line.find(value), 0) + 1 if value else 1
        if statefields.read(reader, key, value, bare=bare, line=number, column=column):
            return
    if phrases.bar(bare) is not None:
        statefields.progress(reader, bare, line.find(bare) + 1, number)
    elif found is not None:
        reader.unread.append(Unread(reader.file, number, line.find(bare) + 1, bare))


_PHASE_FIELD = re.compile(r"[-+*_\s]*[^\W\d]+[*_\s]*:", re.IGNORECASE)


def _phase_line(reader: Reader, bare: str, number: str, column: int, line: int) -> None:
    """``Phase 2: Lens — COMPLETE``, ``**Phase 2 — Lens** | done (4/4 plans) | next: …``, ``**Phase 1:** Complete``."""
    for part in re.split(r"\s[|—–-]\s|:[*_ ]+(?=\S)|(?=\()", bare)[1:]:
        mark = marks.status(part)
        if mark is not None and len(part.split()) <= 6:
            reader.claim(line, column, "phase status", bare, scope=number, mark=mark, value=marks.plain(part))
            break
    for figure in phrases.figures(bare):
        if figure.unit in {"plans", ""} and figure.done is not None:
            reader.claim(line, column, "plans", bare, scope=number, done=figure.done, total=figure.total)
            break


def _table(reader: Reader, rows: list[md.Row]) -> None:
    if not rows or not statetables.is_fields(rows):
        statetables.read(reader, rows)
        return
    for row in rows:
        key, value = marks.plain(row.cells[0]).casefold(), row.cells[1]
        before = len(reader.claims)
        understood = statefields.read(
            reader, key, value, bare=f"{row.cells[0]}: {value}", line=row.line, column=1
        )
        silent = len(reader.claims) == before and not statefields.is_noted(key)
        says = md.PERCENT.search(value) or md.RATIO.search(value) or marks.status(value) is not None
        if not understood or (silent and says):
            reader.unread.append(Unread(reader.file, row.line, 1, " | ".join(row.cells)))
