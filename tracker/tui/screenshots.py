"""Pictures of the screens: ``python -m tracker.tui.screenshots [REPOSITORY] [DIRECTORY]`` writes SVG files.

They show the repository as it is; nothing in it is executed or changed.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from tracker.errors import TrackerError
from tracker.tui.app import TrackerApp
from tracker.tui.palette import DARK, LIGHT
from tracker.tui.ports import Board
from tracker.tui.work import FLOW


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture: its name, the keys that lead there, its size in cells.

    ``landed``: of a plan that landed; ``live``: of the run that is going on in another process.
    """

    name: str
    keys: tuple[str, ...] = ()
    size: tuple[int, int] = (120, 40)
    theme: str = DARK.name
    landed: bool = False
    live: bool = False


BEFORE = (Shot("waves", ("W",)), Shot("help", ("question_mark",)))
CLAIMS = (Shot("audit", ("A", "down")),)
DURING = (Shot("run", ("4",), live=True),)
AFTER = (
    Shot("main"),
    Shot("main-light", theme=LIGHT.name),
    Shot("main-narrow", size=(80, 24)),
    Shot("checks", ("2", "tab"), landed=True),
    Shot("changes", ("3", "tab"), landed=True),
    Shot("state", ("S",)),
    Shot("charts", ("C",)),
)
"""What is worth a picture before a programme is carried out, while it is, and after it."""


class _Showcase:
    """A board whose screen state is kept in a directory of its own, so that no picture changes another."""

    def __init__(self, board: Board, place: Path) -> None:
        self._board = board
        self._place = place

    def __getattr__(self, name: str) -> object:
        return getattr(self._board, name)

    def ui_state_path(self) -> Path:
        return self._place / "ui.json"


async def picture(root: Path, shot: Shot, place: Path) -> str:
    """The picture as SVG, the same for the same state."""
    from tracker.service import Service

    app = TrackerApp(lambda: cast("Board", _Showcase(Service.open(root), place)), frozen=True)
    app.theme = shot.theme
    async with app.run_test(size=shot.size) as pilot:
        await settled(app)
        if shot.live:
            await app.follow()
        if row := _row(app, shot):
            app.main.plan_tree.reveal(row)
        for key in shot.keys:
            await pilot.press(key)
            await settled(app)
        await pilot.pause()
        return re.sub(r"terminal-\d+", "terminal", app.export_screenshot(title="tracker"))


def _row(app: TrackerApp, shot: Shot) -> str:
    """The plan to look at: one at work, or one that landed; empty where there is none, or the picture wants none."""
    run = app.run_view
    if shot.live and run is not None:
        return next(iter(run.working), "")
    return next((plan.ref for plan in app.snapshot.plans if plan.changes), "") if shot.landed else ""


async def settled(app: TrackerApp) -> None:
    """Wait until nothing is being read any more, nor by what that has begun; a question waits for its answer."""
    quiet = 0
    while quiet < 3:
        await asyncio.sleep(0.01)
        asked = app.screen.is_modal
        busy = [work for work in app.workers if not work.is_finished and not (asked and work.group == FLOW)]
        quiet = 0 if busy else quiet + 1


def write(root: Path, target: Path, shots: Iterable[Shot]) -> None:
    """Write the pictures, and say which. Raises TrackerError where there is no repository."""
    target.mkdir(parents=True, exist_ok=True)
    for shot in shots:
        with tempfile.TemporaryDirectory() as place:
            text = asyncio.run(picture(root, shot, Path(place)))
        (target / f"{shot.name}.svg").write_text(text, encoding="utf-8")
        sys.stdout.write(f"{target / shot.name}.svg\n")


def main(arguments: list[str]) -> int:
    """Write every picture of a repository; 2 where there is none."""
    root = Path(arguments[0] if arguments else ".")
    target = Path(arguments[1] if len(arguments) > 1 else "docs/images")
    try:
        write(root, target, (*BEFORE, *CLAIMS, *AFTER))
    except TrackerError as error:
        sys.stderr.write(f"{error.message}\n{error.hint}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
