"""A commit's message taken apart as git itself does it: its subject, and the trailers below it.

Source: git-interpret-trailers(1). To ask git for the trailers of every commit costs a seventh of a history's reading.
"""

from __future__ import annotations

import re

_TRAILER = re.compile(r"[A-Za-z0-9-]+[ \t]*:")
_MADE_BY_GIT = ("Signed-off-by: ", "(cherry picked from commit ")
_LEADING = re.compile(r"\A(?:[ \t\r\f\v]*\n)+")
_BLANK = re.compile(r"\n(?:[ \t\r\f\v]*\n)+")


def subject(message: str) -> str:
    """The first paragraph in one line, as ``%s`` has it."""
    first, _, rest = message.partition("\n")
    if rest[:1] in ("", "\n") and first.strip():
        return first.rstrip()
    return " ".join(line.rstrip() for line in _paragraphs(message)[0].split("\n"))


def trailers(message: str) -> list[tuple[str, str]]:
    """Key and value of each trailer, in order; what stands in the first paragraph is none.

    The last paragraph holds them where each of its lines is one, or where git made one of them and a quarter are.
    """
    paragraphs = _paragraphs(message)
    if len(paragraphs) < 2:
        return []
    found: list[tuple[str, str]] = []
    counted = others = 0
    inside = goes_on = made_by_git = False
    for line in paragraphs[-1].split("\n"):
        if line[:1].isspace():
            others += not inside
            if goes_on:
                found[-1] = found[-1][0], f"{found[-1][1]} {line.strip()}"
            continue
        goes_on = _TRAILER.match(line) is not None
        if line.startswith("#"):
            continue
        inside = goes_on or line.startswith(_MADE_BY_GIT)
        made_by_git = made_by_git or line.startswith(_MADE_BY_GIT)
        counted, others = counted + inside, others + (not inside)
        if goes_on:
            key, _, value = line.partition(":")
            found.append((key.rstrip(), value.strip()))
    return found if not others or (made_by_git and counted * 3 >= others) else []


def _paragraphs(message: str) -> list[str]:
    return _BLANK.split(_LEADING.sub("", message.rstrip(), count=1))
