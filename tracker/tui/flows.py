"""What each action does: it asks, calls the service in a thread, and says what came of it."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable
from typing import Any, cast

from tracker.errors import TrackerError
from tracker.model import snapshot as sn
from tracker.tui import actions, details, listing, palette
from tracker.tui.actions import Context
from tracker.tui.ports import Board
from tracker.tui.runs import STATE_WRITTEN, Runs
from tracker.tui.text import one_line, plural


class Flows(Runs):
    """The handlers of the table's actions, by their ids. Mixed into the app."""

    # Records

    async def _record(self, call: Callable[[Board], object], said: str) -> None:
        """A short write; STATE.md follows it."""
        done = await self.me.ask(lambda board: (call(board),))
        if done is not None:
            if isinstance(done[0], str) and "{}" in said:
                said = said.format(done[0])
            await self.me.load()
            self.me.main.details.fill()
            self.me.tell(f"{said}; {STATE_WRITTEN}", "good")

    async def _words(self, title: str, question: str, command: Callable[[str], str]) -> str:
        from tracker.tui.screens.dialogs import Prompt

        answer = await self.me.push_screen_wait(Prompt(title, question, command))
        return answer if isinstance(answer, str) else ""

    async def do_word(self, context: Context) -> None:
        plan = cast("sn.PlanState", context.plan)
        because = await self._words(
            f"{plan.ref} done by word",
            f"{one_line(plan.title)}\nIt will be shown as unproven and earn no points. Why is it done?",
            lambda text: f"tracker done {plan.ref} --because {_quoted(text)}",
        )
        if because:
            await self._record(
                lambda board: board.done_by_word(plan.ref, because), f"{plan.ref} is done by word"
            )

    async def do_defer(self, context: Context) -> None:
        plan, check = cast("sn.PlanState", context.plan), context.check
        name = check.id if check is not None else plan.ref
        about = check.title if check is not None else plan.title
        option = f" --check {check.id}" if check is not None else ""
        reason = await self._words(
            f"Defer {name}",
            f"{one_line(about)}\nWhy is it put off?",
            lambda text: f"tracker defer {plan.ref}{option} --reason {_quoted(text)}",
        )
        if reason:
            chosen = check.id if check is not None else None
            await self._record(lambda board: board.defer(plan.ref, reason, chosen), f"{name} is deferred")

    async def do_reopen(self, context: Context) -> None:
        plan, check = cast("sn.PlanState", context.plan), context.check
        chosen = check.id if check is not None else None
        await self._record(
            lambda board: board.reopen(plan.ref, chosen), f"{chosen or plan.ref} is open again"
        )

    async def do_start(self, context: Context) -> None:
        plan = cast("sn.PlanState", context.plan)
        await self._record(lambda board: board.start(plan.ref), f"{plan.ref} is active")

    async def do_note(self, context: Context) -> None:
        ref = context.plan.ref if context.plan is not None else None
        option = f" --plan {ref}" if ref else ""
        text = await self._words(
            f"Note to {ref or 'the project'}",
            "What is to be remembered?",
            lambda text: f"tracker note {_quoted(text)}{option}",
        )
        if text:
            await self._record(lambda board: board.note(text, ref), f"noted to {ref or 'the project'}")

    async def do_link(self, context: Context) -> None:
        plan = cast("sn.PlanState", context.plan)
        commit = await self._words(
            f"Link a commit to {plan.ref}",
            f"{one_line(plan.title)}\nWhich commit belongs to it? A hash, a tag, a branch.",
            lambda text: f"tracker link {plan.ref} {shlex.quote(text) if text else 'COMMIT'}",
        )
        if commit:
            await self._record(
                lambda board: board.link(plan.ref, commit), f"{commit} is linked to {plan.ref}"
            )

    async def do_undo(self, _context: Context) -> None:
        await self._record(lambda board: board.undo(), "taken back: {}")

    # Finding and moving

    async def do_filter(self, _context: Context) -> None:
        self._home()
        self.me.main.open_filter()

    async def do_jump(self, _context: Context) -> None:
        from tracker.tui.screens.dialogs import Prompt

        answer = await self.me.push_screen_wait(
            Prompt(
                "Jump",
                "A plan, phase or check: 2.03, phase 2, tls, AUTH-10",
                lambda text: f"tracker show {text or 'REF'}",
            )
        )
        if isinstance(answer, str):
            key = listing.jump(answer, self.me.snapshot)
            self._home()
            if key is None or not self.me.main.plan_tree.reveal(key):
                self.me.say(f"nothing here is called “{answer}”", "warn")

    async def do_next(self, _context: Context) -> None:
        plans = self.me.snapshot.plans
        found = next((p.ref for p in plans if p.status == sn.ACTIVE), None)
        found = found or next((plan.ref for plan in plans if plan.ready), None)
        self._home()
        if found is None:
            self.me.say("no plan can run now", "warn")
        else:
            self.me.main.plan_tree.reveal(found)

    async def do_sort(self, _context: Context) -> None:
        tree = self.me.main.plan_tree
        tree.order = listing.ORDERS[(listing.ORDERS.index(tree.order) + 1) % len(listing.ORDERS)]
        tree.rebuild()
        self.me.main.retitle()
        self.me.say(f"each phase by {tree.order}")

    def _tab(self, name: str) -> None:
        self._home()
        self.me.main.details.activate(name)

    async def do_tab_plan(self, _context: Context) -> None:
        self._tab(details.PLAN)

    async def do_tab_checks(self, _context: Context) -> None:
        self._tab(details.CHECKS)

    async def do_tab_changes(self, _context: Context) -> None:
        self._tab(details.CHANGES)

    async def do_tab_log(self, _context: Context) -> None:
        self._tab(details.LOG)

    async def do_tab_activity(self, _context: Context) -> None:
        self._tab(details.ACTIVITY)

    async def do_tab_before(self, _context: Context) -> None:
        self._turn(-1)

    async def do_tab_after(self, _context: Context) -> None:
        self._turn(1)

    def _turn(self, by: int) -> None:
        place = details.TABS.index(self.me.main.details.active)
        self._tab(details.TABS[(place + by) % len(details.TABS)])

    async def do_edit(self, context: Context) -> None:
        file, line = actions.path(context), 0
        if context.kind == listing.FAULT and context.row is not None:
            place = listing.place(context.row.fault)
            file, line = place.path, place.line
        await self.edit_file(file, line)

    async def edit_file(self, file: str, line: int) -> None:
        from textual.app import SuspendNotSupported

        path = self.me.board.root / file
        if not path.is_file():
            self.me.say(f"{file} is not there", "bad")
            return
        editor = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
        at = [f"+{line}"] if line and os.path.basename(editor[0]) in _TAKES_LINE else []  # noqa: PTH119 - a command
        try:
            with self.me.suspend():
                code = subprocess.run([*editor, *at, str(path)], check=False).returncode  # noqa: ASYNC221 - the screen is suspended
        except SuspendNotSupported:
            self.me.say("this terminal cannot be lent to an editor", "bad")
            return
        except OSError as error:
            self.me.show_error(
                TrackerError(
                    f"{editor[0]} cannot be started: {error.strerror}", hint="Set $EDITOR to an editor."
                )
            )
            return
        self.me.say(
            f"{file}: {'read again' if not code else f'the editor ended with {code}'}",
            "warn" if code else "good",
        )
        await self.me.load()
        self.me.main.details.fill()

    async def do_copy(self, _context: Context) -> None:
        from tracker.tui.rows import Rows, TextPane

        focused = self.me.focused
        text = ""
        if isinstance(focused, TextPane):
            text = focused.plain
        elif isinstance(focused, Rows) and focused.row is not None:
            text = focused.draw(focused.row, 1_000).plain
            text = " ".join(text.split())
        self._copied(text)

    async def do_copy_command(self, _context: Context) -> None:
        self._copied(self.me.main.status.command)

    def _copied(self, text: str) -> None:
        if not text:
            self.me.say("there is nothing to copy here", "warn")
            return
        self.me.copy_to_clipboard(text)
        short = one_line(text)
        self.me.say(f"copied: {short[:60]}{'…' if len(short) > 60 else ''}", "good")

    def _home(self) -> None:
        """Back to the main screen, from whatever page is open."""
        while len(self.me.screen_stack) > 1 and not self.me.screen.is_modal:
            self.me.pop_screen()

    # Screens

    async def do_waves(self, _context: Context) -> None:
        from tracker.tui.screens.waves import WavesScreen

        self._open(WavesScreen())

    async def do_state(self, _context: Context) -> None:
        from tracker.tui.screens.state import StateScreen

        self._open(StateScreen())

    async def do_charts(self, _context: Context) -> None:
        from tracker.tui.screens.charts import ChartsScreen

        self._open(ChartsScreen())

    async def do_audit(self, _context: Context) -> None:
        from tracker.tui.screens.audit import AuditScreen

        self._open(AuditScreen())

    async def do_help(self, _context: Context) -> None:
        from tracker.tui.screens.help import HelpScreen

        self._open(HelpScreen())

    def _open(self, screen: Any) -> None:
        if type(self.me.screen) is type(screen):
            self._home()
            return
        self._home()
        self.me.push_screen(screen)

    def open_commit(self, commit: str, file: str = "") -> None:
        """Show what a commit changed."""
        from tracker.tui.screens.diff import DiffScreen

        self.me.push_screen(DiffScreen(commit, file))

    # The rest

    async def do_init(self, _context: Context) -> None:
        from tracker.tui.screens.dialogs import Confirm

        text = (
            "A directory plans/ with a project file, a first phase and a first plan. Nothing that is there is"
            " overwritten."
        )
        if not await self.me.push_screen_wait(
            Confirm("Set up plans here?", text, "tracker init", verb="sets them up")
        ):
            return
        made = await self.me.ask(lambda board: (self.me.make(board.root),))
        if made is not None:
            await self._made("plans/ is set up; e opens what is selected")

    async def do_import(self, _context: Context) -> None:
        from tracker.tui.screens.dialogs import Confirm

        found = await self.me.ask(lambda board: self.me.take_over(board.root, True))  # noqa: FBT003 - a dry run
        if found is None:
            return
        if not found.changes:
            self.me.say(f"all that {found.source} says is recorded already")
            return
        text = (
            f"{one_line(found.source)} becomes {plural(found.phases, 'phase')} and {plural(found.plans, 'plan')} in"
            f" plans/. The {found.done} that it calls done stay unproven until they are verified."
        )
        if not await self.me.push_screen_wait(Confirm("Import?", text, "tracker import", verb="imports")):
            return
        done = await self.me.ask(lambda board: self.me.take_over(board.root, False))  # noqa: FBT003 - for real
        if done is not None:
            await self._made(f"{plural(done.plans, 'plan')} imported; {STATE_WRITTEN}")

    async def _made(self, said: str) -> None:
        """The repository has plans of its own now: everything is opened anew."""
        self.me.board = self.me.connect()
        self.me.forget_boards()
        await self.me.load()
        self.me.main.show_snapshot()
        self.me.tell(said, "good")

    async def do_refresh(self, _context: Context) -> None:
        await self.me.load_reasons()
        if await self.me.load():
            self.me.main.show_snapshot()
            self.me.say("read again", "good")

    async def do_theme(self, _context: Context) -> None:
        dark = self.me.theme == palette.DARK.name
        self.me.theme = palette.LIGHT.name if dark else palette.DARK.name

    async def do_quit(self, _context: Context) -> None:
        from tracker.tui.screens.dialogs import Confirm

        if self.me.stop_run is not None:
            text = "A run goes on here. Leaving cancels it: what has landed stays, nothing half-done does."
            if not await self.me.push_screen_wait(Confirm("Leave and cancel the run?", text, verb="leaves")):
                return
        self.me.leave()


_TAKES_LINE = frozenset(
    {"vi", "vim", "nvim", "nano", "emacs", "emacsclient", "micro", "kak", "joe", "ne", "mg", "ed"}
)


def _quoted(text: str) -> str:
    return shlex.quote(text) if text else "TEXT"
