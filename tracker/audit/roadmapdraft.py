"""A roadmap while it is being read: phases and milestones that gather their marks line by line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

from tracker.audit import lines as md
from tracker.audit import marks, roadmapdepends
from tracker.audit.ids import is_backlog, normalise, order, whole
from tracker.audit.model import Mark, Milestone, Roadmap, RoadmapPhase, RoadmapPlan, RoadmapTask, Unread
from tracker.audit.roadmapdepends import Span

VERSION = re.compile(r"\bv(\d+(?:\.\d+){0,3})\b|\bM(?:ilestone)?[ \-]?(\d{1,2})\b", re.IGNORECASE)
_SPAN = re.compile(
    r"phases?\s+(\d{1,4}(?:\.\d+)?)(?:\s*(?:[-–—]|to|through)\s*(\d{1,4}(?:\.\d+)?))?((?:,\s*\d{1,4}(?:\.\d+)?)*)",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Draft:
    """A phase whose marks are still being gathered; what the fields mean is said at ``RoadmapPhase``."""

    number: str
    title: str
    line: int
    column: int
    milestone: str = ""
    goal: str = ""
    checkbox: bool | None = None
    table: bool | None = None
    heading: bool | None = None
    loose: list[bool] = field(default_factory=list)
    tasks: list[RoadmapTask] = field(default_factory=list)
    plans: list[RoadmapPlan] = field(default_factory=list)
    counts: list[tuple[int, int | None]] = field(default_factory=list)
    planned: int | None = None
    active: bool = False
    table_line: int = 0
    waits: list[Span] = field(default_factory=list)
    waits_line: int = 0
    depends_on: tuple[str, ...] = ()

    def wait(self, value: str, line: int) -> None:
        """Take what the phase waits for from the first place that names a phase."""
        if not self.waits and (spans := roadmapdepends.read(value)):
            self.waits, self.waits_line = spans, line

    def rename(self, title: str) -> None:
        """Take the title of the phase's own heading: the fuller of two names, without a description."""
        long, short = sorted((self.title, title), key=len, reverse=True)
        rest = long[len(short) :]
        if long.casefold().startswith(short.casefold()) and rest and not rest[0].isalnum():
            self.title = short if _DESCRIBED.match(rest) else long


_DESCRIBED = re.compile(r"[.:]|\s+[-–—:|]")


@dataclass(slots=True)
class Reading:
    """Where the reading stands.

    ``current`` and ``section`` are the phase and the milestone that lines belong to, ``level`` that of the phase's
    heading, ``indent`` that of the last box of a plan or task; ``orphans`` are plan boxes that stand before their
    phase; ``in_plans``, ``listing`` and ``backlog`` say what the last heading opened. ``drafts`` are all phases as
    they come, ``phases`` the one that was named last with a number. In a ``wide`` reading steps and sprints are
    phases too, and ``letters`` are what stands before their numbers.
    """

    file: str
    wide: bool = False
    drafts: list[Draft] = field(default_factory=list)
    phases: dict[str, Draft] = field(default_factory=dict)
    orphans: list[RoadmapPlan] = field(default_factory=list)
    milestones: list[MilestoneDraft] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    title: str = ""
    plan_lines: int = 0
    checked: int = 0
    current: Draft | None = None
    section: MilestoneDraft | None = None
    in_plans: bool = False
    listing: bool = False
    backlog: bool = False
    reused: set[str] = field(default_factory=set)
    letters: set[str] = field(default_factory=set)
    level: int = 0
    indent: int | None = None

    def named(self, text: str, *, cell: bool = False) -> tuple[str, str] | None:
        """Return number and title of the phase that a line, or a table's ``cell``, names."""
        if not self.wide:
            return md.row_name(text) if cell else md.phase_name(text)
        found = md.part_name(text) or (md.part_row(text) if cell else None)
        if found is None:
            return None
        self.letters.add(found[2])
        return found[:2]

    @property
    def runs(self) -> bool:
        """Whether the numbers that were found are those of one list: one after the other, lettered alike or not."""
        numbers = sorted({whole(draft.number) for draft in self.drafts})
        return (
            len(numbers) > 1
            and len(self.letters) == 1
            and all(after - before == 1 for before, after in pairwise(numbers))
        )

    def leave(self, line: int, text: str, column: int = 1) -> None:
        """Note a line that looked like data and was not understood."""
        self.unread.append(Unread(self.file, line, column, text.strip()))


@dataclass(slots=True)
class MilestoneDraft:
    """A milestone with the ranges of phases that its line names."""

    version: str
    name: str
    mark: Mark | None
    line: int
    ranges: list[tuple[str, str]] = field(default_factory=list)


def enter(
    state: Reading, number: str, title: str, line: int, column: int, milestone: str | None = None
) -> Draft:
    """Return the phase of this number, a new one where it is named for the first time.

    It belongs to the milestone that is named, else to the open one. A number that another milestone gives to another
    phase is that phase's too: what is marked there is not the first one's.
    """
    version = milestone or (state.section.version if state.section is not None else "")
    same = [draft for draft in state.drafts if draft.number == number]
    draft = _meant(same, title, version)
    if draft is None:
        draft = Draft(number, title, line, column)
        state.drafts.append(draft)
        if same:
            state.reused.add(number)
    state.phases[number] = draft
    draft.title = draft.title or title
    draft.milestone = draft.milestone or version
    return draft


