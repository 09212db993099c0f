"""What was read from somebody's project, and what the audit says about it. Frozen, plain, no behaviour.

Files are relative to the project's root; lines and columns count from 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tracker.audit.records import StateRecords

Verdict = Literal["contradicted", "self-contradictory", "unsupported", "supported"]
DocumentVerdict = Literal["consistent", "contradicted", "self-contradictory", "no-state"]
Mark = Literal["done", "active", "open", "deferred"]

CONTRADICTED: Verdict = "contradicted"
SELF_CONTRADICTORY: Verdict = "self-contradictory"
UNSUPPORTED: Verdict = "unsupported"
SUPPORTED: Verdict = "supported"


@dataclass(frozen=True, slots=True)
class Unread:
    """A line that looked like data and was not understood."""

    file: str
    line: int
    column: int
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong that is no claim: a broken file, a hash that does not exist, an overlap."""

    kind: str
    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing a document says about progress.

    ``kind`` names what is said, ``scope`` of what (a phase, a plan, a milestone, empty for everything),
    ``done`` and ``total`` are its numbers, ``value`` its words. ``section`` is the part of the document;
    only ``decisive`` claims (front matter, position, progress, status tables) decide about the document.
    """

    file: str
    line: int
    column: int
    kind: str
    text: str
    section: str
    scope: str = ""
    value: str = ""
    mark: Mark | None = None
    done: int | None = None
    total: int | None = None
    percent: float | None = None
    decisive: bool = True
    verdict: Verdict = UNSUPPORTED
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan file as it lies on disk. ``problems`` is why it could not be read in full."""

    path: str
    zone: str
    directory: str
    phase: str
    number: str
    stem: str
    title: str = ""
    objective: str = ""
    status: str = ""
    wave: str = ""
    depends_on: tuple[str, ...] = ()
    depends_place: tuple[int, int] = (1, 1)
    files_modified: tuple[str, ...] = ()
    tasks: int = 0
    problems: tuple[Finding, ...] = ()

    @property
    def key(self) -> str:
        """``phase-plan`` without padding: the name that commits use."""
        return f"{self.phase}-{self.number}"


@dataclass(frozen=True, slots=True)
class SummaryFile:
    """A SUMMARY file. An ``empty`` one completes nothing."""

    path: str
    zone: str
    directory: str
    phase: str
    number: str
    stem: str
    title: str = ""
    empty: bool = False
    commits: tuple[tuple[str, int, int], ...] = ()
    problems: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class VerificationFile:
    """A VERIFICATION report: its status is a claim of whoever wrote it."""

    path: str
    phase: str
    status: str
    score: str = ""
    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True)
class RoadmapPlan:
    """A plan's box in ROADMAP.md."""

    phase: str
    number: str
    checked: bool
    title: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class RoadmapTask:
    """A box under a phase that is no plan: a task, a criterion."""

    text: str
    checked: bool
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class RoadmapPhase:
    """A phase listed in ROADMAP.md, with every mark that it carries there (None: no such mark).

    ``active``: one of the marks says that it is being worked on; ``table_line`` is where its status cell stands.
    """

    number: str
    title: str
    line: int
    column: int
    milestone: str = ""
    goal: str = ""
    checkbox: bool | None = None
    table: bool | None = None
    heading: bool | None = None
    active: bool = False
    table_line: int = 0
    boxes: tuple[bool, ...] = ()
    plans: tuple[RoadmapPlan, ...] = ()
    tasks: tuple[RoadmapTask, ...] = ()
    counts: tuple[tuple[int, int | None], ...] = ()
    planned: int | None = None
    depends_on: tuple[str, ...] = ()

    @property
    def complete(self) -> bool | None:
        """The first mark present: checkbox, status cell, heading, all plan boxes. None without any."""
        for mark in (self.checkbox, self.table, self.heading):
            if mark is not None:
                return mark
        return all(self.boxes) if self.boxes else None


