"""Which files a document is held against: those of its planning directory, those of its workstream."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.audit.conftest import Make
from tests.audit.samples import STATE, lighthouse, plan, summary
from tracker.audit import Report, audit_path, wording

STREAMS = ".planning/workstreams"


def state(plans: str, percent: int, status: str = "In progress") -> str:
    return f"# Project State\n\n## Current Position\n\nPhase: 1 of 1\nPlan: {plans}\nStatus: {status}\n\nProgress: {percent}%\n"


def stream(name: str, done: int, total: int, said: str) -> dict[str, str]:
    """A workstream with one phase, of whose plans some have a summary."""
    place = f"{STREAMS}/{name}"
    files = {
        f"{place}/STATE.md": said,
        f"{place}/ROADMAP.md": f"# Roadmap\n\n- [{'x' if done == total else ' '}] **Phase 1: {name.title()}** - x\n",
    }
    for number in range(1, total + 1):
        files[f"{place}/phases/01-{name}/01-{number:02d}-PLAN.md"] = plan(f"{number:02d}")
        if number <= done:
            files[f"{place}/phases/01-{name}/01-{number:02d}-SUMMARY.md"] = summary(f"{number:02d}")
    return files


def harbour(percent: int = 33) -> dict[str, str]:
    """Two workstreams with a phase 1 each: one finished, one that says how far it is."""
    return stream("crane", 2, 2, state("2 of 2", 100, "Complete")) | stream(
        "quay", 1, 3, state("2 of 3", percent)
    )


def audited(path: Path) -> Report:
    report = audit_path(str(path))
    assert report is not None
    return report


def verdicts(report: Report) -> list[tuple[str, str]]:
    return [(judged.file, judged.verdict) for judged in report.documents]


@pytest.mark.parametrize("name", ["STATE.md", "ROADMAP.md"])
def test_a_document_of_a_planning_directory_is_audited_with_all_its_files(
    make: Make, tmp_path: Path, name: str
) -> None:
    whole = make(lighthouse())
    named = audited(tmp_path / ".planning" / name)
    assert (named.verdict, named.counts, named.claims) == (whole.verdict, whole.counts, whole.claims)
    assert named.project.kind == "gsd"


def test_another_document_of_a_planning_directory_is_held_against_its_files(
    make: Make, tmp_path: Path
) -> None:
    wrong = STATE.replace("completed_plans: 2", "completed_plans: 4")
    assert make({**lighthouse(), ".planning/PROGRESS.md": wrong}).verdict == "consistent"
    named = audited(tmp_path / ".planning/PROGRESS.md")
    assert verdicts(named) == [(".planning/PROGRESS.md", "contradicted")]
    assert named.counts["plans_total"] == 4


def test_a_roadmap_on_its_own_is_audited_with_the_state_beside_it(make: Make, tmp_path: Path) -> None:
    files = lighthouse()
    make({"STATE.md": files[".planning/STATE.md"], "ROADMAP.md": files[".planning/ROADMAP.md"]})
    assert audited(tmp_path / "ROADMAP.md") == audited(tmp_path / "STATE.md") == audited(tmp_path)


def test_a_state_document_of_another_name_is_read_with_the_phases_beside_it(
    make: Make, tmp_path: Path
) -> None:
    files = lighthouse()
    said = files.pop(".planning/STATE.md").replace("completed_plans: 2", "completed_plans: 4")
    whole = make({**files, ".planning/PROJECT_STATE.md": said})
    assert verdicts(whole) == [(".planning/PROJECT_STATE.md", "contradicted")]
    assert audited(tmp_path / ".planning/PROJECT_STATE.md") == audited(tmp_path / ".planning") == whole
    make({".planning/STATE.md": STATE})
    assert verdicts(audited(tmp_path)) == [(".planning/STATE.md", "consistent")]
    named = audited(tmp_path / ".planning/PROJECT_STATE.md")
    assert verdicts(named) == [(".planning/PROJECT_STATE.md", "contradicted")]


def test_workstreams_are_judged_each_by_its_own_files(make: Make) -> None:
    """The phases have one number and are two."""
    report = make(harbour())
    assert verdicts(report) == [
        (f"{STREAMS}/crane/STATE.md", "consistent"),
        (f"{STREAMS}/quay/STATE.md", "consistent"),
    ]
    assert (report.verdict, report.reason) == ("consistent", "nothing in them is contradicted")
    position = {claim.text: claim for claim in report.claims if claim.kind == "plan position"}
    assert position["Plan: 2 of 2"].evidence.startswith("phase 1: 2 of 2 plan files have a SUMMARY")
    names = ("phases_total", "phases_complete", "plans_total", "plans_with_summary")
    assert [report.counts[name] for name in names] == [2, 1, 5, 3]


def test_the_worst_workstream_decides(make: Make) -> None:
    report = make(harbour(percent=90))
    assert verdicts(report) == [
        (f"{STREAMS}/crane/STATE.md", "consistent"),
        (f"{STREAMS}/quay/STATE.md", "contradicted"),
    ]
    assert report.verdict == "contradicted"
    assert report.reason.startswith(f"{STREAMS}/quay/STATE.md:9: 90%")


@pytest.mark.parametrize("name", ["", "STATE.md", "ROADMAP.md"])
def test_a_workstream_can_be_named_by_its_directory_and_by_its_documents(
    make: Make, tmp_path: Path, name: str
) -> None:
    whole = make(harbour(percent=90))
    report = audited(tmp_path / STREAMS / "quay" / name)
    own = tuple(claim for claim in whole.claims if "/quay/" in claim.file)
    assert (report.verdict, report.reason, report.claims) == (whole.verdict, whole.reason, own)
    assert (report.project.root, report.counts["plans_total"]) == (str(tmp_path), 3)


def test_a_workstream_without_phases_is_one_too(make: Make, tmp_path: Path) -> None:
    make({f"{STREAMS}/quay/STATE.md": state("0 of 0", 0), f"{STREAMS}/quay/ROADMAP.md": "# Roadmap\n"})
    assert audited(tmp_path / STREAMS / "quay").claims == audited(tmp_path).claims


def test_documents_beside_workstreams_speak_of_the_phases_beside_them(make: Make) -> None:
    files = lighthouse()
    assert verdicts(make(files | harbour()))[0] == (".planning/STATE.md", "consistent")
    files[".planning/STATE.md"] = STATE.replace("Plan: 0 of 2", "Plan: 1 of 9")
    assert verdicts(make(files | harbour()))[0] == (".planning/STATE.md", "contradicted")


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("Plan: 2 of 2", "consistent"),
        ("Progress: 60%", "consistent"),
        ("Progress: 50% (1/2 phases)", "consistent"),
        ("Progress: 95%", "contradicted"),
    ],
)
def test_documents_above_workstreams_alone_speak_of_all_of_them(make: Make, line: str, verdict: str) -> None:
    """Where no phase lies beside the document, and where a number may be any workstream's."""
    text = f"# Project State\n\n## Current Position\n\nPhase: 1\n{line}\n"
    report = make(harbour() | {".planning/STATE.md": text})
    assert verdicts(report)[0] == (".planning/STATE.md", verdict)
    assert all("workstreams/" not in finding.file for finding in report.findings)


