"""Front matter of Markdown files: stacked blocks, broken YAML, exact places.

Every value is read as text (``plan: 08`` stays ``08``); a block that is no YAML is read line by line
after all, and its error kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from tracker.audit.model import Finding

_KEY = re.compile(r"[A-Za-z][\w .-]{0,60}:(?:\s|\Z)")
_LOOSE = re.compile(r"(?P<indent>[ \t]*)(?P<key>[A-Za-z][\w.-]{0,60}):(?:[ \t]+(?P<value>.*))?\Z")
_ITEM = re.compile(r"[ \t]*-[ \t]+(?P<value>.*)\Z")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The newest front matter block of a file; ``body_line`` is the first line after all blocks."""

    data: dict[str, Any] = field(default_factory=dict)
    line: int = 0
    body_line: int = 1
    blocks: int = 0
    problems: tuple[Finding, ...] = ()
    lines: tuple[str, ...] = ()

    def text(self, *names: str) -> str:
        """Return the first of these keys that holds a scalar, as text; empty when there is none."""
        for name in names:
            value = self.data.get(name)
            if isinstance(value, str):
                return value.strip()
        return ""

    def items(self, *names: str) -> tuple[str, ...]:
        """Return the first of these keys as a tuple of texts; a scalar counts as one item."""
        for name in names:
            value = self.data.get(name)
            if isinstance(value, list):
                return tuple(item.strip() for item in value if isinstance(item, str) and item.strip())
            if isinstance(value, str) and value.strip() and value.strip() != "[]":
                return (value.strip(),)
        return ()

    def place(self, *path: str) -> tuple[int, int]:
        """Return line and column where a (nested) key's value stands, the block's start when not found."""
        at = 0
        column = 1
        for name in path:
            pattern = re.compile(rf"[ \t]*{re.escape(name)}[ \t]*:[ \t]*")
            for index in range(at, len(self.lines)):
                if match := pattern.match(self.lines[index]):
                    at, column = index, match.end() + 1
                    break
            else:
                return self.line or 1, 1
        return self.line + 1 + at, column


def split(text: str) -> tuple[list[tuple[int, list[str]]], int, bool]:
    """Split off the stacked front matter blocks.

    Returns the blocks (line of the opening fence, lines within), the first line of the body, and whether
    a block was opened and never closed. Newest block first, as tools stack them.
    """
    blocks: list[tuple[int, list[str]]] = []
    head = text[:400].lstrip("\ufeff \t\n")
    if not head.startswith("---"):
        return [], 1, False
    lines = text.split("\n")
    at = 0
    while True:
        start = at
        while start < len(lines) and not lines[start].strip("\ufeff \t"):
            start += 1
        if start >= len(lines) or lines[start].strip("\ufeff \t") != "---":
            break
        first = next((line for line in lines[start + 1 : start + 12] if line.strip()), "")
        if first.strip() != "---" and not _KEY.match(first.strip()) and not first.lstrip().startswith("#"):
            break
        end = next((i for i in range(start + 1, len(lines)) if lines[i].rstrip() in ("---", "...")), None)
        if end is None:
            return blocks, start + 1 if blocks else 1, True
        blocks.append((start + 1, lines[start + 1 : end]))
        at = end + 1
    return blocks, at + 1, False


def read(text: str, file: str) -> FrontMatter:
    """Read the newest front matter block of a document. Never raises; faults are in ``problems``."""
    blocks, body_line, unclosed = split(text)
    problems: list[Finding] = []
    if unclosed:
        problems.append(
            Finding(
                "front-matter",
                "front matter is opened here and never closed",
                file,
                1,
                1,
                "close it with a line '---'",
            )
        )
    if not blocks:
        if unclosed:
            lines = tuple(text.split("\n")[1:200])
            return FrontMatter(loose(list(lines)), 1, 1, 0, tuple(problems), lines)
        return FrontMatter(body_line=body_line, problems=tuple(problems))
    newest: dict[str, Any] | None = None
    for index, (line, inner) in enumerate(blocks):
        data, problem = _parse(inner, line, file)
        if problem is not None:
            problems.append(problem)
        if index == 0:
            newest = data
    if len(blocks) > 1:
        problems.append(
            Finding(
                "stacked-front-matter",
                f"{len(blocks)} front matter blocks are stacked; the first one is read",
                file,
                blocks[1][0],
                1,
                "keep one block",
            )
        )
    line, inner = blocks[0]
    return FrontMatter(newest or {}, line, body_line, len(blocks), tuple(problems), tuple(inner))


