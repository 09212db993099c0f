"""Tables of state documents: which rows are phases, plans, milestones or fields, and what is listed as not understood."""

from __future__ import annotations

import pytest

from tests.audit.conftest import Make
from tests.audit.samples import lighthouse
from tests.audit.test_claims import place, project
from tests.audit.test_state import document, said
from tracker.audit.model import Document


def table(header: str, *rows: str, heading: str = "") -> Document:
    line = "|" + "---|" * header.count("|")
    head = [heading, ""] if heading else []
    return document("\n".join(["# State", "", *head, f"{header}", line[:-1] + "|", *rows, ""]))


def unread(found: Document) -> list[str]:
    return [line.text for line in found.unread]


@pytest.mark.parametrize(
    ("heading", "header"),
    [
        ("## Open bugs", "| # | Bug | Status |"),
        ("### Pending Todos", "| # | Todo | Status |"),
        ("### Quick Tasks Completed", "| # | Description | Status |"),
        ("## Issue tracking", "| # | Title | Status |"),
        ("## Phase 2: Lens", "| # | Name | Status |"),
        ("## Progress", "| # | Task | Status |"),
        ("", "| Step | Name | Status |"),
    ],
)
def test_a_number_alone_is_no_phase(heading: str, header: str) -> None:
    found = table(header, "| 1 | Rename | Open |", "| 002 | Mend | Done |", heading=heading)
    assert [claim for claim in found.claims if claim.scope] == []
    assert unread(found) == ["1 | Rename | Open", "002 | Mend | Done"]


@pytest.mark.parametrize(
    ("heading", "header"),
    [
        ("## Phases", "| # | Name | Status |"),
        ("## Progress", "| # | Name | Status |"),
        ("", "| # | Phase | Status |"),
        ("", "| ID | Phase | Status |"),
        ("", "| ID | フェーズ | 状態 |"),
        ("", "| Phase | Description | Statut |"),
    ],
)
def test_a_number_is_a_phase_where_something_says_so(heading: str, header: str) -> None:
    found = table(header, "| 1 | Lamp | Done |", "| 2 | Lens | Pending |", heading=heading)
    assert [said(claim) for claim in found.claims] == [
        ("phase status", "1", "done"),
        ("phase status", "2", "open"),
    ]
    assert unread(found) == []


def test_an_id_before_the_phase_is_its_number() -> None:
    found = table("| ID | Phase | Status |", "| P6 | Lamp | Done |", "| AUTH-01 | Lens | Done |")
    assert [said(claim) for claim in found.claims] == [("phase status", "6", "done")]
    assert unread(found) == ["AUTH-01 | Lens | Done"]


@pytest.mark.parametrize("about", ["Decision", "Task"])
def test_the_status_of_something_else_in_a_phase_is_not_the_phases(about: str) -> None:
    found = table(f"| Phase | {about} | Status |", "| Phase 1 | Use oil | Pending |")
    assert found.claims == ()
    assert unread(found) == ["Phase 1 | Use oil | Pending"]


def test_a_range_in_a_text_is_no_plan() -> None:
    found = table(
        "| Decision | Status |",
        "| Cache entries for 1-2 hours | Pending |",
        "| 1-2 hours of cache | Pending |",
        "| Alpha 0.3-0.5 | Pending |",
    )
    assert found.claims == ()
    assert len(found.unread) == 3


@pytest.mark.parametrize(
    "name", ["01-02", "**01-02**", "Plan 1-2", "01-02: Oil", "Phase 1 Plan 02", "01-02-PLAN.md"]
)
def test_a_row_that_begins_with_a_plan_is_of_it(name: str) -> None:
    found = table("| Item of work | Status |", f"| {name} | Done |")
    assert [said(claim) for claim in found.claims] == [("plan status", "1-2", "done")]


def test_a_plan_in_its_own_column_is_no_phase() -> None:
    found = table("| Phase | Plan | Status |", "| 1 | 02 | Done |", "| 1 | 03 | Pending |")
    assert [said(claim) for claim in found.claims] == [
        ("plan status", "1-2", "done"),
        ("plan status", "1-3", "open"),
    ]


def test_rows_of_milestones_speak_of_their_versions() -> None:
    found = table(
        "| Milestone | Plans | Status |", "| v1.0 Lamp | 4/4 | ✅ Complete |", "| M1: Core | 1/2 | Complete |"
    )
    assert [said(claim) for claim in found.claims] == [
        ("milestone status", "v1.0", "done"),
        ("plans", "v1.0", 4, 4),
    ]
    assert not any(claim.decisive for claim in found.claims)
    assert unread(found) == ["M1: Core | 1/2 | Complete"]


