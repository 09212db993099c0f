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


AGAIN = """# Roadmap

## Milestones

- ✅ **v1.0 Light** — Phases 1-2 (shipped 2026-01-02)
- 🚧 **v1.1 Sound** — Phases 1-2 (in progress)

<details>
<summary>✅ v1.0 Light (Phases 1-2) — SHIPPED</summary>

- [x] Phase 1: Lamp (1/1 plans)
- [x] Phase 2: Lens (1/1 plans)

</details>

### 🚧 v1.1 Sound

- [ ] **Phase 1: Fog** - horn
- [ ] **Phase 2: Bell** - rings
"""
AGAIN_TABLE = """# Roadmap

| Phase | Milestone | Plans Complete | Status |
|---|---|---|---|
| 1. Lamp | v1.0 | 1/1 | Complete |
| 2. Lens | v1.0 | 1/1 | Complete |
| 1. Fog | v1.1 | 1/2 | In progress |
| 2. Bell | v1.1 | 0/? | Not started |
"""
ROWS = "# Project State\n\n| Phase | Status | Progress |\n|---|---|---|\n| Phase 1: Fog | In progress | 1/2 |\n| Phase 2: Bell | Not started | 0/? |\n"


@pytest.mark.parametrize("roadmap", [AGAIN, AGAIN_TABLE], ids=["lists", "table"])
def test_a_number_given_twice_contradicts_nobody(make: Make, roadmap: str) -> None:
    done, todo = "# S\n\n**It works**\n", "---\nphase: 1\n---\nx\n"
    old, new = ".planning/milestones/v1.0-phases", ".planning/phases/01-fog"
    texts = {
        f"{old}/01-lamp/01-01-PLAN.md": todo,
        f"{old}/01-lamp/01-01-SUMMARY.md": done,
        f"{old}/02-lens/02-01-PLAN.md": todo,
        f"{old}/02-lens/02-01-SUMMARY.md": done,
        f"{new}/01-01-PLAN.md": todo,
        f"{new}/01-01-SUMMARY.md": done,
        f"{new}/01-02-PLAN.md": todo,
        ".planning/ROADMAP.md": roadmap,
        ".planning/STATE.md": ROWS,
    }
    report = make(texts)
    assert (report.verdict, report.exit_code) == ("consistent", 0), report.reason
    assert report.counts["plans_total"] == 4
    assert any("several phases have one number" in claim.evidence for claim in report.claims)
