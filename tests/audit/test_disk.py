"""Files on disk: odd places, odd content, and the cache of parsed files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.audit import dialects
from tests.audit.conftest import Make
from tests.audit.samples import lighthouse, plan, summary
from tracker.audit import disk, read
from tracker.audit.planfile import Record

PHASES = ".planning/phases"


class Memory:
    """A cache that keeps JSON text, as a database would."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.hits = 0

    def get(self, key: str) -> Record | None:
        text = self.kept.get(key)
        self.hits += text is not None
        return None if text is None else dict(json.loads(text))

    def put(self, key: str, record: Record) -> None:
        self.kept[key] = json.dumps(record)


def test_a_second_reading_opens_no_plan_and_gives_the_same(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = lighthouse()
    files[f"{PHASES}/02-lens/02-02-PLAN.md"] = "---\nplan: [\n---\n"
    make(files)
    cache = Memory()
    first = disk.read(str(tmp_path / ".planning"), "", cache)
    assert cache.hits == 0
    monkeypatch.setattr(disk, "read_text", lambda path: pytest.fail(f"{path} was opened"))
    assert disk.read(str(tmp_path / ".planning"), "", cache) == first
    assert cache.hits == len(cache.kept) == 6


def test_a_changed_file_is_read_again(make: Make, tmp_path: Path) -> None:
    make(lighthouse())
    cache = Memory()
    disk.read(str(tmp_path / ".planning"), "", cache)
    path = tmp_path / PHASES / "02-lens/02-01-PLAN.md"
    path.write_text(path.read_text().replace("wave: 1", "wave: 7"))
    again = disk.read(str(tmp_path / ".planning"), "", cache)
    assert [p.wave for p in again.plans if p.path.endswith("02-01-PLAN.md")] == ["7"]


def test_plans_are_found_where_people_put_them(make: Make) -> None:
    files = {
        ".planning/STATE.md": "# S\n",
        f"{PHASES}/01-a/01-PLAN.md": plan("01"),
        f"{PHASES}/01-a/01-SUMMARY.md": summary(),
        f"{PHASES}/02-b/PLAN.md": "# One\n",
        f"{PHASES}/03-c/01-setup/PLAN.md": "# Inner\n",
        f"{PHASES}/03-c/plans/PLAN-02-x.md": "# Second\n",
        f"{PHASES}/04-d/04-01-auth.md": plan("01"),
        f"{PHASES}/04-d/04-02-notes.md": "# Notes\n",
        f"{PHASES}/05-e/5.2-PLAN.md": "# Fifth\n",
        f"{PHASES}/archive/06-f/06-01-PLAN.md": plan("01"),
        f"{PHASES}/07-g/INTEGRATION-PLAN.md": "# Report\n",
        ".planning/workstreams/web/phases/01-w/01-01-PLAN.md": plan("01"),
        ".planning/milestones/v1.0-phases/01-old/01-01-PLAN.md": plan("01"),
        ".planning/quick/001-x/001-PLAN.md": "# Quick\n",
        ".planning/MASTER-PLAN.md": "# Report\n",
    }
    report = make(files)
    assert [(p.zone, p.key) for p in report.project.plan_files] == [
        ("milestones/v1.0", "1-1"),
        ("phases", "1-1"),
        ("phases", "2-"),
        ("phases", "3-1"),
        ("phases", "3-2"),
        ("phases", "4-1"),
        ("phases", "5-2"),
        ("phases", "6-1"),
        ("workstreams/web", "1-1"),
    ]
    assert report.project.quick_plans == 1
    assert report.counts["plans_with_summary"] == 1


def test_any_encoding_of_a_plan(make: Make) -> None:
    files: dict[str, str | bytes] = dict(lighthouse())
    text = plan("01").replace("Do part", "Größe")
    for number, raw in enumerate(
        (
            text.encode("utf-16"),
            b"\xef\xbb\xbf" + text.encode(),
            text.encode("cp1252"),
            text.replace("\n", "\r\n").encode(),
        ),
        3,
    ):
        files[f"{PHASES}/02-lens/02-{number:02d}-PLAN.md"] = raw
    project = make(files).project
    added = [p for p in project.plan_files if p.phase == "2" and int(p.number) > 2]
    assert [p.objective for p in added] == ["Größe 01."] * 4
    assert [p.wave for p in added] == ["1"] * 4


def test_a_file_that_cannot_be_read_stays_listed(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(lighthouse())
    real = disk.read_text

    def refuse(path: str) -> object:
        if path.endswith("02-01-PLAN.md"):
            raise PermissionError(13, os.strerror(13))
        return real(path)

    monkeypatch.setattr(disk, "read_text", refuse)
    project = read(str(tmp_path))
    assert project is not None
    assert len(project.plan_files) == 4
    assert [(f.kind, f.file) for f in project.problems] == [("unreadable", f"{PHASES}/02-lens/02-01-PLAN.md")]


def test_links_to_directories_are_not_followed(make: Make, tmp_path: Path) -> None:
    make(lighthouse())
    (tmp_path / PHASES / "03-loop").symlink_to(tmp_path / PHASES, target_is_directory=True)
    project = read(str(tmp_path))
    assert project is not None
    assert len(project.plan_files) == 4


@pytest.mark.parametrize("start", [".", ".planning", ".planning/STATE.md"])
def test_a_project_is_found_from_its_parts(make: Make, tmp_path: Path, start: str) -> None:
    make(lighthouse())
    project = read(str(tmp_path / start))
    assert project is not None
    assert [phase.number for phase in project.phases] == ["1", "2", "2.1"]


@pytest.mark.parametrize("active", ["", "sound\n", "gone"])
def test_documents_of_workstreams_stand_for_the_project(make: Make, active: str) -> None:
    """Two workstreams, of which one lies; the planning directory has no documents of its own."""
    files: dict[str, bytes] = {}
    for stream, done in (("light", dialects.DONE + 2), ("sound", dialects.DONE)):
        for name, text in dialects.project({}, done=done).items():
            files[name.replace(".planning/", f".planning/workstreams/{stream}/")] = text
    report = make(files | {".planning/active-workstream": active.encode()} if active else files)
    assert report.project.state is not None
    first = "sound" if active == "sound\n" else "light"
    assert report.project.state.file == f".planning/workstreams/{first}/STATE.md"
    assert {judged.file.split("/")[2]: judged.verdict for judged in report.documents} == {
        "light": "contradicted",
        "sound": "consistent",
    }
    assert (report.verdict, report.counts["phases_total"]) == ("contradicted", 2 * len(dialects.PHASES))


def test_a_name_with_the_number_of_the_phase_alone(make: Make) -> None:
    plan = "---\nphase: x\n{}---\n\nDo it.\n"
    report = make(
        {
            ".planning/ROADMAP.md": "# R\n\n- [ ] **Phase 27: Lens**\n",
            ".planning/phases/02-lamp/01-PLAN.md": plan.format(""),
            ".planning/phases/02-lamp/02-PLAN.md": plan.format(""),
            ".planning/phases/02-lamp/02-SUMMARY.md": "# Done\n\nIt burns.\n",
            ".planning/phases/26-door/26-PLAN.md": plan.format("plan: 01\n"),
            ".planning/phases/26-door/26-SUMMARY.md": "---\nplan: 01\n---\nShut.\n",
            ".planning/phases/26-door/26-02-PLAN.md": plan.format("plan: 02\n"),
            ".planning/phases/27-lens/27-PLAN.md": plan.format(""),
            ".planning/phases/27-lens/27-SUMMARY.md": "# Done\n\nGround.\n",
        },
        "feat(27-01): grind",
    )
    assert [(plan.key, plan.path.rsplit("/", 1)[-1]) for plan in report.project.plan_files] == [
        ("2-1", "01-PLAN.md"),
        ("2-2", "02-PLAN.md"),
        ("26-2", "26-02-PLAN.md"),
        ("26-1", "26-PLAN.md"),
        ("27-1", "27-PLAN.md"),
    ]
    assert [(s.phase, s.number) for s in report.project.summaries] == [("2", "2"), ("26", "1"), ("27", "1")]
    assert report.counts["plans_with_commits"] == 1
