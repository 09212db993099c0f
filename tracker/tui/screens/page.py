"""Base of the full-screen pages: a frame, a title, the keys below; Esc goes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget

from tracker.tui.lines import Lines
from tracker.tui.palette import Palette
from tracker.tui.rows import TextPane
from tracker.tui.text import span

if TYPE_CHECKING:
    from tracker.tui.app import TrackerApp


class PageKeys(Lines):
    """The keys of a page, as plain words."""

    DEFAULT_CSS = """
    PageKeys { height: 1; padding: 0 1; background: $surface; }
    """

    def __init__(self, keys: tuple[tuple[str, str], ...], command: str) -> None:
        super().__init__()
        self.keys = keys
        self.command = command

    def compose_lines(self, width: int, /) -> list[Text]:
        colours = self.colours
        text = span("")
        for key, word in self.keys:
            part = span(f"{key} ", colours.strong + colours.primary).append(word, colours.text)
            if key == "Esc":
                part.stylize(Style.from_meta({"@click": "screen.leave"}))
            text.append_text(part).append("  ")
        if self.command and text.cell_len + len(self.command) + 4 <= width:
            text.append(" " * (width - text.cell_len - len(self.command) - 2))
            text.append("$ ", colours.faint).append(self.command, colours.accent)
        return [text]


class Page(Screen[None]):
    """A page of one widget; a subclass fills ``content`` in ``fill``."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "leave", "Back", show=False)]
    NAME = ""
    KEYS: ClassVar[tuple[tuple[str, str], ...]] = ()
    COMMAND = ""

    def __init__(self) -> None:
        super().__init__()
        self.content: Widget = self.make()
        self.content.add_class("page")

    @property
    def board_app(self) -> TrackerApp:
        """The app, as what it is."""
        return cast("TrackerApp", self.app)

    @property
    def colours(self) -> Palette:
        """The styles of the present theme."""
        return self.board_app.colours

    @property
    def width(self) -> int:
        """Cells of text across."""
        return max(20, self.app.size.width - 6)

    def make(self) -> Widget:
        """The widget of the page."""
        return TextPane()

    def compose(self) -> ComposeResult:
        yield self.content
        yield PageKeys((("Esc", "back"), *self.KEYS, ("y", "copy"), ("?", "help")), self.COMMAND)

    def on_mount(self) -> None:
        self.titled(self.NAME)
        self.focus_content()
        self.fill()

    def focus_content(self) -> None:
        """Give the focus to what the keys are for."""
        self.content.focus()

    def titled(self, text: str) -> None:
        """Set the title of the frame."""
        self.content.border_title = text.replace("[", r"\[")

    def fill(self) -> None:
        """Fill the page."""

    def on_resize(self) -> None:
        if self.is_mounted:
            self.fill()

    def action_leave(self) -> None:
        self.app.pop_screen()
