"""Text of others made safe to show: no control characters, no broken tables."""

from __future__ import annotations

import re

_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]|\x1b\\[[0-9;?]*[a-zA-Z]"
)


def safe(text: str) -> str:
    """One line, without control, direction and escape characters (shown as ``�`` where they stood)."""
    if text.isprintable():  # of all that is taken out, nothing is
        return text
    return _CONTROL.sub("�", text.replace("\r\n", " ").replace("\n", " ").replace("\t", " "))


def safe_lines(text: str) -> str:
    """The same for text of several lines."""
    return "\n".join(safe(line) for line in text.splitlines())


def cell(text: str) -> str:
    """Safe inside a Markdown table."""
    return safe(text).replace("|", "\\|")
