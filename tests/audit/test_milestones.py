"""Documents that count one milestone, the one before, or everything: each is right about what it means."""

from __future__ import annotations

import pytest

from tests.audit import dialects
from tests.audit.conftest import Make

FRONT = "---\nmilestone: {}\nprogress:\n  total_phases: {}\n  completed_phases: {}\n  total_plans: {}\n  completed_plans: {}\n  percent: {}\n---\n\n"
POSITION = "# Project State\n\n## Current Position\n\n"

TRUE = {
    "the current one": FRONT.format("v1.1", 2, 0, 4, 1, 25)
    + POSITION
    + "Phase: 3 of 4 (Fog horn)\nPlan: 2 of 4 in current phase\n\nProgress: [██░░░░░░░░] 25% (v1.1 milestone)\n",
    "directories only": FRONT.format("v1.1", 1, 0, 4, 1, 0) + POSITION + "Phase: 3 of 4\n\nProgress: 25%\n",
    "the shipped one": FRONT.format("v1.0", 3, 3, 6, 6, 100)
    + POSITION
    + "Phase: 2.1\nStatus: v1.0 milestone complete\n\nProgress: [██████████] 100%\n",
    "both and all": POSITION
    + "Phase: 3 (1 of 2 in v1.1) (Fog horn)\nPlan: 1 of 4 complete\n\n"
    + "Progress: v1.0 [██████████] 100% (6/6 plans) | v1.1 [██░░░░░░░░] 25% (1/4 plans) | All-time: 7 plans in 4 phases\n",
    "in metrics": "# Project State\n\n## Performance Metrics\n\n**Velocity:**\n"
    "- Total plans completed: 7 (v1.0: 6, v1.1: 1)\n",
}
FALSE = {
    "the current one": FRONT.format("v1.1", 2, 0, 4, 3, 75),
    "the shipped one": FRONT.format("v1.0", 3, 3, 9, 9, 100),
    "both and all": POSITION
    + "Progress: v1.0 [██████████] 100% (6/6 plans) | v1.1 [████████░░] 75% (3/4 plans)\n",
}


def files(layout: str, state: str) -> dict[str, str]:
    roadmap = dialects.ROADMAPS["folded"](dialects.ENGLISH)
    return dialects.LAYOUTS[layout]() | {".planning/ROADMAP.md": roadmap, ".planning/STATE.md": state}


@pytest.mark.parametrize("layout", ["numbered", "archived"])
@pytest.mark.parametrize("state", TRUE.values(), ids=TRUE.keys())
def test_what_is_true_of_its_milestone_is_not_contradicted(make: Make, layout: str, state: str) -> None:
    report = make(files(layout, state))
    assert (report.verdict, report.exit_code) == ("consistent", 0), report.claims


@pytest.mark.parametrize("layout", ["numbered", "archived"])
@pytest.mark.parametrize("state", FALSE.values(), ids=FALSE.keys())
def test_what_is_true_of_none_is_contradicted(make: Make, layout: str, state: str) -> None:
    report = make(files(layout, state))
    assert (report.verdict, report.exit_code) == ("contradicted", 1), report.claims
