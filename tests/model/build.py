"""Definitions and events in few words."""

from __future__ import annotations

from itertools import count
from typing import Any

from tracker.model import events as ev
from tracker.model.definitions import Check, Definitions, Implementation, Phase, Plan, Project, Verification

_ids = count()


def check(name: str, plan: str = "1.01", **more: Any) -> Check:
    return Check(id=name, title=name.title(), plan=plan, **{"points": 1.0, **more})


def plan(ref: str, *checks: Check, **more: Any) -> Plan:
    phase, number = ref.split(".")
    return Plan(
        ref=ref,
        phase=phase,
        number=int(number),
        slug=more.pop("slug", f"plan-{ref.replace('.', '-')}"),
        title=f"Plan {ref}",
        path=f"plans/{phase}/{number}",
        implementation=Implementation("module", "implementation.py"),
        verification=Verification("verification.py"),
        checks=checks,
        digest=f"d{ref}",
        **more,
    )


def project(*plans: Plan, checks: tuple[Check, ...] = (), of: float | None = None) -> Definitions:
    phases: dict[str, list[Plan]] = {}
    for item in plans:
        phases.setdefault(item.phase, []).append(item)
    return Definitions(
        Project(name="P", codebase="app", checks=checks, of=of),
        tuple(
            Phase(number, f"phase-{number}", f"Phase {number}", f"plans/{number}", plans=tuple(members))
            for number, members in phases.items()
        ),
    )


def event(kind: str, ref: str | None = None, *, at: int | None = None, **data: Any) -> ev.Event:
    number = next(_ids) if at is None else at
    time = f"2026-01-{number // 1440 % 28 + 1:02d}T{number // 60 % 24:02d}:{number % 60:02d}:00.000Z"
    return ev.Event(f"{number:06d}", time, "Ada", kind, ref, data)
