"""YAML as a tree whose nodes know their place, read as far as it can be read.

PyYAML's own composer recurses and is killed by deep nesting; its events do not, so the tree is built from
them. A syntax error costs the top-level key that it stands in, and no other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

SCALAR, LIST, MAP = "text", "a list", "a mapping"
DEPTH = 16
"""Nesting that no definition needs; deeper is a fault."""
CLOSING = {"[": "]", "{": "}"}
ERRORS = 20
"""So many syntax errors of one file are listed."""

_BREAKS = re.compile("[\x85\u2028\u2029]")

Problem = tuple[int, int, str]
"""Line, column (both from 1), what is wrong."""


class Node:
    """A value and where it stands. A mapping's value is a list of pairs, so that duplicates are seen."""

    __slots__ = ("column", "kind", "line", "plain", "value")

    def __init__(self, kind: str, line: int, column: int, value: Any, *, plain: bool = False) -> None:
        self.kind = kind
        self.line = line
        self.column = column
        self.value = value
        self.plain = plain


class _Refused(Exception):
    """One attempt has ended; nobody else sees it."""

    def __init__(self, line: int, column: int, message: str) -> None:
        super().__init__(message)
        self.problem: Problem = (line, column, message)
        self.blame = line
        """The line whose top-level key is given up; with ``rest`` all that follows it, too."""
        self.rest = False


def parse(text: str, first_line: int = 1) -> tuple[Node | None, list[Problem]]:
    """The tree of the text, and every syntax error in it. ``first_line`` is the text's place in its file."""
    problems: list[Problem] = []
    odd = _BREAKS.search(text)
    if odd:
        before = text[: odd.start()]
        column = odd.start() - before.rfind("\n")
        message = f"the character U+{ord(odd[0]):04X} ends a line for YAML alone; leave it out"
        problems.append((first_line + before.count("\n"), column, message))
    lines = _BREAKS.sub(" ", text).split("\n")
    while len(problems) < ERRORS:
        try:
            return _Builder("\n".join(lines), first_line).root(), problems
        except _Refused as refused:
            problems.append(refused.problem)
            if refused.rest:
                del lines[refused.blame - first_line :]
            elif not _blank(lines, refused.blame - first_line):
                break
    return None, problems


def _blank(lines: list[str], number: int) -> bool:
    """Empty the top-level key that line ``number`` belongs to; False where nothing is left to empty."""
    number = min(max(number, 0), len(lines) - 1)
    start = number
    while start > 0 and not _top(lines[start]):
        start -= 1
    end = number + 1
    while end < len(lines) and not _top(lines[end]):
        end += 1
    before = lines[start:end]
    lines[start:end] = [""] * (end - start)
    return any(line.strip() for line in before)


def _top(line: str) -> bool:
    return bool(line) and line[0] not in " \t#-]}"


