"""Markdown as styled lines. Imported when a text is first shown, in a thread: its parser is heavy."""

from __future__ import annotations

import io
import re
from typing import Any, ClassVar

from markdown_it import MarkdownIt
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
    """Tags are text here: what a plan says in angle brackets is not lost."""

    _parser = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"])
    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "heading_open": _Heading,
        "hr": _Rule,
    }

    def __init__(self, source: str, **named: Any) -> None:
        super().__init__("", **named)
        self.markup, self.parsed = source, self._parser.parse(source)


_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_FENCE = re.compile(r"\s*(```|~~~)")
_OPENS = re.compile(r"\s*<([A-Za-z][\w-]*)(?:\s[^<>]*)?>\s*$")
_CLOSES = re.compile(r"\s*</[A-Za-z][\w-]*>\s*$")
_NAMES = re.compile(r"\s*<([A-Za-z][\w-]*)>(.+)</\1>\s*$")


def _headed(source: str) -> str:
    """Plans written for agents have their sections in tags: those become headings, what is in one line a label."""
    result, fenced = [], False
    for line in _FRONT_MATTER.sub("", source).split("\n"):
        fenced ^= bool(_FENCE.match(line))
        if fenced:
            result.append(line)
        elif found := _OPENS.match(line):
            result += ["", f"### {_words(found[1])}", ""]
        elif _CLOSES.match(line):
            result.append("")
        elif found := _NAMES.match(line):
            result += ["", f"**{_words(found[1])}:** {found[2]}", ""]
        else:
            result.append(line)
    return "\n".join(result)


def _words(tag: str) -> str:
    return tag.replace("_", " ").replace("-", " ").capitalize()


def render(text: str, width: int, colours: Palette, *, skip_title: str = "") -> list[Text]:
    """The lines of the Markdown at this width; a first heading that only repeats ``skip_title`` is left out."""
    source = _headed(block(text)).strip("\n")
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
