"""What the files define: project, phases, plans, checks."""

from __future__ import annotations

from typing import NamedTuple

NEED = "need"
STRETCH = "stretch"
RESIDUAL = "residual"

BASELINE = "baseline"
"""The pseudo-plan of checks that were green before any plan ran."""


class Check(NamedTuple):
    """One thing to be proved. ``points`` are earned only by a passed check."""

    id: str
    title: str
    plan: str
    domain: str = "General"
    points: float = 0
    kind: str = NEED
    critical: bool = False
    exclusive: bool = False
    mode: str = "live"
    probe: str = ""
    maps_to: str = ""
    closes: str = ""


class MustHave(NamedTuple):
    """A sentence of a phase that holds when its checks pass. ``mark`` is a document's own word for it."""

    text: str
    checks: tuple[str, ...] = ()
    plans: tuple[str, ...] = ()
    mark: str = ""


class Implementation(NamedTuple):
    """How a plan is carried out: a Python module, a command, or by a person."""

    kind: str = "manual"
    value: str = ""


class Verification(NamedTuple):
    """How a plan is proved: a pytest file, commands (check id, command line), or nothing."""

    file: str = ""
    commands: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.file or self.commands)


class Plan(NamedTuple):
    """A plan as its PLAN.md defines it. ``path`` is relative to the repository.

    ``digest`` is over the plan's files; ``proof`` over all that its checks are proved by, the shared code too.
    """

    ref: str
    phase: str
    number: int
    slug: str
    title: str
    path: str
    summary: str = ""
    depends_on: tuple[str, ...] = ()
    implementation: Implementation = Implementation()
    verification: Verification = Verification()
    paths: tuple[str, ...] = ()
    timeout: float = 0
    highlights: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    digest: str = ""
    proof: str = ""


class Phase(NamedTuple):
    """A phase as its PHASE.md defines it."""

    number: str
    slug: str
    title: str
    path: str
    goal: str = ""
    impact: str = ""
    must_haves: tuple[MustHave, ...] = ()
    closing_steps: tuple[str, ...] = ()
    plans: tuple[Plan, ...] = ()


class Project(NamedTuple):
    """The project as ``project.yaml`` defines it. Time-outs are seconds; ``proof`` is as a plan's."""

    name: str
    goal: str = ""
    codebase: str = "."
    target: float | None = None
    of: float | None = None
    python: str = ""
    setup: str = ""
    implementation_timeout: float = 120
    verification_timeout: float = 600
    baseline: Verification = Verification()
    checks: tuple[Check, ...] = ()
    proof: str = ""


class Definitions(NamedTuple):
    """Everything that the files define, in order."""

    project: Project
    phases: tuple[Phase, ...] = ()

    @property
    def plans(self) -> tuple[Plan, ...]:
        """All plans, phase by phase."""
        return tuple(plan for phase in self.phases for plan in phase.plans)

    @property
    def checks(self) -> tuple[Check, ...]:
        """All checks: the project's own first, then each plan's."""
        return self.project.checks + tuple(check for plan in self.plans for check in plan.checks)

    @property
    def proofs(self) -> dict[str, str]:
        """What the checks of each plan, and of the project itself, are proved by now."""
        return {BASELINE: self.project.proof} | {plan.ref: plan.proof for plan in self.plans}
