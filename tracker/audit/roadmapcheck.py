"""A roadmap against itself and against the files: marks of one phase that cannot all be true."""

from __future__ import annotations

from tracker.audit.counting import stated
from tracker.audit.evidence import Evidence
from tracker.audit.model import Finding, RoadmapPhase

_SAID = {True: "done", False: "open"}


def of_roadmap(evidence: Evidence) -> list[Finding]:
    """Findings about the phases of ROADMAP.md. They decide nothing about the state document."""
    plan = evidence.project.roadmap
    if plan is None:
        return []
    found: list[Finding] = []
    for phase in plan.phases:
        messages = _marks(phase)
        if evidence.listed.get(phase.number) is phase:
            messages += _counts(phase, evidence)
        found.extend(
            Finding("roadmap", f"phase {phase.number}: {message}", plan.file, line, 1)
            for line, message in messages
        )
    return found


def _marks(phase: RoadmapPhase) -> list[tuple[int, str]]:
    """Box, row and heading that say different things, and a row's count against the boxes of the plans."""
    said = {
        name: mark
        for name, mark in (("box", phase.checkbox), ("row", phase.table), ("heading", phase.heading))
        if mark is not None
    }
    found = []
    if len(set(said.values())) > 1:
        words = ", ".join(f"its {name} says {_SAID[mark]}" for name, mark in said.items())
        found.append((phase.line, words))
    done, total = stated(phase)
    if done is None:
        return found
    line = phase.table_line or phase.line
    if done < total and phase.complete:
        name = next(name for name, mark in said.items() if mark) if said else "list of boxes"
        found.append((line, f"its {name} says done, and it counts {done} of {total} plans"))
    ticked = sum(plan.checked for plan in phase.plans)
    if ticked > done:
        found.append((line, f"it counts {done} plans as done, its boxes {ticked}"))
    return found


def _counts(phase: RoadmapPhase, evidence: Evidence) -> list[tuple[int, str]]:
    """More plans counted as done than there are summaries, where every plan of the phase has its file here."""
    done, _ = stated(phase)
    directories = evidence.of_phase(phase.number).directories
    plans = sum(len(directory.plans) for directory in directories)
    filled = sum(max(directory.summarised, directory.filled) for directory in directories)
    if done is None or not evidence.project.summaries or not filled or not plans >= done > filled:
        return []
    return [(phase.table_line or phase.line, f"it counts {done} plans as done, the SUMMARY files {filled}")]
