"""Whole histories of made-up projects: a document that tells the truth is never called contradicted."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.audit.samples import plan, summary
from tracker.audit import Report, audit_path


@dataclass
class World:
    """A project in the middle of its history: milestones of phases of plans, the first ``done`` are done."""

    milestones: list[list[tuple[str, int]]]
    done: int
    archive: bool
    style: str
    decimals: bool = False
    files: dict[str, str] = field(default_factory=dict)

    @property
    def plans(self) -> list[tuple[int, str, int]]:
        """All plans in order: milestone, phase, number."""
        return [
            (m, phase, n)
            for m, group in enumerate(self.milestones)
            for phase, count in group
            for n in range(1, count + 1)
        ]

    def finished(self, milestone: int, phase: str) -> tuple[int, int]:
        """Done and planned plans of a phase."""
        mine = [i for i, (m, p, _n) in enumerate(self.plans) if (m, p) == (milestone, phase)]
        return sum(i < self.done for i in mine), len(mine)

    @property
    def current(self) -> tuple[int, str]:
        """Milestone and phase of the next plan, the last ones when nothing is left."""
        m, phase, _n = self.plans[min(self.done, len(self.plans) - 1)]
        return m, phase


def write(world: World) -> dict[str, str]:
    """The project's files, its document as the tool writes it."""
    files: dict[str, str] = {}
    current, position = world.current
    roadmap = ["# Roadmap: X", "", "## Phases", ""]
    for m, group in enumerate(world.milestones):
        version = f"v{m + 1}.0"
        past = m < current
        zone = f"milestones/{version}-phases" if past and world.archive else "phases"
        if past:
            roadmap += [
                "<details>",
                f"<summary>✅ {version} M (Phases {group[0][0]}-{group[-1][0]}) - SHIPPED 2026-01-01</summary>",
                "",
            ]
        else:
            roadmap += [
                f"### {'🚧' if m == current else '📋'} {version} M ({'In Progress' if m == current else 'Planned'})",
                "",
            ]
        for phase, count in group:
            done, _ = world.finished(m, phase)
            box = "x" if done == count else " "
            name = f"{phase.zfill(2)}-p{phase.replace('.', '')}"
            roadmap.append(f"- [{box}] **Phase {phase}: P{phase}** - text ({done}/{count} plans)")
            started = m < current or (m == current and (done or phase == position))
            for n in range(1, count + 1):
                if not started:
                    break
                stem = f".planning/{zone}/{name}/{phase.zfill(2) if '.' not in phase else phase}-{n:02d}"
                files[f"{stem}-PLAN.md"] = plan(f"{n:02d}")
                if n <= done:
                    files[f"{stem}-SUMMARY.md"] = summary(f"{n:02d}")
        if past:
            roadmap += ["", "</details>"]
        roadmap.append("")
        if not past:
            for phase, count in group:
                done, _ = world.finished(m, phase)
                roadmap += [f"### Phase {phase}: P{phase}", "", f"**Plans**: {count} plans", "", "Plans:"]
                roadmap += [
                    f"- [{'x' if n <= done else ' '}] {phase}-{n:02d}: part" for n in range(1, count + 1)
                ] + [""]
    files[".planning/ROADMAP.md"] = "\n".join(roadmap)
    files[".planning/STATE.md"] = _state(world)
    return files


