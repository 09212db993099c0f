"""The text of a definition file, and its front matter."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from tracker.definitions.nodes import Problem

LIMIT = 1 << 20
"""Bytes; a definition is written by people, and no person writes more."""


class Unreadable(Exception):
    """A file that gives no text: a reason for the list of faults. ``problem`` says where and why."""

    def __init__(self, line: int, column: int, message: str) -> None:
        super().__init__(message)
        self.problem: Problem = (line, column, message)


def read(path: str, missing: str = "no such file") -> str:
    """The file's text, line ends as ``\\n``. Raises Unreadable, with ``missing`` where there is no file."""
    if not path:
        raise Unreadable(1, 1, missing)
    file = Path(path)
    try:
        size = file.stat().st_size
        if size > LIMIT:
            raise Unreadable(1, 1, f"{size / LIMIT:.1f} MiB; a definition file has at most {LIMIT >> 20} MiB")
        content = file.read_bytes()
    except FileNotFoundError:
        raise Unreadable(1, 1, missing) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Unreadable(1, 1, f"cannot be read: {reason}") from None
    return decode(content)


def decode(content: bytes) -> str:
    """The text of the bytes. Raises Unreadable where they are not UTF-8 text."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unreadable(1, 1, "UTF-16 text; save it as UTF-8")
    content = content.removeprefix(b"\xef\xbb\xbf")
    if b"\0" in content:
        raise Unreadable(
            *_place(content, content.index(b"\0")), "binary content (a NUL byte), not UTF-8 text"
        )
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = content[error.start]
        raise Unreadable(
            *_place(content, error.start), f"the byte 0x{byte:02x} is not UTF-8; save the file as UTF-8"
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _place(content: bytes, offset: int) -> tuple[int, int]:
    before = content[:offset]
    line = before[before.rfind(b"\n") + 1 :]
    return before.count(b"\n") + 1, len(line.decode("utf-8", "replace")) + 1


class Parts(NamedTuple):
    """A Markdown file in two: the front matter (None where there is none) and what stands below it."""

    front: str | None
    body: str
    problem: Problem | None = None


def split(text: str) -> Parts:
    """The front matter between two lines ``---``, and the body. The front matter begins on line 2."""
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        return Parts(None, text, (1, 1, "no front matter; the file begins with '---', the keys, and '---'"))
    for number, line in enumerate(lines[1:], 1):
        if line.rstrip() == "---":
            return Parts("\n".join(lines[1:number]) + "\n", "\n".join(lines[number + 1 :]))
    heading = next(
        (number for number, line in enumerate(lines) if number and line.startswith("# ")), len(lines)
    )
    return Parts(
        "\n".join(lines[1:heading]),
        "\n".join(lines[heading:]),
        (1, 1, "the front matter is not closed; a line '---' ends it"),
    )


def printable(text: str) -> str:
    """The text with ``?`` for each character that a terminal would act on instead of showing it."""
    return text if text.isprintable() else "".join(letter if letter.isprintable() else "?" for letter in text)


def heading(body: str) -> str:
    """The first first-level heading of the Markdown, or an empty text."""
    return next((printable(line[2:].strip()) for line in body.split("\n") if line.startswith("# ")), "")


def body(path: Path) -> str:
    """The Markdown below the front matter of a PLAN.md or PHASE.md; empty where the file cannot be read."""
    try:
        return split(read(os.fspath(path))).body.lstrip("\n")
    except Unreadable:
        return ""
