"""Markdown as styled lines. Imported when a text is first shown, in a thread: its parser is heavy."""

from __future__ import annotations

import io
from typing import ClassVar

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import Heading, Markdown, MarkdownElement
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from rich.theme import Theme

from tracker.tui.palette import Palette
from tracker.tui.text import block


class _Heading(Heading):
    """A heading at the left, without a box."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self.text.justify = "left"
        yield self.text


class _Rule(MarkdownElement):
    """A thematic break as one thin line."""

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text("─" * options.max_width, "markdown.hr")


class _Markdown(Markdown):
    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "heading_open": _Heading,
        "hr": _Rule,
    }


def render(text: str, width: int, colours: Palette, *, skip_title: str = "") -> list[Text]:
    """The lines of the Markdown at this width; a first heading that only repeats ``skip_title`` is left out."""
    source = block(text).strip("\n")
    first, _, rest = source.partition("\n")
    if skip_title and first.lstrip("# ").strip() == skip_title.strip():
        source = rest
    console = Console(
        file=io.StringIO(),
        width=max(20, width),
        force_terminal=True,
        color_system="truecolor",
        theme=_theme(colours),
        legacy_windows=False,
        _environ={},
    )
    markdown = _Markdown(
        source,
        hyperlinks=False,
        code_theme="ansi_dark" if colours.dark else "ansi_light",
        inline_code_lexer=None,
    )
    return [_line(line) for line in console.render_lines(markdown, pad=False)]


def _line(segments: list[Segment]) -> Text:
    line = Text(end="", no_wrap=True)
    for segment in segments:
        line.append(segment.text.rstrip("\n"), segment.style)
    return line


def _theme(colours: Palette) -> Theme:
    strong, muted = colours.strong, colours.muted
    return Theme(
        {
            "markdown.h1": strong + colours.primary,
            "markdown.h2": strong + colours.accent,
            "markdown.h3": strong,
            "markdown.h4": strong,
            "markdown.h5": strong,
            "markdown.h6": muted,
            "markdown.text": colours.text,
            "markdown.paragraph": colours.text,
            "markdown.item": colours.text,
            "markdown.code": colours.accent,
            "markdown.code_block": colours.accent,
            "markdown.item.bullet": colours.primary,
            "markdown.item.number": colours.primary,
            "markdown.block_quote": muted,
            "markdown.hr": colours.faint,
            "markdown.strong": Style(bold=True),
            "markdown.em": Style(italic=True),
            "markdown.link": colours.primary,
            "markdown.link_url": muted,
            "markdown.table.border": colours.faint,
            "markdown.table.header": colours.muted,
        }
    )
