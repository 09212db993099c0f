"""What everything that is shown is a rendering of.

A Snapshot is computed by one pure function (``tracker.model.fold.fold``) from the definitions, the journal
and the present codebase tree. Its JSON form (``to_json``) is what ``--json`` prints; ``to_row`` and ``from_row``
are the compact form that the index caches. Named tuples, because fast commands make thousands of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

PENDING = "pending"
ACTIVE = "active"
DONE = "done"
FAILED = "failed"
DEFERRED = "deferred"
STATUSES = (PENDING, ACTIVE, DONE, FAILED, DEFERRED)

VERIFIED = "verified"
STALE = "stale"
UNPROVEN = "unproven"
PROOFS = (VERIFIED, STALE, UNPROVEN)

PASSED = "passed"
RED = "failed"
ERROR = "error"
NOT_RUN = "not-run"
OPEN = "open"
OUTCOMES = (PASSED, RED, ERROR, NOT_RUN, OPEN)

SCHEMA = 1
"""The version of the JSON shape."""


class CheckState(NamedTuple):
    """A check and its last recorded outcome. ``current``: the evidence names the present codebase tree."""

    id: str
    title: str
    domain: str
    points: float
    kind: str
    critical: bool
    outcome: str = ""
    current: bool = False
    tree: str = ""
    time: str = ""
    deferred: str = ""
    closes: str = ""

    @property
    def earned(self) -> float:
        """Points earned: all of them when passed, else none."""
        return self.points if self.outcome == PASSED else 0


class Change(NamedTuple):
    """A file that a landed plan changed, and why. ``path`` is relative to the repository."""

    path: str
    why: str = ""
    kind: str = "modified"


class PlanState(NamedTuple):
    """A plan with what has become of it. ``order`` counts completions: a later one has a higher number.

    ``mark`` is the sign that a document gave it when that called it done.
    """

    ref: str
    title: str
    phase: str
    slug: str
    path: str = ""
    summary: str = ""
    status: str = PENDING
    proof: str = ""
    source: str = ""
    reason: str = ""
    depends_on: tuple[str, ...] = ()
    blocked_by: tuple[str, ...] = ()
    how: str = "manual"
    finished: str = ""
    run: str = ""
    digest: str = ""
    landed_digest: str = ""
    highlights: tuple[str, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
    links: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    checks: tuple[CheckState, ...] = ()
    wave: int = 0
    order: int = -1
    mark: str = ""

    @property
    def file(self) -> str:
        """The file that says what the plan is, relative to the repository; empty where only a document names it.

        The path of a plan of tracker's own is its directory, that of anybody else's is the file itself.
        """
        return self.path if not self.path or self.path.endswith(".md") else f"{self.path}/PLAN.md"

    @property
    def points(self) -> float:
        """Points that the plan's checks are worth."""
        return sum(check.points for check in self.checks)

    @property
    def earned(self) -> float:
        """Points earned by passed checks."""
        return sum(check.earned for check in self.checks)

    @property
    def ready(self) -> bool:
        """Nothing stands in the way of starting it."""
        return self.status in (PENDING, ACTIVE) and not self.blocked_by


class MustHaveState(NamedTuple):
    """A must-have of a phase; ``met`` when every check that it names has passed, ``stale`` where that was before a change."""

    text: str
    met: bool = False
    checks: tuple[str, ...] = ()
    mark: str = ""
    stale: bool = False


class PhaseState(NamedTuple):
    """A phase with its plans. ``status``: pending, active or done."""

    number: str
    title: str
    slug: str = ""
    goal: str = ""
    status: str = PENDING
    impact: str = ""
    done: int = 0
    total: int = 0
    must_haves: tuple[MustHaveState, ...] = ()
    closing_steps: tuple[str, ...] = ()
    plans: tuple[PlanState, ...] = ()


