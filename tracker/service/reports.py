"""What the long commands return."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tracker.verify.outcomes import Result

RUN = "run"
SKIP = "skip"
REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """What a run would do with a plan, and why."""

    ref: str
    title: str
    action: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RunPlan:
    """The waves of a run; plans that are skipped or refused stand in ``others``."""

    waves: tuple[tuple[PlannedRun, ...], ...] = ()
    others: tuple[PlannedRun, ...] = ()


@dataclass(slots=True)
class RunReport:
    """What a run did. ``failed`` and ``skipped`` map plans to reasons, ``broken`` checks to the plan that broke them.

    ``red`` and ``not_run`` map checks to reasons; the red ones are stretch checks that plans landed without.
    ``seconds`` maps plans to how long their implementation and their checks took.
    """

    id: str = ""
    landed: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    red: dict[str, str] = field(default_factory=dict)
    not_run: dict[str, str] = field(default_factory=dict)
    kept: dict[str, Path] = field(default_factory=dict)
    logs: dict[str, Path] = field(default_factory=dict)
    results: dict[str, Result] = field(default_factory=dict)
    seconds: dict[str, tuple[float, float]] = field(default_factory=dict)
    points: float | None = None
    of: float | None = None
    before: float | None = None
    closing: str = ""
    cancelled: bool = False

    @property
    def exit_code(self) -> int:
        """0, or 1 when something failed or was refused, or 130 when it was cancelled."""
        if self.cancelled:
            return 130
        return 1 if self.failed or self.refused or self.broken else 0


@dataclass(slots=True)
class VerifyReport:
    """What a verification found. ``red`` are the needs that count against the exit code."""

    results: dict[str, Result] = field(default_factory=dict)
    red: tuple[str, ...] = ()
    tree: str = ""
    points: float = 0
    of: float = 0
    log: Path | None = None

    @property
    def exit_code(self) -> int:
        """1 when a need is red that has to be green."""
        return 1 if self.red else 0


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of history."""

    time: str
    kind: str
    plan: str
    actor: str
    text: str
    commit: str = ""


@dataclass(frozen=True, slots=True)
class CommitInfo:
    """A commit that belongs to a plan: by trailer, by scope, or by hand."""

    hash: str
    date: str
    subject: str
    source: str
