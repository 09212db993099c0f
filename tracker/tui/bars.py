"""The two lines at the bottom: what the selection's command is and what has just happened; the keys."""

from __future__ import annotations

from rich.text import Text

from tracker.tui import actions
from tracker.tui.lines import Lines, clickable
from tracker.tui.text import one_line, span


class StatusLine(Lines):
    """``$ tracker run 1.03`` at the left, what happened last at the right."""

    DEFAULT_CSS = """
    StatusLine { height: 1; padding: 0 1; background: $panel; }
    """

    def __init__(self) -> None:
        super().__init__(id="status")
        self.command = ""
        self.message = ""
        self.kind = ""

    def say(self, message: str, kind: str = "") -> None:
        """Show what happened; ``kind``: good, warn, bad or empty."""
        self.message, self.kind = one_line(message), kind
        self.redraw()

    def offer(self, command: str) -> None:
        """Show the command line that does what the selection's main action does."""
        if command != self.command:
            self.command = command
            self.redraw()

    def compose_lines(self, width: int, /) -> list[Text]:
        colours = self.colours
        style = {"good": colours.good, "warn": colours.warn, "bad": colours.bad}.get(self.kind, colours.muted)
        right = span(self.message, style)
        left = (
            span("$ ", colours.faint).append(one_line(self.command), colours.accent)
            if self.command
            else span("")
        )
        right.truncate(max(10, width - min(left.cell_len, 22) - 2), overflow="ellipsis")
        left.truncate(max(0, width - right.cell_len - 2), overflow="ellipsis", pad=True)
        return [left.append("  ").append_text(right)]


_ALWAYS = ("cancel", "init", "import", "help", "quit")
"""Kept, however narrow it is."""


class KeyBar(Lines):
    """The verbs of the pane in focus; one that cannot act now is faint and says why when it is pressed."""

    DEFAULT_CSS = """
    KeyBar { height: 1; padding: 0 1; background: $surface; }
    """

    def __init__(self, pane: str = "") -> None:
        super().__init__(id="keys")
        self.pane = pane

    def compose_lines(self, width: int, /) -> list[Text]:
        context = self.board_app.context()
        shown = [action for action in actions.available(context) if self._shows(action, context)]
        shown.sort(key=lambda action: action.id not in ("init", "import", "cancel"))
        parts = {action.id: self._part(action, context) for action in shown}
        kept = sum(parts[name].cell_len + 2 for name in _ALWAYS if name in parts)
        text = span("")
        for name, part in parts.items():
            if name in _ALWAYS:
                kept -= part.cell_len + 2
            elif text.cell_len + part.cell_len + 2 + kept > width:
                continue
            text.append_text(part).append("  ")
        return [text]

    def _part(self, action: actions.Action, context: actions.Context) -> Text:
        colours, off = self.colours, bool(action.refuse(context))
        part = span(f"{action.key_name} ", colours.faint if off else colours.strong + colours.primary)
        part.append(action.title, colours.faint if off else colours.text)
        part.stylize(clickable(action.id))
        return part

    def _shows(self, action: actions.Action, context: actions.Context) -> bool:
        if not context.native and action.id == ("import" if context.snapshot.phases else "init"):
            return True
        if context.can_cancel and action.id == "cancel":
            return True
        return self.pane in action.panes
