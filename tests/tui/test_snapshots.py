"""Pictures of every screen, in every state and both sizes, held against stored ones.

``pytest tests/tui/test_snapshots.py --snapshot-update`` stores them anew, after they have been looked at.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from textual.widgets import Input  # noqa: TID253 - these tests are about it

from tests.tui import fake
from tests.tui.conftest import Driver, driving
from tracker.errors import ProjectSaysNo
from tracker.tui.palette import LIGHT
from tracker.tui.runview import RunView
from tracker.tui.screenshots import settled

SIZES = [(80, 24), (120, 40)]
TABS = [("checks", ("2",)), ("changes", ("3",)), ("log", ("4",)), ("activity", ("5",))]
PAGES = [("waves", ("W",)), ("state", ("S",)), ("charts", ("C",)), ("audit", ("A",))]


class Picture(SingleFileSnapshotExtension):
    """A stored picture, without what is the same in all of them or random."""

    _file_extension = "svg"
    _write_mode = WriteMode.TEXT

    def serialize(self, data: Any, **_named: Any) -> str:
        text = re.sub(r"terminal-\d+", "terminal", str(data))
        text = re.sub(r'<clipPath id="terminal-line-\d+">.*?</clipPath>\s*', "", text, flags=re.DOTALL)
        text = re.sub(r' clip-path="url\(#terminal-line-\d+\)"', "", text)
        return re.sub(r"@font-face \{.*?\}\s*", "", text, flags=re.DOTALL)


def running() -> Any:
    return fake.fresh()


STATES = {
    "empty": (fake.empty, "", PAGES),
    "normal": (fake.normal, "1.03", [*TABS, *PAGES, ("help", ("question_mark",))]),
    "running": (running, "1.03", [*TABS, *PAGES]),
    "failed": (fake.failed, "1.03", [*TABS, *PAGES]),
    "large": (fake.large, "40.21", [TABS[0], PAGES[0], PAGES[2]]),
}


def begin_run(at: Driver) -> None:
    """A run that is busy with one plan and has landed another."""
    run = at.app.run_view = RunView("run", "20260127-120000-ab12")
    run.feed([*fake.steps("1.01")[:-2], *fake.steps("1.03")[2:7]])
    at.app.main.run_began()


async def shoot(at: Driver, snapshot: SnapshotAssertion, name: str) -> None:
    await settled(at.app)
    await at.pilot.pause()
    picture = at.app.export_screenshot(title="tracker")
    assert picture == snapshot(name=name, extension_class=Picture)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", STATES)
async def test_screens(
    state: str, size: tuple[int, int], snapshot: SnapshotAssertion, tmp_path: Path
) -> None:
    make, row, screens = STATES[state]
    board = fake.AuditingBoard(make(), tmp_path, native=state != "empty")
    async with driving(board, size, frozen=True) as at:
        at.app.reasons = board.reasons()
        if state == "running":
            begin_run(at)
        await at.go(row or "project")
        if state == "failed":
            await shoot(at, snapshot, "plan")
            await at.press("home")
        await shoot(at, snapshot, "main")
        if state == "failed":
            await at.go(row)
        for name, keys in screens:
            await at.press(*keys)
            if (name, keys) in TABS:
                await at.press("tab")
            await shoot(at, snapshot, name)
            await at.press("escape")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_dialogs(size: tuple[int, int], snapshot: SnapshotAssertion, tmp_path: Path) -> None:
    board = fake.FakeBoard(fake.fresh(), tmp_path)
    board.root = Path("/srv/moltbot")

    async def shot(at: Driver, screen: str, name: str) -> None:
        await at.until_screen(screen)
        for _ in range(5):
            await at.pilot.pause()
        assert at.app.export_screenshot(title="tracker") == snapshot(name=name, extension_class=Picture)

    async with driving(board, size, frozen=True) as at:
        await settled(at.app)
        await at.press("R")
        await shot(at, "RunDialog", "run")
        await at.press("escape", "z")
        await at.until_screen("Prompt")
        at.app.screen.query_one("#answer", Input).cursor_blink = False
        await at.type("later")
        await shot(at, "Prompt", "prompt")
        await at.press("escape")
        board.trust_given = False
        await at.press("R")
        await shot(at, "Trust", "trust")
        await at.press("escape")
        at.app.show_error(
            ProjectSaysNo(
                "1.03 is not done: 1 of its checks did not pass\n  AUTH-10 failed", hint="Try again."
            )
        )
        await shot(at, "ErrorScreen", "error")


async def test_light(snapshot: SnapshotAssertion, tmp_path: Path) -> None:
    async with driving(fake.FakeBoard(fake.normal(), tmp_path), frozen=True) as at:
        at.app.theme = LIGHT.name
        await shoot(at, snapshot, "light")


async def test_a_changed_screen_is_noticed(tmp_path: Path) -> None:
    pictures = []
    for title in ("Auth Hardening", "Auth Softening"):
        state = fake.snapshot([fake.phase("1", "Core", [fake.plan("1", 1, title)])])
        async with driving(fake.FakeBoard(state, tmp_path), frozen=True) as at:
            await settled(at.app)
            pictures.append(at.app.export_screenshot())
    assert pictures[0] != pictures[1]