def _parse(lines: list[str], line: int, file: str) -> tuple[dict[str, Any], Finding | None]:
    simple = _simple(lines)
    if simple is not None:
        return simple, None
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    source = "\n".join(lines)
    try:
        data = yaml.load(source, Loader=loader)  # noqa: S506 - the base loader makes only text, lists, mappings
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        row, column, message = _where(error, lines)
        return loose(lines), Finding("yaml", message, file, line + 1 + row, column + 1, _advice(message))
    if data is None:
        return {}, None
    if not isinstance(data, dict):
        return loose(lines), Finding(
            "yaml", "front matter is no mapping of keys", file, line + 1, 1, "write 'key: value' lines"
        )
    return {str(key): value for key, value in data.items()}, None


def _where(error: Exception, lines: list[str]) -> tuple[int, int, str]:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    context = getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or str(error).split("\n", 1)[0]
    for row, text in enumerate(lines):
        indent = text[: len(text) - len(text.lstrip())]
        if "\t" in indent:
            return row, indent.index("\t"), "a tab is used as indent"
    if context is not None and "flow" in str(getattr(error, "context", "")):
        row, column = context.line, context.column
        rest = lines[row][column:] if row < len(lines) else ""
        if rest.count("[") + rest.count("{") > rest.count("]") + rest.count("}"):
            return row, column, f"bracket {rest[:1] or '['!s} is opened here and never closed"
    if mark is None:
        return 0, 0, problem
    return min(mark.line, max(len(lines) - 1, 0)), mark.column, problem


def _advice(message: str) -> str:
    if "mapping values" in message:
        return "put the value in quotes: it contains a colon"
    if "tab" in message:
        return "indent with blanks"
    if "bracket" in message:
        return "close the bracket"
    if "expected ','" in message or "escape" in message:
        return "put the values of the list in single quotes"
    return "make it valid YAML"


_PLAIN = re.compile(r"[A-Za-z0-9./][^#:\[\]{},&*!|>'\"%@`\t]*\Z")
_FLOW_ITEM = re.compile(r"\s*(?:\"([^\"\\]*)\"|'([^']*)'|([A-Za-z0-9./][^#:\[\]{},&*!|>'\"%@`\t]*?))\s*\Z")


def _simple(lines: list[str]) -> dict[str, Any] | None:
    """Read ``key: scalar`` and ``key: [a, b]`` blocks without a YAML parser; None when it is any more."""
    data: dict[str, Any] = {}
    for line in lines:
        if not line.strip():
            continue
        match = _LOOSE.match(line)
        if match is None or match["indent"] or match["key"] in data:
            return None
        value = (match["value"] or "").strip(" \t")
        if not value:
            return None
        if value[0] == "[" and value[-1] == "]":
            inner = value[1:-1]
            items = [_FLOW_ITEM.match(part) for part in inner.split(",")] if inner.strip() else []
            if not all(items):
                return None
            data[match["key"]] = [next(g for g in item.groups() if g is not None) for item in items if item]
        elif len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            if value[0] in value[1:-1] or "\\" in value:
                return None
            data[match["key"]] = value[1:-1]
        elif _PLAIN.match(value):
            data[match["key"]] = value
        else:
            return None
    return data


def loose(lines: list[str]) -> dict[str, Any]:
    """Read what can be read of broken YAML: keys, one level of nesting, simple lists."""
    data: dict[str, Any] = {}
    parent = ""
    for line in lines:
        if match := _LOOSE.match(line):
            value = (match["value"] or "").strip()
            if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
                value = value[1:-1]
            if not match["indent"]:
                parent = match["key"]
                if value.startswith("[") and len(value) > 1:
                    data.setdefault(
                        parent, [v.strip(" \"'") for v in value.strip("[]").split(",") if v.strip()]
                    )
                else:
                    data.setdefault(parent, value)
            elif parent:
                nested = data.get(parent)
                if not isinstance(nested, dict):
                    if nested:
                        continue
                    nested = data[parent] = {}
                nested.setdefault(match["key"], value)
        elif parent and (item := _ITEM.match(line)):
            holder = data.get(parent)
            if holder == "":
                holder = data[parent] = []
            if isinstance(holder, list):
                holder.append(item["value"].strip(" \"'"))
    return data
