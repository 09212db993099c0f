"""The panes of the tabs: checks, changes, activity, log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical

from tracker.model import progress as pr
from tracker.model import snapshot as sn
from tracker.model.numbers import points
from tracker.tui import facts
from tracker.tui.palette import OUTCOME_SIGNS, Palette, shade
from tracker.tui.ports import CommitLine, HistoryLine
from tracker.tui.rows import Rows, TextPane
from tracker.tui.runview import LogLine
from tracker.tui.text import lines as safe_lines
from tracker.tui.text import moment, one_line, span

if TYPE_CHECKING:
    from tracker.tui.app import TrackerApp


THEIRS = "I imports these plans; then they can be run and proved."
NOTHING = "i sets up plans in this repository."
"""Said in every empty pane where the plans are somebody else's, or there are none."""


class CheckRows(Rows[sn.CheckState]):
    """The checks of the selection."""

    EMPTY = "No check is defined here, so nothing can be proved.\nA check is declared in PLAN.md: e opens it."

    def __init__(self) -> None:
        super().__init__(id="checks")
        self.fresh: Mapping[str, str] = {}

    def key_of(self, row: sn.CheckState) -> str:
        return row.id

    def draw(self, row: sn.CheckState, width: int, /) -> Text:
        colours = self.colours
        outcome = self.fresh.get(row.id, row.outcome)
        sign = OUTCOME_SIGNS[sn.DEFERRED] if row.deferred else OUTCOME_SIGNS.get(outcome, "○")
        style = shade(colours, outcome) if row.id in self.fresh else facts.outcome_style(colours, row)
        text = span(f"{sign} ", style).append(
            f"{row.id:<10}", colours.accent if row.critical else colours.muted
        )
        word = "stretch" if row.kind == "stretch" else "residual" if row.kind == "residual" else ""
        right = span(f" {word}" if word else "", colours.faint)
        right.append(f" {points(row.points):>4}", colours.text if row.outcome == sn.PASSED else colours.muted)
        if width >= 60 and row.outcome:
            right.append(f"  {moment(row.time)[5:]}", colours.muted if row.current else colours.warn)
        text.append(f" {one_line(row.title)}", colours.text)
        text.truncate(max(8, width - right.cell_len), overflow="ellipsis", pad=True)
        return text.append_text(right)


class CheckPane(Vertical):
    """The list, and below it the selected check in full."""

    DEFAULT_CSS = """
    CheckPane > CheckRows { height: 3fr; }
    CheckPane > TextPane { height: 2fr; max-height: 12; border-top: solid $panel; }
    CheckPane > TextPane:focus { border-top: heavy $primary; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.list = CheckRows()
        self.detail = TextPane(id="check-detail")

    def compose(self) -> ComposeResult:
        yield self.list
        yield self.detail

    def fill(self, checks: tuple[sn.CheckState, ...], fresh: Mapping[str, str]) -> None:
        """Show the checks; ``fresh`` are outcomes of a run that are not recorded (yet)."""
        self.list.fresh = fresh
        self.list.show([check._replace(outcome=fresh.get(check.id, check.outcome)) for check in checks])
        self._explain()

    def on_rows_moved(self, event: Rows.Moved) -> None:
        event.stop()
        self._explain()

    def _explain(self) -> None:
        row = self.list.row
        width = max(20, (self.detail.size.width or self.size.width or 60) - 3)
        if row is None:
            self.detail.show([])
            return
        app = cast("TrackerApp", self.app)
        run = app.run_view
        took = run.seconds.get(row.id) if run is not None else None
        self.detail.show(facts.of_check(row, app.colours, width, app.reasons.get(row.id, ""), took))

    def on_resize(self) -> None:
        self._explain()


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A file that a plan changed, or a commit of it."""

    kind: str
    key: str
    path: str = ""
    text: str = ""
    note: str = ""
    commit: str = ""
    date: str = ""


