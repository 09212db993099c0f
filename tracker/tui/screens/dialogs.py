"""Questions and answers: prompts, confirmation, the run's plan, trust, errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from tracker.tui.facts import wrap
from tracker.tui.lines import Lines
from tracker.tui.palette import SIGNS, Palette
from tracker.tui.ports import RunWaves
from tracker.tui.rows import TextPane
from tracker.tui.text import block, one_line, plural, span

if TYPE_CHECKING:
    from tracker.tui.app import TrackerApp

ROOM = 70
"""Cells of text across, where the screen is wide enough."""


class Hint(Lines):
    """The keys of a dialog, and the command that does the same."""

    DEFAULT_CSS = """
    Hint { height: auto; margin-top: 1; }
    """

    def __init__(self, keys: str, command: str = "") -> None:
        super().__init__()
        self.keys = keys
        self.command = command
        self.problem = ""
        self.styles.height = 2 if command else 1

    def compose_lines(self, _width: int, /) -> list[Text]:
        colours = self.colours
        first = span(self.problem, colours.bad) if self.problem else span(self.keys, colours.muted)
        if not self.command:
            return [first]
        return [span("same as  $ ", colours.faint).append(one_line(self.command), colours.accent), first]


class Dialog(ModalScreen[object]):
    """Base of the dialogs: a box in the middle; Esc leaves without an answer."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back", show=False)]

    @property
    def board_app(self) -> TrackerApp:
        """The app, as what it is."""
        return cast("TrackerApp", self.app)

    @property
    def colours(self) -> Palette:
        """The styles of the present theme."""
        return self.board_app.colours

    @property
    def room(self) -> int:
        """Cells of text across."""
        return max(20, min(ROOM, self.app.size.width * 96 // 100 - 5))

    def action_leave(self) -> None:
        self.dismiss(None)


def box(title: str, *, bad: bool = False) -> Vertical:
    """The frame of a dialog."""
    frame = Vertical(classes="dialog bad" if bad else "dialog")
    frame.border_title = title.replace("[", r"\[")
    return frame


class Prompt(Dialog):
    """One line of text. Enter gives it, when it is not empty; ``command`` shows what it will do, as it is typed."""

    def __init__(self, title: str, question: str, command: Callable[[str], str], *, value: str = "") -> None:
        super().__init__()
        self._title, self._question, self._command, self._value = title, question, command, value

    def compose(self) -> ComposeResult:
        with box(self._title):
            text = TextPane()
            text.can_focus = False
            yield text
            yield Input(self._value, id="answer")
            yield Hint("Enter goes on   Esc goes back", self._command(self._value))

    def on_mount(self) -> None:
        self.query_one(TextPane).show(wrap(span(block(self._question), self.colours.text), self.room))
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        hint = self.query_one(Hint)
        hint.command, hint.problem = self._command(event.value), ""
        hint.redraw()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        answer = event.value.strip()
        if answer:
            self.dismiss(answer)
            return
        hint = self.query_one(Hint)
        hint.problem = "It needs words."
        hint.redraw()


class Confirm(Dialog):
    """Something that is hard to take back. Enter or y does it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,y", "go", "Do it", show=False),
        Binding("n,q", "leave", "Back", show=False),
    ]

    def __init__(self, title: str, text: str, command: str = "", *, verb: str = "does it") -> None:
        super().__init__()
        self._title, self._text, self._command, self._verb = title, text, command, verb

    def compose(self) -> ComposeResult:
        with box(self._title):
            yield TextPane()
            yield Hint(f"Enter {self._verb}   Esc goes back", self._command)

    def on_mount(self) -> None:
        pane = self.query_one(TextPane)
        pane.show(wrap(span(block(self._text), self.colours.text), self.room))
        pane.focus()

    def action_go(self) -> None:
        self.dismiss(True)  # noqa: FBT003 - the answer


class Trust(Confirm):
    """What would be executed, before it is for the first time."""

    def __init__(self, root: str, executed: Sequence[str], command: str) -> None:
        shown = [f"  {one_line(line)}" for line in executed] or ["  nothing yet"]
        text = (
            "Running and verifying execute code of this repository, with your rights:\n\n"
            + "\n".join(shown)
            + f"\n\nTrust {root}? It is asked once."
        )
        super().__init__("Do you trust this repository?", text, command, verb="trusts it")


class RunDialog(Dialog):
    """What a run would do, wave by wave; Enter starts it, + and - set the jobs. Gives the number of jobs."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,r", "go", "Run", show=False),
        Binding("plus,equals_sign", "jobs(1)", "More jobs", show=False),
        Binding("minus", "jobs(-1)", "Fewer jobs", show=False),
    ]

    def __init__(self, planned: RunWaves, command: str, jobs: int, *, interrupted: bool = False) -> None:
        super().__init__()
        self._planned, self._command, self._jobs = planned, command, jobs
        self._plans = sum(len(wave) for wave in planned.waves)
        self._interrupted = interrupted

    def compose(self) -> ComposeResult:
        nothing = "Finish the run that was interrupted" if self._interrupted else "Nothing to run"
        with box(f"Run {plural(self._plans, 'plan')}" if self._plans else nothing):
            yield TextPane()
            yield Hint(self._keys(), self._same())

    def _keys(self) -> str:
        if not self._plans and not self._interrupted:
            return "Enter or Esc goes back"
        return f"Enter runs   + − jobs: {self._jobs}   Esc goes back"

    def _same(self) -> str:
        return f"{self._command} --jobs {self._jobs}" if self._jobs > 1 else self._command

    def on_mount(self) -> None:
        pane = self.query_one(TextPane)
        pane.show(plan_lines(self._planned, self.colours))
        pane.focus()

    def action_jobs(self, by: int) -> None:
        self._jobs = max(1, min(16, self._jobs + by))
        hint = self.query_one(Hint)
        hint.keys, hint.command = self._keys(), self._same()
        hint.redraw()

    def action_go(self) -> None:
        self.dismiss(self._jobs if self._plans or self._interrupted else None)


