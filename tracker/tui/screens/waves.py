"""What runs when: waves, the critical path, what can run now."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text
from textual.widget import Widget

from tracker.model import snapshot as sn
from tracker.model.waves import critical_path
from tracker.tui.palette import SIGNS, look, shade
from tracker.tui.rows import Rows
from tracker.tui.screens.page import Page
from tracker.tui.text import one_line, plural, span, worth

ROOM = 64
"""Cells for the words before the lanes begin."""
LANE = 14
"""Cells of a lane at most."""


@dataclass(frozen=True, slots=True)
class Line:
    """A heading or a plan."""

    key: str
    text: str = ""
    plan: sn.PlanState | None = None
    critical: bool = False


def lines(snapshot: sn.Snapshot) -> list[Line]:
    """The waves of what is left, each with its plans; those on the critical path are marked."""
    left = {plan.ref: plan for plan in snapshot.plans if plan.wave}
    if not snapshot.plans:
        return [Line("head", "There are no plans here yet.")]
    if not left:
        return [Line("head", "Everything is done, or put off: nothing is left to run.")]
    try:
        chain = critical_path({ref: plan.depends_on for ref, plan in left.items()})
    except ValueError as error:
        return [Line("head", f"The plans wait for one another in a circle: {error}")]
    shown = " → ".join(chain) if len(chain) <= 12 else f"{' → '.join(chain[:6])} … {chain[-1]}"
    ready = sum(plan.ready for plan in left.values())
    result = [
        Line("path", f"Critical path, {plural(len(chain), 'plan')}: {shown}"),
        Line("ready", f"{plural(ready, 'plan')} of {len(left):,} left can run now"),
    ]
    members: dict[int, list[sn.PlanState]] = {}
    for plan in left.values():
        members.setdefault(plan.wave, []).append(plan)
    on_path = set(chain)
    for number in sorted(members):
        plans = members[number]
        value = worth(sum(plan.points for plan in plans))
        result.append(Line(f"wave:{number}", f"Wave {number}  {plural(len(plans), 'plan')}, {value}"))
        result += [Line(plan.ref, plan=plan, critical=plan.ref in on_path) for plan in plans]
    return result


class WaveRows(Rows[Line]):
    """The list of the page."""

    def key_of(self, row: Line) -> str:
        return row.key

    def draw(self, row: Line, width: int, /) -> Text:
        colours = self.colours
        if row.plan is None:
            strong = row.key.startswith("wave:")
            return span(row.text, colours.strong + colours.accent if strong else colours.muted)
        plan, kind = row.plan, look(row.plan)
        text = span("  ━ " if row.critical else "    ", colours.warn)
        text.append(f"{SIGNS[kind]} ", shade(colours, kind)).append(f"{plan.ref} ", colours.muted)
        text.append(one_line(plan.title), colours.text)
        waits = ", ".join(plan.blocked_by)
        text.append(
            f"  waits for {waits}" if waits else "  can run now", colours.muted if waits else colours.good
        )
        return self._with_lane(text, row, width)

    def _with_lane(self, text: Text, row: Line, width: int) -> Text:
        """At the right, where there is room for it: a lane a wave, the plan's own filled."""
        waves = self.rows[-1].plan.wave if self.rows[-1].plan is not None else 0
        lane = min(LANE, (width - ROOM) // max(1, waves))
        if waves < 2 or lane < 2 or row.plan is None:
            return text
        text.truncate(width - lane * waves - 1, overflow="ellipsis", pad=True)
        style = self.colours.warn if row.critical else self.colours.primary
        text.append(" " + "·" * (lane * (row.plan.wave - 1)), self.colours.faint)
        text.append("━" * lane, style)
        return text.append("·" * (lane * (waves - row.plan.wave)), self.colours.faint)


class WavesScreen(Page):
    """Enter goes to the plan; r runs what is selected there."""

    NAME = "Waves"
    KEYS = (("Enter", "go to the plan"), ("R", "run all"), ("━", "critical path"))
    COMMAND = "tracker run --all --dry-run"

    def make(self) -> Widget:
        return WaveRows()

    def fill(self) -> None:
        if isinstance(self.content, WaveRows):
            rows = lines(self.board_app.snapshot)
            self.content.show(rows)
            if not self.content.cursor:
                self.content.go(next((place for place, row in enumerate(rows) if row.plan is not None), 0))

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        row = event.rows.row
        if row is not None and row.plan is not None:
            self.board_app.pop_screen()
            self.board_app.main.plan_tree.reveal(row.plan.ref)
