"""A node read by a table of keys: what is right is kept, what is wrong is a problem with its place."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from tracker.definitions import schema
from tracker.definitions.nodes import LIST, MAP, SCALAR, Node, Problem

Placed = list[Any]
"""A text with its place: ``[text, line, column]``."""

_IDENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
_NULL = ("", "~", "null", "Null", "NULL")
_FLAGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_UNSHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


class Reader:
    """Reads one file's tree. ``problems`` collects; nothing is raised."""

    def __init__(self, problems: list[Problem], *, complete: bool = True) -> None:
        self.problems = problems
        self.complete = complete
        """False where a syntax error has cost a part: then a missing key is no news."""

    def mapping(
        self, node: Node | None, keys: Sequence[schema.Key], what: str, line: int = 1
    ) -> dict[str, Any]:
        """The values under the known keys, and under ``@`` the places: the mapping's own, and each key's.

        ``what`` names the mapping in messages.
        """
        places: dict[str, list[int]] = {"": [line, 1]}
        if node is None:
            if self.complete:
                wanted = ", ".join(key.name for key in keys if key.required)
                self._add(line, 1, f"{what} is empty; it needs {wanted}" if wanted else f"{what} is empty")
            return {"@": places}
        places[""] = [node.line, node.column]
        if node.kind != MAP:
            self._wrong(node, what, "keys with values")
            return {"@": places}
        known = {key.name: key for key in keys}
        found: dict[str, Any] = {"@": places}
        misspelt: set[str] = set()
        for name_node, value in node.value:
            name = name_node.value if name_node.kind == SCALAR else ""
            if name_node.kind != SCALAR:
                self._wrong(name_node, f"a key of {what}", "a word")
            elif name in places:
                self._at(name_node, f"'{name}' stands here twice; first on line {places[name][0]}")
            elif name not in known:
                advice, meant = _nearest(name, list(known))
                self._at(name_node, f"unknown key '{name}' in {what}; {advice}")
                misspelt.add(meant)
            else:
                places[name] = [name_node.line, name_node.column]
                result = self._value(value, known[name])
                if result is not None:
                    found[name] = result
        for key in keys:
            if key.required and key.name not in places and key.name not in misspelt and self.complete:
                self._at(node, f"{what} has no '{key.name}'; it needs {key.type}")
        return found

    def _value(self, node: Node, key: schema.Key) -> Any:
        if node.kind == SCALAR and node.plain and node.value in _NULL:
            if key.required or key.type in (schema.NUMBER, schema.FLAG, schema.CHOICE):
                self._at(node, f"{key.name} is empty; expected {_expected(key)}")
            return None
        if key.type == schema.GROUP:
            return self.mapping(node, key.keys, key.name)
        if key.type == schema.GROUPS:
            return self._groups(node, key)
        item = _ITEMS.get(key.type)
        if item is not None:
            return self._items(node, key, item)
        return _READERS[key.type](self, node, key)

    def _groups(self, node: Node, key: schema.Key) -> list[dict[str, Any]] | None:
        if node.kind != LIST:
            self._wrong(node, key.name, "a list of entries, each '- ' and its keys")
            return None
        return [
            self.mapping(item, key.keys, f"{key.name}[{number}]", item.line)
            for number, item in enumerate(node.value, 1)
        ]

    def _items(self, node: Node, key: schema.Key, item_type: str) -> list[Any]:
        if node.kind == SCALAR:
            self._wrong(node, key.name, f"{key.type}; write [{node.value}]")
        elif node.kind == MAP:
            self._wrong(node, key.name, key.type)
            return []
        members = [node] if node.kind == SCALAR else node.value
        inner = key._replace(name=f"{key.name}: an item", type=item_type)
        values = [_READERS[item_type](self, member, inner) for member in members]
        return [value for value in values if value is not None]

    def _scalar(self, node: Node, key: schema.Key) -> str | None:
        if node.kind != SCALAR:
            self._wrong(node, key.name, _expected(key))
            return None
        return str(node.value)

    def _line(self, node: Node, key: schema.Key) -> str | None:
        text = self._text(node, key)
        if text is not None and "\n" in text:
            self._at(node, f"{key.name} has several lines; it takes one")
            return " ".join(text.split())
        return text

    def _text(self, node: Node, key: schema.Key) -> str | None:
        text = self._scalar(node, key)
        if text is None:
            return None
        text = text.strip()
        bad = _UNSHOWN.search(text)
        if bad:
            self._at(node, f"{key.name} holds the control character U+{ord(bad[0]):04X}; leave it out")
            return _UNSHOWN.sub("", text)
        if not text:
            self._at(node, f"{key.name} is empty; expected {key.type}")
            return None
        return text

    def _ident(self, node: Node, key: schema.Key) -> Placed | None:
        text = self._scalar(node, key)
        if text is None:
            return None
        if not _IDENT.match(text):
            self._at(node, f"{key.name}: '{text}' is no check id; it takes letters, digits, '.', '_' and '-'")
            return None
        return [text, node.line, node.column]

    def _ref(self, node: Node, key: schema.Key) -> Placed | None:
        text = self._line(node, key)
        return None if text is None else [text, node.line, node.column]

    def _path(self, node: Node, key: schema.Key) -> Placed | None:
        text = self._line(node, key)
        if text is None:
            return None
        parts = text.split("/")
        if text.startswith(("/", "~")) or ".." in parts or "\\" in text or text[1:2] == ":":
            self._at(
                node,
                f"{key.name}: '{text}' leaves the repository; write a path inside it, with '/' and without '..'",
            )
            return None
        plain = "/".join(part for part in parts if part not in ("", ".")) or "."
        return [plain, node.line, node.column]

    def _file(self, node: Node, key: schema.Key) -> Placed | None:
        placed = self._path(node, key)
        if placed is not None and not placed[0].endswith(".py"):
            self._at(node, f"{key.name}: '{placed[0]}' is not a Python file; commands go under 'run'")
            return None
        return placed

    def _number(self, node: Node, key: schema.Key) -> float | None:
        text = self._scalar(node, key)
        if text is None:
            return None
        try:
            number = float(text) if node.plain and "_" not in text else math.nan
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            self._at(node, f"{key.name}: expected a number, found the text '{text}'")
            return None
        if number < 0:
            self._at(node, f"{key.name} is negative ({text}); it takes 0 or more")
            return None
        return number

    def _flag(self, node: Node, key: schema.Key) -> bool | None:
        text = self._scalar(node, key)
        if text is None:
            return None
        if text.lower() not in _FLAGS:
            self._at(node, f"{key.name}: expected true or false, found '{text}'")
            return None
        return _FLAGS[text.lower()]

    def _choice(self, node: Node, key: schema.Key) -> str | None:
        text = self._scalar(node, key)
        if text is None:
            return None
        if text not in key.choices:
            self._at(node, f"{key.name}: unknown '{text}'; {_nearest(text, list(key.choices))[0]}")
            return None
        return text

    def _wrong(self, node: Node, what: str, expected: str) -> None:
        shown = f"the text '{node.value}'" if node.kind == SCALAR else node.kind
        self._at(node, f"{what}: expected {expected}, found {shown}")

    def _at(self, node: Node, message: str) -> None:
        self._add(node.line, node.column, message)

    def _add(self, line: int, column: int, message: str) -> None:
        self.problems.append((line, column, " ".join(message.split())[:400]))