def test_a_milestone_that_is_not_called_complete_needs_no_complete_phases(make: Make) -> None:
    roadmap = "## v0.2 Second\n\n- [ ] **Phase 2: B**\n- [ ] **Phase 3: C**\n"
    text = "# State\n\n| Milestone | Status |\n|---|---|\n| v0.2 Second | {} |\n"
    verdicts = {}
    for status in ("🚧 In progress", "Planned", "Complete"):
        (found,) = make(project(roadmap, text.format(status), {})).claims
        verdicts[status] = found.verdict
    assert verdicts == {"🚧 In progress": "supported", "Planned": "supported", "Complete": "contradicted"}


def test_a_part_that_is_done_is_not_all() -> None:
    found = table("| Phase | Statut | Avancement |", "| Phase 4 — Docs | ✅ Partiellement avancé | 66% |")
    assert [said(claim) for claim in found.claims] == [("phase status", "4", "open"), ("percent", "4", 66.0)]


def test_metrics_and_their_values_are_fields() -> None:
    found = table(
        "| Metric | Value |",
        "| **Current Phase** | 1 of 2 (A) |",
        "| **Phase Status** | ⏳ Starting |",
        "| Milestone Progress | 1/2 complete; Phase 1 starting |",
        "| Phases complete | 1/2 |",
        "| Test coverage | 85% |",
        "| Owner | Ada |",
    )
    assert [said(claim) for claim in found.claims] == [
        ("position", "1", 2),
        ("phase status", "1", "open"),
        ("ratio", "1", 1, 2),
        ("phases", 1, 2),
    ]
    assert unread(found) == ["Test coverage | 85%"]


def test_a_total_adds_up_the_column_that_it_stands_in(make: Make) -> None:
    text = (
        "# State\n\n| Phase | Status | Progress | Files |\n|---|---|---|---|\n"
        "| 1. Lamp | Done | 100% | 5/5 |\n| 2. Lens | Pending | 0% | 2/11 |\n| **Total** | | 30% | **7/16** |\n"
    )
    (found,) = [claim for claim in make({"STATE.md": text}).claims if claim.kind == "sum"]
    assert (found.verdict, found.value) == ("supported", "7/16")


def test_an_unknown_total_of_plans_leaves_one_claim(make: Make) -> None:
    files = lighthouse()
    files[".planning/STATE.md"] += (
        "\n## Progress\n\n| Phase | Status | Plans | Progress |\n|---|---|---|---|\n"
        "| 2.1 Polish | ○ Pending | 0/? | 0% |\n\n**Overall:** 1/3 phases complete (0/2 plans in phase 2)\n"
    )
    report = make(files)
    found = [claim for claim in report.claims if claim.section in ("status table", "progress")]
    assert [(c.kind, c.scope, c.done, c.total, c.verdict) for c in found] == [
        ("phase status", "2.1", None, None, "supported"),
        ("plans", "2.1", 0, None, "supported"),
        ("percent", "2.1", None, None, "supported"),
        ("phases", "", 1, 3, "supported"),
        ("plans", "2", 0, 2, "supported"),
    ]
    assert all("no number" not in claim.evidence for claim in found)
    assert report.unread == ()


def test_a_heading_that_a_row_denies(make: Make) -> None:
    text = (
        "# State\n\n### Phase 1: Lamp - ✅ 100%\n\n- [x] Lit\n\n## Metrics\n\n| Phase | Status | Progress |\n"
        "|---|---|---|\n| 1. {name} | 🔄 | 30% |\n"
    )
    report = make({"STATE.md": text.format(name="Lamp")})
    assert report.verdict == "self-contradictory"
    assert report.reason.endswith("line 11 says phase 1 is not complete")
    report = make({"STATE.md": text.format(name="Another, of a later milestone")})
    assert report.verdict == "consistent"


def test_a_count_of_no_phase_that_the_heading_of_the_current_one_denies(make: Make) -> None:
    text = (
        "# State\n\n## Current Position\n\nPhase: 1 of 2 (Lamp)\nStatus: {status}\nProgress: 0% (0/2 phases)\n\n"
        "## Phase History\n\n### Phase {number}: Lamp — COMPLETE\n"
    )
    roadmap = "- [ ] **Phase 1: Lamp**\n- [ ] **Phase 2: Lens**\n"
    report = make(project(roadmap, text.format(status="Complete", number=1), place("01-01", done=["01-01"])))
    assert report.verdict == "self-contradictory"
    assert report.reason.endswith("line 11 says phase 1 is complete")
    report = make(project(roadmap, text.format(status="In progress", number=9), {}))
    assert report.verdict == "consistent"


