"""ROADMAP.md: phases, their marks, plan boxes and milestones, in every notation seen."""

from __future__ import annotations

import re

from tracker.audit import lines as md
from tracker.audit import marks
from tracker.audit.ids import normalise
from tracker.audit.model import Mark, Roadmap, RoadmapPlan, RoadmapTask
from tracker.audit.roadmapdraft import VERSION, Draft, Reading, enter, finish, milestone_line
from tracker.audit.roadmaptables import is_data, read_table
from tracker.audit.words import DEPENDS, PHASE, PHASES, STATUS, heads

_GOAL = {"goal", "ziel", "objetivo", "obiettivo", "objectif", "mål", "hedef", "цель", "目标", "목표"}
_PLANS_FIELD = re.compile(r"(?:plans?|planos|pläne|planes|планы|计划)\Z", re.IGNORECASE)
_PLAN_COUNT = re.compile(
    r"(\d{1,3})(?:\s*/\s*(\d{1,3}))?\s*(?:executable\s+)?(?:plans?|planos|planes|pläne|план\w*|个?计划)\b",
    re.IGNORECASE,
)
_LOOSE_PLAN = re.compile(
    r"[*_`\[~]*(?:plan[ \-#]*)?(\d{1,3}[A-Za-z]?)(?:-PLAN(?:\.md)?)?[*_`\]~]*(?:\s*[:.—–-]|\.md)",
    re.IGNORECASE,
)
_TAIL_MARK = re.compile(
    r"[(（【\[]\s*(?P<inner>[^()（）【】\[\]]{2,40})[)）】\]]\s*\Z"
    r"|\s[\-–—:|]\s*(?P<word>complete[d]?|done|shipped|finished|in progress|not started|planned|pending|todo)\s*\Z"
    r"|\s[\-–—|(]\s*(?P<share>\d{1,3})\s*%\)?\s*\Z",
    re.IGNORECASE,
)
_LISTING = re.compile(
    rf"(?:mapa de |list[ae] d(?:e|as|es|i) )?(?:{'|'.join((*PHASE, *PHASES))})(?:[ -]?(?:list|overview|liste|übersicht|목록))?\Z",
    re.IGNORECASE,
)
_COVERAGE = re.compile(r"(?:unmapped|mapped|orphaned|orphans|coverage|v?\d* ?requirements)\b", re.IGNORECASE)
_DURATION = re.compile(r"phase\s+\S+\s+P\d", re.IGNORECASE)
_OWN_NAME = re.compile(r"\Aroadmap(?:\.md)?\s*(?::|\s[-–—])\s*", re.IGNORECASE)
"""What stands before the project's name in the heading of the document."""
_ITEM = re.compile(r"[*_`\[]*[A-Z]{1,5}-\d{1,4}\b")


def read(text: str, file: str, *, wide: bool = False) -> Roadmap:
    """Read a roadmap. Never raises; lines that look like phases or plans and are none are in ``unread``.

    With ``wide``, a document that names no phase is read for steps, stages and sprints, and for phases with a letter
    before the number: they are its phases where their numbers run.
    """
    strict = _read(text, Reading(file))
    if wide and not strict.drafts:
        parts = _read(text, Reading(file, wide=True))
        if parts.runs:
            return finish(parts)
    return finish(strict)


def _read(text: str, state: Reading) -> Reading:
    lines, cut = md.split(text)
    fenced = False
    table_end = 0
    for index, line in enumerate(lines):
        if md.FENCE.match(line):
            fenced = not fenced
            continue
        if fenced or not line.strip() or index < table_end:
            continue
        if md.is_table(lines, index):
            found = list(md.rows(lines, index))
            table_end = found[-1].line if found else index + 2
            read_table(state, found)
        elif "<summary" in line:
            milestone_line(state, re.sub(r"<[^>]{0,40}>", "", line), index + 1, opens=True)
        elif "</details" in line:
            state.section = state.current = None
        elif line.lstrip().startswith("#") and (heading := md.HEADING.match(line.lstrip())):
            _heading(state, heading, line, index + 1)
        elif box := md.CHECKBOX.match(line):
            _checkbox(state, box, index + 1)
        elif field_ := md.FIELD.match(line):
            _field(state, field_["key"], field_["value"], index + 1)
        elif line.lstrip()[:1] in "-*+":
            inside = state.current is not None
            if (inside or not milestone_line(state, line, index + 1, opens=False)) and _marked(
                line, inside=inside
            ):
                state.leave(index + 1, line, len(line) - len(line.lstrip()) + 1)
        elif line.lstrip()[:1] == "|":
            # A row with no line of dashes above it: not a table's. Tools append durations in this form.
            cells = md.cells(line)
            if (is_data(cells[1:]) or any(map(str.isdigit, cells[1:]))) and not _DURATION.match(cells[0]):
                state.leave(index + 1, line)
        elif line.strip().casefold() in ("plans:", "**plans**", "planos:", "планы:"):
            state.in_plans = True
    for number in cut:
        state.leave(number, "the end of a very long line", md.MAX_LINE)
    return state


def _marked(line: str, *, inside: bool) -> bool:
    """Whether a bullet says of its text how far it is: by a symbol before or behind it, outside of phases by a word."""
    text = marks.plain(line).lstrip("-*+ ")
    if _COVERAGE.match(text):
        return False
    return marks.symbol(text[:1]) is not None or (marks.tail(text) is not None and not inside)


