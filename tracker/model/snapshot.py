"""What everything that is shown is a rendering of.

A Snapshot is computed by one pure function (``tracker.model.fold.fold``) from the definitions, the journal
and the present codebase tree. Its JSON form (``to_json``) is what ``--json`` prints and what the index caches.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

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


@dataclass(frozen=True, slots=True)
class CheckState:
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


@dataclass(frozen=True, slots=True)
class Change:
    """A file that a landed plan changed, and why. ``path`` is relative to the repository."""

    path: str
    why: str = ""
    kind: str = "modified"


@dataclass(frozen=True, slots=True)
class PlanState:
    """A plan with what has become of it."""

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


@dataclass(frozen=True, slots=True)
class MustHaveState:
    """A must-have of a phase; ``met`` when every check that it names has passed."""

    text: str
    met: bool = False
    checks: tuple[str, ...] = ()
    mark: str = ""


@dataclass(frozen=True, slots=True)
class PhaseState:
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


@dataclass(frozen=True, slots=True)
class DomainScore:
    """Points earned and possible in one domain."""

    domain: str
    points: float
    of: float


@dataclass(frozen=True, slots=True)
class Score:
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


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the newest verification saw: codebase tree, day, number of checks by outcome."""

    tree: str
    date: str
    counts: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Activity:
    """One line of history. ``kind`` is the event's."""

    time: str
    kind: str
    actor: str
    text: str
    plan: str = ""
    event: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole state of a project."""

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
    document: dict[str, Any] = field(default_factory=dict)

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
    """The value as JSON's types; dataclasses become objects with every field present."""
    names = _FIELDS.get(type(value))
    if names is not None:
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def to_json(snapshot: Snapshot) -> dict[str, Any]:
    """The documented shape: every field of the Snapshot, with ``schema`` first."""
    data: dict[str, Any] = {"schema": SCHEMA}
    data.update(plain(snapshot))
    return data


def from_json(data: dict[str, Any]) -> Snapshot:
    """The inverse of ``to_json``."""
    return Snapshot(
        **{
            **{key: data[key] for key in _FIELDS[Snapshot] if key in data},
            "phases": tuple(_phase(item) for item in data["phases"]),
            "score": _score(data["score"]) if data["score"] else None,
            "baseline": tuple(CheckState(**item) for item in data["baseline"]),
            "evidence": _evidence(data["evidence"]) if data["evidence"] else None,
            "activity": tuple(Activity(**item) for item in data["activity"]),
            "faults": tuple(data["faults"]),
        }
    )


def _phase(data: dict[str, Any]) -> PhaseState:
    data["must_haves"] = tuple(
        MustHaveState(**{**item, "checks": tuple(item["checks"])}) for item in data["must_haves"]
    )
    data["closing_steps"] = tuple(data["closing_steps"])
    data["plans"] = tuple(_plan(item) for item in data["plans"])
    return PhaseState(**data)


def _plan(data: dict[str, Any]) -> PlanState:
    for name in ("depends_on", "blocked_by", "highlights", "links"):
        data[name] = tuple(data[name])
    data["notes"] = tuple((time, text) for time, text in data["notes"])
    data["changes"] = tuple(Change(**item) for item in data["changes"])
    data["checks"] = tuple(CheckState(**item) for item in data["checks"])
    return PlanState(**data)


def _score(data: dict[str, Any]) -> Score:
    data["capped_by"] = tuple(data["capped_by"])
    data["domains"] = tuple(DomainScore(**item) for item in data["domains"])
    data["history"] = tuple((time, points) for time, points in data["history"])
    return Score(**data)


def _evidence(data: dict[str, Any]) -> Evidence:
    data["counts"] = tuple((outcome, count) for outcome, count in data["counts"])
    return Evidence(**data)


_FIELDS: dict[type, tuple[str, ...]] = {
    kind: tuple(item.name for item in fields(kind))
    for kind in (
        Snapshot,
        PhaseState,
        PlanState,
        CheckState,
        MustHaveState,
        Change,
        Score,
        DomainScore,
        Evidence,
        Activity,
    )
}