def test_counts_of_milestones_in_the_metrics(make: Make) -> None:
    document_ = "# State\n\nPhase: 1 of 1\n\n## Performance Metrics\n\n- v1.0: 15 plans, ~2 h\n- Total: 36 plans completed\n"
    report = make(project("- [ ] **Phase 1: A**\n", document_, place("01-01", "01-02", done=["01-01"])))
    found = [(c.scope, c.total, c.verdict) for c in report.claims if c.kind == "plans"]
    assert found == [("v1.0", 15, "unsupported"), ("", 36, "unsupported")]
    assert report.unread == ()


def test_a_document_without_a_claim_promises_nothing(make: Make) -> None:
    text = (
        "# State\n\n**Active Part:** Lamps\n- ✅ Wick\n**Phase:** complete\n\n"
        "## Next Action\nAll is done here. Complete it.\n\nNothing else.\n"
    )
    report = make({".planning/STATE.md": text})
    assert report.verdict == "consistent"
    assert report.reason.startswith("nothing in it could be checked")
    assert [line.line for line in report.unread] == [3, 4, 5, 8]


def _phases(*rows: str) -> str:
    lines = ["## Phase Status", "", "| Phase | Name | Status |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {n} | {row} |" for n, row in enumerate(rows, start=1)), ""])


@pytest.mark.parametrize(
    ("head", "rows", "expected"),
    [
        ("total_phases: 2\n  completed_phases: 1", ("A | Complete", "B | Complete", "C | Planned"), True),
        ("total_phases: 3\n  completed_phases: 1", ("A | Complete", "B | Complete", "C | Planned"), True),
        ("total_phases: 3\n  completed_phases: 2", ("A | Complete", "B | Complete", "C | Planned"), False),
        ("total_phases: 5\n  completed_phases: 3", ("A | Complete", "B | Complete", "C | Planned"), False),
        ("total_phases: 3\n  completed_phases: 1", ("A | Complete", "B | Complete", "C | Deferred"), False),
        (
            "total_phases: 2\n  completed_phases: 1",
            ("A v1.0 | Complete", "B | Complete", "C | Planned"),
            False,
        ),
    ],
)
def test_the_front_matter_counts_the_phases_of_the_documents_table(
    make: Make, head: str, rows: tuple[str, ...], expected: bool
) -> None:
    document = f"---\nprogress:\n  {head}\n---\n\n# Project State\n\n{_phases(*rows)}"
    report = make({".planning/STATE.md": document, ".planning/ROADMAP.md": "# Roadmap\n"})
    assert (report.verdict == "self-contradictory") is expected


def test_a_table_may_hold_more_milestones_than_the_front_matter_counts(make: Make) -> None:
    head = "---\nmilestone: v1.1\nprogress:\n  total_phases: 2\n  completed_phases: 1\n---\n\n"
    document = head + "# Project State\n\n" + _phases("A | Complete", "B | Complete", "C | Planned")
    report = make({".planning/STATE.md": document, ".planning/ROADMAP.md": "# Roadmap\n"})
    assert report.verdict == "consistent"


@pytest.mark.parametrize(("section", "verdict"), [("Progress", "contradicted"), ("Summaries", "consistent")])
def test_a_heading_that_gives_a_phases_status_and_count(make: Make, section: str, verdict: str) -> None:
    files = place("01-01", "02-01", "02-02", done=["01-01"])
    document = (
        "# Project State\n\n## Performance Metrics\n\n| Phase | Plans | Total |\n|---|---|---|\n| 01-a | 1 | 3min |\n\n"
        f"## {section}\n\n### Phase 1: A - COMPLETE\n\nLit.\n\n### Phase 2: B - COMPLETE (2/2 plans complete)\n"
    )
    roadmap = "# Roadmap\n\n- [x] **Phase 1: A**\n- [ ] **Phase 2: B**\n"
    report = make({".planning/STATE.md": document, ".planning/ROADMAP.md": roadmap} | files)
    found = [(c.kind, c.scope, c.line, c.verdict) for c in report.claims]
    assert ("phase status", "1", 11, "supported") in found
    assert ("phase status", "2", 15, "contradicted") in found
    assert ("plans", "2", 15, "contradicted") in found
    assert report.verdict == verdict
