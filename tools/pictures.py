"""``make pictures``: the README's pictures and docs/STATE.hardened.md, from a scratch copy before, in and after the programme.

``python -m tools.pictures COPY`` takes the last of them from a copy that the programme has been carried out on.
"""

from __future__ import annotations

import shutil
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.demo import HERE, scratch_copy
from tracker.cli.progress import Lines
from tracker.model.progress import CLOSING, LANDED, VERIFYING, Observer, Progress
from tracker.service import Service
from tracker.tui import screenshots

IMAGES = HERE / "docs" / "images"
DOCUMENT = HERE / "tests" / "foreign" / "seed" / "STATE.repaired.md"
"""The document that the project begins with: what it says is held against the code."""


def main(arguments: list[str]) -> int:
    """Carry the programme out on a copy (or take the copy named), and picture it."""
    copy = Path(arguments[0]) if arguments else scratch_copy()
    if not arguments:
        before(copy)
        carry_out(copy)
    shutil.copyfile(copy / "STATE.md", HERE / "docs" / "STATE.hardened.md")
    screenshots.write(copy, IMAGES, screenshots.AFTER)
    return 0


def before(copy: Path) -> None:
    """The project as found, and what its document claims of it."""
    screenshots.write(copy, IMAGES, screenshots.BEFORE)
    state = copy / "STATE.md"
    kept = state.read_bytes()
    shutil.copyfile(DOCUMENT, state)
    screenshots.write(copy, IMAGES, screenshots.CLAIMS)
    state.write_bytes(kept)


def carry_out(copy: Path) -> None:
    """Every plan, phase by phase, so that the history has its steps; pictured while one is proved after others landed."""
    pictured = False
    for phase in Service.open(copy).snapshot().phases:
        moment = threading.Event()
        with Lines() as lines, ThreadPoolExecutor(1) as pool:
            work = pool.submit(
                Service.open(copy).run, phase=phase.number, jobs=2, observer=_Watching(lines, moment)
            )
            work.add_done_callback(lambda _work: moment.set())  # noqa: B023 - it is over before the next begins
            moment.wait()
            if not work.done() and not pictured:
                pictured = True
                screenshots.write(copy, IMAGES, screenshots.DURING)
            work.result()


class _Watching:
    """Passes on what happens, and tells the moment at which a plan is verified after another has landed."""

    def __init__(self, observer: Observer, moment: threading.Event) -> None:
        self._observer = observer
        self._moment = moment
        self._landed = False

    def __call__(self, step: Progress) -> None:
        self._observer(step)
        self._landed = step.kind == LANDED or (self._landed and step.kind != CLOSING)
        if self._landed and step.kind == VERIFYING and step.plan:
            self._moment.set()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
