"""The main screen: header, tree, tabs, status line, keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.screen import Screen
from textual.widgets import Input

from tracker.model import snapshot as sn
from tracker.tui import actions, details
from tracker.tui.bars import KeyBar, StatusLine
from tracker.tui.details import Details
from tracker.tui.header import WIDE, Header
from tracker.tui.panes import ActivityRows, ChangeRows, CheckPane
from tracker.tui.rows import Rows
from tracker.tui.text import plural
from tracker.tui.tree import PlanTree

if TYPE_CHECKING:
    from tracker.tui.app import TrackerApp


class MainScreen(Screen[None]):
    """What everything starts from."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012 - an instance variable of the base
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", show=False),
        Binding("tab", "app.focus_next", "Next pane", show=False),
        Binding("shift+tab", "app.focus_previous", "Previous pane", show=False),
    ]
    AUTO_FOCUS = "#tree"

    def __init__(self) -> None:
        super().__init__(id="main")
        self.header = Header(id="header")
        self.tree_pane = Vertical(id="left")
        self.plan_tree = PlanTree()
        self.details = Details()
        self.status = StatusLine()
        self.keys = KeyBar(actions.TREE)
        self._before_filter: str | None = None

    @property
    def board_app(self) -> TrackerApp:
        """The app, as what it is."""
        return cast("TrackerApp", self.app)

    def compose(self) -> ComposeResult:
        yield self.header
        with Container(id="body"):
            with self.tree_pane:
                yield Input(
                    placeholder="filter: words of title, number, status, check", id="filter", compact=True
                )
                yield self.plan_tree
            yield self.details
        yield self.status
        yield self.keys

    def on_mount(self) -> None:
        prefs, tree = self.board_app.prefs, self.plan_tree
        self.tree_pane.border_title = "Plans"
        tree.snapshot = self.board_app.snapshot
        tree.folded, tree.words, tree.order = frozenset(prefs.folded), prefs.words, prefs.order
        if len(tree.snapshot.phases) > 12 and not prefs.selected:
            current = tree.snapshot.current_phase
            tree.folded = frozenset(phase.number for phase in tree.snapshot.phases if phase.number != current)
        self.details.active = prefs.tab if prefs.tab in details.TABS else details.PLAN
        tree.rebuild(prefs.selected or self._first())
        self.retitle()
        self._fit_header()
        self.details.select(tree.row)
        self._offer()

    def _first(self) -> str:
        """Where a first look is best: the plan at work, else the next one, else the project."""
        plans = self.board_app.snapshot.plans
        for wanted in (
            [plan for plan in plans if plan.status == sn.ACTIVE],
            [plan for plan in plans if plan.ready],
        ):
            if wanted:
                return wanted[0].ref
        return "project"

    # Showing

    def show_snapshot(self) -> None:
        """The state has changed: everything is drawn anew, the cursor stays."""
        self.plan_tree.snapshot = self.board_app.snapshot
        self.plan_tree.rebuild()
        self._fit_header()
        self.header.redraw()
        self.retitle()
        self.details.select(self.plan_tree.row)
        self.keys.redraw()
        self._offer()

    def recolour(self) -> None:
        """The colours have changed."""
        self.plan_tree.refresh()
        if self.is_mounted:
            self.details.recolour()

    def run_began(self) -> None:
        """A run is seen for the first time."""
        self.plan_tree.run = self.board_app.run_view
        self.run_went_on()

    def run_went_on(self) -> None:
        """The run has told something."""
        self.plan_tree.refresh()
        self.header.redraw()
        self.details.tick()

    def run_ended(self) -> None:
        """The run is over."""
        self.run_went_on()
        self.details.fill()
        self.keys.redraw()

    def _fit_header(self) -> None:
        size = self.app.size
        wanted = self.header.lines_wanted(size.width - 2, size.height)
        if self.header.styles.height is None or self.header.styles.height.value != wanted:
            self.header.styles.height = wanted

    def retitle(self) -> None:
        """Name the tree by what it shows."""
        tree, snapshot = self.plan_tree, self.board_app.snapshot
        if tree.words:
            found = sum(1 for row in tree.rows if row.plan is not None)
            title = f"{plural(found, 'plan')} for “{tree.words}”"
        else:
            title = f"Plans {snapshot.done:,}/{snapshot.total:,}"
        if tree.order != "number":
            title += f", by {tree.order}"
        self.tree_pane.border_title = title.replace("[", r"\[")
        if snapshot.phases or snapshot.faults or tree.words:
            tree.empty = tree.EMPTY
        elif self.board_app.board.native:
            tree.empty = (
                "No plans yet.\n`tracker new` writes the first one;\nit appears here when it is saved."
            )
        else:
            tree.empty = "No plans yet.\ni sets them up in this repository."

    def _offer(self) -> None:
        """The status line names the command of what the selection needs next."""
        context = self.board_app.context()
        plan = context.plan
        name = "run"
        if plan is not None and plan.status == sn.DONE:
            name = "verify" if plan.proof != sn.VERIFIED else "tab-plan"
        elif plan is not None and plan.how == "manual":
            name = "done"
        if not context.native:
            name = "init" if not context.snapshot.phases else "import"
        self.status.offer(actions.BY_ID[name].same_as(context))

    # Happenings

    def on_screen_resume(self) -> None:
        self._offer()

    def on_resize(self) -> None:
        self._fit_header()

    def on_rows_moved(self, event: Rows.Moved) -> None:
        if event.rows is self.plan_tree:
            self.details.select(self.plan_tree.row)
            self._offer()
        self.keys.redraw()

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        if event.rows is self.plan_tree:
            row = self.plan_tree.row
            if row is not None and row.phase is not None and row.plan is None:
                self.plan_tree.action_toggle_fold()
            else:
                self.focus_details()

    def on_details_opened(self, event: Details.Opened) -> None:
        app = self.board_app
        if event.commit:
            app.open_commit(event.commit, event.file)
        elif event.plan:
            self.plan_tree.reveal(event.plan)
            self.set_focus(self.plan_tree)

    def on_descendant_focus(self) -> None:
        focused = self.focused
        pane = actions.TEXT
        if focused is self.plan_tree:
            pane = actions.TREE
        elif focused is not None and isinstance(focused.parent, CheckPane):
            pane = actions.CHECKS
        elif isinstance(focused, (ChangeRows, ActivityRows)):
            pane = actions.CHANGES
        if pane != self.keys.pane:
            self.keys.pane = pane
            self.keys.redraw()

    def on_input_changed(self, event: Input.Changed) -> None:
        tree = self.plan_tree
        tree.words = event.value
        tree.rebuild(self._before_filter)
        if self._before_filter is not None and tree.find(self._before_filter) is None:
            tree.go(next((place for place, row in enumerate(tree.rows) if row.plan is not None), 0))
        self.retitle()

    def on_input_submitted(self) -> None:
        self._close_filter()

    def open_filter(self) -> None:
        """Show the filter and type into it."""
        box = self.query_one("#filter", Input)
        row = self.plan_tree.row
        self._before_filter = row.key if row is not None else None
        box.add_class("shown")
        box.value = self.plan_tree.words
        self.set_focus(box)

    def _close_filter(self) -> None:
        box = self.query_one("#filter", Input)
        self._before_filter = None
        if not box.value:
            box.remove_class("shown")
        self.set_focus(self.plan_tree)

    def clear_filter(self) -> bool:
        """Take the filter away; False where there was none."""
        box = self.query_one("#filter", Input)
        if not self.plan_tree.words and not box.has_class("shown"):
            return False
        before, self._before_filter = self._before_filter, None
        with self.prevent(Input.Changed):
            box.value = ""
        self.plan_tree.words = ""
        self.plan_tree.rebuild(before)
        self.retitle()
        box.remove_class("shown")
        self.set_focus(self.plan_tree)
        return True

    def action_back(self) -> None:
        if self.focused is self.query_one("#filter", Input) or self.focused is self.plan_tree:
            self.clear_filter()
        else:
            self.set_focus(self.plan_tree)

    def focus_details(self) -> None:
        """Give the focus to the tab in sight."""
        if self.details.focus_target is not None:
            self.set_focus(self.details.focus_target)
