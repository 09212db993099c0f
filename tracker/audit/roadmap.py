"""ROADMAP.md: phases, their marks, plan boxes and milestones, in every notation seen."""

from __future__ import annotations

import re

from tracker.audit import lines as md
from tracker.audit import marks
from tracker.audit.ids import normalise
from tracker.audit.model import Roadmap, RoadmapPlan, RoadmapTask, Unread
from tracker.audit.roadmapdraft import VERSION, Draft, Reading, enter, finish, milestone_line
from tracker.audit.roadmaptables import read_table

_GOAL = {"goal", "ziel", "objetivo", "obiettivo", "objectif", "mål", "hedef", "цель", "目标", "목표"}
_PLANS_FIELD = re.compile(r"(?:plans?|planos|pläne|planes|планы|计划)\Z", re.IGNORECASE)
_PLAN_COUNT = re.compile(
    r"(\d{1,3})(?:\s*/\s*(\d{1,3}))?\s*(?:executable\s+)?(?:plans?|planos|planes|pläne|план\w*|个?计划)\b",
    re.IGNORECASE,
)
_LOOSE_PLAN = re.compile(
    r"[*_`\[~]*(?:plan[ \-#]*)?(?:\d{1,3}-PLAN-)?(\d{1,3}[A-Za-z]?)(?:-PLAN(?:\.md)?)?[*_`\]~]*(?:\s*[:.—–-]|\.md)",
    re.IGNORECASE,
)
_TAIL_MARK = re.compile(
    r"[(\[]\s*(?P<inner>[^()\[\]]{2,40})[)\]]\s*\Z"
    r"|\s[\-–—:|]\s*(?P<word>complete[d]?|done|shipped|finished|in progress|not started|planned|pending|todo)\s*\Z",
    re.IGNORECASE,
)


def read(text: str, file: str) -> Roadmap:
    """Read a roadmap. Never raises; lines that look like phases or plans and are none are in ``unread``."""
    lines, cut = md.split(text)
    state = Reading(file)
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
            _field(state, field_["key"], field_["value"])
        elif line.lstrip()[:1] in "-*+" and state.current is None:
            milestone_line(state, line, index + 1, opens=False)
        elif line.strip().casefold() in ("plans:", "**plans**", "planos:", "планы:"):
            state.in_plans = True
    state.unread.extend(Unread(file, number, md.MAX_LINE, "the end of a very long line") for number in cut)
    return finish(state)


def _heading(state: Reading, heading: re.Match[str], line: str, number: int) -> None:
    rest = heading["rest"]
    state.in_plans = False
    state.backlog = md.names_backlog(rest)
    box = re.match(r"\[([ xX✓✅])\]\s*", rest)
    named = md.phase_name(rest[box.end() :] if box else rest)
    if named is not None:
        draft = enter(state, named[0], named[1], number, len(line) - len(line.lstrip()) + 1)
        mark = (box[1] != " ") if box else _heading_mark(rest)
        if mark is not None and draft.heading is None:
            draft.heading = mark
        if count := _PLAN_COUNT.search(rest):
            _count(draft, count)
        state.current = draft
        return
    level = len(heading["level"])
    if level > 2 and state.listing and (numbered := _numbered(rest)) is not None:
        state.current = enter(state, numbered[0], numbered[1], number, 1)
        return
    if level <= 2:
        state.listing = marks.plain(rest).casefold().strip(" :") in {
            "phases",
            "phase list",
            "phase overview",
            "fases",
            "фазы",
            "阶段",
        }
    if level == 1 and not state.title:
        state.title = rest.strip(" *")
    elif rest.strip(" *:").casefold() in ("plans", "planos", "plan list"):
        state.in_plans = True
    elif VERSION.search(rest) or "milestone" in rest.casefold():
        milestone_line(state, rest, number, opens=True)
        state.current = None
    elif level <= 2:
        state.current = None
        state.section = None if level == 2 and not state.title else state.section


def _heading_mark(rest: str) -> bool | None:
    tail = marks.plain(rest)
    symbol = marks.symbol(tail)
    if symbol is not None:
        return symbol == "done"
    match = _TAIL_MARK.search(tail)
    if match is None:
        return None
    found = marks.word(match["inner"] or match["word"])
    return None if found is None else found == "done"


def _checkbox(state: Reading, box: re.Match[str], line: int) -> None:
    checked = box["mark"] in "xX✓✔✅"
    rest = box["rest"]
    column = box.start("rest") + 1
    if named := md.phase_name(rest):
        draft = enter(state, named[0], named[1], line, column)
        if draft.checkbox is None:
            draft.checkbox = checked
        if count := _PLAN_COUNT.search(rest):
            _count(draft, count)
        return
    bare = rest.lstrip("*_`[~ ")
    offset = len(rest) - len(bare)
    plan = md.PLAN_REF.match(re.sub(r"^(?i:plan)\s+", "", bare))
    if plan is not None:
        phase, number = normalise(plan["phase"]), normalise(plan["plan"])
        state.plan_lines += 1
        state.checked += checked
        item = RoadmapPlan(phase, number, checked, _plan_title(rest[offset + plan.end() :]), line, column)
        home = state.current if state.current is not None and state.current.number == phase else None
        home = home or state.phases.get(phase)
        (home.plans if home is not None else state.orphans).append(item)
        return
    if state.current is not None:
        state.current.tasks.append(RoadmapTask(marks.plain(rest), checked, line, column))
    if (
        state.current is not None
        and (loose := _LOOSE_PLAN.match(rest))
        and (state.in_plans or "plan" in rest[: loose.end()].casefold())
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
        state.unread.append(Unread(state.file, line, column, rest.strip()))


def _numbered(text: str) -> tuple[str, str] | None:
    """``1. Foundation`` or ``01: Foundation`` in a list headed "Phases": a phase without the word."""
    match = re.match(r"0*(\d{1,3})[.:)][ \t]*[*_]*[ \t]*([^\W\d_].*)", text)
    return (normalise(match[1]), md.title(match[2].split(" — ")[0].split(" - ")[0])) if match else None


def _plan_title(rest: str) -> str:
    return re.sub(r"^[\s*`\])]*(?:\([^)]*\.md\))?[\s:.—–\-*]*", "", rest).strip()


def _count(draft: Draft, count: re.Match[str]) -> None:
    if count[2] is None:
        if draft.planned is None:
            draft.planned = int(count[1])
    else:
        draft.counts.append((int(count[1]), int(count[2])))


def _field(state: Reading, key: str, value: str) -> None:
    name = key.strip().casefold()
    if _PLANS_FIELD.match(name):
        state.in_plans = True
        if state.current is not None and (count := _PLAN_COUNT.search(value)):
            _count(state.current, count)
    elif name in _GOAL and state.current is not None and not state.current.goal:
        state.current.goal = value