def _state(world: World) -> str:
    current, position = world.current
    group = world.milestones[current]
    scope = group if world.style != "everything" else [item for g in world.milestones for item in g]
    pairs = [(m, p, c) for m, g in enumerate(world.milestones) for p, c in g if (p, c) in scope]
    total = sum(c for _m, _p, c in pairs)
    done = sum(world.finished(m, p)[0] for m, p, _c in pairs)
    complete = sum(world.finished(m, p)[0] == c for m, p, c in pairs)
    percent = round(100 * done / total)
    here, of = world.finished(current, position)
    whole = [p for p, _c in group]
    if world.style == "table":
        rows = [
            f"| {p}. P{p} | {'Complete' if world.finished(current, p)[0] == c else 'In Progress' if p == position else 'Not started'} | {world.finished(current, p)[0]}/{c} |"
            for p, c in group
        ]
        return "\n".join(
            ["# State", "", "## Progress", "", "| Phase | Status | Plans |", "|---|---|---|", *rows, ""]
        )
    return f"""---
gsd_state_version: 1.0
milestone: v{current + 1}.0
status: executing
progress:
  total_phases: {len(pairs)}
  completed_phases: {complete}
  total_plans: {total}
  completed_plans: {done}
  percent: {percent}
---

# Project State

**Current focus:** Phase {position.zfill(2)} — P{position}

## Current Position

Phase: {position} of {whole[-1] if world.style == "last" else len(pairs)} (P{position})
Plan: {min(here + 1, of)} of {of} in current phase
Status: {"Phase complete — ready for verification" if here == of else "Ready to execute"}
Last activity: 2026-01-01

Progress: [{"█" * round(percent / 10)}{"░" * (10 - round(percent / 10))}] {percent}% ({done}/{total} plans)
"""


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Projects of one to four milestones with one to four phases of one to five plans."""
    number = 0
    milestones: list[list[tuple[str, int]]] = []
    for _ in range(draw(st.integers(1, 4))):
        group: list[tuple[str, int]] = []
        for _ in range(draw(st.integers(1, 4))):
            number += 1
            group.append((str(number), draw(st.integers(1, 5))))
        if draw(st.booleans()):
            group.append((f"{number}.1", draw(st.integers(1, 3))))
        milestones.append(group)
    count = sum(c for group in milestones for _p, c in group)
    return World(
        milestones,
        draw(st.integers(0, count)),
        archive=draw(st.booleans()),
        style=draw(st.sampled_from(["milestone", "table", "last"])),
    )


def _audit(files: dict[str, str]) -> Report:
    with tempfile.TemporaryDirectory() as name:
        for path, text in files.items():
            target = Path(name) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8")
        report = audit_path(name)
    assert report is not None
    return report


@given(worlds())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_truth_is_consistent_at_every_step(world: World) -> None:
    report = _audit(write(world))
    assert report.verdict == "consistent", report.reason


@given(worlds(), st.integers(1, 3))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_plans_claimed_that_nobody_did_are_contradicted(world: World, extra: int) -> None:
    """The counts of a lone milestone, raised: no scope reproduces them."""
    lone = World(
        world.milestones[:1],
        min(world.done, sum(c for _p, c in world.milestones[0])),
        archive=False,
        style="milestone",
    )
    files = write(lone)
    total = len(lone.plans)
    told = lone.done + extra
    files[".planning/STATE.md"] = files[".planning/STATE.md"].replace(
        f"completed_plans: {lone.done}\n", f"completed_plans: {told}\n"
    )
    report = _audit(files)
    allowed = {"contradicted"} if told <= total else {"contradicted", "self-contradictory"}
    assert report.verdict in allowed, report.reason


def test_a_plan_file_added_later_makes_the_document_stale() -> None:
    """Unless the roadmap's boxes still say what the document says."""
    files = write(World([[("1", 2), ("2", 3)]], 3, archive=False, style="milestone"))
    assert _audit(files).verdict == "consistent"
    files[".planning/phases/02-p2/02-09-PLAN.md"] = plan("09")
    files[".planning/phases/02-p2/02-09-SUMMARY.md"] = summary("09")
    assert _audit(files).verdict == "consistent"
    del files[".planning/ROADMAP.md"]
    assert _audit(files).verdict == "contradicted"


@pytest.mark.parametrize("style", ["milestone", "table", "last"])
def test_a_finished_project_is_consistent(style: str) -> None:
    world = World([[("1", 2)], [("2", 1), ("2.1", 1)]], 4, archive=True, style=style)
    assert _audit(write(world)).verdict == "consistent"
