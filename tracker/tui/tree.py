"""The tree of phases and plans."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from rich.text import Text
from textual.binding import Binding, BindingType

from tracker.model import snapshot as sn
from tracker.model.numbers import points
from tracker.tui import listing
from tracker.tui.gauges import bar
from tracker.tui.palette import BLOCKED, RUNNING, SIGNS, SPINNER, look, shade
from tracker.tui.rows import Rows
from tracker.tui.runview import FAILED, SKIPPED, RunView
from tracker.tui.text import one_line, span

if TYPE_CHECKING:
    from tracker.tui.app import TrackerApp

_WORTH_SAYING = frozenset({sn.STALE, sn.UNPROVEN, sn.FAILED, sn.DEFERRED, sn.ACTIVE})


class PlanTree(Rows[listing.Row]):
    """Faults first, then the project, then each phase with its plans."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l", "unfold", "Unfold", show=False),
        Binding("left,h", "fold", "Fold", show=False),
        Binding("space", "toggle_fold", "Fold or unfold", show=False),
    ]
    EMPTY = "Nothing matches the filter.\nEsc clears it."

    def __init__(self) -> None:
        super().__init__(id="tree")
        self.snapshot = sn.Snapshot("")
        self.folded: frozenset[str] = frozenset()
        self.words = ""
        self.order = "number"
        self.run: RunView | None = None
        self._frame = 0

    def on_mount(self) -> None:
        self.set_interval(0.1, self._spin)

    @property
    def frozen(self) -> bool:
        """Whether nothing may move by itself: for pictures."""
        return cast("TrackerApp", self.app).frozen

    def key_of(self, row: listing.Row) -> str:
        return row.key

    def rebuild(self, key: str | None = None) -> None:
        """Compute the rows again from what is set."""
        rows = listing.rows(self.snapshot, folded=self.folded, words=self.words, order=self.order)
        self.show(rows, key)

    def reveal(self, key: str) -> bool:
        """Put the cursor on a row, unfolding its phase; False where there is none."""
        place = self.find(key)
        if place is None:
            phase = next((plan.phase for plan in self.snapshot.plans if plan.ref == key), None)
            self.folded -= {phase or ""}
            self.words = ""
            self.rebuild(key)
            return self.find(key) is not None
        self.go(place)
        return True

    def action_unfold(self) -> None:
        row = self.row
        if row is not None and row.kind == listing.PHASE and row.phase is not None:
            if row.folded:
                self.folded -= {row.phase.number}
                self.rebuild()
            else:
                self.go(self.cursor + 1)
        elif row is not None and row.kind == listing.PLAN:
            self.action_choose()

    def action_fold(self) -> None:
        row = self.row
        if row is None or row.phase is None:
            return
        if row.kind == listing.PHASE:
            self.folded |= {row.phase.number}
            self.rebuild()
        else:
            self.go(self.find(f"phase:{row.phase.number}") or 0)

    def action_toggle_fold(self) -> None:
        row = self.row
        if row is not None and row.phase is not None and row.kind == listing.PHASE:
            self.folded ^= {row.phase.number}
            self.rebuild()

    def _spin(self) -> None:
        if self.run is None or not self.run.going or self.frozen:
            return
        self._frame += 1
        top = self.scroll_offset.y
        for place in range(top, min(len(self.rows), top + self.size.height)):
            row = self.rows[place]
            if row.plan is not None and self.run.at_work(row.plan.ref):
                self.refresh_row(place)

    def draw(self, row: listing.Row, width: int, /) -> Text:
        if row.kind == listing.FAULT:
            place = listing.place(row.fault)
            text = span(f"{SIGNS[sn.FAILED]} ", self.colours.bad)
            text.append(_short(place.path) or "definition", self.colours.bad)
            return text.append(f":{place.line} {one_line(place.message)}", self.colours.bad)
        if row.kind == listing.PROJECT:
            return self._ends(span("◆ All plans", self.colours.strong), self._project_figures(), width)
        if row.kind == listing.PHASE and row.phase is not None:
            return self._phase(row.phase, width, folded=row.folded)
        if row.plan is not None:
            return self._plan(row.plan, width)
        return span("")

    def _project_figures(self) -> Text:
        return span(f"{self.snapshot.done:,}/{self.snapshot.total:,}", self.colours.muted)

    def _phase(self, phase: sn.PhaseState, width: int, *, folded: bool) -> Text:
        colours = self.colours
        left = span("▸ " if folded else "▾ ", colours.muted)
        left.append(f"{phase.number} ", colours.accent).append(one_line(phase.title), colours.strong)
        share = phase.done / phase.total if phase.total else 0
        right = bar(share, 6, colours, style="good" if share == 1 else "") if width >= 36 else span("")
        right.append(f" {phase.done}/{phase.total}", shade(colours, phase.status if share == 1 else ""))
        return self._ends(left, right, width)

    def _plan(self, plan: sn.PlanState, width: int) -> Text:
        colours, kind = self.colours, look(plan)
        run = self.run
        work = run.at_work(plan.ref) if run is not None else ""
        state = run.states.get(plan.ref, "") if run is not None and plan.status != sn.DONE else ""
        if work:
            kind = RUNNING
        sign = SIGNS[kind]
        if work and not self.frozen:
            sign = SPINNER[self._frame % len(SPINNER)]
        left = span(f"  {sign} ", shade(colours, kind))
        left.append(f"{plan.ref} ", colours.muted)
        left.append(one_line(plan.title), colours.muted if kind in (BLOCKED, sn.DEFERRED) else colours.text)
        right = span("")
        if work or state in (FAILED, SKIPPED):
            right.append(f"{work or state} ", shade(colours, RUNNING if work else state))
        elif kind in _WORTH_SAYING:
            right.append(f"{kind} ", shade(colours, kind))
        if plan.checks:
            earned = f"{points(plan.earned)}/" if plan.earned or plan.status == sn.DONE else ""
            right.append(f"{earned}{points(plan.points)}", colours.muted)
        return self._ends(left, right, width)

    def _ends(self, left: Text, right: Text, width: int) -> Text:
        left.truncate(max(4, width - right.cell_len - 2), overflow="ellipsis", pad=True)
        return left.append(" ").append_text(right)


def _short(path: str) -> str:
    return "/".join(one_line(path).split("/")[-2:])
