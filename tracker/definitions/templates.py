"""The texts of new files."""

from __future__ import annotations

import json

from tracker.definitions.build import COMMAND, MANUAL

EXAMPLE = """---
title: First plan
summary: an example that runs
run: |
  # Any command may carry a plan out: make, npm, a script, a coding agent.
  # A second run must change nothing.
  echo "Made by the first plan." > "$TRACKER_CODEBASE/FIRST-PLAN.txt"
highlights:
  - FIRST-PLAN.txt says who made it
checks:
  - id: FIRST-01
    title: The file says who made it
    points: 1
commands:
  # Any command may prove a check: exit status 0 passes it.
  - check: FIRST-01
    run: grep -q "first plan" FIRST-PLAN.txt
---
# First plan

Show what a plan is: a change, and the check that proves it. `tracker run 1.01` carries it out in a worktree,
verifies it there, and commits it. Replace it by a plan of your own.
"""

IMPLEMENTATION = '''"""Carries the plan out. Run a second time it must change nothing."""

from __future__ import annotations

from tracker.api import Codebase, PlanError


def implement(codebase: Codebase) -> None:
    raise PlanError("this plan is not written yet", hint="See docs/plan-format.md for what a Codebase can do.")
'''


def project(name: str, codebase: str, goal: str) -> str:
    """The text of ``project.yaml``."""
    lines = [f"name: {_quoted(name)}"]
    if goal:
        lines.append(f"goal: {_quoted(goal)}")
    if codebase != ".":
        lines.append(f"codebase: {_quoted(codebase)}")
    return "\n".join(lines) + "\n"


def phase(title: str, goal: str) -> str:
    """The text of a PHASE.md."""
    aim = f"goal: {_quoted(goal)}\n" if goal else ""
    return f"---\ntitle: {_quoted(title)}\n{aim}---\n# {title}\n"


def plan(title: str, kind: str, run: str, depends_on: tuple[str, ...], check: str) -> str:
    """The text of a PLAN.md with one check."""
    lines = ["---", f"title: {_quoted(title)}"]
    if depends_on:
        lines.append(f"depends_on: [{', '.join(map(_quoted, depends_on))}]")
    if kind == COMMAND:
        lines.append(f"run: {_quoted(run or 'exit 1')}")
    if kind == MANUAL:
        lines.append("manual: true")
    lines += ["checks:", f"  - id: {check}", f"    title: {_quoted(f'{title} works')}", "    points: 1"]
    if kind in (COMMAND, MANUAL):
        lines += ["commands:", f"  - check: {check}", '    run: "exit 1"']
    return "\n".join([*lines, "---", f"# {title}", "", "What is to be reached, and why.", ""])


def verification(check: str, ref: str) -> str:
    """The text of a ``verification.py`` whose one test is red."""
    return f'''"""Proves plan {ref}: each test is marked with the check that it proves."""

from __future__ import annotations

import pytest

from tracker.api import Codebase, check


@check("{check}")
def test_it_works(codebase: Codebase) -> None:
    pytest.fail(f"not written yet; the codebase is at {{codebase.root}}")
'''


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
