"""What a state document in the tracker's own dialect says, as records. Frozen, plain."""

from __future__ import annotations

from dataclasses import dataclass

from tracker.audit.model import Mark, Unread


@dataclass(frozen=True, slots=True)
class PhaseRecord:
    """A row of the progress table. ``impact`` is the document's own text, projected figures as they are."""

    number: str
    title: str
    mark: Mark | None
    status: str
    done: int | None
    total: int | None
    impact: str
    line: int


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """A listed plan: where it is listed is its ``mark``, ``symbol`` what stands behind its title."""

    phase: str
    number: str
    title: str
    detail: str
    mark: Mark
    symbol: str
    bullets: tuple[str, ...]
    line: int
    given: bool = True
    """Whether the document calls it a plan of that number; else its place in the list numbers it, or it is a task."""


@dataclass(frozen=True, slots=True)
class EntryRecord:
    """A bullet of recent activity with the bullets below it, Markdown as written."""

    text: str
    children: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ActivityRecord:
    """A dated part of recent activity. ``date`` is ISO, empty when the heading has none."""

    title: str
    date: str
    entries: tuple[EntryRecord, ...]
    line: int


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """A file that a plan modified, and why."""

    plan: str
    path: str
    why: str
    line: int


@dataclass(frozen=True, slots=True)
class MustHaveRecord:
    """A must-have with the document's own mark."""

    text: str
    mark: str
    line: int


@dataclass(frozen=True, slots=True)
class StateRecords:
    """All of a state document. ``target`` holds the score target's lines as (name, value)."""

    title: str = ""
    project: str = ""
    goal: str = ""
    current_phase: str = ""
    current_phase_title: str = ""
    updated: str = ""
    phases: tuple[PhaseRecord, ...] = ()
    status: str = ""
    total: int | None = None
    completed: int | None = None
    remaining: int | None = None
    plans: tuple[PlanRecord, ...] = ()
    activity: tuple[ActivityRecord, ...] = ()
    changes: tuple[ChangeRecord, ...] = ()
    target: tuple[tuple[str, str], ...] = ()
    must_haves: tuple[MustHaveRecord, ...] = ()
    next_steps: tuple[str, ...] = ()
    footer: str = ""
    footer_date: str = ""
    unread: tuple[Unread, ...] = ()
    own: bool = False
    """Whether it has the parts that make it a document of this dialect: overall progress and a current phase."""

    @property
    def known(self) -> bool:
        """Whether there is anything of this dialect in the document."""
        return bool(self.phases or self.plans or self.must_haves)
