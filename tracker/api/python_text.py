"""Inserting an element into a sequence of Python source, formatted as its neighbours are.

LibCST says where things stand; the insertion itself is of text. A comma and the comment behind it belong to
different owners in a syntax tree, and to one line for a person.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import libcst as cst


class Span(NamedTuple):
    """A piece of the source, as offsets."""

    start: int
    end: int


class Positions:
    """Where the nodes of a module stand in its text."""

    def __init__(self, module: cst.Module) -> None:
        from libcst.metadata import MetadataWrapper, PositionProvider

        wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
        self._ranges: Any = wrapper.resolve(PositionProvider)
        self.text = module.code
        self._starts = [0, *(end.end() for end in re.finditer(r"\r\n|\r|\n", self.text))]

    def span(self, node: cst.CSTNode) -> Span:
        """The node's place, without the whitespace around it."""
        found = self._ranges[node]
        return Span(
            self._starts[found.start.line - 1] + found.start.column,
            self._starts[found.end.line - 1] + found.end.column,
        )


def inserted(text: str, whole: Span, elements: Sequence[Span], place: int, item: str) -> str:
    """The text with ``item`` as element number ``place`` of the sequence between the brackets of ``whole``."""
    bare = text[whole.start] not in "([{"
    if not elements:
        return _first(text, whole, item)
    if place == 0:
        return _before(text, elements[0], item, whole.start, bare=bare)
    if place < len(elements):
        return _before(text, elements[place], item, elements[place - 1].end, bare=bare)
    return _last(text, whole, elements, item)


def _first(text: str, whole: Span, item: str) -> str:
    inside = text[whole.start + 1 : whole.end - 1]
    if "\n" not in inside:
        return f"{text[: whole.start + 1]}{item}{text[whole.end - 1 :]}"
    line = text.rfind("\n", 0, whole.end - 1) + 1
    indent = _indent(text, whole.start) + ("\t" if _indent(text, whole.start).startswith("\t") else "    ")
    return f"{text[:line]}{indent}{_shifted(item.rstrip(','), indent)},\n{text[line:]}"


def _before(text: str, element: Span, item: str, bound: int, *, bare: bool) -> str:
    """In front of an element; on a line of its own where the element has one, above its comments."""
    line = text.rfind("\n", 0, element.start) + 1
    if bare or line <= bound or text[line : element.start].strip():
        return f"{text[: element.start]}{item}, {text[element.start :]}"
    indent = text[line : element.start]
    start = line
    while start > bound:
        above = text.rfind("\n", 0, start - 1) + 1
        if above <= bound or not text[above:start].lstrip().startswith("#"):
            break
        start = above
    return f"{text[:start]}{indent}{_shifted(item, indent)},\n{text[start:]}"


def _last(text: str, whole: Span, elements: Sequence[Span], item: str) -> str:
    last = elements[-1]
    tail = text[last.end : whole.end]
    comma = re.match(r"(?:[ \t]|#[^\n]*\n|\n)*,", tail) if "," in tail else None
    line = text.rfind("\n", 0, last.start) + 1
    before = elements[-2].end if len(elements) > 1 else whole.start
    bare = text[whole.start] not in "([{"
    own_line = line > before and not bare and not text[line : last.start].strip()
    if not own_line:
        if comma and "\n" not in tail and len(elements) == 1:
            return f"{text[: last.end]}, {item}{text[last.end + comma.end() :]}"
        return f"{text[: last.end]}, {item}{text[last.end :]}"
    indent = text[line : last.start]
    end = last.end + (comma.end() if comma else 0)
    stop = text.find("\n", end)
    head = text[: last.end] + ("" if comma else ",") + text[last.end :]
    if stop == -1 or stop >= whole.end:
        # The closing bracket follows on the element's own line.
        return f"{text[: last.end]},\n{indent}{_shifted(item, indent)}{text[last.end :]}"
    stop += 0 if comma else 1
    return f"{head[:stop]}\n{indent}{_shifted(item, indent)}{',' if comma else ''}{head[stop:]}"


def _indent(text: str, offset: int) -> str:
    line = text[text.rfind("\n", 0, offset) + 1 :]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _shifted(item: str, indent: str) -> str:
    """The item with its further lines where its first one will stand."""
    first, newline, rest = item.partition("\n")
    return first + newline + textwrap.indent(textwrap.dedent(rest), indent) if newline else first
