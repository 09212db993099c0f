"""Claims against evidence; what other tools got wrong, by name."""

from __future__ import annotations

import pytest

from tests.audit.conftest import Make, commits
from tests.audit.samples import lighthouse, plan, summary
from tracker.audit import audit, read
from tracker.audit.model import Claim, Report

PHASES = ".planning/phases"


def claim(report: Report, kind: str, section: str = "", scope: str | None = None) -> Claim:
    """The first claim of a kind."""
    return next(
        c
        for c in report.claims
        if c.kind == kind and (not section or c.section == section) and (scope is None or c.scope == scope)
    )


def kinds(report: Report) -> list[str]:
    return [finding.kind for finding in report.findings]


def test_a_consistent_project(make: Make) -> None:
    report = make(lighthouse(), "feat(01-01): wick", "feat(01-02): oil", "docs(01-02): done", "feat: other")
    assert report.verdict == "consistent", report.reason
    assert report.exit_code == 0
    assert report.counts == {
        "phases_total": 3,
        "phases_complete": 1,
        "plans_total": 4,
        "plans_with_summary": 2,
        "roadmap_checked_plans": 2,
        "commits_linked": 3,
        "plans_with_commits": 2,
    }
    assert {c.verdict for c in report.claims if c.decisive} == {"supported"}
    assert kinds(report) == []


def test_claims_have_place_words_and_evidence(make: Make) -> None:
    files = lighthouse()
    files[".planning/STATE.md"] = files[".planning/STATE.md"].replace(
        "completed_plans: 2", "completed_plans: 4"
    )
    report = make(files)
    found = claim(report, "plans", "front matter")
    assert report.verdict == "contradicted"
    assert report.exit_code == 1
    assert (found.verdict, found.file, found.line, found.column) == (
        "contradicted",
        ".planning/STATE.md",
        9,
        20,
    )
    assert found.text == "completed_plans: 4, total_plans: 4"
    assert "2 of 4 plan files have a SUMMARY" in found.evidence


def test_two_empty_summary_files_do_not_complete_a_phase(make: Make) -> None:
    files = lighthouse()
    del files[".planning/STATE.md"], files[".planning/ROADMAP.md"]
    files[f"{PHASES}/01-lamp/01-01-SUMMARY.md"] = ""
    files[f"{PHASES}/01-lamp/01-02-SUMMARY.md"] = "\n# Phase 1 Summary\n\n---\n\n"
    report = make(files)
    assert [p.status for p in report.project.phases] == ["pending", "pending"]
    assert kinds(report).count("empty-summary") == 2
    assert report.verdict == "no-state"


def test_one_tree_gives_one_percentage(make: Make) -> None:
    files = lighthouse()
    files[".planning/STATE.md"] = files[".planning/STATE.md"].replace("█████░░░░░] 50%", "██░░░░░░░░] 20%")
    report = make(files)
    assert claim(report, "percent", "position").verdict == "contradicted"
    assert "front matter says 50" in claim(report, "percent", "position").evidence


def test_completing_twice_changes_nothing(make: Make) -> None:
    files = lighthouse()
    once = make(files).counts
    files[f"{PHASES}/01-lamp/01-01-SUMMARY.md"] += "\nCompleted again.\n"
    assert make(files).counts == once


@pytest.mark.parametrize(
    ("broken", "kind", "line", "column"),
    [
        ("depends_on: [01-01", "yaml", 6, 13),
        ("\twave: 1", "yaml", 6, 1),
        ("wave: two", "wave", 6, 7),
        ('depends_on: ["07-01"]', "unknown-dependency", 6, 13),
    ],
)
def test_faults_in_a_plan_have_line_and_column(
    make: Make, broken: str, kind: str, line: int, column: int
) -> None:
    files = lighthouse()
    path = f"{PHASES}/02-lens/02-02-PLAN.md"
    text = "---\nphase: 02\nplan: 02\ntype: execute\nautonomous: true\n" + broken + "\n---\nx\n"
    files[path] = text
    report = make(files)
    (found,) = [f for f in report.findings if f.file == path]
    assert (found.kind, found.line, found.column) == (kind, line, column)


def test_broken_yaml_never_makes_a_plan_vanish(make: Make) -> None:
    files = lighthouse()
    files[f"{PHASES}/02-lens/02-02-PLAN.md"] = "---\nplan: [\n  x: : y\n\t- z\n---\n# Mount\n"
    report = make(files)
    assert report.counts["plans_total"] == 4
    (lens,) = [p for p in report.project.phases if p.number == "2"]
    assert [p.number for p in lens.plans] == ["1", "2"]
    assert lens.plans[1].problems


def test_a_cited_commit_that_does_not_exist_is_flagged(make: Make) -> None:
    files = lighthouse()
    files[f"{PHASES}/01-lamp/01-01-SUMMARY.md"] = summary("01", "deadbee")
    report = make(files, "feat(01-01): wick", "feat(01-02): oil")
    (found,) = [f for f in report.findings if f.kind == "commit-missing"]
    assert "deadbee" in found.message
    assert (found.file, found.line, found.column) == (f"{PHASES}/01-lamp/01-01-SUMMARY.md", 11, 24)


