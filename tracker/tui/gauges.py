"""Bars, gauges and charts of block characters."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from tracker.tui.palette import Palette
from tracker.tui.text import span

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LEVELS = "▁▂▃▄▅▆▇█"


def bar(share: float, width: int, colours: Palette, *, mark: float | None = None, style: str = "") -> Text:
    """A bar filled to ``share`` (0 to 1) of ``width`` cells, with a mark at the share ``mark``."""
    share = max(0.0, min(1.0, share))
    eighths = round(share * width * 8)
    if share < 1:
        eighths = min(eighths, width * 8 - 1)
    full, rest = divmod(eighths, 8)
    filled = "█" * full + (_EIGHTHS[rest] if rest else "")
    colour = {"good": colours.good, "warn": colours.warn, "bad": colours.bad}.get(style, colours.primary)
    text = span(filled, colour)
    text.append("·" * (width - len(filled)), colours.faint)
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


def columns(values: Sequence[float], width: int, height: int, *, top: float) -> list[str]:
    """A column chart: ``height`` lines of ``width`` cells, a value a column, stretched or thinned to fit."""
    if not values or width <= 0:
        return [" " * max(0, width)] * height
    picked = [values[min(len(values) - 1, index * len(values) // width)] for index in range(width)]
    heights = [round(max(0.0, min(1.0, value / top if top else 0)) * height * 8) for value in picked]
    lines = []
    for row in range(height - 1, -1, -1):
        cells = [max(0, min(8, total - row * 8)) for total in heights]
        lines.append("".join(" " if cell == 0 else _LEVELS[cell - 1] for cell in cells))
    return lines
