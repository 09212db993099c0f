"""Phrases of state documents taken apart: positions, figures, progress bars, statuses."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tracker.audit import lines as md
from tracker.audit import marks
from tracker.audit.ids import PHASE_ID, normalise
from tracker.audit.model import Mark
from tracker.audit.words import ANY_PHASE

_OF = r"(?:of|/|de|von|av|из|sur|di|out of|中)"
_POSITION = re.compile(
    rf"[*_`\s]*(?:{ANY_PHASE}[ \t]*[:#]?[ \t]*)?(?P<id>{PHASE_ID})(?:[ \t]*{_OF}[ \t]*(?P<total>\d{{1,4}}))?(?P<rest>.*)\Z",
    re.IGNORECASE,
)
_PLAN_POSITION = re.compile(
    rf"[*_`\s]*(?:plan[ \t]*)?(?:(?P<phase>\d{{1,3}}(?:\.\d{{1,3}})*)-)?(?P<at>\d{{1,3}})[A-Za-z]?(?:[ \t]*{_OF}[ \t]*(?P<total>\d{{1,3}}))?(?P<rest>.*)\Z",
    re.IGNORECASE,
)
_PARENTHESIS = re.compile(r"\(([^()]{1,200})\)")
PLANS = r"(?:plans?|planos|planes|pläne|planer|piani|plannen|planlar|план(?:ов|а|ы)?|个?计划|계획)"
PHASES = r"(?:phases?|fases|phasen|faser|fasi|fazlar|фаз[ыа]?|этап(?:ов|а)?|个?阶段|단계)"
_COUNT = re.compile(
    rf"(?<![\d/.\-v])(?P<done>\d{{1,5}})[ \t]*(?:/|of|de|von|из|av)[ \t]*(?P<total>\d{{1,5}})(?![\d/.%])"
    rf"(?:[ \t]*(?:total|executed|complete[d]?|executable)?[ \t]*(?:(?P<plans>{PLANS})|(?P<phases>{PHASES}))(?![\w]))?",
    re.IGNORECASE,
)
_LONE = re.compile(
    rf"(?<![\d/.\-v])(?P<n>\d{{1,5}})\+?[ \t]+(?:(?P<plans>{PLANS})|(?P<phases>{PHASES}))(?![\w])",
    re.IGNORECASE,
)
_VERSION = re.compile(r"\bv\d+(?:\.\d+){0,3}\b")
_BARELY = re.compile(r"[\W\d]*(?:(?:milestone|progress|plans|phases)[\W\d]*)?", re.IGNORECASE)
_SPAN = re.compile(r"\s*(?:[-–—+&,/]|to|and|through)\s*", re.IGNORECASE)
_OWN_STATUS = re.compile(
    r"(?:\s+(?:milestone|mvp))?[\s:=–—-]*(?:is |was |at )?"
    r"(?:(?:complete[d]?|done|finished|shipped|released|archived|planned|pending|next|started|in progress)\b|[✅✓✔☑]|\d)",
    re.IGNORECASE,
)
_PHASE_LABEL = re.compile(rf"\b{ANY_PHASE}[ \t-]+(?P<id>{PHASE_ID})", re.IGNORECASE)
_PLAN_UNIT = re.compile(
    rf"(?:{PLANS}|tasks?|total|executed|executable|complete[d]?|done|finished|planned|written|ready)\Z",
    re.IGNORECASE,
)
_OF_ANOTHER_UNIT = re.compile(
    r"\d[ \t]*(?:/|of)[ \t]*\d+[ \t]+(?:tasks?|tests?|files?|tools?|items?|requirements?|reqs?|components?|todos?)[ \t]*\([^\d()%]{0,3}\Z",
    re.IGNORECASE,
)
"""Counts of something else right before a percentage in parentheses: the percentage is of them."""
BAR = re.compile(r"[█▓▒░■□▰▱▮▯⬛⬜●○#=\-. ]{5,400}")
_IN_BRACKETS = re.compile(r"\[([^\[\]]{5,400})\]")
SEVERAL = "several"
"""The label of a figure that is an estimate, or whose text names more than one phase: nothing decides on it."""
# A name in parentheses may begin with such a word ("Complete Checkout"): only one that says no more counts.
_WHOLE_STATUS = re.compile(
    r"[\W_]*(?:[^\W\d_]+|in progress|not started|(?:phase|milestone|plan) complete|ready to \w+)[\W_]*(?:\d.*)?\Z",
    re.IGNORECASE,
)
_FULL = "█▓■▰▮⬛●#="
_BAR_CHARS = "█▓▒░■□▰▱▮▯"
_MILESTONE_DONE = re.compile(
    r"\b(?:all (?:\d+ )?(?:phases|milestones|plans)(?: are)? (?:complete[d]?|done|finished|executed)"
    r"|milestone(?: v[\d.]+)? (?:is )?(?:complete[d]?|shipped|archived|done|finished)"
    r"|v\d+(?:\.\d+)*(?: milestone| MVP)? (?:complete[d]?|shipped|archived|released)"
    r"|project (?:is )?complete[d]?)\b",
    re.IGNORECASE,
)
_PHASE_DONE = re.compile(
    rf"\b{ANY_PHASE}[ \t]+(?P<id>{PHASE_ID})(?:[ \t]*\([^()]{{0,80}}\))?[ \t]*(?:[—–:|-]+[ \t]*)?(?:is |marked )?"
    r"(?:fully )?(?P<word>complete[d]?\b|done\b|finished\b|conclu[ií]da\b|completa\b|abgeschlossen\b|not started\b|pending\b|in progress\b|planned\b|executing\b)",
    re.IGNORECASE,
)
_SAYS_DONE = re.compile(
    rf"\b(?:completed|done|finished|shipped|verified|delivered|archived|conclu[ií]da|completa|abgeschlossen)\b"
    rf"|\bcomplete\b(?!\s+(?!(?:and|but|with|as|on|in|ready)\b)[^\W\d_])|[{marks.DONE_SYMBOLS}]|已?完成|完了|완료",
    re.IGNORECASE,
)
_OF_PHASE = re.compile(
    rf"[\W_]*(?P<said>[^\W\d_]+(?:[ -][^\W\d_]+){{0,3}})[ \t]+{ANY_PHASE}[ \t]+(?P<id>{PHASE_ID})"
    rf"(?![ \t]*(?:[-–—/&+,]|to|and|through)[ \t]*(?:{ANY_PHASE}[ \t]+)?\d)",
    re.IGNORECASE,
)
_RELATION = re.compile(
    r"\b(?:after|before|until|by|from|since|pending|waiting|awaiting|blocked|not|following|post|next)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Position:
    """``Phase: X of Y (name) — status`` taken apart."""

    number: str
    total: int | None
    mark: Mark | None
    rest: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A count or a percentage in a text: ``scope`` is what it is of.

    ``unit`` is plans, phases, percent, empty for a bare ratio, and other for what is no progress (tests).
    """

    unit: str
    done: int | None
    total: int | None
    percent: float | None
    scope: str
    offset: int