_READERS: dict[str, Callable[[Reader, Node, schema.Key], Any]] = {
    schema.LINE: Reader._line,  # noqa: SLF001 - the class's own table
    schema.TEXT: Reader._text,  # noqa: SLF001
    schema.IDENT: Reader._ident,  # noqa: SLF001
    schema.FILE: Reader._file,  # noqa: SLF001
    schema.PATH: Reader._path,  # noqa: SLF001
    schema.NUMBER: Reader._number,  # noqa: SLF001
    schema.FLAG: Reader._flag,  # noqa: SLF001
    schema.CHOICE: Reader._choice,  # noqa: SLF001
    "a reference": Reader._ref,  # noqa: SLF001
}

_ITEMS = {
    schema.LINES: schema.LINE,
    schema.IDENTS: schema.IDENT,
    schema.REFS: "a reference",
    schema.PATHS: schema.PATH,
}


def _expected(key: schema.Key) -> str:
    return f"one of {', '.join(key.choices)}" if key.choices else key.type


def _nearest(word: str, known: list[str]) -> tuple[str, str]:
    """Advice on an unknown word, and the word that was meant, where one comes near."""
    import difflib

    target, advice = schema.ELSEWHERE.get(word, ("", ""))
    if advice and (not target or target in known):
        return advice, target
    near = difflib.get_close_matches(word, known, n=1)
    if near:
        return f"did you mean '{near[0]}'?", near[0]
    return f"known are {', '.join(known)}", ""
