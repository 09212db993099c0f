"""The right side: what is selected, in five tabs. Only the tab in sight is filled."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget
from textual.worker import Worker

from tracker.model import snapshot as sn
from tracker.tui import facts, listing, sources
from tracker.tui.lines import Lines, clickable
from tracker.tui.palette import SIGNS
from tracker.tui.panes import (
    NO_LOG,
    NO_LOG_HERE,
    NOTHING,
    THEIRS,
    ActivityRows,
    ChangeRow,
    ChangeRows,
    CheckPane,
    Event,
    log_text,
)
from tracker.tui.rows import Rows, TextPane
from tracker.tui.runview import FAILED
from tracker.tui.text import span
from tracker.tui.work import spawn

if TYPE_CHECKING:
    from tracker.tui.app import TrackerApp

PLAN, CHECKS, CHANGES, LOG, ACTIVITY = "plan", "checks", "changes", "log", "activity"
TABS = (PLAN, CHECKS, CHANGES, LOG, ACTIVITY)
PAUSE = 0.05
"""Seconds that the cursor rests before a plan's texts are read."""


class TabBar(Lines):
    """The names of the tabs, with what is in them."""

    DEFAULT_CSS = """
    TabBar { height: 1; background: $surface; }
    """

    def compose_lines(self, width: int, /) -> list[Text]:
        details, colours = cast("Details", self.parent), self.colours
        text = span("")
        for number, (name, note) in enumerate(details.labels(), 1):
            active = name == details.active
            here = active and details.has_focus_within
            label = span("▌" if here else " ", colours.primary)
            if width >= 60:
                label.append(f"{number} ", colours.faint if not active else colours.muted)
            label.append(name.capitalize(), colours.strong + colours.primary if active else colours.muted)
            if note:
                label.append(f" {note}", colours.muted)
            label.append(" ")
            if active:
                label.stylize(colours.cursor_blur)
            label.stylize(clickable(f"tab-{name}"))
            text.append_text(label).append(" ")
        return [text]


