"""Claims against files whose counts differ by where one looks: which count a claim may rest on."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.audit.conftest import Make
from tests.audit.samples import plan, summary
from tracker.audit.model import Claim, Report


def place(*numbers: str, done: Iterable[str] = (), below: str = "phases") -> dict[str, str]:
    """Plan files ``NN-MM`` in their phases' directories, those in ``done`` with a SUMMARY."""
    files = {}
    for number in numbers:
        phase, _, own = number.partition("-")
        stem = f".planning/{below}/{phase}-x/{number}"
        files[f"{stem}-PLAN.md"] = plan(own).replace("01-lamp", f"{phase}-x")
        if number in done:
            files[f"{stem}-SUMMARY.md"] = summary(own).replace("01-lamp", f"{phase}-x")
    return files


def state(*lines: str, head: str = "") -> str:
    return "\n".join(
        [*([head] if head else []), "# Project State", "", "## Current Position", "", *lines, ""]
    )


def project(roadmap: str, document: str, files: dict[str, str]) -> dict[str, str]:
    return {".planning/ROADMAP.md": f"# Roadmap\n\n{roadmap}", ".planning/STATE.md": document} | files


def one(report: Report, kind: str) -> Claim:
    (found,) = [claim for claim in report.claims if claim.kind == kind]
    return found


THREE = "- [x] **Phase 1: A**\n- [x] **Phase 2: B**\n- [ ] **Phase 3: C**\n"
MILESTONES = (
    "## Milestones\n\n- ✅ **v0.1 First** — Phases 1-1\n- 🚧 **v0.2 Second** — Phases 2-3\n\n## Phases\n\n"
)


def test_a_version_with_a_status_of_its_own_is_no_scope_of_a_count(make: Make) -> None:
    files = place("01-01", done=["01-01"], below="milestones/v0.1-phases")
    line = "Progress: 67% (2/3 phases complete — v0.1 done)"
    report = make(project(MILESTONES + THREE, state(line), files))
    assert {(c.kind, c.scope, c.verdict) for c in report.claims} == {
        ("phases", "", "supported"),
        ("percent", "", "supported"),
    }


def test_a_count_of_a_version_that_nothing_here_bears_is_unsupported(make: Make) -> None:
    document = state("Phase: 1 of 1", "", "## Performance Metrics", "", "- Total plans completed: 10 (v2.6)")
    report = make(project("- [x] **Phase 1: A**\n", document, place("01-01", done=["01-01"])))
    found = one(report, "plans")
    assert (found.verdict, report.exit_code) == ("unsupported", 0)
    assert "v2.6" in found.evidence


@pytest.mark.parametrize("line", ["~90% (estimated)", "[█████████░] 90% — Phase 1 done, Phase 2 next"])
def test_nothing_is_held_against_an_estimate_or_what_names_several_phases(make: Make, line: str) -> None:
    report = make(project(THREE, state(f"Progress: {line}"), {}))
    assert (one(report, "percent").verdict, report.exit_code) == ("unsupported", 0)


def test_a_version_is_the_same_however_many_zeros_end_it(make: Make) -> None:
    roadmap = MILESTONES.replace("v0.1", "v0.1.0").replace("v0.2", "v0.2.0") + THREE
    files = place("01-01", below="milestones/v0.1-phases")
    report = make(project(roadmap, state("Progress: v0.1: 1/1 phases complete"), files))
    assert one(report, "phases").verdict == "supported"


def test_a_percentage_is_no_tick_of_one_list_in_the_total_of_another(make: Make) -> None:
    nine = [f"01-0{number}" for number in range(1, 10)]
    roadmap = "- [x] Phase 1: A (9/9 plans)\n\n### Phase 2: B\n\n- [x] 02-01: b\n\n"
    table = (
        "| Phase | Plans | Status |\n|---|---|---|\n| 1. A | 9/9 | Complete |\n| 2. B | 1/1 | Complete |\n"
    )
    files = place(*nine, "02-01", done=[*nine, "02-01"])
    report = make(project(roadmap + table, state("Progress: 10%"), files))
    assert one(report, "percent").verdict == "contradicted"


