"""Counting plans and phases of a part of a project, in every way that a document may have counted them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tracker.audit import wording
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


@dataclass(frozen=True, slots=True)
class Tally:
    """Done and total as one way of counting gives both, with the words for it.

    ``done`` is None where nothing was ever marked and other records show that work was done: that is no evidence.
    ``joined`` ones hold the files' done against ROADMAP.md's total, or count what either of them knows;
    ``loose`` ones count what is done beside what there is, without being a part of it: they make no share.
    """

    done: int | None
    total: int
    words: str
    joined: bool = False
    loose: bool = False

    @property
    def percent(self) -> float | None:
        """The share that is done, None without one."""
        if self.done is None or self.loose or not 0 <= self.done <= self.total or not self.total:
            return None
        return 100 * self.done / self.total


@dataclass(slots=True)
class Scope:
    """A part of the project with its counts: a milestone, ``phases/`` only, everything."""

    name: str
    directories: list[Directory]
    listed: list[RoadmapPhase]
    plans: list[Tally] = field(default_factory=list)
    phases: list[Tally] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._count_plans()
        self._count_phases()

    @property
    def known(self) -> bool:
        """Whether there is anything to hold a claim against."""
        return bool(self.directories or self.listed)

    def tallies(self, what: str) -> list[Tally]:
        """The counts of plans or of phases, the likeliest first."""
        return self.plans if what == "plans" else self.phases

    def totals(self, what: str) -> set[int]:
        """Every total that may be meant; zero only where nothing else is."""
        found = {tally.total for tally in self.tallies(what)}
        return found - {0} or {0}

    def match(self, what: str, done: int | None, total: int | None) -> Tally | None:
        """The count that gives these numbers, both of them from one way of counting; None when none does."""
        totals = self.totals(what)
        return next(
            (
                tally
                for tally in self.tallies(what)
                if (done is None or tally.done == done)
                and (total is None or (tally.total == total and total in totals))
            ),
            None,
        )

    def describe(self, what: str) -> str:
        """The counts in words, each source by itself."""
        single = [
            tally for tally in self.tallies(what) if not tally.joined and (tally.total or tally.done)
        ] or self.tallies(what)[:1]
        counted = [tally for tally in single if tally.done is not None] or single
        words = dict.fromkeys(tally.words for tally in counted)
        return f"{self.name}: {', '.join(words)}"

    def _count_plans(self) -> None:
        files = sum(len(d.plans) for d in self.directories)
        summarised = sum(d.summarised for d in self.directories)
        filled = sum(d.filled for d in self.directories)
        lines = sum(len(p.plans) for p in self.listed)
        checked = sum(plan.checked for p in self.listed for plan in p.plans)
        by_phase = {p.number: p for p in self.listed}
        seen: set[str] = set()
        best_total = best_done = table_total = table_done = 0
        counted = False
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
            counted = counted or bool(p.counts or p.planned)
            table_total += total or len(p.plans)
            table_done += done if done is not None else sum(x.checked for x in p.plans)
            if p.number not in seen:
                best_total += max(total, len(p.plans))
                best_done += max(done or 0, sum(x.checked for x in p.plans))
        worked = bool(summarised or filled)

        def told(done: int) -> int | None:
            # Boxes nobody ticked are no evidence against summaries that are there.
            return None if worked and not done else done

        if files or not filled:
            words = wording.share(summarised, files, "plan file", "has", "a SUMMARY")
            self.plans.append(Tally(told(summarised), files, words))
        else:
            self.plans.append(Tally(filled, filled, f"{_summaries(filled)} without a plan file"))
        if lines:
            words = wording.share(checked, lines, "plan box", "is", "ticked in ROADMAP.md")
            self.plans.append(Tally(told(checked), lines, words))
        if counted:
            words = f"ROADMAP.md says {table_done} of {wording.some(table_total, 'plan')}"
            self.plans.append(Tally(told(table_done), table_total, words))
        of_listed = [d for d in self.directories if d.phase in by_phase]
        of_roadmap = (sum(d.summarised for d in of_listed), sum(d.filled for d in of_listed))
        written = sum(len(d.plans) for d in of_listed)
        # A roadmap that lists fewer plans of its phases than are written is no total for what is done of them.
        totals = [total for total in (lines, table_total) if total >= written]
        shares = [(done, total) for done in of_roadmap for total in totals]
        for done, total in dict.fromkeys(shares):
            words = f"{_summaries(done)} of the phases in ROADMAP.md to {wording.some(total, 'plan')} that it gives them"
            self.plans.append(Tally(told(done), total, words, joined=True))
        for done in dict.fromkeys((summarised, filled)):
            words = f"{_summaries(done)} to {wording.some(best_total, 'plan')} in files and ROADMAP.md"
            self.plans.append(Tally(told(done), best_total, words, joined=True))
        words = f"{_summaries(filled)}, with or without a plan, beside {wording.some(files, 'plan file')}"
        self.plans.append(Tally(told(filled), files, words, joined=True, loose=True))
        words = f"{best_done} of {wording.some(best_total, 'plan')} in files and ROADMAP.md together"
        self.plans.append(Tally(told(best_done), best_total, words, joined=True))

    def _count_phases(self) -> None:
        numbers = {p.number for p in self.listed}
        on_disk = {d.phase for d in self.directories if d.phase and not is_backlog(d.phase)}
        planned = {d.phase for d in self.directories if d.phase in on_disk and (d.plans or d.summaries)}
        marked = {p.number for p in self.listed if p.complete}
        in_table = {p.number for p in self.listed if p.table is not None}
        tabled = {p.number for p in self.listed if p.table}
        halves = {d.phase for d in self.directories if not d.complete and d.plans}
        finished = {d.phase for d in self.directories if d.complete} - halves
        full = {p.number for p in self.listed if _stated_complete(p)}
        worked = bool(
            marked or len(finished) > 1 or (finished and finished == planned == (numbers or planned))
        )

        def add(done: int, total: int, words: str, *, joined: bool = False) -> None:
            self.phases.append(Tally(None if worked and not done else done, total, words, joined))

        def groups(
            done: set[str], total: set[str], words: tuple[str, str, str], *, joined: bool = False
        ) -> None:
            done = done & total  # What is done is counted among what the total counts, never beside it.
            for a, b in dict.fromkeys(((len(done), len(total)), (_whole(done), _whole(total)))):
                add(a, b, wording.share(a, b, *words), joined=joined)

        complete = sum(d.complete for d in self.directories)
        directories = ("phase directory", "has", "a SUMMARY for every plan")
        groups(marked, numbers, ("phase", "is", "marked complete in ROADMAP.md"))
        add(complete, len(self.directories), wording.share(complete, len(self.directories), *directories))
        groups(finished, on_disk, directories, joined=True)
        groups(finished, planned, directories, joined=True)
        groups(tabled, in_table, ("row", "is", "complete in ROADMAP.md's table"), joined=True)
        groups(full, numbers, ("phase", "is", "complete by the marks or counts of ROADMAP.md"), joined=True)
        groups(
            finished,
            numbers,
            ("phase", "has", "a SUMMARY for every plan, of those in ROADMAP.md"),
            joined=True,
        )
        together = ("phase", "is", "complete by files or ROADMAP.md")
        for total in (numbers, numbers | on_disk):
            for done in (finished, marked, marked | finished, full | finished):
                groups(done, total, together, joined=True)


def _summaries(number: int) -> str:
    return wording.some(number, "SUMMARY file")


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
