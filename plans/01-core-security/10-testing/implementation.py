"""The suite selects tests by control, and shows that each critical control is missed when it is gone."""

from __future__ import annotations

from tracker.api import Codebase

FILES = {
    "tests/controls.py": "which tests a control has, by name or docstring; run one control's tests alone",
    "tests/test_smoke.py": "shows that a copy works at all, before a red test of a control proves anything",
    "tests/ablation": "the command that takes one control at a time out of a copy, with its table of edits",
    "tests/test_controls.py": "every control has tests that assert and cannot be left out; the table fits",
}

TESTS = """\

`python -m gateway.tests.ablation` takes each critical control out of a copy, one at a time, and runs that
control's own tests there: they have to notice. Exit 1 when one did not; `--json` for programs, ids of controls to
run some only. `pytest -p gateway.tests.controls gateway/tests --control DM-01` runs the tests of one control. The
suite needs no network: `unshare -n` with `lo` up is enough.
"""
WEAKNESS = (
    "The suite shows that weaknesses are there. It holds no control in place, because there is none yet.\n"
)


def implement(codebase: Codebase) -> None:
    for path, why in FILES.items():
        codebase.add(path, why=why)
    last = "`gateway/tests/weaknesses/` show the weaknesses, one file a plan.\n"
    codebase.edit(
        "README.md", last, last + TESTS, why="how the tests of one control are run, and the ablation"
    )
    heading = "## 1.10 Tests\n\n"
    codebase.edit(
        "KNOWN-WEAKNESSES.md",
        heading + WEAKNESS,
        f"{heading}None known.\n",
        why="the suite holds the controls in place",
    )
