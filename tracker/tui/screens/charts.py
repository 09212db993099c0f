"""Score over time, plans left over time, points by domain: in block characters."""

from __future__ import annotations

from rich.text import Text

from tracker.model import snapshot as sn
from tracker.model.numbers import points
from tracker.tui import gauges
from tracker.tui.palette import Palette
from tracker.tui.rows import TextPane
from tracker.tui.screens.page import Page
from tracker.tui.text import one_line, span


class ChartsScreen(Page):
    """The charts, one below the other."""

    NAME = "Charts"
    COMMAND = "tracker status"

    def fill(self) -> None:
        pane = self.content
        if isinstance(pane, TextPane):
            tall = max(5, (self.app.size.height - 14) // 2)
            pane.show(charts(self.board_app.snapshot, self.colours, self.width, min(10, tall)))


def charts(snapshot: sn.Snapshot, colours: Palette, width: int, height: int) -> list[Text]:
    """All charts at this width; ``height``: lines of each."""
    result: list[Text] = []
    score = snapshot.score
    if score is not None:
        history = [value for _, value in score.history]
        if score.measured:
            title = f"Score {points(score.points)}/{points(score.of)}"
            title += f", target {points(score.target)}" if score.target is not None else ""
        else:
            title = "Score, not measured yet: v verifies"
        result += _titled(title, colours)
        if history:
            days = [time[:10] for time, _ in score.history]
            result += _chart(history, score.of, colours, width, height, days, target=score.target)
    left = burn_down(snapshot)
    result += [span("")] if result else []
    result += _titled(f"Plans left: {snapshot.total - snapshot.done:,} of {snapshot.total:,}", colours)
    if left:
        days = [day for day, _ in left]
        result += _chart(
            [float(value) for _, value in left], float(snapshot.total), colours, width, height, days
        )
    else:
        result.append(span("  No plan is done yet.", colours.muted))
    if score is not None and score.domains:
        result += [span(""), *_titled("Points by domain", colours)]
        longest = max(len(one_line(item.domain)) for item in score.domains)
        for domain in score.domains:
            share = domain.points / domain.of if domain.of else 1
            style = "good" if share >= 0.85 else "warn" if share >= 0.4 else "bad"
            text = span(f"  {one_line(domain.domain):<{longest}} ", colours.text)
            text.append_text(gauges.bar(share, max(10, min(50, width - longest - 18)), colours, style=style))
            result.append(text.append(f" {points(domain.points)}/{points(domain.of)}", colours.muted))
    return result


def burn_down(snapshot: sn.Snapshot) -> list[tuple[str, int]]:
    """(day, plans left), one for each day from the first to the last on which a plan was finished."""
    from datetime import date, timedelta

    finished: dict[str, int] = {}
    for plan in snapshot.plans:
        if plan.finished:
            finished[plan.finished] = finished.get(plan.finished, 0) + 1
    if not finished:
        return []
    try:
        first, last = date.fromisoformat(min(finished)), date.fromisoformat(max(finished))
    except ValueError:
        return []
    left = snapshot.total
    result = [((first - timedelta(days=1)).isoformat(), left)]
    for number in range((last - first).days + 1):
        day = (first + timedelta(days=number)).isoformat()
        left -= finished.get(day, 0)
        result.append((day, left))
    return result


def _titled(text: str, colours: Palette) -> list[Text]:
    return [span(text, colours.strong + colours.accent)]


def _chart(
    values: list[float],
    top: float,
    colours: Palette,
    width: int,
    height: int,
    days: list[str],
    *,
    target: float | None = None,
) -> list[Text]:
    room = max(10, min(width - 8, 120))
    rows = gauges.columns(values, room, height, top=top)
    at = None
    if target is not None and top:
        at = height - 1 - min(height - 1, int(target / top * height))
    lines = []
    for number, row in enumerate(rows):
        label = points(top) if number == 0 else points(target) if number == at and target is not None else ""
        line = span(f"{label:>5} ", colours.muted).append("│" if number != at else "┤", colours.faint)
        body = row if number != at else row.replace(" ", "╌")
        lines.append(line.append(body, colours.primary))
    lines.append(span(f"{'0':>5} └{'─' * room}", colours.faint))
    first, last = days[0], days[-1]
    gap = max(1, room - len(first) - len(last))
    lines.append(span(f"{'':>7}{first}{' ' * gap}{last if last != first else ''}", colours.muted))
    return lines
