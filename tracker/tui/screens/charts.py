"""Score over time, plans left over time, points by domain."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import zip_longest

from rich.style import Style
from rich.text import Text

from tracker.model import snapshot as sn
from tracker.model.numbers import points
from tracker.service.burndown import burn_down
from tracker.tui import gauges
from tracker.tui.palette import Palette
from tracker.tui.rows import TextPane
from tracker.tui.screens.page import Page
from tracker.tui.text import one_line, plural, span

WIDE = 100
"""Cells from which on the two charts stand side by side."""
GAP = 3


class ChartsScreen(Page):
    """The charts, and below them the domains."""

    NAME = "Charts"
    COMMAND = "tracker status"

    def fill(self) -> None:
        pane = self.content
        if isinstance(pane, TextPane):
            pane.show(charts(self.board_app.snapshot, self.colours, self.width, self.app.size.height))


@dataclass(frozen=True, slots=True)
class Series:
    """Values over days, from 0 to ``top``."""

    title: str
    values: tuple[float, ...]
    days: tuple[str, ...]
    top: float
    style: Style
    target: float | None = None


def charts(snapshot: sn.Snapshot, colours: Palette, width: int, height: int) -> list[Text]:
    """All of it, for a screen of this size."""
    score, domains = snapshot.score, snapshot.score.domains if snapshot.score is not None else ()
    shown = [_left(snapshot, colours)]
    if score is not None:
        shown.insert(0, _score(score, colours))
    if len(shown) > 1 and width >= WIDE:
        tall = max(5, min(16, height - len(domains) - 9))
        first, second = (_chart(series, colours, (width - GAP) // 2, tall) for series in shown)
        result = [_beside(*pair, (width - GAP) // 2 + GAP) for pair in zip_longest(first, second)]
    else:
        tall = max(5, min(10, (height - 14) // 2))
        result = [line for series in shown for line in [*_chart(series, colours, width, tall), span("")]][:-1]
    return result + ([span(""), *_domains(domains, colours, width)] if domains else [])


def _score(score: sn.Score, colours: Palette) -> Series:
    if not score.measured:
        return Series("Score, not measured yet: v verifies", (), (), score.of, colours.accent)
    target = f", target {points(score.target)}" if score.target is not None else ""
    counted = plural(len(score.history), "verification")
    return Series(
        f"Score {points(score.points)}/{points(score.of)}{target}, {counted}",
        tuple(value for _, value in score.history),
        tuple(time[:10] for time, _ in score.history),
        score.of,
        colours.accent,
        score.target,
    )


def _left(snapshot: sn.Snapshot, colours: Palette) -> Series:
    found = burn_down(snapshot)
    return Series(
        f"Plans left: {snapshot.total - snapshot.done:,} of {snapshot.total:,}",
        tuple(float(value) for _, value in found),
        tuple(day for day, _ in found),
        float(snapshot.total),
        colours.primary,
    )


def _domains(domains: tuple[sn.DomainScore, ...], colours: Palette, width: int) -> list[Text]:
    result = [_title("Points by domain", colours)]
    longest = max(len(one_line(item.domain)) for item in domains)
    for domain in domains:
        share = domain.points / domain.of if domain.of else 1
        style = "good" if share >= 0.85 else "warn" if share >= 0.4 else "bad"
        text = span(f"  {one_line(domain.domain):<{longest}} ", colours.text)
        text.append_text(gauges.bar(share, max(10, min(70, width - longest - 18)), colours, style=style))
        result.append(text.append(f" {points(domain.points)}/{points(domain.of)}", colours.muted))
    return result


def _title(text: str, colours: Palette) -> Text:
    return span(text, colours.strong + colours.accent)


def _beside(left: Text | None, right: Text | None, place: int) -> Text:
    line = left if left is not None else span("")
    line.truncate(place, pad=True)
    return line.append_text(right) if right is not None else line


def _chart(series: Series, colours: Palette, width: int, height: int) -> list[Text]:
    """Title, axis, area, days."""
    lines = [_title(series.title, colours)]
    lines[0].truncate(width, overflow="ellipsis")
    if not series.values:
        return [*lines, span("  Nothing to draw yet.", colours.muted)]
    room = max(10, min(width - 8, 160))
    at = None
    if series.target is not None and series.top:
        at = height - min(height, math.ceil(series.target / series.top * height))
    for number, row in enumerate(gauges.area(series.values, room, height, top=series.top)):
        target = series.target if number == at else None
        label = (
            points(target if target is not None else series.top) if number == 0 or target is not None else ""
        )
        line = span(f"{label:>6} ", colours.muted).append("┤" if label else "│", colours.faint)
        for cell in row:
            line.append(
                "╌" if cell == " " and number == at else cell, colours.warn if cell == " " else series.style
            )
        lines.append(line)
    lines.append(span(f"{'0':>6} └{'─' * room}", colours.faint))
    first, last = series.days[0], series.days[-1]
    gap = max(1, room - len(first) - len(last))
    lines.append(span(f"{'':>8}{first}{' ' * gap}{last if last != first else ''}", colours.muted))
    return lines
