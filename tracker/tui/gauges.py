"""Bars, gauges and charts of characters."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from tracker.tui.palette import Palette
from tracker.tui.text import span

_LEVELS = "▁▂▃▄▅▆▇█"


def bar(share: float, width: int, colours: Palette, *, mark: float | None = None, style: str = "") -> Text:
    """A bar filled to ``share`` (0 to 1) of ``width`` cells, with a mark at the share ``mark``."""
    share = max(0.0, min(1.0, share))
    halves = round(share * width * 2)
    if share < 1:
        halves = min(halves, width * 2 - 1)
    full, rest = divmod(halves, 2)
    filled = "━" * full + "╸" * rest
    colour = {"good": colours.good, "warn": colours.warn, "bad": colours.bad}.get(style, colours.primary)
    text = span(filled, colour)
    text.append("─" * (width - len(filled)), colours.faint)
    if mark is not None and width:
        place = min(width - 1, max(0, round(mark * width) - 1))
        marked = Text.assemble(text[:place], ("┃", colours.strong), text[place + 1 :])
        marked.end = ""
        return marked
    return text


def level(share: float) -> str:
    """One cell, as high as the share (0 to 1)."""
    return _LEVELS[round(max(0.0, min(1.0, share)) * 7)]


def spark(values: Sequence[float], width: int, *, top: float) -> str:
    """The values as a line of at most ``width`` cells from 0 to ``top``; the newest are kept."""
    shown = values[-width:]
    return "".join(level(value / top if top else 0) for value in shown)


def area(values: Sequence[float], width: int, height: int, *, top: float) -> list[str]:
    """An area chart in dots: ``height`` lines of ``width`` cells, the values stretched or thinned to fit.

    A cell is a pattern of Braille: two values across, four steps of height (Unicode 15, chapter 21.1).
    """
    if not values or width <= 0:
        return [" " * max(0, width)] * height
    across = width * 2
    picked = [values[min(len(values) - 1, index * len(values) // across)] for index in range(across)]
    heights = [round(max(0.0, min(1.0, value / top if top else 0)) * height * 4) for value in picked]
    lines = []
    for row in range(height - 1, -1, -1):
        steps = [max(0, min(4, total - row * 4)) for total in heights]
        cells = (_LEFT[left] | _RIGHT[right] for left, right in zip(steps[::2], steps[1::2], strict=True))
        lines.append("".join(chr(0x2800 | cell) if cell else " " for cell in cells))
    return lines


_LEFT = (0, 0x40, 0x44, 0x46, 0x47)
_RIGHT = (0, 0x80, 0xA0, 0xB0, 0xB8)
"""The dots of a column, filled from below."""