def test_a_number_that_several_archives_have_contradicts_nobody(make: Make) -> None:
    old = ".planning/milestones"
    files = {
        ".planning/STATE.md": state("1 of 1", 50).replace("Progress: 50%", ""),
        f"{old}/v1.0-phases/01-lamp/01-01-PLAN.md": plan("01"),
        f"{old}/v1.0-phases/01-lamp/01-02-PLAN.md": plan("02"),
        f"{old}/v2.0-phases/01-fog/01-01-PLAN.md": plan("01"),
    }
    (claim,) = [claim for claim in make(files).claims if claim.kind == "plan position"]
    assert (claim.verdict, claim.evidence.partition(";")[0]) == (
        "unsupported",
        "there are several phases 1",
    )


def test_commits_that_any_workstream_s_plan_answers_for_are_no_orphans(make: Make) -> None:
    report = make(harbour(), "feat(01-03): lay the stones", "feat(01-01): start")
    assert [finding.kind for finding in report.findings if finding.kind.startswith("commits")] == []
    assert report.counts["plans_with_commits"] == 3


def test_a_dependency_is_looked_up_in_its_own_workstream(make: Make) -> None:
    files = harbour()
    files[f"{STREAMS}/crane/phases/01-crane/01-01-PLAN.md"] = plan("01", depends='"01-03"')
    found = [finding.file for finding in make(files).findings if finding.kind == "unknown-dependency"]
    assert found == [f"{STREAMS}/crane/phases/01-crane/01-01-PLAN.md"]


