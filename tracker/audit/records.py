"""A state document in the tracker's own dialect, as records: everything that its rendering needs.

The dialect: header fields, a progress table with score impact, the current phase with its completed, active
and pending plans, recent activity with files modified, goals with target and must-haves, next steps, a dated
footer. Lines that fit nowhere are kept in ``unread``; nothing is dropped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tracker.audit import lines as md
from tracker.audit import marks, planlists
from tracker.audit.ids import normalise
from tracker.audit.model import Mark, Unread
from tracker.audit.recordtypes import (
    ActivityRecord,
    ChangeRecord,
    EntryRecord,
    MustHaveRecord,
    PhaseRecord,
    PlanRecord,
    StateRecords,
)
from tracker.audit.words import ANY_PHASE

__all__ = [
    "ActivityRecord",
    "ChangeRecord",
    "EntryRecord",
    "MustHaveRecord",
    "PhaseRecord",
    "PlanRecord",
    "StateRecords",
    "read",
]

_FIELD = re.compile(r"\*\*(?P<key>[^*:]{1,40})(?::\*\*|\*\*[ \t]*:)[ \t]*(?P<value>.*?)[ \t]*\Z")
_IN_HEADING = re.compile(r"phase:?[ \t]+(?:phase[ \t]+)?(?P<number>\d+(?:\.\d+)*)")
_CURRENT = re.compile(
    rf"(?:{ANY_PHASE}[ \t]+)?(?P<number>\d+(?:\.\d+)*[A-Za-z]?)(?:[ \t]+of[ \t]+\d+)?[ \t]*[-–—:]?[ \t]*(?P<title>.*)",
    re.IGNORECASE,
)
_BULLET = re.compile(r"(?P<indent>[ \t]*)[-*+][ \t]+(?P<text>.*?)[ \t]*\Z")
_NUMBERED = re.compile(r"\d{1,3}[.)][ \t]+(?P<text>.*?)[ \t]*\Z")
_CHANGE = re.compile(r"`(?P<path>[^`]+)`[ \t]*(?:[-–—:][ \t]*)?(?P<why>.*)\Z")
_DATED = re.compile(r"(?P<title>.*?)[ \t]*\((?P<date>\d{4}-\d\d-\d\d)\)\Z")
_MODIFIED = re.compile(
    r"files? (?:modified|changed)(?:[ \t]*\(plan (?P<plan>\d{1,3}[A-Za-z]?)\))?\Z", re.IGNORECASE
)
_FOOTER = re.compile(r"\*(?P<text>[^*].*?)\*\Z")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_LEADING_SYMBOL = re.compile(rf"(?P<symbol>[{marks.SYMBOLS}]\uFE0F?)[ \t]+(?P<text>.*)\Z")
_NONE = re.compile(r"\*?(?:none|nothing)\b.{0,40}\Z", re.IGNORECASE)
_PARTS = (
    ("overall progress", "progress"),
    ("current phase", "current"),
    ("recent activity", "activity"),
    ("goals", "goals"),
    ("next steps", "next"),
)
_OF_A_PHASE = {"current", "phase"}


@dataclass(slots=True)
class _Walk:
    file: str
    lines: list[str]
    title: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    phases: list[PhaseRecord] = field(default_factory=list)
    children: dict[int, list[str]] = field(default_factory=dict)
    activity: list[tuple[str, str, int, list[EntryRecord]]] = field(default_factory=list)
    changes: list[ChangeRecord] = field(default_factory=list)
    target: list[tuple[str, str]] = field(default_factory=list)
    must_haves: list[MustHaveRecord] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    footer: str = ""
    unread: list[Unread] = field(default_factory=list)
    part: str = "header"
    phase: str = ""
    """The phase that a part is about; ``current`` is the one that the document is at."""
    current: str = ""
    own: bool = False
    listing: Mark | None = None
    """The mark of the list of plans that is open."""
    items: list[tuple[planlists.Item, int]] = field(default_factory=list)
    changed_by: str = ""

    def leave(self, number: int, line: str) -> None:
        """Note a line that fits no record."""
        self.unread.append(Unread(self.file, number, len(line) - len(line.lstrip()) + 1, line.strip()))


def read(text: str, file: str) -> StateRecords:
    """Read a document's text. Never raises; ``known`` is false when nothing of the dialect was in it."""
    lines, _cut = md.split(text)
    walk = _Walk(file, lines)
    skip = 0
    fenced = False
    for index, line in enumerate(lines):
        bare = line.strip()
        if index < skip or not bare or (bare.strip("-*_ ") == "" and len(bare) > 2):
            continue
        fence = md.FENCE.match(line) is not None
        fenced ^= fence
        if fence or fenced:
            walk.leave(index + 1, line)
        elif line.startswith("#") and (heading := md.HEADING.match(line)):
            if not _heading(walk, len(heading["level"]), heading["rest"], index + 1):
                walk.leave(index + 1, line)
        elif md.is_table(lines, index):
            rows = list(md.rows(lines, index))
            skip = rows[-1].line if rows else index + 2
            for row in rows:
                if not _row(walk, row):
                    walk.leave(row.line, lines[row.line - 1])
        elif not _line(walk, line, bare, index + 1):
            walk.leave(index + 1, line)
    return _finish(walk)