class _Builder:
    def __init__(self, text: str, first_line: int) -> None:
        self.text = text
        self.first_line = first_line
        self.stack: list[Node] = []

    def root(self) -> Node | None:
        import yaml

        stack = self.stack
        keys: list[Node | None] = []
        anchors: dict[str, Node] = {}
        root: Node | None = None
        for event in self._events():
            if isinstance(event, yaml.DocumentStartEvent) and root is not None:
                refused = self._refused(event.start_mark, "a second document; only one is read")
                refused.rest = True
                raise refused
            if isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
                stack.pop()
                keys.pop()
                continue
            if not isinstance(event, yaml.NodeEvent):
                continue
            node = self._node(event, anchors)
            if not stack:
                root = node
            elif stack[-1].kind == LIST:
                stack[-1].value.append(node)
            elif keys[-1] is None:
                keys[-1] = node
            else:
                stack[-1].value.append((keys[-1], node))
                keys[-1] = None
            if isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
                stack.append(node)
                keys.append(None)
                if len(stack) > DEPTH:
                    raise self._refused(event.start_mark, f"nested deeper than {DEPTH} levels")
        return root

    def _node(self, event: Any, anchors: dict[str, Node]) -> Node:
        import yaml

        mark = event.start_mark
        if isinstance(event, yaml.AliasEvent):
            found = anchors.get(str(event.anchor))
            if found is None:
                raise self._refused(mark, f"'*{event.anchor}' refers to nothing; put the text in quotes")
            if found.kind != SCALAR:
                raise self._refused(mark, f"'*{event.anchor}' repeats {found.kind}; write it out")
            return Node(found.kind, self._line(mark), mark.column + 1, found.value, plain=found.plain)
        if event.tag not in (None, "!"):
            raise self._refused(mark, f"the tag '{event.tag}' is not taken; write the plain value")
        line, column = self._line(mark), mark.column + 1
        if isinstance(event, yaml.ScalarEvent):
            node = Node(SCALAR, line, column, event.value, plain=event.implicit[0])
        else:
            node = Node(LIST if isinstance(event, yaml.SequenceStartEvent) else MAP, line, column, [])
        if event.anchor:
            anchors[event.anchor] = node
        return node

    def _events(self) -> Iterator[Any]:
        import yaml

        try:
            yield from yaml.parse(self.text, Loader=yaml.CSafeLoader)
        except yaml.reader.ReaderError as error:
            before = self.text[: error.position]
            column = len(before) - (before.rfind("\n") + 1) + 1
            line = self.first_line + before.count("\n")
            code = error.character if isinstance(error.character, int) else ord(error.character[:1] or "\0")
            raise _Refused(line, column, f"the character U+{code:04X} is not allowed in YAML") from None
        except yaml.MarkedYAMLError as error:
            raise self._translated(error) from None

    def _line(self, mark: Any) -> int:
        return int(mark.line) + self.first_line

    def _refused(self, mark: Any, message: str) -> _Refused:
        return _Refused(self._line(mark), mark.column + 1, message)

    def _translated(self, error: Any) -> _Refused:
        """libyaml's error where a person would look for it, in a person's words."""
        mark, context, problem = error.problem_mark, error.context or "", error.problem or ""
        text_lines = self.text.split("\n")
        line_text = text_lines[mark.line] if mark.line < len(text_lines) else ""
        lead = re.match(r"[ \t]*", line_text)
        if lead and "\t" in lead[0] and ("tab" in problem or "cannot start any token" in problem):
            column = lead[0].index("\t") + 1
            return _Refused(
                self._line(mark), column, "a tab indents this line; YAML takes only spaces: use two"
            )
        unclosed = self._unclosed(mark.line)
        if unclosed is not None:
            return unclosed
        if "quoted scalar" in context and "end of stream" in problem:
            start_mark = error.context_mark
            return _Refused(self._line(start_mark), start_mark.column + 1, "the quote is not closed")
        return _Refused(self._line(mark), mark.column + 1, _words(problem, context, line_text, mark.column))

    def _unclosed(self, line: int) -> _Refused | None:
        """The innermost bracket that is still open where parsing stopped, if it stands before that line."""
        lines = self.text.split("\n")
        for node in reversed(self.stack):
            number, column = node.line - self.first_line, node.column - 1
            start = lines[number][column : column + 1]
            if start in CLOSING:
                after = lines[number][column:]
                if number == line and CLOSING[start] in after:
                    return None
                message = f"the '{start}' is not closed; expected ',' or '{CLOSING[start]}'"
                return _Refused(node.line, node.column, message)
        return None


def _words(problem: str, context: str, line: str, column: int) -> str:
    if "mapping values are not allowed" in problem:
        return "a ':' where no key can stand; put the text in quotes, or align the key with those around it"
    if "cannot start any token" in problem:
        letter = line[column : column + 1]
        if letter == "\t":
            return "a tab stands here; YAML takes only spaces"
        return f"'{letter}' cannot start a value; put the text in quotes"
    if "block sequence entries are not allowed" in problem:
        return "a '-' where no list can stand; put it on a line of its own"
    if "expected key" in problem:
        return "expected a key here, aligned with those before it; text after a quote belongs inside it"
    if "expected '-' indicator" in problem:
        return "expected '-' here: this list's items start with it, aligned"
    if "could not find expected ':'" in problem:
        return "expected 'key: value'; the ':' is missing"
    if "unknown escape character" in problem:
        return "not an escape that YAML knows; write '\\\\', or use single quotes"
    if "expected node content" in problem:
        return "a value is missing here"
    return f"{problem}{f' {context}' if context else ''}".strip() or "not valid YAML"