def plan_lines(planned: RunWaves, colours: Palette) -> list[Text]:
    """The waves of a run, then what is left out and why."""
    lines = []
    for number, wave in enumerate(planned.waves, 1):
        lines.append(span(f"Wave {number}", colours.strong + colours.accent))
        for item in wave:
            text = span(f"  {SIGNS['pending']} {item.ref} ", colours.accent).append(
                one_line(item.title), colours.text
            )
            lines.append(text.append(f"  {one_line(item.reason)}" if item.reason else "", colours.muted))
    if planned.others:
        lines += [span("")] if lines else []
        lines.append(span("Left out", colours.strong + colours.warn))
        for item in planned.others:
            refused = item.action == "refuse"
            text = span(
                f"  {SIGNS['failed'] if refused else SIGNS['deferred']} ",
                colours.bad if refused else colours.muted,
            )
            text.append(f"{item.ref} ", colours.muted).append(one_line(item.title), colours.text)
            lines.append(text.append(f"  {one_line(item.reason)}", colours.bad if refused else colours.muted))
    return lines


class ErrorScreen(Dialog):
    """What is wrong and what would be right; it scrolls, and y copies it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,q", "leave", "Close", show=False),
        Binding("y", "copy", "Copy", show=False),
    ]

    def __init__(self, title: str, message: str, hint: str = "", *, details: str = "") -> None:
        super().__init__()
        self._title, self._message, self._hint, self._details = title, message, hint, details

    def compose(self) -> ComposeResult:
        with box(self._title, bad=True):
            yield TextPane()
            yield Hint("Esc closes   y copies   ↑ ↓ scroll")

    def on_mount(self) -> None:
        colours = self.colours
        lines = wrap(span(block(self._message), colours.text), self.room)
        if self._hint:
            lines += [span(""), *wrap(span(block(self._hint), colours.accent), self.room)]
        pane = self.query_one(TextPane)
        pane.show(lines)
        pane.focus()

    def action_copy(self) -> None:
        parts = [self._message, self._hint, self._details]
        self.app.copy_to_clipboard("\n".join(part for part in parts if part))
        self.notify("copied", timeout=2, markup=False)
