"""Widgets of a few fixed lines: header, tab bar, status line, footer."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from rich.style import Style
from rich.text import Text
from textual.strip import Strip
from textual.widget import Widget

from tracker.tui.palette import Palette

if TYPE_CHECKING:
    from tracker.tui.app import TrackerApp


class Lines(Widget):
    """Draws ``compose_lines(width)``, kept until the width or what is shown changes."""

    DEFAULT_CSS = """
    Lines { height: 1; width: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._drawn: list[Text] | None = None
        self._drawn_width = -1

    @property
    def board_app(self) -> TrackerApp:
        """The app, as what it is."""
        return cast("TrackerApp", self.app)

    @property
    def colours(self) -> Palette:
        """The styles of the present theme."""
        return self.board_app.colours

    def compose_lines(self, width: int, /) -> list[Text]:
        """The lines, each at most ``width`` cells wide."""
        raise NotImplementedError

    def redraw(self) -> None:
        """What is shown has changed."""
        self._drawn = None
        self.refresh()

    def notify_style_update(self) -> None:
        self._drawn = None
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if self._drawn is None or self._drawn_width != width:
            self._drawn, self._drawn_width = self.compose_lines(width), width
        if y >= len(self._drawn):
            return Strip.blank(width, self.rich_style)
        line = self._drawn[y]
        line.truncate(width, overflow="ellipsis")
        line.end = ""
        strip = Strip(line.render(self.app.console)).apply_style(self.rich_style)
        return strip.adjust_cell_length(width, self.rich_style)


def clickable(action: str) -> Style:
    """The style that makes text run an action of the table when it is clicked."""
    return Style.from_meta({"@click": f"app.act('{action}')"})
