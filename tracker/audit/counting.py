"""Counting plans and phases of a part of a project, in every way that a document may have counted them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tracker.audit.ids import is_backlog
from tracker.audit.model import PlanFile, RoadmapPhase, SummaryFile


@dataclass(slots=True)
class Directory:
    """One phase directory: its plans, and how many of them have a summary.

    ``named`` counts summaries of any content, ``summarised`` those that say something.
    """

    path: str
    zone: str
    phase: str
    plans: list[PlanFile] = field(default_factory=list)
    summaries: list[SummaryFile] = field(default_factory=list)
    summarised: int = 0
    named: int = 0

    @property
    def filled(self) -> int:
        """Summaries that say something, with or without a plan."""
        return sum(not summary.empty for summary in self.summaries)

    @property
    def complete(self) -> bool:
        """Plans and a summary that says something for each."""
        return bool(self.plans) and self.summarised >= len(self.plans)


@dataclass(slots=True)
class Scope:
    """A part of the project with its counts: a milestone, ``phases/`` only, everything."""

    name: str
    directories: list[Directory]
    listed: list[RoadmapPhase]
    plans_done: set[int] = field(default_factory=set)
    plans_total: set[int] = field(default_factory=set)
    phases_done: set[int] = field(default_factory=set)
    phases_total: set[int] = field(default_factory=set)
    _pairs: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._count_plans()
        self._count_phases()

    @property
    def known(self) -> bool:
        """Whether there is anything to hold a claim against."""
        return bool(self.directories or self.listed)

    def _count_plans(self) -> None:
        files = sum(len(d.plans) for d in self.directories)
        summarised = sum(d.summarised for d in self.directories)
        filled = sum(d.filled for d in self.directories)
        lines = sum(len(p.plans) for p in self.listed)
        checked = sum(plan.checked for p in self.listed for plan in p.plans)
        by_phase = {p.number: p for p in self.listed}
        seen: set[str] = set()
        best_total = best_done = table_total = table_done = 0
        for d in self.directories:
            p = by_phase.get(d.phase)
            keys = {x.key for x in d.plans} | {f"{s.phase}-{s.number}" for s in d.summaries}
            if p is not None and p.number not in seen:
                keys |= {f"{x.phase}-{x.number}" for x in p.plans}
                seen.add(p.number)
            best_total += max(len(keys), len(d.plans))
            best_done += max(d.filled, sum(x.checked for x in p.plans) if p else 0)
        for p in self.listed:
            done, total = stated(p)
            table_total += total or len(p.plans)
            table_done += done if done is not None else sum(x.checked for x in p.plans)
            if p.number not in seen:
                best_total += max(total, len(p.plans))
                best_done += max(done or 0, sum(x.checked for x in p.plans))
        self.plans_total = {
            files,
            lines,
            best_total,
            table_total,
            files or filled,
            max(files, lines, table_total),
        }
        self.plans_done = {summarised, filled, checked, best_done, table_done}
        if len(self.plans_total) > 1:
            self.plans_total.discard(0)
        self._pairs += [
            (summarised, files), (summarised, lines), (summarised, table_total), (summarised, best_total), (filled, best_total),
            (checked, lines), (checked, table_total), (best_done, best_total), (table_done, table_total), (best_done, table_total),
        ]  # fmt: skip
        if not files:
            self._pairs += [(filled, lines), (filled, table_total)]
        if summarised or filled:
            self._pairs = [pair for pair in self._pairs if pair[0]]
            # Boxes nobody ticked are no evidence against summaries that are there.
            self.plans_done.discard(0)

    def _count_phases(self) -> None:
        numbers = {p.number for p in self.listed}
        on_disk = {d.phase for d in self.directories if d.phase and not is_backlog(d.phase)}
        planned = {d.phase for d in self.directories if d.phase in on_disk and (d.plans or d.summaries)}
        marked = {p.number for p in self.listed if p.complete}
        tabled = {p.number for p in self.listed if p.table}
        finished = {d.phase for d in self.directories if d.complete}
        halves = {d.phase for d in self.directories if not d.complete and d.plans}
        stated_done = {p.number for p in self.listed if _stated_complete(p)}
        finished -= halves
        self.phases_total = {
            len(numbers), len(on_disk), len(planned), len(self.directories), len(numbers | on_disk),
            *(_whole(group) for group in (numbers, on_disk, planned)),
        }  # fmt: skip
        sets = (
            marked,
            finished,
            tabled,
            marked | finished,
            marked | tabled,
            stated_done,
            finished | stated_done,
        )
        self.phases_done = {len(group) for group in sets} | {_whole(group) for group in sets}
        self.phases_done |= {sum(d.complete for d in self.directories)}
        if len(self.phases_total) > 1:
            self.phases_total.discard(0)
        union = numbers | on_disk
        pairs = [
            (group, whole_)
            for group in (marked, finished, tabled, marked | finished)
            for whole_ in (numbers, union)
        ]
        pairs += [(finished, planned), (finished, on_disk)]
        shares = [(len(a), len(b)) for a, b in pairs] + [(_whole(a), _whole(b)) for a, b in pairs]
        if marked or len(finished) > 1 or (finished and finished == planned == (numbers or planned)):
            self.phases_done.discard(0)
            shares = [pair for pair in shares if pair[0]]
        self._pairs += shares

    def percents(self) -> Iterator[tuple[float, int, int]]:
        """Yield every percentage that the scope's counts give, with done and total.

        Only counts that belong together make one: summaries to plan files, ticked boxes to boxes.
        """
        for done, total in self._pairs:
            if 0 <= done <= total and total:
                yield 100 * done / total, done, total


def _whole(numbers: Iterable[str]) -> int:
    return sum(number.isdigit() for number in numbers)


def stated(phase: RoadmapPhase) -> tuple[int | None, int]:
    """Return done and total plans as the roadmap states them for a phase (``2/3 plans``), None and 0 without."""
    for done, total in phase.counts:
        return done, max(total or 0, done)
    return None, phase.planned or 0


def _stated_complete(phase: RoadmapPhase) -> bool:
    done, total = stated(phase)
    return bool(phase.complete) or (done is not None and done >= total > 0)
