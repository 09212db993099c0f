"""Help: the table of actions, as it is."""

from __future__ import annotations

from tracker.tui import actions
from tracker.tui.facts import wrap
from tracker.tui.palette import OUTCOME_SIGNS, OUTCOME_WORDS, SIGNS, WORDS, shade
from tracker.tui.rows import TextPane
from tracker.tui.screens.page import Page
from tracker.tui.text import one_line, span

INDENT = 21
"""Cells before the words: key and title."""


class HelpScreen(Page):
    """All keys, with the command that does the same, and what the signs mean."""

    NAME = "Help"
    COMMAND = "tracker --help"

    def fill(self) -> None:
        colours, lines = self.colours, []
        context = self.board_app.context()
        shown = actions.available(context)
        for group in actions.GROUPS:
            lines.append(span(group, colours.strong + colours.accent))
            for action in (item for item in shown if item.group == group):
                key = span(f"  {action.key_name:<4}", colours.strong + colours.primary)
                key.append(f"{action.title:<15}", colours.text)
                first, *others = wrap(span(action.help, colours.muted), self.width - INDENT)
                lines.append(key.append_text(first))
                lines += [span(" " * INDENT).append_text(line) for line in others]
                same = one_line(action.same_as(context))
                if same and lines[-1].cell_len + len(same) + 4 <= self.width:
                    gap = self.width - lines[-1].cell_len - len(same) - 2
                    lines[-1].append(" " * gap).append(f"$ {same}", colours.accent)
                elif same:
                    lines.append(span(f"{'':<{INDENT}}$ {same}", colours.accent))
            lines.append(span(""))
        lines.append(span("Everywhere", colours.strong + colours.accent))
        for keys, words in actions.FIXED:
            text = span(f"  {keys:<{INDENT - 2}}", colours.strong + colours.primary)
            lines += wrap(text.append(words, colours.muted), self.width, INDENT)
        lines += [span(""), span("Plans", colours.strong + colours.accent)]
        lines += [
            span(f"  {sign} ", shade(colours, key)).append(WORDS[key], colours.muted)
            for key, sign in SIGNS.items()
        ]
        lines += [span(""), span("Checks", colours.strong + colours.accent)]
        lines += [
            span(f"  {sign} ", shade(colours, key)).append(OUTCOME_WORDS[key], colours.muted)
            for key, sign in OUTCOME_SIGNS.items()
        ]
        pane = self.content
        if isinstance(pane, TextPane):
            pane.show(lines, top=not pane.lines)