def _heading(walk: _Walk, level: int, rest: str, number: int) -> bool:
    plain = re.sub(rf"[{marks.SYMBOLS}\uFE0F\U0001F300-\U0001FAFF]", "", rest).strip()
    low = plain.casefold()
    walk.listing, listing = None, planlists.opened(plain) if level > 2 else None
    if level == 1:
        walk.title = walk.title or plain
        return True
    if listing is not None and walk.part in _OF_A_PHASE:
        walk.listing = listing
        return True
    phase = md.phase_name(plain)
    if level == 2:
        walk.part = next((part for word, part in _PARTS if word in low), "other")
        if walk.part in {"current", "goals"}:
            named = _IN_HEADING.search(low) or _CURRENT.match(walk.fields.get("current phase", ""))
            if named is not None:
                walk.phase = walk.current = normalise(named["number"])
            walk.own |= walk.part == "current"
            return True
    if phase is not None and walk.part in {"other", *_OF_A_PHASE}:
        walk.part, walk.phase = "phase", phase[0]
        return True
    if level == 2:
        return walk.part != "other"
    if walk.part in {"activity", "changes"}:
        if modified := _MODIFIED.match(plain):
            walk.part, walk.changed_by = "changes", normalise(modified["plan"]) if modified["plan"] else ""
            return True
        dated = _DATED.match(plain)
        walk.part = "activity"
        walk.activity.append((dated["title"] if dated else plain, dated["date"] if dated else "", number, []))
        return True
    if walk.part in {"goals", "target", "must-haves"}:
        walk.part = "target" if "target" in low else "must-haves" if "must" in low else "goals"
        return walk.part != "goals"
    return False


def _row(walk: _Walk, row: md.Row) -> bool:
    if walk.part in _OF_A_PHASE and walk.phase:
        task = planlists.task(row, walk.phase)
        walk.items += [(task, row.line)] if task is not None else []
        return task is not None
    named = md.row_name(row.cells[0]) if row.cells else None
    status = row.cell("status")
    if walk.part != "progress" or named is None or status is None:
        return False
    done = total = None
    if ratio := md.RATIO.search(row.cell("progress", "plans") or ""):
        done, total = int(ratio[1]), int(ratio[2]) if ratio[2].isdigit() else None
    words = marks.plain(status).lstrip(marks.SYMBOLS + "\ufe0f ")
    walk.phases.append(
        PhaseRecord(
            named[0],
            named[1],
            marks.status(status),
            words,
            done,
            total,
            row.cell("score impact", "impact") or "",
            row.line,
        )
    )
    return True