def position(value: str) -> Position | None:
    """Take a phase position apart; None when the value names no phase (``N/A``, ``Complete``, a range)."""
    match = _POSITION.match(value)
    if match is None or re.match(r"[ \t]*(?:[-–—]|to|&|and|,)[ \t]*\d", match["rest"]):
        return None
    rest = match["rest"]
    inner = _PARENTHESIS.search(rest)
    mark = marks.word(inner[1]) if inner and _WHOLE_STATUS.match(inner[1].strip()) else None
    after = rest[inner.end() :] if inner else rest
    tail = re.sub(r"^[\s:|—–\-.]+", "", after)
    if mark is None and tail:
        mark = marks.symbol(after) or marks.word(tail)
    return Position(normalise(match["id"]), int(match["total"]) if match["total"] else None, mark, rest)


def plan_position(value: str) -> tuple[str, int, int | None, Mark | None] | None:
    """Take ``A of B``, ``02-03`` or ``3`` apart: phase (maybe empty), plan, total, mark; None for other text."""
    match = _PLAN_POSITION.match(value)
    if match is None:
        return None
    tail = re.sub(r"^[\s:|—–\-.(]+", "", match["rest"])
    return (
        normalise(match["phase"]) if match["phase"] else "",
        int(match["at"]),
        int(match["total"]) if match["total"] else None,
        marks.word(tail) if tail else None,
    )


def figures(text: str) -> list[Figure]:
    """Return the counts and percentages in a text, each with the milestone or phase that it is said of."""
    found: list[Figure] = []
    offset = 0
    for part in re.split(r"( \| )", text):
        taken: list[tuple[int, int]] = []
        for hit in _COUNT.finditer(part):
            unit = "plans" if hit["plans"] else "phases" if hit["phases"] else ""
            if not unit and re.match(
                r"[ \t]*(?!(?:complete[d]?|done|finished)\b)[^\W\d_]", part[hit.end() :]
            ):
                unit = "other"
            label = _label(part, hit.start(), phases=unit == "phases")
            found.append(Figure(unit, int(hit["done"]), int(hit["total"]), None, label, offset + hit.start()))
            taken.append(hit.span())
        for hit in md.PERCENT.finditer(part):
            if _OF_ANOTHER_UNIT.search(part, 0, hit.start()):
                continue
            number = float(hit[1].replace(",", "."))
            label = _label(part, hit.start())
            found.append(Figure("percent", None, None, number, label, offset + hit.start()))
        for hit in _LONE.finditer(part):
            if not any(a <= hit.start() < b for a, b in taken):
                unit = "plans" if hit["plans"] else "phases"
                label = _label(part, hit.start(), phases=unit == "phases")
                found.append(Figure(unit, None, int(hit["n"]), None, label, offset + hit.start()))
        offset += len(part)
    return found