def _meant(same: list[Draft], title: str, version: str) -> Draft | None:
    """The one of the phases with one number that a line means: by milestone and title, else the last named."""
    words = title.casefold()
    like = [
        draft
        for draft in same
        if draft.title.casefold().startswith(words) or words.startswith(draft.title.casefold())
    ]
    names = ("", version, version.removesuffix(".0"), f"{version}.0")
    here = [draft for draft in same if not version or draft.milestone in names]
    both = [draft for draft in like if draft in here]
    return next((group[-1] for group in (both, here, like) if group), None)


def milestone_line(state: Reading, text: str, line: int, *, opens: bool) -> bool:
    """Note the milestone that a line names, with its mark and its range of phases; ``opens``: what follows is its.

    Returns whether it names one.
    """
    plain = marks.plain(text).lstrip("-*+ ").strip()
    version = VERSION.search(plain)
    if version is None:
        if opens:
            state.section = None
        return False
    name = version_name(version)
    mark = marks.symbol(plain)
    if mark is None:
        low = plain.casefold()
        if re.search(r"\bshipped\b|\bcomplete[d]?\b|\barchived\b", low):
            mark = "done"
        elif re.search(r"in progress|\bcurrent\b|\bactive\b", low):
            mark = "active"
        elif re.search(r"\bplanned\b|\bfuture\b", low):
            mark = "open"
    ranges = [(normalise(a), normalise(b) if b else normalise(a)) for a, b, _more in _SPAN.findall(plain)] + [
        (normalise(n), normalise(n))
        for _a, _b, more in _SPAN.findall(plain)
        for n in re.findall(r"\d+(?:\.\d+)?", more)
    ]
    for draft in state.milestones:
        if draft.version == name:
            draft.mark = draft.mark or mark
            draft.ranges.extend(span for span in ranges if span not in draft.ranges)
            break
    else:
        draft = MilestoneDraft(name, plain, mark, line, ranges=ranges)
        state.milestones.append(draft)
    if opens:
        state.section = draft
    return True


def version_name(match: re.Match[str]) -> str:
    """Return a milestone's name as it is used for a key: ``v1.2``, ``M3``."""
    return f"v{match[1]}" if match[1] else f"M{match[2]}"


def finish(state: Reading) -> Roadmap:
    """Put orphaned boxes and phases in their places and freeze what was read; the backlog is left out."""
    for item in state.orphans:
        if item.phase in state.phases:
            state.phases[item.phase].plans.append(item)
    listed = [draft for draft in state.drafts if not is_backlog(draft.number)]
    for draft in listed:
        if not draft.milestone:
            draft.milestone = next(
                (
                    m.version
                    for m in state.milestones
                    for low, high in m.ranges
                    if order(low)[:3]
                    <= order(draft.number)[:3]
                    <= (*order(high)[:2], order(high)[2] or (999,))
                ),
                "",
            )
    _connect(state, listed)
    by_version: dict[str, list[str]] = {}
    for draft in listed:
        by_version.setdefault(draft.milestone, []).append(draft.number)
    known = {m.version for m in state.milestones}
    milestones = [
        Milestone(m.version, m.name, m.mark, m.line, tuple(by_version.get(m.version, ())), tuple(m.ranges))
        for m in state.milestones
    ]
    milestones += [
        Milestone(version, version, None, 0, tuple(numbers))
        for version, numbers in by_version.items()
        if version and version not in known
    ]
    return Roadmap(
        file=state.file,
        title=state.title,
        phases=tuple(phase_record(draft) for draft in listed),
        milestones=tuple(milestones),
        plan_lines=state.plan_lines,
        checked_plans=state.checked,
        reused=frozenset(state.reused),
        unread=tuple(state.unread),
    )


def _connect(state: Reading, listed: list[Draft]) -> None:
    """Say of each phase which ones it waits for; what would close a circle is left out and noted.

    A number that several milestones use means the phase of the same milestone.
    """
    names = {
        id(draft): f"{draft.milestone if draft.number in state.reused else ''}/{draft.number}"
        for draft in listed
    }
    known = set(names.values())
    edges: dict[str, list[str]] = {}
    for draft in listed:
        own = names[id(draft)]
        kept = []
        for number in roadmapdepends.numbers(draft.waits, [other.number for other in listed], draft.number):
            near = f"{draft.milestone}/{number}"
            other = near if near in known else f"/{number}"
            if roadmapdepends.reaches(other, own, edges):
                state.leave(
                    draft.waits_line, f"Phase {draft.number} waits for Phase {number}, which waits for it"
                )
                continue
            edges.setdefault(own, []).append(other)
            kept.append(number)
        draft.depends_on = tuple(dict.fromkeys(kept))


def phase_record(draft: Draft) -> RoadmapPhase:
    """Freeze one phase."""
    return RoadmapPhase(
        number=draft.number,
        title=draft.title,
        line=draft.line,
        column=draft.column,
        milestone=draft.milestone,
        goal=draft.goal,
        checkbox=draft.checkbox,
        table=draft.table,
        heading=draft.heading,
        active=draft.active,
        table_line=draft.table_line,
        boxes=tuple([plan.checked for plan in draft.plans] + draft.loose),
        plans=tuple(draft.plans),
        tasks=tuple(draft.tasks),
        counts=tuple(draft.counts),
        planned=draft.planned,
        depends_on=draft.depends_on,
    )