def test_done_and_total_phases_come_from_one_count(make: Make) -> None:
    roadmap = "".join(
        f"- [{'x' if number < 6 else ' '}] **Phase {number}: P{number}**\n" for number in range(1, 7)
    )
    table = "\n| Phase | Plans | Status |\n|---|---|---|\n| 5. P5 | 1/1 | Complete |\n| 6. P6 | 0/? | Not started |\n"
    head = "---\nprogress:\n  total_phases: 3\n  completed_phases: 1\n---"
    plans = ("03-01", "04-01", "05-01")
    report = make(project(roadmap + table, state(head=head), place(*plans, done=plans)))
    found = one(report, "phases")
    assert found.verdict == "contradicted"
    assert "5 of 6 phases are marked complete" in found.evidence
    assert "3 of 3 phase directories" in found.evidence


def test_support_from_a_document_names_what_the_files_give_beside_it(make: Make) -> None:
    six = [f"04-0{number}" for number in range(1, 7)]
    document = state("- Phase 4: ✓ Complete (4/4 plans)")
    report = make(project("- [x] Phase 4: A (4/4 plans)\n", document, place(*six, done=six)))
    assert one(report, "plans").evidence == (
        "phase 4: ROADMAP.md says 4 of 4 plans; 6 of 6 plan files have a SUMMARY"
    )


def test_a_contradiction_names_the_count_that_contradicts(make: Make) -> None:
    head = "---\nprogress:\n  total_phases: 1\n  completed_phases: 0\n---"
    files = place("01-01", done=["01-01"]) | place("08-01", below="milestones/v0.1-phases")
    files |= place("13-01", done=["13-01"], below="milestones/v1.0-phases")
    report = make(project("### Phase 1: A\n\n- [ ] 01-01: a\n", state(head=head), files))
    found = one(report, "phases")
    assert found.verdict == "contradicted"
    assert found.evidence.endswith(": 1 of 1 phase directory has a SUMMARY for every plan")


def test_a_plan_called_complete_needs_its_summary(make: Make) -> None:
    plans = ("01-01", "01-02", "01-03")
    document = state("Phase: 1 of 1 (A)", "Plan: 03 complete")
    roadmap = "- [ ] **Phase 1: A**\n"
    found = one(make(project(roadmap, document, place(*plans, done=plans[:1]))), "plan position")
    assert (found.verdict, found.evidence) == ("contradicted", "plan 01-03: plan file, no SUMMARY")
    found = one(make(place(*plans, done=plans)), "plan position")
    assert (found.verdict, found.evidence) == ("supported", "plan 01-03: plan file, SUMMARY")


def test_a_pending_plan_needs_no_commit(make: Make) -> None:
    files = place("01-01", "01-02", "01-03", done=["01-01", "01-02"])
    report = make(project("- [ ] **Phase 1: A**\n", state("Phase: 1 of 1"), files), "feat(01-01): a")
    messages = [f.message for f in report.findings if f.kind == "plan-without-commits"]
    assert messages == ["no commit names plan 01-02"]


TWO = "- [x] **Phase 1: A**\n- [ ] **Phase 2: B**\n"
HALF = place("01-01", "01-02", "02-01", "02-02", done=["01-01", "01-02"])


def test_phases_that_the_roadmap_does_not_list_are_not_counted_among_those_it_lists(make: Make) -> None:
    head = "---\nprogress:\n  total_phases: 2\n  completed_phases: 2\n---"
    files = place("01-01", "01-02", "01.5-01", "02-01", "02-02", "02-03", done=["01-01", "01-02", "01.5-01"])
    report = make(project(TWO, state("Phase: 2 of 2", "Progress: [██████████] 100%", head=head), files))
    assert one(report, "phases").verdict == "contradicted"
    assert one(report, "percent").verdict == "contradicted"


def test_a_roadmap_of_fewer_plans_than_are_written_is_no_total_for_summaries(make: Make) -> None:
    roadmap = "### Phase 1: A\n\n- [ ] 01-01-PLAN.md — a\n\n### Phase 2: B\n\n- [ ] 02-01-PLAN.md — b\n"
    files = place("01-01", "02-01", "02-02", "02-03", done=["01-01", "02-01"])
    report = make(project(roadmap, state("Phase: 2 of 2", "Progress: 100%"), files))
    assert one(report, "percent").verdict == "contradicted"


