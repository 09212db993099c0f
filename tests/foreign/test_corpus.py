"""Every project of a corpus, where one is at hand: shown, imported, and the same counts after it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.audit.test_corpus import CORPUS
from tests.project import SampleProject
from tracker.audit import read
from tracker.cli.main import main

# Without a corpus there is nothing to collect: the module's tests are made from its entries.
if CORPUS is not None:
    PROJECTS = sorted(place.parent for place in CORPUS.glob("*/.planning"))
    DOCUMENTS = sorted((CORPUS / "freeform").glob("[0-9]*.md"))

    @pytest.mark.parametrize("source", [*PROJECTS, *DOCUMENTS], ids=lambda place: place.name)
    def test_an_import_keeps_every_plan_and_every_count(source: Path, project: SampleProject) -> None:
        if source.is_dir():
            shutil.copytree(source / ".planning", project.root / ".planning", copy_function=shutil.copyfile)
            subprocess.run(["chmod", "-R", "u+w", str(project.root)], check=True)
        else:
            project.write({"STATE.md": source.read_bytes()})
        project.commit()
        before = project.snapshot
        assert project.git("status", "--porcelain", "--ignored") == ""
        outcome = project.run("import")
        assert outcome.code == 0, outcome.err
        after = project.snapshot
        assert after.faults == ()
        assert (after.done, after.total, len(after.phases)) == (before.done, before.total, len(before.phases))
        done = [sum(phase.status == "done" for phase in snapshot.phases) for snapshot in (before, after)]
        assert done[0] == done[1]
        assert after.current_phase == before.current_phase
        assert sorted(plan.status for plan in after.plans) == sorted(plan.status for plan in before.plans)
        assert {plan.proof for plan in after.plans if plan.status == "done"} <= {"unproven"}
        assert project.run("state", "--check").code == 0
        assert "Nothing to import" in project.run("import").out

    @pytest.mark.parametrize("source", PROJECTS, ids=lambda place: place.name)
    def test_no_plan_file_is_lost(source: Path, project: SampleProject) -> None:
        shutil.copytree(source / ".planning", project.root / ".planning", copy_function=shutil.copyfile)
        subprocess.run(["chmod", "-R", "u+w", str(project.root)], check=True)
        found = read(str(project.root))
        assert found is not None
        project.run("import")
        texts = "\n".join(place.read_text("utf-8") for place in project.root.glob("plans/*/*/PLAN.md"))
        lost = [plan.path for plan in found.plan_files if f"Imported from `{plan.path}`" not in texts]
        assert lost == []

    def test_one_command_prints_the_table(capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["audit", "--corpus", str(CORPUS)]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[-1].endswith("projects, all agree")
        assert len(lines) == len(PROJECTS) + 2
        assert all(line.endswith("✔") for line in lines[1:-1])
