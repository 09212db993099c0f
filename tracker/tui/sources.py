"""Texts that have to be read: a plan's own, a broken file's, a past log. Called in threads."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from tracker.model.snapshot import PlanState
from tracker.tui import listing
from tracker.tui.palette import Palette
from tracker.tui.ports import Board
from tracker.tui.text import block, lines, span

LOG_TAIL = 256 * 1024
"""Bytes of a past log that are shown."""


def body(board: Board, plan: PlanState, width: int, colours: Palette) -> list[Text]:
    """A plan's text as lines."""
    from tracker.tui import richmd

    return richmd.render(board.body(plan.ref), width, colours, skip_title=plan.title)


def broken(root: Path, fault: str) -> str:
    """The text of the file that a fault is in; empty where it cannot be read."""
    try:
        return block((root / listing.place(fault).path).read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ""


def last_log(board: Board, ref: str, colours: Palette) -> list[Text]:
    """The newest log that a run of this machine left of a plan; nothing where there is none."""
    for attempt in board.attempts(ref):
        path = board.root / str(attempt.get("log") or "")
        if not path.is_file():
            continue
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - LOG_TAIL))
            text = file.read().decode("utf-8", "replace")
        head = f"─ {attempt.get('state', '')} in run {attempt.get('run', '')}: {attempt.get('log')}"
        return [span(head, colours.accent), *(span(line, colours.text) for line in lines(text))]
    return []
