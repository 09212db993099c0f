"""STATE.md: as the files imply it, and how the file differs from that."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from tracker.tui.ports import Board
from tracker.tui.rows import TextPane
from tracker.tui.screens.diff import diff_lines
from tracker.tui.screens.page import Page
from tracker.tui.text import span
from tracker.tui.work import spawn


class StateScreen(Page):
    """STATE.md rendered; d shows the difference, w writes it anew."""

    NAME = "STATE.md"
    KEYS = (("d", "difference"), ("w", "regenerate"))
    COMMAND = "tracker state"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "difference", "Difference", show=False),
        Binding("w", "write", "Regenerate", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._difference = False

    def fill(self) -> None:
        spawn(self, self._read, exclusive=True)

    async def _read(self) -> None:
        from tracker.tui import richmd

        app, pane = self.board_app, self.content
        if not isinstance(pane, TextPane):
            return
        width, colours = self.width, self.colours

        def read(board: Board) -> tuple[list[Text], str]:
            return richmd.render(board.state_text(), width, colours), board.state_diff()

        found = await app.ask(read)
        if found is None:
            return
        rendered, difference = found
        if self._difference:
            good = [span("No difference: the file is what the files imply.", colours.good)]
            pane.show(diff_lines(difference, colours) or good)
        else:
            pane.show(rendered, top=not pane.lines)
        if not app.board.native:
            how = "as an import would write it"
        elif difference:
            how = "differs from what the files imply: w regenerates it"
        else:
            how = "fresh"
        self.titled(f"STATE.md {'difference ' if self._difference else ''}({how})")

    def action_difference(self) -> None:
        self._difference = not self._difference
        self.fill()

    def action_write(self) -> None:
        if not self.board_app.board.native:
            self.board_app.tell("Regenerate: this file is not tracker's own; I imports what it says", "warn")
            return
        spawn(self, self._write, exclusive=True)

    async def _write(self) -> None:
        app = self.board_app
        changed = await app.ask(lambda board: (board.write_state(),))
        if changed is not None:
            said = "STATE.md regenerated" if changed[0] else "STATE.md was fresh already"
            app.tell(said, "good")
            await self._read()
