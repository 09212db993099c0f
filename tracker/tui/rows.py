"""A list of one-line rows with a cursor, drawn line by line: its cost is that of the rows in sight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tracker.tui.palette import Palette
from tracker.tui.text import span

if TYPE_CHECKING:
    from tracker.tui.app import TrackerApp

RowT = TypeVar("RowT")


class Scrolled(ScrollView):
    """A scroll view whose bar follows also while it is hidden: it would come back where it was before."""

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self._vertical_scrollbar is not None:
            self._vertical_scrollbar.position = new_value


class Rows(Scrolled, Generic[RowT], can_focus=True):
    """Base of every list. A subclass says how a row is keyed and drawn.

    The cursor stays on its row, known by its key, when the rows are replaced.
    """

    DEFAULT_CSS = """
    Rows { width: 1fr; height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", show=False),
        Binding("home,g", "edge(-1)", "First", show=False),
        Binding("end,G", "edge(1)", "Last", show=False),
        Binding("enter", "choose", "Open", show=False),
    ]
    EMPTY = ""

    class Moved(Message):
        """The cursor is on another row."""

        def __init__(self, rows: Rows[Any]) -> None:
            super().__init__()
            self.rows = rows

        @property
        def control(self) -> Rows[Any]:
            return self.rows

    class Chosen(Message):
        """Enter or a click on the row under the cursor."""

        def __init__(self, rows: Rows[Any]) -> None:
            super().__init__()
            self.rows = rows

        @property
        def control(self) -> Rows[Any]:
            return self.rows

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self.rows: Sequence[RowT] = ()
        self.cursor = 0
        self.empty = self.EMPTY

    @property
    def colours(self) -> Palette:
        """The styles of the present theme."""
        return cast("TrackerApp", self.app).colours

    def key_of(self, row: RowT) -> str:
        """What the row is known by across refreshes."""
        raise NotImplementedError

    def draw(self, row: RowT, width: int, /) -> Text:
        """The row as one line."""
        raise NotImplementedError

    @property
    def row(self) -> RowT | None:
        """The row under the cursor."""
        return self.rows[self.cursor] if self.cursor < len(self.rows) else None

    def show(self, rows: Sequence[RowT], key: str | None = None) -> None:
        """Replace the rows; the cursor goes to ``key``, or stays on its row, or near its place."""
        before = self.row
        wanted = key if key is not None else (self.key_of(before) if before is not None else None)
        self.rows = rows
        place = self.find(wanted) if wanted is not None else None
        self.cursor = place if place is not None else max(0, min(self.cursor, len(rows) - 1))
        self.virtual_size = Size(self.size.width, len(rows))
        self._reveal()
        self.refresh()
        after = self.row
        if (before is None) != (after is None) or (
            before is not None and after is not None and self.key_of(before) != self.key_of(after)
        ):
            self.post_message(self.Moved(self))

    def find(self, key: str) -> int | None:
        """The place of the row with this key."""
        return next((place for place, row in enumerate(self.rows) if self.key_of(row) == key), None)

    def go(self, place: int) -> None:
        """Move the cursor."""
        place = max(0, min(place, len(self.rows) - 1))
        if place != self.cursor and self.rows:
            old, self.cursor = self.cursor, place
            self._reveal()
            self.refresh_row(old)
            self.refresh_row(place)
            self.post_message(self.Moved(self))

    def refresh_row(self, place: int) -> None:
        """Draw one row again."""
        line = place - self.scroll_offset.y
        if 0 <= line < self.size.height:
            self.refresh(Region(0, line, self.size.width, 1))

    def _reveal(self) -> None:
        height = self.scrollable_content_region.height
        if height <= 0:
            return
        top = self.scroll_offset.y
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, force=True)
        elif self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, force=True)

    def action_move(self, by: int) -> None:
        self.go(self.cursor + by)

    def action_page(self, direction: int) -> None:
        self.go(self.cursor + direction * max(1, self.size.height - 1))

    def action_edge(self, direction: int) -> None:
        self.go(0 if direction < 0 else len(self.rows) - 1)

    def action_choose(self) -> None:
        if self.row is not None:
            self.post_message(self.Chosen(self))

    def on_click(self, event: events.Click) -> None:
        place = self.scroll_offset.y + event.get_content_offset_capture(self).y
        if place < len(self.rows):
            self.go(place)
            if event.chain > 1:
                self.action_choose()

    def on_resize(self) -> None:
        self.virtual_size = Size(self.size.width, len(self.rows))
        self._reveal()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        colours = self.colours
        place = self.scroll_offset.y + y
        if place >= len(self.rows):
            if not self.rows and y < len(lines := self.empty.splitlines()):
                return _strip(self, span(f" {lines[y]}", colours.muted), width)
            return Strip.blank(width, self.rich_style)
        selected = place == self.cursor
        line = span("▌" if selected and self.has_focus else " ", colours.primary if selected else "")
        line.append_text(self.draw(self.rows[place], width - 1))
        if selected:
            line.truncate(width, overflow="ellipsis", pad=True)
            line.stylize_before(colours.cursor if self.has_focus else colours.cursor_blur)
        return _strip(self, line, width)


def _strip(widget: ScrollView, line: Text, width: int) -> Strip:
    line.truncate(width, overflow="ellipsis")
    line.end = ""
    strip = Strip(line.render(widget.app.console)).apply_style(widget.rich_style)
    return strip.adjust_cell_length(width, widget.rich_style)


class TextPane(Scrolled, can_focus=True):
    """Scrollable text. ``show`` replaces it, ``extend`` appends and follows the end while the end is in sight."""

    DEFAULT_CSS = """
    TextPane { width: 1fr; height: 1fr; overflow-x: auto; scrollbar-size: 1 1; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "scroll_up", "Up", show=False),
        Binding("j", "scroll_down", "Down", show=False),
        Binding("g", "scroll_home", "First", show=False),
        Binding("G", "scroll_end", "Last", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self.lines: list[Text] = []
        self._wide = 0

    @property
    def colours(self) -> Palette:
        """The styles of the present theme."""
        return cast("TrackerApp", self.app).colours

    @property
    def plain(self) -> str:
        """The text, for copying."""
        return "\n".join(line.plain.rstrip() for line in self.lines)

    def show(self, lines: list[Text], *, top: bool = True, end: bool = False) -> None:
        """Replace the text; ``top``: scroll to its start, ``end``: to its end."""
        self.lines = lines
        self._wide = max((line.cell_len for line in lines), default=0)
        self._resized()
        if end:
            self.scroll_end(animate=False, force=True, immediate=True)
        elif top:
            self.scroll_to(0, 0, animate=False, force=True)
        self.refresh()

    def extend(self, lines: Sequence[Text]) -> None:
        """Append lines."""
        following = self.scroll_offset.y >= len(self.lines) - self.scrollable_content_region.height
        self.lines.extend(lines)
        self._wide = max(self._wide, max((line.cell_len for line in lines), default=0))
        self._resized()
        if following:
            self.scroll_end(animate=False, force=True, immediate=True)
        self.refresh()

    def _resized(self) -> None:
        self.virtual_size = Size(self._wide, len(self.lines))

    def render_line(self, y: int) -> Strip:
        left, top = self.scroll_offset
        width = self.scrollable_content_region.width
        place = top + y
        if place >= len(self.lines):
            return Strip.blank(width, self.rich_style)
        line = self.lines[place]
        strip = Strip(line.render(self.app.console)).apply_style(self.rich_style)
        return strip.crop_extend(left, left + width, self.rich_style)