class Details(Vertical):
    """Tab bar and panes."""

    DEFAULT_CSS = """
    Details { width: 1fr; height: 1fr; }
    Details > .pane { height: 1fr; width: 1fr; }
    """

    class Opened(Message):
        """A row of a pane was chosen that leads elsewhere."""

        def __init__(self, *, commit: str = "", plan: str = "", file: str = "") -> None:
            super().__init__()
            self.commit = commit
            self.plan = plan
            self.file = file

    def __init__(self) -> None:
        super().__init__(id="details")
        self.active = PLAN
        self.row: listing.Row | None = None
        self._panes: dict[str, Widget] = {}
        self._shown: tuple[str, str] = ("", "")
        self._seen_log = 0
        self._log_shown: str | None = None
        self._loading: Worker[None] | None = None

    @property
    def board_app(self) -> TrackerApp:
        """The app, as what it is."""
        return cast("TrackerApp", self.app)

    def compose(self) -> ComposeResult:
        yield TabBar()

    def labels(self) -> list[tuple[str, str]]:
        """The tabs with their notes: passed checks, number of changes, a run going on."""
        plan, run = self.plan, self.board_app.run_view
        checks = self.checks()
        passed = sum(check.outcome == sn.PASSED for check in checks)
        notes = dict.fromkeys(TABS, "")
        if checks:
            notes[CHECKS] = f"{passed}/{len(checks)}"
        if plan is not None and plan.changes:
            notes[CHANGES] = str(len(plan.changes))
        if run is not None and run.going:
            notes[LOG] = SIGNS["running"]
        return [(name, notes[name]) for name in TABS]

    @property
    def plan(self) -> sn.PlanState | None:
        """The selected plan."""
        return self.row.plan if self.row is not None else None

    @property
    def check(self) -> sn.CheckState | None:
        """The selected check, where the checks or what is said of it have the focus."""
        pane = self._panes.get(CHECKS)
        if self.active == CHECKS and isinstance(pane, CheckPane) and pane.has_focus_within:
            return pane.list.row
        return None

    def checks(self) -> tuple[sn.CheckState, ...]:
        """The checks of the selection."""
        if self.row is None:
            return ()
        if self.row.plan is not None:
            return self.row.plan.checks
        if self.row.phase is not None:
            return tuple(check for plan in self.row.phase.plans for check in plan.checks)
        return self.board_app.snapshot.checks if self.row.kind == listing.PROJECT else ()

    @property
    def focus_target(self) -> Widget | None:
        """What takes the focus in the active pane."""
        pane = self._panes.get(self.active)
        return pane.list if isinstance(pane, CheckPane) else pane

    def _told(self) -> Mapping[str, str]:
        """Outcomes that a run has told and nobody has recorded: while it goes, and of what did not land after it."""
        run = self.board_app.run_view
        if run is None or run.going:
            return run.outcomes if run is not None else {}
        lost = {ref for ref, state in run.states.items() if state == FAILED}
        checks = (
            check for plan in self.board_app.snapshot.plans if plan.ref in lost for check in plan.checks
        )
        return {check.id: run.outcomes[check.id] for check in checks if check.id in run.outcomes}

    def select(self, row: listing.Row | None) -> None:
        """Show another row, or the same one anew."""
        self.row = row
        self.fill()

    def activate(self, name: str) -> None:
        """Show another tab; the focus follows where it was in the old one."""
        within = self.has_focus_within
        self.active = name
        self.fill()
        if within and self.focus_target is not None:
            self.screen.set_focus(self.focus_target)

    def fill(self) -> None:
        """Fill the active pane: at once what is in memory, then what has to be read."""
        self.query_one(TabBar).redraw()
        pane = self._panes.get(self.active)
        if pane is None:
            pane = self._panes[self.active] = self._make(self.active)
            pane.add_class("pane")
            self.mount(pane)
        self._say_what_is_missing(pane)
        for name, other in self._panes.items():
            other.display = name == self.active
        key = (self.active, self.row.key if self.row is not None else "")
        same, self._shown = key == self._shown, key
        self._fill_now(pane, same=same)
        if self._loading is not None:
            self._loading.cancel()
        later = partial(self._fill_later, pane, same=same)
        self._loading = spawn(self, later, group="details")

    def on_descendant_focus(self) -> None:
        self.query_one(TabBar).redraw()

    def on_descendant_blur(self) -> None:
        self.query_one(TabBar).redraw()

    def _make(self, name: str) -> Widget:
        match name:
            case "checks":
                return CheckPane()
            case "changes":
                return ChangeRows()
            case "activity":
                return ActivityRows()
            case _:
                return TextPane(id=f"pane-{name}")

    def _say_what_is_missing(self, pane: Widget) -> None:
        rows = pane.list if isinstance(pane, CheckPane) else pane
        if isinstance(rows, Rows):
            first = rows.EMPTY.partition("\n")[0]
            rows.empty = f"{first}\n{self._way_out()}" if self._way_out() else rows.EMPTY

    def _way_out(self) -> str:
        """What to do where there are no plans of tracker's own."""
        if self.board_app.board.native:
            return ""
        return THEIRS if self.board_app.snapshot.phases else NOTHING

    def _width(self, pane: Widget) -> int:
        width = pane.size.width or self.size.width - 2
        return max(20, width - 3)

    def _fill_now(self, pane: Widget, *, same: bool) -> None:
        if self.active == PLAN and isinstance(pane, TextPane):
            if not same or self.plan is None:
                pane.show(self._facts(self._width(pane)), top=not same)
        elif isinstance(pane, CheckPane):
            pane.fill(self.checks(), self._told())
        elif isinstance(pane, ChangeRows):
            pane.fill_files(self.row.key if self.row is not None else "", self._changed())
        elif self.active == LOG and isinstance(pane, TextPane):
            self._fill_log(pane, same=same)
        elif isinstance(pane, ActivityRows) and not same:
            pane.fill(self._activity())

    def _facts(self, width: int) -> list[Text]:
        app, row = self.board_app, self.row
        if row is None:
            return facts.of_nothing(app.colours, width, native=app.board.native)
        if row.kind == listing.FAULT:
            return facts.of_fault(row.fault, app.colours, width)
        if row.plan is not None:
            return facts.of_plan(row.plan, app.snapshot, app.colours, width, app.run_view)
        if row.phase is not None:
            return facts.of_phase(row.phase, app.colours, width)
        return facts.of_project(app.snapshot, app.colours, width)

    def _changed(self) -> list[ChangeRow]:
        if self.row is None:
            return []
        plans = (self.row.plan,) if self.row.plan else self.row.phase.plans if self.row.phase else ()
        return [
            ChangeRow(
                "file", f"{plan.ref}:{change.path}", path=change.path, text=change.why, note=change.kind
            )
            for plan in plans
            for change in plan.changes
        ]

    def _activity(self) -> list[Event]:
        refs = self._refs()
        found = [item for item in self.board_app.snapshot.activity if refs is None or item.plan in refs]
        return [
            Event(item.event, item.time, item.kind, item.plan, item.actor, item.text)
            for item in reversed(found)
        ]

    def _refs(self) -> set[str] | None:
        if self.row is None or self.row.kind == listing.PROJECT:
            return None
        if self.row.plan is not None:
            return {self.row.plan.ref}
        return {plan.ref for plan in self.row.phase.plans} if self.row.phase is not None else set()

    async def _fill_later(self, pane: Widget, *, same: bool) -> None:
        import asyncio

        if not self.board_app.frozen:
            await asyncio.sleep(PAUSE)
        app, row, plan = self.board_app, self.row, self.plan
        if row is None:
            return
        if self.active == PLAN and isinstance(pane, TextPane):
            width = self._width(pane)
            if plan is not None:
                text = await app.ask(lambda board: sources.body(board, plan, width, app.colours), quiet=True)
                pane.show([*self._facts(width), span(""), *(text or [])], top=not same)
            elif row.kind == listing.FAULT:
                source = await app.ask(lambda board: sources.broken(board.root, row.fault), quiet=True)
                pane.show(facts.of_fault(row.fault, app.colours, width, source or ""))
        elif isinstance(pane, ChangeRows) and plan is not None:
            commits = await app.ask(lambda board: board.commits(plan.ref), quiet=True)
            pane.fill_commits(self._changed(), commits or ())
        elif isinstance(pane, ActivityRows) and app.board.native and (plan or row.kind == listing.PROJECT):
            ref = plan.ref if plan is not None else None
            entries = await app.ask(lambda board: board.log(ref), quiet=True)
            if entries is not None:
                pane.fill([Event.of(entry) for entry in entries])
        elif self.active == LOG and isinstance(pane, TextPane) and plan is not None and not self._live():
            text = await app.ask(lambda board: sources.last_log(board, plan.ref, app.colours), quiet=True)
            pane.show(text or self._no_log(pane), end=True)

    def _live(self) -> bool:
        run, plan = self.board_app.run_view, self.plan
        return run is not None and (plan is None or plan.ref in run.logs or (run.going and run.what != "run"))

    def _log_ref(self) -> str:
        run, plan = self.board_app.run_view, self.plan
        return plan.ref if run is not None and plan is not None and plan.ref in run.logs else ""

    def _no_log(self, pane: TextPane) -> list[Text]:
        landed = self.plan is not None and self.plan.run
        said = self._way_out() or (NO_LOG_HERE if landed else NO_LOG)
        return facts.wrap(span(said, self.board_app.colours.muted), self._width(pane))

    def _fill_log(self, pane: TextPane, *, same: bool) -> None:
        run = self.board_app.run_view
        if run is None or not self._live():
            self._log_shown = None
            if not same:
                pane.show(self._no_log(pane))
            return
        ref = self._log_shown = self._log_ref()
        lines, self._seen_log = run.since(ref, 0)
        pane.show(log_text(lines, self.board_app.colours, with_plan=not ref), end=True)

    def recolour(self) -> None:
        """The colours have changed."""
        self._shown = ("", "")
        self.fill()

    def tick(self) -> None:
        """The run has gone on: append what is new to the log in sight, refresh the outcomes in sight."""
        self.query_one(TabBar).redraw()
        pane, run = self._panes.get(self.active), self.board_app.run_view
        if run is None or pane is None:
            return
        if isinstance(pane, CheckPane):
            pane.fill(self.checks(), self._told())
        elif self.active == LOG and isinstance(pane, TextPane) and self._live():
            ref = self._log_ref()
            if self._log_shown == ref:
                lines, self._seen_log = run.since(ref, self._seen_log)
                if lines:
                    pane.extend(log_text(lines, self.board_app.colours, with_plan=not ref))
            else:
                self._fill_log(pane, same=False)

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        row = event.rows.row
        if isinstance(row, ChangeRow):
            event.stop()
            commit = row.commit or next(
                (item.commit for item in cast("ChangeRows", event.rows).rows if item.commit), ""
            )
            self.post_message(self.Opened(commit=commit, file=row.path))
        elif isinstance(row, Event):
            event.stop()
            self.post_message(self.Opened(commit=row.commit, plan=row.plan))
        elif isinstance(row, sn.CheckState):
            event.stop()
            pane = cast("CheckPane", self._panes[CHECKS])
            self.screen.set_focus(pane.detail)

    def on_resize(self) -> None:
        if self.is_mounted:
            self._shown = ("", "")
            self.fill()