def test_a_cited_commit_off_this_history_is_told_apart(make: Make) -> None:
    files = lighthouse()
    files[f"{PHASES}/01-lamp/01-01-SUMMARY.md"] = summary("01", "abcdef1")
    project = make(files).project
    report = audit(project, commits("feat(01-01): x"), exists=lambda hash_: hash_ == "abcdef1")
    assert "commit-unreachable" in kinds(report)
    assert "commit-missing" not in kinds(report)


def test_a_hand_written_passed_is_a_claim_and_not_proof(make: Make) -> None:
    files = lighthouse()
    files[f"{PHASES}/01-lamp/01-VERIFICATION.md"] = (
        "---\nphase: 01\nstatus: passed\nscore: 3/3 must-haves verified\n---\n"
    )
    files[f"{PHASES}/02-lens/02-VERIFICATION.md"] = "---\nphase: 02\nstatus: passed\n---\n"
    report = make(files)
    verdicts = {c.scope: c.verdict for c in report.claims if c.kind == "verification status"}
    assert verdicts == {"1": "unsupported", "2": "contradicted"}
    assert report.verdict == "consistent"


def test_two_plans_of_a_wave_that_modify_one_file_are_flagged(make: Make) -> None:
    files = lighthouse()
    files[f"{PHASES}/02-lens/02-01-PLAN.md"] = plan("01", files="src/a.py, src/b.py")
    files[f"{PHASES}/02-lens/02-02-PLAN.md"] = plan("02", files="src/b.py")
    report = make(files)
    (found,) = [f for f in report.findings if f.kind == "overlap"]
    assert found.file.endswith("02-02-PLAN.md")
    assert "src/b.py is also modified by 02-01-PLAN.md" in found.message


def test_commits_without_a_plan_are_named(make: Make) -> None:
    report = make(lighthouse(), "feat(07-01): ghost", "feat(01-01): wick")
    messages = [f.message for f in report.findings if f.kind == "commits-without-plan"]
    assert len(messages) == 1
    assert "07-01" in messages[0]


def test_a_phase_called_complete_with_plans_left_is_contradicted(make: Make) -> None:
    files = lighthouse()
    files[".planning/STATE.md"] = "# State\n\n## Current Position\n\nPhase: 2 of 3 (Lens) — COMPLETE\n"
    report = make(files)
    assert claim(report, "phase status").verdict == "contradicted"


def test_a_phase_called_pending_with_every_summary_is_contradicted(make: Make) -> None:
    files = lighthouse()
    files[".planning/STATE.md"] = (
        "# State\n\n| Phase | Status |\n|---|---|\n| 1. Lamp | Not started |\n| 2. Lens | Not started |\n"
    )
    report = make(files)
    assert [c.verdict for c in report.claims if c.kind == "phase status"] == ["contradicted", "supported"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("completed_plans: 2", "completed_plans: 5"), "more than all"),
        (("Phase 2 — Lens", "Phase 1 — Lamp"), "the current phase is 2"),
    ],
)
def test_a_document_that_contradicts_itself(make: Make, change: tuple[str, str], words: str) -> None:
    files = lighthouse()
    files[".planning/STATE.md"] = files[".planning/STATE.md"].replace(*change)
    report = make(files)
    assert report.verdict in ("self-contradictory", "contradicted")
    assert any(words in c.evidence for c in report.claims)


def test_a_focus_behind_the_position_is_a_self_contradiction(make: Make) -> None:
    files = lighthouse()
    files[".planning/STATE.md"] = files[".planning/STATE.md"].replace("Phase 2 — Lens", "Phase 1 — Lamp")
    assert make(files).verdict == "self-contradictory"


def test_a_counter_at_zero_for_a_milestone_to_come(make: Make) -> None:
    state = "---\nmilestone: v2.0\nprogress:\n  total_phases: 0\n  completed_phases: 0\n  total_plans: 0\n  completed_plans: 0\n  percent: 0\n---\n# State\n"
    done = "# R\n- [x] **Phase 1: Lamp** (completed)\n"
    files = {
        ".planning/STATE.md": state,
        ".planning/ROADMAP.md": done,
        f"{PHASES}/01-lamp/PLAN.md": "# Plan\n",
    }
    assert make(files).verdict == "consistent"
    files[".planning/ROADMAP.md"] = done + "- [ ] **Phase 2: Lens**\n"
    assert make(files).verdict == "contradicted"


def test_a_lone_state_document_is_read(make: Make) -> None:
    report = make(
        {
            "STATE.md": "# State\n\n**Current Phase:** 2 - Lens\n\n| Phase | Status | Progress |\n|---|---|---|\n| Phase 1: Lamp | ✅ COMPLETE | 2/2 plans |\n| Phase 2: Lens | 🚧 IN PROGRESS | 1/3 plans |\n"
        }
    )
    assert report.verdict == "consistent"
    assert [(p.number, p.title, p.status) for p in report.project.phases] == [
        ("1", "Lamp", "done"),
        ("2", "Lens", "active"),
    ]


def test_reading_writes_nothing(make: Make) -> None:
    report = make(lighthouse())
    assert read(report.project.root) == report.project


def test_nothing_to_read(make: Make, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert read(str(tmp_path_factory.mktemp("empty"))) is None
