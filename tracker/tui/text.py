"""Text from outside (logs, titles, subjects, claims), made safe to show.

What a terminal would obey never reaches it: escape sequences are cut out, control and bidirectional-override
characters are replaced. Markup is not interpreted anywhere, because only ``rich.text.Text`` is built from it.
"""

from __future__ import annotations

import re

from rich.style import Style
from rich.text import Text

from tracker.model.numbers import points

_SEQUENCES = re.compile(
    r"""
    (?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?                          # CSI, ECMA-48 §5.4
    | (?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?   # OSC, DCS, SOS, PM, APC
    | \x1b[ -/]*[0-~]?                                         # the other escapes
    """,
    re.VERBOSE,
)
_REPLACED = {
    code: "\N{REPLACEMENT CHARACTER}"
    for code in (
        *range(0x20),
        *range(0x7F, 0xA0),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        0x200E,
        0x200F,
        0x2028,
        0x2029,
        *range(0xD800, 0xE000),
    )
    if code != 0x0A
}


def lines(text: str) -> list[str]:
    """The lines as a terminal would leave them: a carriage return starts its line again."""
    if text.isprintable():  # neither line ends nor anything that is cut out or replaced
        return [text]
    safe = _SEQUENCES.sub("", text.replace("\r\n", "\n"))
    result = []
    for line in safe.split("\n"):
        shown = line.rstrip("\r").rpartition("\r")[2]
        result.append(shown.expandtabs(4).translate(_REPLACED))
    return result


def one_line(text: str) -> str:
    """The text on one line."""
    return " ".join(part.strip() for part in lines(text) if part.strip()) if text else ""


def block(text: str) -> str:
    """The text, line ends kept."""
    return "\n".join(lines(text))


def span(text: str, style: Style | str = "") -> Text:
    """The text as the first part of a line; what is appended to it does not inherit its style."""
    return Text(end="", no_wrap=True).append(text, style)


def moment(time: str) -> str:
    """``2026-01-27T12:00:00.000Z`` as ``2026-01-27 12:00``, UTC."""
    return time[:16].replace("T", " ")


def worth(value: float) -> str:
    """``1 point``, ``2.5 points``."""
    return f"{points(value)} point{'' if value == 1 else 's'}"


def plural(count: int, noun: str) -> str:
    """``1 plan``, ``3 plans``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
