"""Pictures of every screen, in every state and both sizes, held against stored ones.

``pytest tests/tui/test_snapshots.py --snapshot-update`` stores them anew, after they have been looked at.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from textual.command import CommandList  # noqa: TID253 - these tests are about it
from textual.widgets import Input  # noqa: TID253 - the same

from tests.tui import fake
from tests.tui.conftest import Driver, driving
from tests.tui.svg import svg
from tracker.model import snapshot as sn
from tracker.tui.palette import DARK, LIGHT
from tracker.tui.runview import RunView
from tracker.tui.screenshots import settled

SIZES = ((80, 24), (120, 40))


@dataclass(frozen=True)
class Shot:
    """A picture: the keys that lead there from the row, and what the board is told before."""

    name: str
    keys: tuple[str, ...] = ()
    row: str = ""
    before: Callable[[Driver], object] = lambda _at: None


@dataclass(frozen=True)
class State:
    """A state of a project, the row to look from, and the dialogs that only it has."""

    make: Callable[[], sn.Snapshot]
    row: str
    dialogs: tuple[Shot, ...] = ()


EVERYWHERE = (
    Shot("main"),
    Shot("checks", ("2", "tab")),
    Shot("changes", ("3", "tab")),
    Shot("log", ("4", "tab")),
    Shot("activity", ("5", "tab")),
    Shot("filter", ("1", "slash", "s", "e")),
    Shot("waves", ("W",)),
    Shot("state", ("S",)),
    Shot("difference", ("S", "d")),
    Shot("charts", ("C",)),
    Shot("audit", ("A",)),
    Shot("help", ("question_mark",)),
    Shot("palette", ("ctrl+p",)),
)


def _distrust(at: Driver) -> None:
    at.board.trust_given = False


def _trust(at: Driver) -> None:
    at.board.trust_given = True


def _redden(at: Driver) -> None:
    at.board.verify_red = ("AUTH-2060",)


def _crash(at: Driver) -> None:
    at.board.crash = RuntimeError("the disk is gone")


STATES = {
    "empty": State(fake.empty, "project", (Shot("set-up", ("i",)),)),
    "normal": State(
        fake.normal,
        "1.03",
        (
            Shot("project", row="project"),
            Shot("phase", row="phase:2"),
            Shot("run", ("r",), "phase:2"),
            Shot("trust", ("r",), "2.06", _distrust),
            Shot("word", ("w", *"seen"), "2.06", _trust),
            Shot("defer", ("z",), "2.06"),
            Shot("defer-check", ("2", "tab", "down", "z"), "2.06"),
            Shot("note", ("n",)),
            Shot("link", ("L",)),
            Shot("jump", ("colon",)),
            Shot("revert", ("x",)),
            Shot("commit", ("3", "tab", "end", "enter")),
            Shot("done-refused", ("d",), "2.06", _redden),
        ),
    ),
    "running": State(fake.fresh, "1.03", (Shot("leave", ("q",)),)),
    "failed": State(
        fake.failed,
        "1.03",
        (
            Shot("fault", ("1", "home")),
            Shot("failed-check", ("2", "tab")),
            Shot("crash", ("V",), "1.03", _crash),
        ),
    ),
    "large": State(fake.large, "40.21", (Shot("run", ("R",)),)),
}


class Picture(SingleFileSnapshotExtension):
    """A stored picture, as text."""

    _file_extension = "svg"
    _write_mode = WriteMode.TEXT

    def serialize(self, data: Any, **_named: Any) -> str:
        return str(data)


def begin_run(at: Driver) -> None:
    """A run of this process that is busy with one plan and has landed another."""
    at.app.stop_run = threading.Event()
    run = at.app.run_view = RunView("run", "20260127-120000-ab12")
    run.feed([*fake.steps("1.01")[:-2], *fake.steps("1.03")[2:7]])
    at.app.main.run_began()
    at.app.main.keys.redraw()


async def shoot(at: Driver, snapshot: SnapshotAssertion, name: str) -> None:
    """Wait until nothing changes any more, and hold the picture against the stored one."""
    everything = len(list(at.app.get_system_commands(at.app.main)))
    for box in at.app.screen.query(Input):
        box.cursor_blink = False
    for found in at.app.screen.query(CommandList):
        await at.until(lambda: found.option_count == everything, what="the commands")  # noqa: B023 - used at once
    before, picture = "", svg(at.app)
    while picture != before:
        await settled(at.app)
        await at.pilot.pause()
        before, picture = picture, svg(at.app)
    assert picture == snapshot(name=name, extension_class=Picture)


async def back(at: Driver) -> None:
    """To the tree of the main screen, without what was said meanwhile."""
    while at.app.screen is not at.app.main:
        await at.press("escape")
    at.app.main.clear_filter()
    at.app.set_focus(at.app.main.plan_tree)
    at.app.clear_notifications()
    at.app.say("")


def _cases() -> Iterator[Any]:
    for name, state in STATES.items():
        for size in SIZES:
            yield pytest.param(state, size, id=f"{name}-{size[0]}x{size[1]}")


@pytest.mark.parametrize(("state", "size"), _cases())
async def test_screens(
    state: State,
    size: tuple[int, int],
    snapshot: SnapshotAssertion,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    board = fake.AuditingBoard(state.make(), Path("local"), native=state.make is not fake.empty)
    board.root = Path("/srv/moltbot")
    async with driving(board, size, frozen=True) as at:
        at.app.reasons = board.reasons()
        if state is STATES["running"]:
            begin_run(at)
        for shot in (*EVERYWHERE, *state.dialogs):
            shot.before(at)
            at.app.main.details.activate("plan")
            await at.go(shot.row or state.row)
            await settled(at.app)
            for key in shot.keys:
                await at.press(key)
                if key.isdigit():  # what is chosen next has to be there
                    await settled(at.app)
            await shoot(at, snapshot, shot.name)
            await back(at)


@pytest.mark.parametrize("colours", ["light", "no-color"])
async def test_colours(
    colours: str, snapshot: SnapshotAssertion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if colours == "no-color":
        monkeypatch.setenv("NO_COLOR", "1")
    async with driving(fake.FakeBoard(fake.normal(), tmp_path), frozen=True) as at:
        at.app.theme = LIGHT.name if colours == "light" else DARK.name
        await shoot(at, snapshot, "main")
        await at.press("R")
        await shoot(at, snapshot, "run")


async def test_a_changed_screen_is_noticed(tmp_path: Path) -> None:
    pictures = []
    for title in ("Auth Hardening", "Auth Softening"):
        state = fake.snapshot([fake.phase("1", "Core", [fake.plan("1", 1, title)])])
        async with driving(fake.FakeBoard(state, tmp_path), frozen=True) as at:
            await settled(at.app)
            pictures.append(svg(at.app))
    assert pictures[0] != pictures[1]
