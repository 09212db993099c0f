"""What a commit changed."""

from __future__ import annotations

from rich.style import Style
from rich.text import Text

from tracker.tui.palette import Palette
from tracker.tui.rows import TextPane
from tracker.tui.screens.page import Page
from tracker.tui.text import lines as safe_lines
from tracker.tui.text import one_line, span
from tracker.tui.work import spawn


class DiffScreen(Page):
    """A commit as a coloured diff, at the given file."""

    def __init__(self, commit: str, file: str = "") -> None:
        self._commit, self._file = commit, file
        short = one_line(commit)[:12]
        self.NAME, self.COMMAND = f"Commit {short}", f"git show {short}"
        super().__init__()

    def fill(self) -> None:
        spawn(self, self._read, exclusive=True)

    async def _read(self) -> None:
        pane = self.content
        if not isinstance(pane, TextPane):
            return
        pane.show([span("reading …", self.colours.muted)])
        text = await self.board_app.ask(lambda board: board.diff(self._commit))
        shown = diff_lines(text or "", self.colours)
        pane.show(shown or [span("The commit changes nothing.", self.colours.muted)])
        place = next((n for n, line in enumerate(shown) if self._file and f"b/{self._file}" in line.plain), 0)
        pane.scroll_to(y=place, animate=False)


def diff_lines(diff: str, colours: Palette) -> list[Text]:
    """The lines of a unified diff, told apart by their first sign."""
    if not diff.strip():
        return []
    return [span(line, _style(line, colours)) for line in safe_lines(diff.rstrip("\n"))]


def _style(line: str, colours: Palette) -> Style:
    if line.startswith(
        ("+++", "---", "diff ", "index ", "new file", "deleted file", "rename ", "similarity ")
    ):
        return colours.strong + colours.muted
    if line.startswith("@@"):
        return colours.accent
    if line.startswith("+"):
        return colours.good
    if line.startswith("-"):
        return colours.bad
    return colours.text