@pytest.mark.parametrize(
    ("focus", "verdict"),
    [
        ("Phase 1 complete — A", "consistent"),
        ("Phase 1: A — complete", "consistent"),
        ("Phases 1 to 1 are done", "consistent"),
        ("Phase 1 complete, Phase 2 next", "consistent"),
        ("Phase 1 — A", "self-contradictory"),
        ("Phase 1 — Complete the lamp", "self-contradictory"),
    ],
)
def test_a_focus_that_calls_a_phase_complete_is_no_place_to_stand_at(
    make: Make, focus: str, verdict: str
) -> None:
    report = make(project(TWO, state(f"**Current focus:** {focus}", "", "Phase: 2 of 2 (B)"), HALF))
    assert report.verdict == verdict


def test_a_focus_that_calls_a_phase_complete_is_judged_as_its_status(make: Make) -> None:
    report = make(
        project(TWO, state("**Current focus:** Phase 2 complete — B", "", "Phase: 2 of 2 (B)"), HALF)
    )
    claim = one(report, "phase status")
    assert (claim.scope, claim.mark, claim.verdict) == ("2", "done", "contradicted")


@pytest.mark.parametrize(
    ("status", "scope", "verdict"),
    [
        ("Executing Phase 1", "1", "self-contradictory"),
        ("Executing Phase 2", "2", "supported"),
        ("Completed Phase 1", "1", "supported"),
        ("Ready to execute Phase 2", "2", "supported"),
        ("In progress after Phase 1", "2", "supported"),
    ],
)
def test_a_status_is_of_the_phase_that_it_names(make: Make, status: str, scope: str, verdict: str) -> None:
    report = make(project(TWO, state("Phase: 2 of 2 (B)", f"Status: {status}"), HALF))
    claim = one(report, "phase status")
    assert (claim.scope, claim.verdict) == (scope, verdict)


def test_no_plan_files_are_called_so(make: Make) -> None:
    files = place("01-01", done=["01-01"])
    report = make(project(TWO, state("Phase: 2 of 2 (B)", "Status: Ready to plan"), files))
    assert one(report, "phase status").evidence == "phase 2: there is no plan file"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("[##########] 100% v1.0 | [#####.....] 50% v1.1", []),
        ("[##########] 100% v1.0 | [##########] 50% v1.1", ["the bar shows 100 %, the text says 50 %"]),
        ("[█████░░░░░] 50% (v1.0 at 100%)", []),
        ("[██████████] 50%", ["the bar shows 100 %, the text says 50 %"]),
    ],
)
def test_each_bar_belongs_to_the_percentage_beside_it(make: Make, line: str, found: list[str]) -> None:
    report = make(project(TWO, state("Phase: 2 of 2 (B)", f"Progress: {line}"), HALF))
    assert [finding.message for finding in report.findings if finding.kind == "percentage"] == found


def test_counting_one_way_changes_nothing_for_the_next(make: Make) -> None:
    head = "---\nprogress:\n  total_phases: 3\n  completed_phases: 2\n---"
    roadmap = "- [ ] **Phase 1: A**\n- [x] **Phase 2: B**\n"
    report = make(project(roadmap, state(head=head), place("03-01", done=["03-01"])))
    assert one(report, "phases").evidence.startswith(
        "the whole project: 2 of 3 phases are complete by files or ROADMAP.md"
    )


@pytest.mark.parametrize(("files", "verdict"), [((), "supported"), (("01-01",), "contradicted")])
def test_plan_zero_of_zero_is_true_until_a_plan_is_written(
    make: Make, files: tuple[str, ...], verdict: str
) -> None:
    roadmap = (
        "- [ ] **Phase 1: A**\n\n### Phase 1: A\n\n**Plans**: 2 plans\n\n- [ ] 01-01: a\n- [ ] 01-02: b\n"
    )
    document = state("## Current Position", "", "Phase: 1 of 1", "Plan: 0 of 0 in current phase")
    assert one(make(project(roadmap, document, place(*files))), "plan position").verdict == verdict