@dataclass(frozen=True, slots=True)
class Milestone:
    """A milestone of ROADMAP.md and the phases it holds."""

    version: str
    name: str
    mark: Mark | None
    line: int
    phases: tuple[str, ...] = ()
    ranges: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Roadmap:
    """ROADMAP.md. ``reused`` are the numbers that several milestones give to phases of their own: listed each."""

    file: str
    title: str = ""
    phases: tuple[RoadmapPhase, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    plan_lines: int = 0
    checked_plans: int = 0
    reused: frozenset[str] = frozenset()
    unread: tuple[Unread, ...] = ()

    @property
    def by_number(self) -> dict[str, RoadmapPhase]:
        """The phase that a number alone means: of several the last that is in no finished milestone, else the last."""
        finished = {milestone.version for milestone in self.milestones if milestone.mark == "done"}
        earlier = [phase for phase in self.phases if phase.milestone in finished]
        later = [phase for phase in self.phases if phase.milestone not in finished]
        found = {phase.number: phase for phase in (*earlier, *later)}
        return {phase.number: found[phase.number] for phase in self.phases}


@dataclass(frozen=True, slots=True)
class Document:
    """A state document: what it says, and what of it was not understood."""

    file: str
    title: str = ""
    project: str = ""
    goal: str = ""
    front_matter: dict[str, str] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    phases: tuple[RoadmapPhase, ...] = ()
    commits: tuple[tuple[str, int, int], ...] = ()
    records: StateRecords | None = None
    problems: tuple[Finding, ...] = ()
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan put together from file, summary and roadmap. ``evidence`` says what its status rests on."""

    ref: str
    phase: str
    number: str
    title: str
    status: str
    evidence: tuple[str, ...] = ()
    path: str = ""
    summary: str = ""
    objective: str = ""
    wave: str = ""
    depends_on: tuple[str, ...] = ()
    problems: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase put together from roadmap, directory and documents.

    ``done`` and ``total`` count its plans; a document may count more plans than it names. ``depends_on`` are the
    numbers of the phases that the roadmap wants done before.
    """

    number: str
    title: str
    status: str
    done: int = 0
    total: int = 0
    goal: str = ""
    milestone: str = ""
    evidence: tuple[str, ...] = ()
    path: str = ""
    plans: tuple[Plan, ...] = ()
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Project:
    """Somebody's project as it was found. ``kind`` is ``gsd``, ``gsd-2`` or ``document``.

    ``parts`` are what its documents are judged against one by one where there are workstreams: each of them, named
    in ``stream``, and what lies outside of them. All files are in the whole too, its documents are the first part's.
    """

    root: str
    kind: str
    name: str = ""
    goal: str = ""
    plan_files: tuple[PlanFile, ...] = ()
    summaries: tuple[SummaryFile, ...] = ()
    verifications: tuple[VerificationFile, ...] = ()
    quick_plans: int = 0
    phase_directories: tuple[tuple[str, str, str], ...] = ()
    roadmap: Roadmap | None = None
    state: Document | None = None
    stream: str = ""
    parts: tuple[Project, ...] = ()
    phases: tuple[Phase, ...] = ()
    unread: tuple[Unread, ...] = ()
    problems: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit as the history lists it: ``date`` in ISO 8601."""

    hash: str
    date: str
    subject: str


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on one state document.

    ``claim`` is the one that decides, or the first that is contradicted beside; ``contradicted`` is how many are.
    """

    file: str
    verdict: DocumentVerdict
    reason: str
    claim: Claim | None = None
    contradicted: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """The audit of a project: its state documents with the verdict on each, claims, counts and other findings.

    ``verdict`` and ``reason`` are the worst document's.
    """

    project: Project
    verdict: DocumentVerdict
    reason: str
    claims: tuple[Claim, ...]
    findings: tuple[Finding, ...]
    unread: tuple[Unread, ...]
    counts: dict[str, int]
    documents: tuple[Judged, ...] = ()

    @property
    def contradicted(self) -> int:
        """How many claims are, by the files or by the document itself, whatever they count for the verdict."""
        return sum(claim.verdict in (CONTRADICTED, SELF_CONTRADICTORY) for claim in self.claims)

    @property
    def exit_code(self) -> int:
        """1 when anything is contradicted, by the files or by the document itself; 0 otherwise."""
        return int(self.verdict in ("contradicted", "self-contradictory") or self.contradicted > 0)
