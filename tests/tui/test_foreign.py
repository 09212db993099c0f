"""Somebody else's planning files, as they are seen before anything is imported."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.project import SampleProject
from tests.tui.conftest import Driver, driving
from tracker.service import Service

PLANNING = {
    ".planning/PROJECT.md": "# Shop\n",
    ".planning/ROADMAP.md": """
        # Roadmap: Shop

        ## Phases

        - [ ] **Phase 1: Basket** - Put things into it

        ## Phase Details

        ### Phase 1: Basket
        **Goal**: A basket that keeps what is in it
        **Plans**: 2 plans

        Plans:
        - [x] 01-01: Schema
        - [ ] 01-02: Page
        """,
    ".planning/STATE.md": """
        # Project State

        ## Current Position

        Phase: 1 of 1 (Basket)
        Plan: 1 of 2 in current phase
        Status: In progress
        Last activity: 2026-01-12
        """,
    ".planning/phases/01-basket/01-01-PLAN.md": """
        ---
        phase: 01-basket
        plan: 01
        ---

        <objective>
        Keep the basket in a table.
        </objective>

        <task type="auto">
          <name>Task 1: The table</name>
          Add <sku> and the count.
        </task>
        """,
    ".planning/phases/01-basket/01-01-SUMMARY.md": "---\nphase: 01-basket\nplan: 01\n---\n\n# Schema\n\nDone.\n",
    ".planning/phases/01-basket/01-02-PLAN.md": "---\nphase: 01-basket\nplan: 02\n---\n\nShow it.\n",
}


@pytest.fixture
def theirs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SampleProject:
    project = SampleProject(tmp_path / "theirs", capsys)
    project.write(PLANNING)
    project.commit()
    return project


async def _shown(at: Driver, words: str) -> None:
    await at.until(lambda: any(words in line for line in at.shown()), what=words)


async def test_a_plan_is_shown_with_its_file_and_its_text(theirs: SampleProject) -> None:
    async with driving(None, connect=lambda: Service.open(theirs.root)) as at:
        await at.go("1.01")
        await _shown(at, "Keep the basket in a table.")
        lines = [line.strip() for line in at.text().splitlines()]
        assert "File       .planning/phases/01-basket/01-01-PLAN.md" in lines
        assert "Objective" in lines
        assert "Name: Task 1: The table" in lines
        assert "Add <sku> and the count." in lines
        assert not any(line.startswith(("---", "phase:", "How")) for line in lines)


async def test_edit_opens_the_file_of_the_selection(
    theirs: SampleProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "tool"
    tool.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/opened\n')
    tool.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(tool))
    monkeypatch.delenv("VISUAL", raising=False)
    opened = tmp_path / "opened"
    async with driving(None, connect=lambda: Service.open(theirs.root)) as at:
        monkeypatch.setattr(at.app, "suspend", nullcontext)
        for count, row in enumerate(("1.02", "project"), 1):
            await at.go(row)
            await at.press("e")
            await at.until(lambda: opened.exists() and len(opened.read_text().splitlines()) == count)  # noqa: B023
    names = [Path(line).relative_to(theirs.root).as_posix() for line in opened.read_text().splitlines()]
    assert names == [".planning/phases/01-basket/01-02-PLAN.md", ".planning/STATE.md"]


async def test_every_empty_pane_leads_to_the_import(theirs: SampleProject) -> None:
    async with driving(None, connect=lambda: Service.open(theirs.root)) as at:
        await at.go("1.02")
        for key in ("2", "3", "4", "5"):
            await at.press(key)
            await _shown(at, "I imports these plans")
        assert not any("r runs" in line for line in at.shown())


async def test_nothing_of_theirs_is_written(theirs: SampleProject) -> None:
    async with driving(None, connect=lambda: Service.open(theirs.root)) as at:
        for key in ("r", "R", "v", "V", "d", "w", "z", "o", "s", "n", "L", "u", "x"):
            await at.press(key)
            assert "I imports them" in at.said, key
        await at.press("S")
        await at.until_screen("StateScreen")
        await _shown(at, "as an import would write it")
        await at.press("w")
        await at.until_said("not tracker's own")
    assert theirs.git("status", "--porcelain", "--ignored") == ""
