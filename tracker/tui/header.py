"""The top of the screen: score, target, history, phases, domains."""

from __future__ import annotations

from rich.style import Style
from rich.text import Text

from tracker.model import snapshot as sn
from tracker.model.numbers import points
from tracker.tui import gauges
from tracker.tui.lines import Lines
from tracker.tui.palette import SIGNS, Palette, shade
from tracker.tui.text import one_line, plural, span

WIDE = 84


class Header(Lines):
    """Three to seven lines, as room and project allow."""

    DEFAULT_CSS = """
    Header { height: 4; padding: 0 1; background: $surface; }
    """

    def lines_wanted(self, width: int, height: int) -> int:
        """How many lines it fills: at most a fifth of the screen, and the first of them always."""
        return min(len(self.compose_all(width, roomy=height >= 30 and width >= WIDE)), max(1, height // 5))

    def compose_lines(self, width: int, /) -> list[Text]:
        return self.compose_all(width, roomy=self.app.size.height >= 30 and width + 2 >= WIDE)

    def compose_all(self, width: int, *, roomy: bool) -> list[Text]:
        """All lines: title, score, phases, domains."""
        snapshot, colours = self.board_app.snapshot, self.colours
        result = [self._title(snapshot, colours, width)]
        if snapshot.score is not None:
            result.append(score_line(snapshot.score, colours, width))
        if snapshot.phases:
            result.append(phase_line(snapshot, colours, width))
        if snapshot.score is not None:
            domains = snapshot.score.domains
            if roomy:
                rows = 5 if self.app.size.height >= 36 else 3
                result += domain_grid(domains, colours, width, rows, measured=snapshot.score.measured)
            elif snapshot.score.measured:
                result.append(domain_line(domains, colours, width))
        return result

    def _title(self, snapshot: sn.Snapshot, colours: Palette, width: int) -> Text:
        left = span(one_line(snapshot.name) or "No project", colours.strong)
        right = span("")
        run = self.board_app.run_view
        if snapshot.faults:
            right.append(
                f"{SIGNS[sn.FAILED]} {plural(len(snapshot.faults), 'broken definition')}", colours.bad
            )
        elif run is not None and run.going:
            said = f"{run.busy}: {', '.join(part for part in (run.wave, run.counts) if part)}".rstrip(": ")
            right.append(f"{SIGNS['running']} {said}", colours.accent)
        elif snapshot.updated:
            right.append(f"last change {snapshot.updated}", colours.muted)
        room = width - right.cell_len - left.cell_len - 4
        if snapshot.goal and room > 16:
            goal = span(f"  {one_line(snapshot.goal)}", colours.muted)
            goal.truncate(room, overflow="ellipsis")
            left.append_text(goal)
        return spread(left, right, width)


def spread(left: Text, right: Text, width: int) -> Text:
    """The two at both ends of a line; the left one gives way."""
    room = max(0, width - right.cell_len - (1 if right.cell_len else 0))
    left.truncate(room, overflow="ellipsis", pad=True)
    if right.cell_len:
        left.append(" ")
    left.append_text(right)
    return left


def score_line(score: sn.Score, colours: Palette, width: int) -> Text:
    """``Score 85/100 ████┃ target 90 ▁▃▇ 40→85  verified``."""
    if not score.measured:
        text = span("Score ", colours.muted).append("not measured yet", colours.warn)
        return text.append(": no check has run; v verifies", colours.muted)
    target = score.target
    reached = target is None or score.points >= target
    text = span("Score ", colours.muted)
    text.append(points(score.points), colours.good if reached else colours.warn)
    text.append(f"/{points(score.of)} ", colours.muted)
    values = [value for _, value in score.history]
    tail = span("")
    if target is not None:
        tail.append(f" target {points(target)}", colours.muted)
    if len(values) > 1:
        room = 20 if width >= WIDE else 8
        tail.append(f"  {gauges.spark(values, room, top=score.of)}", colours.accent)
        tail.append(f" {points(values[0])}→{points(values[-1])}", colours.muted)
    if score.capped_by:
        names = ", ".join(score.capped_by[:2]) + (" …" if len(score.capped_by) > 2 else "")
        tail.append(f"  ! rated {points(score.rating)}: {names} red", colours.bad)
    elif score.stale:
        tail.append(f"  {SIGNS[sn.STALE]} stale", colours.warn)
    else:
        tail.append(f"  {SIGNS[sn.DONE]} current", colours.good)
    tail.truncate(max(0, width - text.cell_len - 8), overflow="ellipsis")
    room = max(8, min(60, width - text.cell_len - tail.cell_len))
    text.append_text(
        gauges.bar(
            score.points / score.of if score.of else 0,
            room,
            colours,
            mark=target / score.of if target is not None and score.of else None,
            style="good" if reached else "warn",
        )
    )
    return text.append_text(tail)


def phase_line(snapshot: sn.Snapshot, colours: Palette, width: int) -> Text:
    """Done plans of all, then the phases around the current one, as many as fit."""
    text = span("Plans ", colours.muted)
    text.append(f"{snapshot.done:,}", colours.strong).append(f"/{snapshot.total:,}", colours.muted)
    if len(snapshot.phases) > 8:
        done = sum(phase.status == sn.DONE for phase in snapshot.phases)
        text.append(f" in {done}/{len(snapshot.phases)} phases", colours.muted)
    numbers = [phase.number for phase in snapshot.phases]
    at = numbers.index(snapshot.current_phase) if snapshot.current_phase in numbers else 0
    first = 0 if len(numbers) <= 3 else max(0, min(at - 1, len(numbers) - 3))
    for phase in snapshot.phases[first:]:
        part = span("   ")
        part.append(
            f"{phase.number} ", colours.accent if phase.number == snapshot.current_phase else colours.muted
        )
        title = span(one_line(phase.title), colours.text)
        title.truncate(24, overflow="ellipsis")
        part.append_text(title).append(" ")
        share = phase.done / phase.total if phase.total else 0
        size = 10 if width >= WIDE else 6
        part.append_text(gauges.bar(share, size, colours, style="good" if share == 1 else ""))
        part.append(
            f" {phase.done}/{phase.total}", shade(colours, sn.DONE if phase.status == sn.DONE else "")
        )
        if text.cell_len + part.cell_len > width:
            break
        text.append_text(part)
    return text


def domain_line(domains: tuple[sn.DomainScore, ...], colours: Palette, width: int) -> Text:
    """Every domain as one cell, then the weakest by name, as many as fit."""
    text = span("Domains ", colours.muted)
    for domain in domains:
        text.append(gauges.level(_share(domain)), _colour(domain, colours))
    weakest = sorted((item for item in domains if _share(item) < 1), key=_share)
    if not weakest:
        return text.append("  all full", colours.good)
    text.append("  weakest", colours.muted)
    for domain in weakest:
        part = span(f" {one_line(domain.domain)} ", colours.text)
        part.append(f"{points(domain.points)}/{points(domain.of)}", _colour(domain, colours))
        if text.cell_len + part.cell_len > width:
            break
        text.append_text(part)
    return text


def domain_grid(
    domains: tuple[sn.DomainScore, ...], colours: Palette, width: int, rows: int, *, measured: bool = True
) -> list[Text]:
    """Every domain with its bar, in columns of ``rows`` lines at most; the weakest where there are more."""
    across = max(1, width // 38)
    cell = width // across
    shown = list(domains)
    if len(shown) > across * rows:
        weak = set(sorted(shown, key=_share)[: across * rows])
        shown = [domain for domain in shown if domain in weak]
    figures = {domain.domain: f" {points(domain.points)}/{points(domain.of)}" for domain in shown}
    room = max((len(text) for text in figures.values()), default=0)
    size = max(4, cell - 17 - room - 2)
    lines = []
    for start in range(0, len(shown), across):
        line = span("")
        for domain in shown[start : start + across]:
            name = span(one_line(domain.domain), colours.muted)
            name.truncate(16, overflow="ellipsis", pad=True)
            line.append_text(name).append(" ")
            line.append_text(gauges.bar(_share(domain), size, colours, style=_word(domain)))
            line.append(
                figures[domain.domain].ljust(room + 2),
                _colour(domain, colours) if measured else colours.muted,
            )
        lines.append(line)
    return lines


def _share(domain: sn.DomainScore) -> float:
    return domain.points / domain.of if domain.of else 1


def _word(domain: sn.DomainScore) -> str:
    share = _share(domain)
    return "good" if share >= 0.85 else "warn" if share >= 0.4 else "bad"


def _colour(domain: sn.DomainScore, colours: Palette) -> Style:
    return {"good": colours.good, "warn": colours.warn, "bad": colours.bad}[_word(domain)]