def _line(walk: _Walk, line: str, bare: str, number: int) -> bool:
    if walk.listing is not None:
        return _listed(walk, line, bare, number)
    if walk.part in {"header", "current"} and (found := _FIELD.match(bare)):
        key = found["key"].strip().casefold()
        walk.fields.setdefault(key if walk.part == "header" else f"current {key}", found["value"])
        return True
    bullet = _BULLET.match(line)
    if walk.part == "activity" and bullet is not None and walk.activity:
        entries = walk.activity[-1][3]
        if bullet["indent"] and entries:
            entries[-1] = EntryRecord(entries[-1].text, (*entries[-1].children, bullet["text"]))
        else:
            entries.append(EntryRecord(bullet["text"]))
        return True
    if walk.part == "changes" and bullet is not None and (change := _CHANGE.match(bullet["text"])):
        walk.changes.append(ChangeRecord(walk.changed_by, change["path"], change["why"].strip(), number))
        return True
    if walk.part == "target" and bullet is not None and (found := _FIELD.match(bullet["text"])):
        walk.target.append((found["key"].strip(), found["value"]))
        return True
    numbered = _NUMBERED.match(bare)
    if walk.part == "must-haves" and numbered is not None:
        symbol = _LEADING_SYMBOL.match(numbered["text"])
        text, mark = (symbol["text"], symbol["symbol"]) if symbol else (numbered["text"], "")
        walk.must_haves.append(MustHaveRecord(text, mark, number))
        return True
    footer = _FOOTER.match(bare)
    if footer is not None and not bare.startswith("**"):
        walk.footer = footer["text"]
        return True
    if walk.part == "next" and numbered is not None:
        walk.steps.append(numbered["text"])
        return True
    return False


def _listed(walk: _Walk, line: str, bare: str, number: int) -> bool:
    bullet = _BULLET.match(line)
    if bullet is not None and bullet["indent"] and walk.items:
        walk.children.setdefault(walk.items[-1][1], []).append(bullet["text"])
        return True
    found = planlists.item(bare, walk.listing) if walk.listing is not None else None
    if found is None or not walk.phase:
        return _NONE.match(bare) is not None
    if found.number or _NONE.match(found.title) is None:
        walk.items.append((found._replace(phase=found.phase or walk.phase), number))
    return True


def _plans(walk: _Walk) -> list[PlanRecord]:
    counts = {row.number: row.total for row in walk.phases} if walk.own else {}
    found, left = planlists.numbered(walk.items, counts)
    for line in left:
        walk.leave(line, walk.lines[line - 1])
    return [
        PlanRecord(
            item.phase,
            item.number,
            item.title,
            item.detail,
            item.mark,
            item.symbol,
            tuple(walk.children.get(line, ())),
            line,
            item.plan,
        )
        for item, line in found
    ]


def _finish(walk: _Walk) -> StateRecords:
    current = _CURRENT.match(walk.fields.get("current phase", ""))
    plans = _plans(walk)
    date = _DATE.search(walk.footer)
    return StateRecords(
        title=walk.title,
        project=walk.fields.get("project", ""),
        goal=walk.fields.get("goal", ""),
        current_phase=normalise(current["number"]) if current else walk.current,
        current_phase_title=re.sub(r"^\(([^()]*)\)", r"\1", current["title"]) if current else "",
        updated=walk.fields.get("last updated", ""),
        phases=tuple(walk.phases),
        status=walk.fields.get("current status", ""),
        total=_int(walk.fields.get("current plans", "")),
        completed=_int(walk.fields.get("current completed", "")),
        remaining=_int(walk.fields.get("current remaining", "")),
        plans=tuple(plans),
        activity=tuple(
            ActivityRecord(title, day, tuple(entries), line) for title, day, line, entries in walk.activity
        ),
        changes=tuple(walk.changes),
        target=tuple(walk.target),
        must_haves=tuple(walk.must_haves),
        next_steps=tuple(walk.steps),
        footer=walk.footer,
        footer_date=date[0] if date else "",
        unread=tuple(sorted(walk.unread, key=lambda row: row.line)),
        own=walk.own and bool(walk.phases),
    )


def _int(text: str) -> int | None:
    match = re.match(r"\d{1,5}\b", text.strip())
    return int(match[0]) if match else None
