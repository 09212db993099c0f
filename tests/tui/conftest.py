"""Driving the screens: an app over a fake board, and waiting for what has to happen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot  # noqa: TID253 - these tests are about it

from tests.tui import fake
from tracker.tui.app import TrackerApp
from tracker.tui.rows import TextPane


@pytest.fixture(autouse=True)
def _no_guessed_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Textual guesses from the processor's load when all is quiet; here every key is followed by a check for it."""

    async def soon(*_arguments: float) -> None:
        await asyncio.sleep(0.002)

    for module in ("textual.app", "textual.pilot"):
        monkeypatch.setattr(f"{module}.wait_for_idle", soon)


class Driver:
    """An app at work, its board, and its keys."""

    def __init__(self, app: TrackerApp, board: Any, pilot: Pilot[int]) -> None:
        self.app = app
        self.board = board
        self.pilot = pilot

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        await self.pilot.press(
            *[{" ": "space", ".": "full_stop", "/": "slash"}.get(key, key) for key in text]
        )

    async def until(self, met: Callable[[], object], *, what: str = "", within: float = 20) -> None:
        """Wait until the condition holds; a failure says what was waited for and what the screen said."""
        end = time.monotonic() + within
        while not met():
            if time.monotonic() > end:
                raise AssertionError(f"waited in vain for {what or met}; status: {self.said!r}")
            await self.pilot.pause(0.01)
        await self.pilot.pause()

    async def until_screen(self, name: str) -> None:
        await self.until(lambda: type(self.app.screen).__name__ == name, what=f"the screen {name}")

    async def until_said(self, part: str) -> None:
        await self.until(lambda: part in self.said, what=f"the words {part!r}")

    @property
    def said(self) -> str:
        return self.app.main.status.message

    @property
    def selected(self) -> str:
        row = self.app.main.plan_tree.row
        return row.key if row is not None else ""

    def text(self) -> str:
        """All text of the scrollable panes of the screen in sight."""
        return "\n".join(pane.plain for pane in self.app.screen.query(TextPane))

    def shown(self) -> list[str]:
        """The screen, line by line, as it is drawn."""
        compositor = self.app.screen._compositor
        return [strip.text for strip in compositor.render_strips()]

    async def go(self, key: str) -> None:
        self.app.main.plan_tree.reveal(key)
        await self.pilot.pause()


@asynccontextmanager
async def driving(
    board: Any, size: tuple[int, int] = (120, 40), *, frozen: bool = False, connect: Any = None
) -> AsyncIterator[Driver]:
    """An app on this board, its first paint done."""
    app = TrackerApp(connect or board.connect, frozen=frozen)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Driver(app, board, pilot)


@pytest.fixture
def board(tmp_path: Path) -> fake.FakeBoard:
    return fake.FakeBoard(fake.normal(), tmp_path)


@pytest.fixture
def fresh(tmp_path: Path) -> fake.FakeBoard:
    return fake.FakeBoard(fake.fresh(), tmp_path)