def current_phase(statuses: Mapping[str, str], position: str = "") -> str:
    """The phase that work is at: the first unfinished one from ``position`` on, else the first unfinished at all.

    The last one where all are finished; empty where there are none. ``statuses`` are those of all phases, in order.
    """
    numbers = list(statuses)
    start = numbers.index(position) if position in statuses else 0
    behind = (number for number in (*numbers[start:], *numbers[:start]) if statuses[number] != DONE)
    return next(behind, numbers[-1] if numbers else "")


class DomainScore(NamedTuple):
    """Points earned and possible in one domain."""

    domain: str
    points: float
    of: float


class Score(NamedTuple):
    """Points of passed checks out of a fixed total. Nothing in it is projected."""

    points: float
    of: float
    target: float | None = None
    measured: bool = False
    stale: bool = False
    rating: float = 0
    capped_by: tuple[str, ...] = ()
    domains: tuple[DomainScore, ...] = ()
    history: tuple[tuple[str, float], ...] = ()


class Evidence(NamedTuple):
    """What the newest verification saw: codebase tree, day, number of checks by outcome."""

    tree: str
    date: str
    counts: tuple[tuple[str, int], ...] = ()


class Activity(NamedTuple):
    """One line of history. ``kind`` is the event's; ``source`` is ``document`` for what an import recorded."""

    time: str
    kind: str
    actor: str
    text: str
    plan: str = ""
    event: str = ""
    source: str = ""


class Snapshot(NamedTuple):
    """The whole state of a project. ``activity`` holds the newest events only, the oldest of them first."""

    name: str
    goal: str = ""
    codebase: str = "."
    tree: str = ""
    current_phase: str = ""
    updated: str = ""
    done: int = 0
    total: int = 0
    phases: tuple[PhaseState, ...] = ()
    score: Score | None = None
    baseline: tuple[CheckState, ...] = ()
    evidence: Evidence | None = None
    activity: tuple[Activity, ...] = ()
    faults: tuple[str, ...] = ()
    origin: str = "native"
    document: dict[str, Any] = {}  # noqa: RUF012 - never changed, like every field here

    @property
    def plans(self) -> tuple[PlanState, ...]:
        """All plans, phase by phase."""
        return tuple(plan for phase in self.phases for plan in phase.plans)

    @property
    def checks(self) -> tuple[CheckState, ...]:
        """All checks: the project's own first, then each plan's."""
        return self.baseline + tuple(check for plan in self.plans for check in plan.checks)

    def plan(self, ref: str) -> PlanState:
        """The plan with this reference; KeyError where there is none."""
        for plan in self.plans:
            if plan.ref == ref:
                return plan
        raise KeyError(ref)

    def phase(self, number: str) -> PhaseState:
        """The phase with this number; KeyError where there is none."""
        for phase in self.phases:
            if phase.number == number:
                return phase
        raise KeyError(number)


def plain(value: Any) -> Any:
    """The value as JSON's types; named tuples become objects with every field present."""
    if isinstance(value, tuple):
        names = getattr(value, "_fields", None)
        if names is not None:
            return {name: plain(item) for name, item in zip(names, value, strict=True)}
        return [plain(item) for item in value]
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def to_json(snapshot: Snapshot) -> dict[str, Any]:
    """The documented shape: every field of the Snapshot, with ``schema`` first."""
    return {"schema": SCHEMA, **plain(snapshot)}


def to_row(snapshot: Snapshot) -> str:
    """The Snapshot as nested arrays, fields in their order."""
    import json

    return json.dumps(snapshot, ensure_ascii=False, separators=(",", ":"))


def from_row(text: str) -> Snapshot:
    """The inverse of ``to_row``. Raises ValueError for any other text.

    The collector of cycles rests meanwhile: thousands of new tuples would wake it again and again, for nothing.
    """
    import gc

    from msgspec import MsgspecError
    from msgspec.json import Decoder

    resting = gc.isenabled()
    gc.disable()
    try:
        return Decoder(Snapshot).decode(text)
    except MsgspecError as error:
        raise ValueError(str(error)) from error
    finally:
        gc.freeze()
        if resting:
            gc.enable()
