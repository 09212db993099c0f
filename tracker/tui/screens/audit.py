"""What documents claim, against what the files show."""

from __future__ import annotations

import re
from functools import partial
from typing import Any, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from tracker.tui.facts import fact
from tracker.tui.palette import Palette
from tracker.tui.ports import Audited, Claim
from tracker.tui.rows import Rows, TextPane
from tracker.tui.screens.page import Page
from tracker.tui.text import one_line, plural, span
from tracker.tui.work import spawn

_SIGNS = {"contradicted": "✘", "self-contradictory": "✘", "supported": "✔", "unsupported": "?"}
_WRONG = ("contradicted", "self-contradictory")


_BARS = re.compile(r"([█▓▒░▰▱■□#=.\-])\1{7,}")
"""Progress bars, of which a row has room for the beginning only."""


class ClaimRows(Rows[Claim]):
    """The claims, the contradicted ones first."""

    EMPTY = "No document here claims anything that could be checked."
    room = 0
    """Cells of the column that says where."""

    def fill(self, claims: list[Claim]) -> None:
        """Show the claims."""
        self.room = min(28, max((len(_place(claim)) for claim in claims), default=0))
        self.show(claims)

    def key_of(self, row: Claim) -> str:
        return f"{row.path}:{row.line}:{row.text}"

    def draw(self, row: Claim, _width: int, /) -> Text:
        colours = self.colours
        style = _style(row.verdict, colours)
        text = span(f"{_SIGNS.get(row.verdict, '·')} {row.verdict:<18} ", style)
        text.append(f"{_place(row):<{self.room}}  ", colours.muted)
        text.append(_BARS.sub(r"\1…", one_line(row.text)).replace("**", ""), colours.text)
        return text.append(f"  {one_line(row.why)}" if row.why else "", colours.muted)


def _place(claim: Claim) -> str:
    return f"{one_line(claim.path)}:{claim.line}"


def _style(verdict: str, colours: Palette) -> Any:
    if verdict in _WRONG:
        return colours.bad
    if verdict == "supported":
        return colours.good
    return colours.warn


class ClaimPane(Vertical):
    """The list, and below it the selected claim in full."""

    DEFAULT_CSS = """
    ClaimPane > ClaimRows { height: 3fr; }
    ClaimPane > TextPane { height: 2fr; max-height: 10; border-top: solid $panel; }
    ClaimPane > TextPane:focus { border-top: heavy $primary; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.list = ClaimRows()
        self.detail = TextPane()

    def compose(self) -> ComposeResult:
        yield self.list
        yield self.detail

    def on_rows_moved(self) -> None:
        self.explain()

    def explain(self) -> None:
        """Show the selected claim in full."""
        row, width = self.list.row, max(20, self.app.size.width - 6)
        if row is None:
            self.detail.show([])
            return
        colours = self.list.colours
        verdict = span(f"{_SIGNS.get(row.verdict, '·')} {row.verdict}", _style(row.verdict, colours))
        self.detail.show(
            [
                *fact("Claim", _BARS.sub(r"\1…", row.text), colours, width),
                *fact("Where", _place(row), colours, width),
                *fact("Verdict", verdict, colours, width),
                *(fact("Because", row.why, colours, width) if row.why else []),
            ]
        )


class AuditScreen(Page):
    """Enter opens the document at the claim."""

    NAME = "Audit"
    KEYS = (("Enter", "open the document there"),)
    COMMAND = "tracker audit"
    content: ClaimPane

    def make(self) -> Widget:
        return ClaimPane()

    def focus_content(self) -> None:
        self.content.list.focus()

    def fill(self) -> None:
        spawn(self, self._read, exclusive=True)

    async def _read(self) -> None:
        found = await self.board_app.ask(lambda board: list(cast("Audited", board).audit()))
        if found is None:
            return
        claims = sorted(found, key=lambda claim: (claim.verdict not in _WRONG, claim.path, claim.line))
        wrong = sum(claim.verdict in _WRONG for claim in claims)
        self.content.list.fill(claims)
        self.content.explain()
        self.titled(f"Audit: {plural(wrong, 'contradiction')} in {plural(len(claims), 'claim')}")

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        row = event.rows.row
        if row is not None:
            spawn(self, partial(self.board_app.edit_file, row.path, row.line))