class ChangeRows(Rows[ChangeRow]):
    """Files with the reason of their change, then commits."""

    EMPTY = "Nothing has landed here yet.\nr runs the plan; L links a commit that was made by hand."

    def __init__(self) -> None:
        super().__init__(id="changes")
        self._of = ""
        self._commits: list[ChangeRow] = []

    def key_of(self, row: ChangeRow) -> str:
        return row.key

    def fill_files(self, of: str, files: list[ChangeRow]) -> None:
        """Show the files of a row of the tree; its commits are read anew, those known of it stay meanwhile."""
        if of != self._of:
            self._of, self._commits = of, []
        self.show([*files, *self._commits])

    def fill_commits(self, files: list[ChangeRow], commits: Iterable[CommitLine]) -> None:
        """Show the files and the commits of the row that was filled last."""
        self._commits = [
            ChangeRow(
                "commit",
                item.hash,
                text=item.subject,
                note=item.source,
                commit=item.hash,
                date=item.date[:10],
            )
            for item in commits
        ]
        self.show([*files, *self._commits])

    def draw(self, row: ChangeRow, _width: int, /) -> Text:
        colours = self.colours
        if row.kind == "file":
            sign, style = {"added": ("+", colours.good), "deleted": ("−", colours.bad)}.get(
                row.note, ("~", colours.warn)
            )
            text = span(f"{sign} ", style).append(one_line(row.path), colours.text)
            return text.append(f"  {one_line(row.text)}" if row.text else "", colours.muted)
        text = span("● ", colours.accent).append(f"{row.commit[:9]} ", colours.primary)
        text.append(f"{row.date} ", colours.muted).append(one_line(row.text), colours.text)
        return text.append(f"  {row.note}" if row.note else "", colours.faint)


@dataclass(frozen=True, slots=True)
class Event:
    """One line of history."""

    key: str
    time: str
    kind: str
    plan: str
    actor: str
    text: str
    commit: str = ""

    @classmethod
    def of(cls, entry: HistoryLine) -> Event:
        """The service's line."""
        key = f"{entry.time} {entry.kind} {entry.commit} {entry.plan} {entry.text}"
        return cls(key, entry.time, entry.kind, entry.plan, entry.actor, entry.text, entry.commit)


class ActivityRows(Rows[Event]):
    """What happened, newest first."""

    EMPTY = "Nothing has happened here yet."

    def __init__(self) -> None:
        super().__init__(id="activity")

    def key_of(self, row: Event) -> str:
        return row.key

    def fill(self, events: Sequence[Event]) -> None:
        """Show the events."""
        self.show(events)

    def draw(self, row: Event, _width: int, /) -> Text:
        colours = self.colours
        style = {"landed": colours.good, "reverted": colours.bad, "failed": colours.bad}.get(
            row.kind, colours.text
        )
        text = span(f"{moment(row.time)} ", colours.muted)
        text.append(f"{row.plan:<6} " if row.plan else "", colours.accent)
        text.append(one_line(row.text), style)
        if row.commit:
            text.append(f"  {row.commit[:9]}", colours.primary)
        return text.append(f"  {one_line(row.actor)}", colours.faint)


NO_LOG = "No output yet. r runs the plan; its log is shown here as it is written."
NO_LOG_HERE = "No log: it landed on another machine, or too long ago. The commit is in the Changes tab."


def log_text(lines: Sequence[LogLine], colours: Palette, *, with_plan: bool = True) -> list[Text]:
    """Lines of a run's log, told apart by what they are."""
    styles = {
        pr.OUTPUT: colours.text,
        pr.LANDED: colours.good,
        pr.FAILED: colours.bad,
        pr.SKIPPED: colours.warn,
    }
    result = []
    for line in lines:
        if line.kind == pr.CHECK:
            style, sign = shade(colours, line.outcome), f"{OUTCOME_SIGNS.get(line.outcome, ' ')} "
        else:
            style, sign = styles.get(line.kind, colours.accent), _SIGNS.get(line.kind, "─ ")
        head = f"{line.plan} " if with_plan and line.plan else ""
        for number, part in enumerate(safe_lines(line.text)):
            shown = f"{'  ' if number else sign}{part}"
            result.append(span(head, colours.muted).append(shown, style))
    return result


_SIGNS = {pr.OUTPUT: "  ", pr.LANDED: "✔ ", pr.FAILED: "✘ ", pr.SKIPPED: "» "}