def other_unit(rest: str) -> bool:
    """Whether what follows a ratio names a unit that is no plan: "5/5 scripts" counts scripts."""
    match = re.match(r"[\s*_`]*([^\W\d_]+)", rest)
    return match is not None and not _PLAN_UNIT.match(match[1])


def _label(text: str, at: int, *, phases: bool = False) -> str:
    """What a figure is of: the phase that its text names, else the version. A count of phases is of no phase."""
    if re.search(r"\bestimate|\bapprox|\bprojected", text, re.IGNORECASE):
        return SEVERAL
    named: set[str] = set()
    if not phases:
        named = {normalise(hit["id"]) for hit in _PHASE_LABEL.finditer(text)}
        named |= {
            normalise(hit["phase"]) for hit in md.PLAN_REF.finditer(text) if hit["plan"].startswith("0")
        }
    if named:
        return named.pop() if len(named) == 1 else SEVERAL
    return _version_label(text, at)


def _version_label(text: str, at: int) -> str:
    """The version before a figure, else the one behind it: ``50% (v1.1)``, not ``50% (v1.0 done)``.

    What is said of a version in its own words is no name for the figure beside it.
    """
    before = list(_VERSION.finditer(text, 0, at))
    if len({hit[0] for hit in before}) > 1:
        span = _SPAN.fullmatch(text, before[-2].end(), before[-1].start())
        if span or not _BARELY.fullmatch(text, before[-1].end(), at):
            return SEVERAL
    if before:
        return before[-1][0]
    behind = {hit[0] for hit in _VERSION.finditer(text, at) if not _OWN_STATUS.match(text, hit.end())}
    return (behind.pop() if len(behind) == 1 else SEVERAL) if behind else ""


def bar(text: str) -> tuple[float, int] | None:
    """Return filled share (0-100) and length of the longest drawn progress bar, None when there is none."""
    longest = max(bars(text), key=lambda drawn: drawn[1], default=None)
    return longest[:2] if longest is not None else None


def bars(text: str) -> list[tuple[float, int, int]]:
    """Return filled share, length and offset of every progress bar that a text draws."""
    found: list[tuple[float, int, int]] = []
    end = 0
    for hit in BAR.finditer(text):
        run = hit[0].strip(" .-")
        if hit.start() < end or not (
            any(char in _BAR_CHARS for char in run) or (len(run) > 4 and set(run) <= set("#=-."))
        ):
            continue
        start = hit.start() + hit[0].index(run)
        opened = text.rfind("[", end, hit.start())
        if opened >= 0 and (inner := _IN_BRACKETS.match(text, opened)) and inner.end() >= hit.end():
            run, start, end = inner[1], opened, inner.end()
        if len(run) >= 5 and any(char in _FULL + "░▒□▱▯" for char in run):
            found.append((100 * sum(char in _FULL for char in run) / len(run), len(run), start))
    return found


def milestone_done(text: str) -> re.Match[str] | None:
    """Return where a text says that a milestone, or everything, is complete."""
    match = _MILESTONE_DONE.search(text)
    if match is None:
        return None
    before = text[max(0, match.start() - 16) : match.start()].casefold()
    return None if re.search(r"\b(?:not|until|before|when|if|once|after)\b", before) else match


def phase_statuses(text: str) -> list[tuple[str, Mark, str, int]]:
    """Return the ``Phase N complete`` statements of a text: number, mark, words, offset."""
    found: list[tuple[str, Mark, str, int]] = []
    for hit in _PHASE_DONE.finditer(text):
        mark = marks.word(hit["word"])
        before = text[max(0, hit.start() - 12) : hit.start()].casefold()
        if mark is not None and not re.search(r"\b(?:not|until|before|when|if|once|after)\s*\Z", before):
            found.append((normalise(hit["id"]), mark, hit[0], hit.start()))
    return found


def says_done(text: str) -> bool:
    """Whether a text says of something in it that it is complete; not "Complete Checkout", which is a name."""
    return _SAYS_DONE.search(text) is not None


def active_phase(status: str) -> str:
    """Return the phase that a status names as its object (``Executing Phase 1``), empty for any other status.

    One that is only waited for, or comes before or after, is no object.
    """
    match = _OF_PHASE.match(status)
    if match is None or _RELATION.search(match["said"]):
        return ""
    return normalise(match["id"])


def only_version(text: str) -> str:
    """Return the one version that a text names, empty when it names none or several."""
    named = set(_VERSION.findall(text))
    return named.pop() if len(named) == 1 else ""


def version(text: str) -> str:
    """Return the first version in a text (``v1.2``), empty when there is none."""
    match = _VERSION.search(text)
    return match[0] if match else ""
