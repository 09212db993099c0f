"""A screen as a small SVG: a line of the screen is a line of the file, so that a difference can be read."""

from __future__ import annotations

import io
from collections.abc import Iterable
from html import escape
from typing import Any

from rich.color import Color  # noqa: TID253 - this is about it
from rich.console import Console  # noqa: TID253 - this is about it
from rich.segment import Segment  # noqa: TID253 - the same
from rich.style import Style  # noqa: TID253 - the same

from tracker.tui.app import TrackerApp

ACROSS, DOWN = 10, 20
"""Size of a cell in the picture."""
INK, PAPER = "#d6dce6", "#12161d"


def svg(app: TrackerApp) -> str:
    """What is in sight, dialogs above what they cover."""
    width, height = app.size
    console = Console(
        file=io.StringIO(), width=width, height=height, force_terminal=True, color_system="truecolor",
        record=True, legacy_windows=False, safe_box=False, _environ={},
    )  # fmt: skip
    console.print(app.screen._compositor.render_update(full=True, screen_stack=app._background_screens))
    segments = Segment.filter_control(console._record_buffer)
    classes: dict[str, str] = {}
    lines = [
        _line(y, Segment.simplify(line), classes)
        for y, line in enumerate(
            Segment.split_and_crop_lines(segments, length=width, include_new_lines=False)
        )
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width * ACROSS} {height * DOWN}" xml:space="preserve">',
            "<style>text{font:16.6px Fira Code,DejaVu Sans Mono,monospace;white-space:pre}",
            *(f".{name}{{{rule}}}" for rule, name in classes.items()),
            f'</style><rect width="{width * ACROSS}" height="{height * DOWN}" fill="{PAPER}"/>',
            *lines,
            "</svg>\n",
        ]
    )


def _line(y: int, segments: Iterable[Segment], classes: dict[str, str]) -> str:
    papers: list[list[Any]] = []
    inks: list[str] = []
    x = 0
    for segment in segments:
        text, style, width = segment.text, segment.style or Style(), segment.cell_length
        ink, paper = _hex(style.color, INK), _hex(style.bgcolor, PAPER)
        if style.reverse:
            ink, paper = paper, ink
        if papers and papers[-1][0] == paper:
            papers[-1][2] += width
        elif paper != PAPER:
            papers.append([paper, x, width])
        if text.strip():
            name = classes.setdefault(_rule(ink, style), f"i{len(classes)}")
            start = (x + len(text) - len(text.lstrip())) * ACROSS
            inks.append(f'<tspan class="{name}" x="{start}">{escape(text.strip(), quote=False)}</tspan>')
        x += width
    back = [
        f'<rect x="{x * ACROSS}" y="{y * DOWN}" width="{w * ACROSS}" height="{DOWN}" fill="{p}"/>'
        for p, x, w in papers
    ]
    return f'{"".join(back)}<text y="{y * DOWN + 15}">{"".join(inks)}</text>'


def _rule(ink: str, style: Style) -> str:
    rule = f"fill:{ink}"
    for wanted, more in (
        (style.bold, "font-weight:bold"),
        (style.italic, "font-style:italic"),
        (style.dim, "opacity:.6"),
        (style.underline, "text-decoration:underline"),
    ):
        rule += f";{more}" if wanted else ""
    return rule


def _hex(colour: Color | None, default: str) -> str:
    if colour is None or colour.is_default:
        return default
    triplet = colour.get_truecolor()
    return f"#{triplet.red:02x}{triplet.green:02x}{triplet.blue:02x}"
