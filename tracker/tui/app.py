"""The application: what it knows, how it asks the service, how it follows what happens elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import Screen

from tracker.errors import TrackerError
from tracker.model.progress import Progress
from tracker.tui import actions, palette, prefs
from tracker.tui.flows import Flows
from tracker.tui.header import WIDE
from tracker.tui.live import Tail, hung_up, watch
from tracker.tui.palette import Palette
from tracker.tui.ports import Board, Connect, Import, Imported, Make
from tracker.tui.runview import RunView
from tracker.tui.text import one_line, span
from tracker.tui.work import FLOW, spawn

if TYPE_CHECKING:
    from textual.app import SystemCommand
    from textual.notifications import SeverityLevel

    from tracker.tui.screens.main import MainScreen

T = TypeVar("T")

TICK = 0.1
"""Seconds between two looks at what a run of this process has told."""

AT_ONCE = 2_000
"""Steps of a run that are taken in before the keys have their turn."""

POLL = 0.7
"""Seconds between two looks for a run of another process."""

_SEVERITIES: dict[str, SeverityLevel] = {"bad": "error", "warn": "warning"}


def _make(root: Path) -> object:
    from tracker.service.setup import init

    return init(root, root.name, ".")


def _import(root: Path, dry: bool) -> Imported:
    from tracker.service.importing import run as take_over

    return take_over(root, None, dry_run=dry)


def _bindings() -> list[BindingType]:
    return [
        Binding(
            action.key,
            f"act('{action.id}')",
            action.title,
            show=False,
            key_display=action.key_name,
            tooltip=action.help,
            id=action.id,
        )
        for action in actions.ACTIONS
    ]


class TrackerApp(Flows, App[int]):
    """tracker on a terminal."""

    TITLE = "tracker"
    BINDINGS: ClassVar[list[BindingType]] = _bindings()
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = True

    def __init__(self, connect: Connect, *, frozen: bool = False) -> None:
        self.connect = connect
        self.make: Make = _make
        self.take_over: Import = _import
        self.board = board = connect()
        self.snapshot = board.snapshot()
        self.frozen = frozen
        self.run_view: RunView | None = None
        self.stop_run: threading.Event | None = None
        self.leaving = False
        self.reasons: dict[str, str] = {}
        self._steps: deque[Progress] = deque()
        self._tail: Tail | None = None
        self._stop_watching = threading.Event()
        self._polling = False
        self._reloading = False
        self._reload_again = False
        self._local = threading.local()
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="ask")
        self.prefs = prefs.load(board.ui_state_path())
        self.colours: Palette = palette.palette(self.prefs.theme)
        super().__init__()
        for theme in palette.THEMES.values():
            self.register_theme(theme)
        self.theme = self.prefs.theme if self.prefs.theme in palette.THEMES else palette.DARK.name
        if frozen:
            self.animation_level = "none"

    def get_default_screen(self) -> Screen[Any]:
        from tracker.tui.screens.main import MainScreen

        return MainScreen()

    @property
    def main(self) -> MainScreen:
        """The main screen, wherever it is in the stack."""
        from tracker.tui.screens.main import MainScreen

        screen = self.screen_stack[0]
        if not isinstance(screen, MainScreen):
            raise TypeError(type(screen))
        return screen

    def on_mount(self) -> None:
        self.watch_theme_now()
        self.theme_changed_signal.subscribe(self, lambda _theme: self.watch_theme_now())
        self.set_interval(TICK, self._drain)
        if not self.frozen:
            self.set_interval(POLL, self._poll)
            self.call_after_refresh(self._warm)
        if not self.is_headless:
            self._watch_terminal()

    def watch_theme_now(self) -> None:
        """Take over the colours of a theme that has been set."""
        self.colours = palette.palette(self.theme, monochrome=self.no_color)
        self.prefs.theme = self.theme
        for screen in self.screen_stack:
            for widget in screen.query("Lines"):
                getattr(widget, "redraw", widget.refresh)()
            screen.refresh(layout=True)
        with contextlib.suppress(LookupError, TypeError):
            self.main.recolour()

    def _watch_terminal(self) -> None:
        """Leave when told to by a signal, and when the terminal is gone, which may come without one."""
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self.leave, 128 + number)
        terminal = sys.__stdin__.fileno() if sys.__stdin__ is not None else 0

        def look() -> None:
            if hung_up(terminal):
                self.leave(128 + signal.SIGHUP)

        self.set_interval(POLL, look)

    def _warm(self) -> None:
        """After the first paint: look for a run, watch the files."""
        gc.freeze()  # a Snapshot of thousands of plans is long-lived: no collection has to walk it again
        spawn(self, self._first_look, group="poll")
        paths = [self.board.root / "plans"]
        codebase = self.board.root / self.snapshot.codebase
        if self.snapshot.codebase not in ("", ".") and codebase.is_dir():
            paths.append(codebase)
        threading.Thread(
            target=watch,
            args=(paths, self._stop_watching, lambda: self._from_thread(self.reload)),
            name="watch",
            daemon=True,
        ).start()

    def _from_thread(self, call: Callable[[], None]) -> None:
        if self.is_running:
            with contextlib.suppress(RuntimeError):
                self.call_later(call)

    # Asking the service

    async def ask(self, call: Callable[[Board], T], *, quiet: bool = False) -> T | None:
        """The call's result, made in a thread with a board of its own; None where it failed, which is then shown.

        ``quiet``: shown in the status line, for what nobody has asked for by a key.
        """
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._with_board, call)
        except TrackerError as error:
            if quiet:
                self.say(error.message, "bad")
            else:
                self.show_error(error)
        except Exception as error:  # noqa: BLE001 - a fault in a worker must not end the screen
            self.show_bug(error, quiet=quiet)
        return None

    def _with_board(self, call: Callable[[Board], T]) -> T:
        if not hasattr(self._local, "board"):
            self._local.board = self.connect()
        return call(self._local.board)

    def forget_boards(self) -> None:
        """Let every thread open its board anew."""
        self._local = threading.local()

    # Telling

    def say(self, message: str, kind: str = "") -> None:
        """Show what happened in the status line."""
        self.main.status.say(message, kind)

    def tell(self, message: str, kind: str = "") -> None:
        """The same, and as a toast where there is room for it, or where the status line is not in sight."""
        self.say(message, kind)
        if self.screen is not self.main or self.size.width >= WIDE:
            severity = _SEVERITIES.get(kind, "information")
            self.notify(message, severity=severity, timeout=5, markup=False)

    def show_error(self, error: TrackerError, title: str = "") -> None:
        """Show an error: what is wrong and what would be right."""
        from tracker.tui.screens.dialogs import ErrorScreen

        if self.leaving:
            return
        self.say((error.message.splitlines() or [""])[0], "bad")
        self.push_screen(ErrorScreen(title or "That did not work", error.message, error.hint))

    def show_bug(self, error: Exception, *, quiet: bool = False) -> None:
        """Show a fault of tracker itself; the details go to a file that can be sent."""
        from tracker.tui.screens.dialogs import ErrorScreen

        name, place, details = self._keep_details(error)
        if self.leaving:
            return
        self.say(f"a fault in tracker: {name}", "bad")
        if not quiet:
            hint = f"The details are in {place}. What has landed stays; nothing half-done does."
            self.push_screen(ErrorScreen("A fault in tracker itself", name, hint, details=details))

    def _keep_details(self, error: Exception) -> tuple[str, Path, str]:
        """The fault in a line, and its details, kept in a file."""
        name = f"{type(error).__name__}: {one_line(str(error))}".rstrip(": ")
        place = self.board.ui_state_path().with_name("tui-error.log")
        details = "".join(traceback.format_exception(error))
        with contextlib.suppress(OSError):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(details, encoding="utf-8", errors="replace")
        return name, place, details

    def _fatal_error(self) -> None:
        """The screen itself has failed: it ends with a sentence and exit code 3, as a command would."""
        error = self._exception or RuntimeError("unknown")
        name, place, _ = self._keep_details(error)
        self._return_code = 3
        self.panic(span(f"A fault in tracker itself: {name}\nThe details are in {place}."))

    # What is selected

    def context(self) -> actions.Context:
        """What an action would act on."""
        run = self.run_view
        return actions.Context(
            snapshot=self.snapshot,
            row=self.main.plan_tree.row,
            check=self.main.details.check,
            busy=run.busy if run is not None else "",
            can_cancel=bool(run is not None and run.going and self.stop_run is not None),
            native=self.board.native,
            audit=hasattr(self.board, "audit"),
        )

    def action_act(self, name: str) -> None:
        """Do an action of the table, or say why it cannot be done now."""
        action = actions.BY_ID[name]
        context = self.context()
        if why := action.refuse(context):
            self.tell(f"{action.title}: {why}", "warn")
            return
        if command := action.same_as(context):
            self.main.status.offer(command)
        handler = getattr(self, f"do_{name.replace('-', '_')}")
        spawn(self, partial(handler, context), group=FLOW)

    def get_system_commands(self, screen: Screen[Any]) -> list[SystemCommand]:  # noqa: ARG002 - the same on every screen
        """The palette: every action, with the command line that does the same."""
        from textual.app import SystemCommand

        context = self.context()
        result = []
        for action in actions.available(context):
            same = action.same_as(context)
            says = action.refuse(context) or (f"{action.help}  $ {same}" if same else action.help)
            call = partial(self.action_act, action.id)
            result.append(SystemCommand(f"{action.title}  ({action.key_name})", says, call))
        return result

    # What happens

    def observe(self, step: Progress) -> None:
        """The observer of this process's runs: called from their threads."""
        self._steps.append(step)

    def _drain(self) -> None:
        """Take in, many at a time, what a run has told."""
        run = self.run_view
        if run is None or not self._steps:
            return
        run.feed([self._steps.popleft() for _ in range(min(AT_ONCE, len(self._steps)))])
        self.main.run_went_on()

    async def flush(self) -> None:
        """Take in all that is left of a run that has ended, the keys in between."""
        while self._steps:
            self._drain()
            await asyncio.sleep(0)

    def reload(self) -> None:
        """Read the state again, in a thread; a request that comes meanwhile makes it read once more."""
        if self._reloading:
            self._reload_again = True
            return
        self._reloading = True
        spawn(self, self._reload, group="reload")

    async def _reload(self) -> None:
        try:
            while True:
                self._reload_again = False
                await self.load()
                if not self._reload_again:
                    return
        finally:
            self._reloading = False

    async def load(self) -> bool:
        """Read the state again; whether it could be read."""
        snapshot = await self.ask(lambda board: board.snapshot(), quiet=True)
        if snapshot is None:
            return False
        if snapshot != self.snapshot:
            self.snapshot = snapshot
            gc.freeze()
            self.main.show_snapshot()
        return True

    async def load_reasons(self) -> None:
        """Read why checks are red, which is known on this machine only."""
        self.reasons = dict(await self.ask(lambda board: board.reasons(), quiet=True) or {})

    async def _first_look(self) -> None:
        """What is known on this machine only: why checks are red, and a run that was cut short."""
        await self.follow()
        await self.load_reasons()
        cut = (
            "" if self.run_view is not None else await self.ask(lambda board: board.interrupted(), quiet=True)
        )
        if cut:
            self.say("a run was interrupted: what landed stays, R goes on", "warn")

    def _poll(self) -> None:
        if not self._polling and self.stop_run is None:
            self._polling = True
            spawn(self, self.follow, group="poll")

    async def follow(self) -> None:
        """Look for a run or a verification of another process, and read on where there is one."""
        try:
            live = await self.ask(lambda board: board.live(), quiet=True)
            run = self.run_view
            if self.stop_run is not None:
                return
            if live is not None and (run is None or run.own or run.id != live.id):
                self._tail = Tail(live.directory)
                self.run_view = run = RunView(live.kind, live.id, own=False)
                self.main.run_began()
                self.say(f"{run.busy}: its log is in the Log tab")
            if run is None or run.own or self._tail is None:
                return
            steps = await asyncio.to_thread(self._tail.read)
            for start in range(0, len(steps), AT_ONCE):
                run.feed(steps[start : start + AT_ONCE])
                self.main.run_went_on()
                await asyncio.sleep(0)
                if self.run_view is not run:
                    return
            if live is None and not steps:
                run.end(cancelled=False)
                self._tail = None
                await self.load()
                self.main.run_ended()
                self.say(
                    f"the {run.noun} in another terminal has ended: {run.counts or 'nothing came of it'}"
                )
        finally:
            self._polling = False

    def remember(self) -> None:
        """Keep what the screen shows for the next start."""
        main = self.main
        row = main.plan_tree.row
        self.prefs.tab = main.details.active
        self.prefs.selected = row.key if row is not None else ""
        self.prefs.words = main.plan_tree.words
        self.prefs.order = main.plan_tree.order
        self.prefs.folded = tuple(sorted(main.plan_tree.folded))
        prefs.save(self.board.ui_state_path(), self.prefs)

    def leave(self, code: int = 0) -> None:
        """End: what runs here is told to stop, what is shown is remembered."""
        self.leaving = True
        if self.stop_run is not None:
            self.stop_run.set()
        self._stop_watching.set()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self.remember()
        self.exit(code, return_code=code)

    async def action_quit(self) -> None:
        self.action_act("quit")


def run(root: Path) -> int:
    """Open the repository that holds ``root`` on the terminal; the exit code.

    Raises TrackerError where there is nothing to open.
    """
    from tracker.service import Service

    app = TrackerApp(lambda: Service.open(root))
    app.run()
    return app.return_code or 0
