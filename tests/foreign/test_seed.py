"""The document that the project began with: repaired, imported, rendered to the same bytes, and kept by records."""

from __future__ import annotations

import difflib
import json
from pathlib import Path

import pytest

from tests.project import SampleProject

HERE = Path(__file__).parent
DAMAGED = (HERE / "seed" / "STATE.md").read_bytes()
REPAIRED = (HERE / "seed" / "STATE.repaired.md").read_text(encoding="utf-8")

STEPS: dict[str, tuple[str, ...]] = {
    "done": ("done", "2.02", "--because", "tokens expire and rotate, reviewed by Ada"),
    "defer": ("defer", "2.07", "-r", "needs a kernel with AppArmor"),
    "note": ("note", "asked for the CVE feed"),
    "start": ("start", "2.03"),
}


@pytest.fixture
def seed(project: SampleProject) -> SampleProject:
    """The damaged document in a repository of its own, imported."""
    project.write({"STATE.md": DAMAGED})
    project.commit()
    assert project.run("import", "STATE.md").code == 0
    return project


def test_the_damaged_document_becomes_the_repaired_one(seed: SampleProject) -> None:
    assert seed.run("state").code == 0
    assert seed.read("STATE.md") == REPAIRED
    assert seed.run("state", "--check").code == 0


def test_it_is_made_of_records(seed: SampleProject) -> None:
    """No section of the document is kept as text: what is kept are names, marks, figures and sentences."""
    journal = [json.loads(line) for line in seed.read("plans/journal.jsonl").splitlines()]
    lines = {line for line in REPAIRED.splitlines() if line.startswith(("|", "- ", "1.", "#", "*", "  -"))}
    kept = json.dumps(journal, ensure_ascii=False)
    assert not [line for line in lines if json.dumps(line, ensure_ascii=False)[1:-1] in kept]
    imported = journal[-1]
    assert imported["kind"] == "imported"
    entries = imported["data"]["activity"][0]["entries"]
    assert entries[2]["label"] == "Rate Limiter"
    assert entries[2]["mark"] == "✅"
    assert entries[2]["items"][1] == "5 attempts / 5 minutes per IP"
    done = next(event for event in journal if event["plan"] == "2.01")
    assert done["time"].startswith("2026-01-27")
    assert done["data"]["changes"][1]["why"] == "Added RATE_LIMITED code"


def test_what_a_document_calls_done_is_unproven(seed: SampleProject) -> None:
    plan = seed.state("2.01")
    assert (plan.status, plan.proof, plan.source) == ("done", "unproven", "document")
    assert plan.reason == "STATE.md:27 lists it as done"
    assert seed.state("1.07").title == "Plan 07"
    assert seed.snapshot.score is None


def test_importing_again_changes_nothing(seed: SampleProject) -> None:
    before = {path: path.read_bytes() for path in seed.root.rglob("*") if path.is_file()}
    again = seed.run("import", "STATE.md")
    assert again.code == 0
    assert "Nothing to import" in again.out
    seed.write({"old.md": DAMAGED})
    other = seed.run("import", "old.md")
    assert "differ" in other.err
    (seed.root / "old.md").unlink()
    plans = {
        path: data
        for path, data in before.items()
        if ".git/" not in str(path) and ".tracker" not in str(path)
    }
    assert {path: path.read_bytes() for path in plans} == plans


def test_each_step_changes_the_lines_that_a_careful_person_would(
    seed: SampleProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_NOW", "2026-01-28T09:00:00Z")
    for name, arguments in STEPS.items():
        before = seed.read("STATE.md")
        assert seed.run(*arguments).code == 0
        after = seed.read("STATE.md")
        diff = "".join(
            difflib.unified_diff(
                before.splitlines(keepends=True), after.splitlines(keepends=True), "before", "after", n=1
            )
        )
        golden = HERE / "golden" / f"{name}.diff"
        assert diff == golden.read_text(encoding="utf-8"), name


def test_undo_of_every_step_is_the_document_again(
    seed: SampleProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_NOW", "2026-01-28T09:00:00Z")
    for arguments in STEPS.values():
        seed.run(*arguments)
    for _ in STEPS:
        assert seed.run("undo").code == 0
    assert seed.read("STATE.md") == REPAIRED


def test_on_the_day_of_the_document_its_own_part_goes_on(
    seed: SampleProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_NOW", "2026-01-27T18:00:00Z")
    seed.run("start", "2.03")
    lines = seed.read("STATE.md").splitlines()
    at = lines.index("- Plan 03 (Network Security): started")
    assert lines[at - 1].startswith("- **Command Audit Log:**")
    assert "### Phase 2 (2026-01-27)" not in lines


def test_a_dry_run_writes_nothing(project: SampleProject) -> None:
    project.write({"STATE.md": DAMAGED})
    project.commit()
    dry = project.run("import", "STATE.md", "--dry-run")
    assert dry.code == 0
    assert "would write plans/02-enhancements/08-compliance-reporting/PLAN.md" in dry.out
    assert project.git("status", "--porcelain", "--ignored") == ""


def test_the_original_is_kept_aside(seed: SampleProject) -> None:
    backups = list((seed.root / ".tracker" / "backups").iterdir())
    assert [path.read_bytes() for path in backups] == [DAMAGED]


def test_words_that_fit_no_record_become_notes(project: SampleProject) -> None:
    words = "The vendor answers on Mondays only."
    text = REPAIRED.replace("### Active Plans", f"{words}\n\n### Active Plans")
    project.write({"STATE.md": text.encode()})
    project.run("import", "STATE.md")
    after = project.read("STATE.md")
    assert f"<!-- notes -->\n{words}\n<!-- /notes -->" in after
    assert after.replace(f"<!-- notes -->\n{words}\n<!-- /notes -->\n\n", "") == REPAIRED