@pytest.mark.parametrize(("active", "first"), [("", "crane"), ("quay\n", "quay"), ("gone", "crane")])
def test_the_active_workstream_comes_first_and_keeps_its_numbers(make: Make, active: str, first: str) -> None:
    files: dict[str, str] = harbour() | ({".planning/active-workstream": active} if active else {})
    files[f"{STREAMS}/quay/ROADMAP.md"] += "- [ ] **Phase 2: Rails** - only listed\n"
    project = make(files).project
    assert project.state is not None
    assert project.state.file == f"{STREAMS}/{first}/STATE.md"
    shown = {
        "crane": ["1 Crane", "quay/1 Quay", "quay/2 Rails"],
        "quay": ["1 Quay", "2 Rails", "crane/1 Crane"],
    }
    assert [f"{phase.number} {phase.title}" for phase in project.phases] == shown[first]
    assert project.name == ""


def test_a_claim_beside_the_position_is_counted_and_does_not_decide(make: Make) -> None:
    text = f"{STATE}\n## Performance Metrics\n\n- Total plans completed: 0\n"
    report = make({**lighthouse(), ".planning/STATE.md": text})
    assert (report.verdict, report.exit_code, report.contradicted) == ("consistent", 1, 1)
    line = len(text.splitlines())
    assert f"another claim is: .planning/STATE.md:{line}: - Total plans completed: 0" in report.reason


def test_evidence_is_in_words_for_one_and_for_none(make: Make) -> None:
    lone = {
        ".planning/STATE.md": state("1 of 1", 0, "Ready to plan").replace("Phase: 1 of 1", "Phase: 2 of 2"),
        ".planning/ROADMAP.md": "# Roadmap\n\n- [ ] **Phase 1: Lamp**\n- [ ] **Phase 2: Lens**\n",
        ".planning/phases/01-lamp/01-01-SUMMARY.md": summary(),
    }
    (waiting,) = [claim for claim in make(lone).claims if claim.kind == "phase status"]
    assert waiting.evidence == "phase 2: there is no plan file"
    lone[".planning/STATE.md"] = state("1 of 1", 0)
    (active,) = [claim for claim in make(lone).claims if claim.kind == "phase status"]
    assert active.evidence == "phase 1: 1 SUMMARY file without a plan file"
    lone[".planning/phases/01-lamp/01-01-PLAN.md"] = plan("01")
    (active,) = [claim for claim in make(lone).claims if claim.kind == "phase status"]
    assert active.evidence == "phase 1: 1 of 1 plan file has a SUMMARY"


def test_a_percentage_says_of_what_it_is_and_says_it_once(make: Make) -> None:
    assert _percentage(make(harbour(33))) == "workstream quay: 1 of 3 plan files has a SUMMARY (33 %)"
    assert (
        _percentage(make(harbour(90))) == "nearest is 33 % (workstream quay: 1 of 3 plan files has a SUMMARY)"
    )


def _percentage(report: Report) -> str:
    return [claim.evidence for claim in report.claims if claim.kind == "percent"][-1]


@pytest.mark.parametrize(
    ("done", "total", "words"),
    [
        (0, 0, "there is no plan box"),
        (0, 1, "0 of 1 plan box is ticked"),
        (1, 3, "1 of 3 plan boxes is ticked"),
        (0, 3, "0 of 3 plan boxes are ticked"),
        (2, 3, "2 of 3 plan boxes are ticked"),
    ],
)
def test_shares_have_singular_and_plural(done: int, total: int, words: str) -> None:
    assert wording.share(done, total, "plan box", "is", "ticked") == words


def test_parts_hold_every_file_once(make: Make) -> None:
    project = make(lighthouse() | harbour()).project
    assert [part.stream for part in project.parts] == ["", "crane", "quay"]
    paths = [item.path for part in project.parts for item in part.plan_files]
    assert sorted(paths) == sorted(item.path for item in project.plan_files)
    assert {item.zone for part in project.parts for item in part.plan_files} == {"phases"}
    assert replace(project.parts[1], stream="").phases[0].title == "Crane"