def _heading(state: Reading, heading: re.Match[str], line: str, number: int) -> None:
    rest, level = heading["rest"], len(heading["level"])
    column = len(line) - len(line.lstrip()) + 1
    state.in_plans, state.indent = False, None
    state.backlog = md.names_backlog(rest)
    box = re.match(r"\[([ xX✓✅])\]\s*", rest)
    named = state.named(rest[box.end() :] if box else rest)
    if named is not None:
        draft = enter(state, named[0], named[1], number, column)
        draft.rename(named[1])
        mark = marks.box(box[1]) if box else _heading_mark(rest)
        if mark is not None and draft.heading is None:
            draft.heading = mark == "done"
            draft.active = draft.active or mark == "active"
        if count := _PLAN_COUNT.search(rest):
            _count(draft, count)
        state.current, state.level = draft, level
        return
    if level > 2 and state.listing and (numbered := _numbered(rest)) is not None:
        state.current, state.level = enter(state, numbered[0], numbered[1], number, 1), level
        return
    inside = state.current is not None and level > state.level
    if level <= 2:
        state.listing = _LISTING.match(marks.plain(rest).strip(" :")) is not None
    if level == 1 and not state.title:
        title = rest.strip(" *")
        state.title = _OWN_NAME.sub("", title) or title
    elif rest.strip(" *:").casefold() in ("plans", "planos", "plan list"):
        state.in_plans = True
    elif VERSION.search(rest) or "milestone" in rest.casefold():
        milestone_line(state, rest, number, opens=True)
        state.current = None
    elif not inside:
        state.current = None
        if level == 2:
            state.section = None if not state.title else state.section
        # "Completed Plans ✅" is the label of what follows.
        if _ITEM.match(rest) or (marks.tail(rest) is not None and marks.word(rest) is None):
            state.leave(number, line, column)


def _heading_mark(rest: str) -> Mark | None:
    tail = marks.plain(rest)
    symbol = marks.symbol(tail)
    if symbol is not None:
        return symbol
    match = _TAIL_MARK.search(tail)
    if match is None:
        return None
    return marks.share(int(match["share"])) if match["share"] else marks.word(match["inner"] or match["word"])


def _checkbox(state: Reading, box: re.Match[str], line: int) -> None:
    mark = marks.box(box["mark"])
    checked = mark == "done"
    rest = box["rest"]
    column = box.start("rest") + 1
    indent = len(box["indent"].expandtabs(4))
    if named := state.named(rest):
        draft = enter(state, named[0], named[1], line, column)
        if draft.checkbox is None:
            draft.checkbox = checked
            draft.active = draft.active or mark == "active"
        if count := _PLAN_COUNT.search(rest):
            _count(draft, count)
        return
    bare = rest.lstrip("*_`[~ ")
    plan = md.PLAN_REF.match(reference := re.sub(r"^(?i:plan)\s+", "", bare))
    if plan is not None:
        phase, number = normalise(plan["phase"]), normalise(plan["plan"])
        state.indent = indent
        state.plan_lines += 1
        state.checked += checked
        item = RoadmapPlan(phase, number, checked, _plan_title(reference[plan.end() :]), line, column)
        home = state.current if state.current is not None and state.current.number == phase else None
        home = home or state.phases.get(phase)
        (home.plans if home is not None else state.orphans).append(item)
        return
    if state.current is not None:
        if state.indent is not None and indent > state.indent:
            # A box below a plan's or task's box is a detail of it.
            return
        state.indent = indent
        state.current.tasks.append(RoadmapTask(marks.plain(rest), checked, line, column))
        if (loose := _LOOSE_PLAN.match(rest)) and (
            state.in_plans or "plan" in rest[: loose.end()].casefold()
        ):
            state.current.loose.append(checked)
            return
    if VERSION.match(bare):
        milestone_line(state, rest, line, opens=False)
        return
    if state.listing and (named := _numbered(bare)) is not None:
        draft = enter(state, named[0], named[1], line, column)
        draft.checkbox = checked if draft.checkbox is None else draft.checkbox
        return
    if state.current is None and not state.backlog and not re.match(r"[*_~`\[ ]*(?:\d+\.\d|999)", rest):
        state.leave(line, rest, column)


def _numbered(text: str) -> tuple[str, str] | None:
    """``1. Foundation``, ``P1. Foundation`` or ``01: Foundation`` in a list headed "Phases": without the word."""
    match = re.match(r"P?0*(\d{1,3})[.:)][ \t]*[*_]*[ \t]*([^\W\d_].*)", text)
    return (normalise(match[1]), md.title(match[2].split(" — ")[0].split(" - ")[0])) if match else None


def _plan_title(rest: str) -> str:
    return re.sub(r"^[\s*`\])]*(?:\([^)]*\.md\))?[\s:.—–\-*]*", "", rest).strip()


def _count(draft: Draft, count: re.Match[str]) -> None:
    if count[2] is None:
        if draft.planned is None:
            draft.planned = int(count[1])
    else:
        draft.counts.append((int(count[1]), int(count[2])))


def _field(state: Reading, key: str, value: str, line: int) -> None:
    name = key.strip().casefold()
    if _PLANS_FIELD.match(name):
        state.in_plans = True
        if state.current is not None and (count := _PLAN_COUNT.search(value)):
            _count(state.current, count)
    elif name in _GOAL and state.current is not None and not state.current.goal:
        state.current.goal = value
    elif state.current is not None and heads(name, DEPENDS):
        state.current.wait(value, line)
    elif state.current is not None and heads(name, STATUS):
        state.current.active = state.current.active or marks.status(value) == "active"
