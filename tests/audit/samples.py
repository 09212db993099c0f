"""Small projects as planning tools write them."""

from __future__ import annotations

ROADMAP = """\
# Roadmap: Lighthouse

## Phases

- [x] **Phase 1: Lamp** - light it (completed 2026-01-02)
- [ ] **Phase 2: Lens** - focus it
- [ ] **Phase 2.1: Polish** - insert

## Phase Details

### Phase 1: Lamp
**Goal**: A lamp that burns
**Plans**: 2 plans

Plans:
- [x] 01-01-PLAN.md — wick
- [x] 01-02-PLAN.md — oil

### Phase 2: Lens
**Goal**: A lens
**Plans**: 2 plans

Plans:
- [ ] 02-01: grind
- [ ] 02-02: mount

### Phase 2.1: Polish (INSERTED)
**Plans**: TBD

### Phase 999.1: Someday
"""

STATE = """\
---
gsd_state_version: 1.0
milestone: v1.0
status: executing
progress:
  total_phases: 3
  completed_phases: 1
  total_plans: 4
  completed_plans: 2
  percent: 50
---

# Project State

## Project Reference

**Core value:** Ships see it.
**Current focus:** Phase 2 — Lens

## Current Position

Phase: 2 of 3 (Lens)
Plan: 0 of 2 in current phase
Status: Ready to execute
Last activity: 2026-01-02 — Lamp burns

Progress: [█████░░░░░] 50%
"""

PLAN = """\
---
phase: 01-lamp
plan: {number}
type: execute
wave: 1
depends_on: [{depends}]
files_modified: [{files}]
autonomous: true
---

<objective>
Do part {number}.
</objective>
"""

SUMMARY = """\
---
phase: 01-lamp
plan: {number}
---
# Phase 1: Lamp Summary

**It burns**

## Task Commits

1. **Task 1: wick** - `{commit}` (feat)
"""


def plan(number: str, depends: str = "", files: str = "") -> str:
    """A plan file."""
    return PLAN.format(number=number, depends=depends, files=files)


def summary(number: str = "01", commit: str = "0000000000000000000000000000000000000001") -> str:
    """A summary that says something."""
    return SUMMARY.format(number=number, commit=commit)


def lighthouse() -> dict[str, str]:
    """One phase done, one planned, one inserted: consistent."""
    phases = ".planning/phases"
    return {
        ".planning/ROADMAP.md": ROADMAP,
        ".planning/STATE.md": STATE,
        f"{phases}/01-lamp/01-01-PLAN.md": plan("01"),
        f"{phases}/01-lamp/01-01-SUMMARY.md": summary("01"),
        f"{phases}/01-lamp/01-02-PLAN.md": plan("02", depends='"01-01"'),
        f"{phases}/01-lamp/01-02-SUMMARY.md": summary("02"),
        f"{phases}/02-lens/02-01-PLAN.md": plan("01"),
        f"{phases}/02-lens/02-02-PLAN.md": plan("02"),
    }
