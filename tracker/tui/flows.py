"""What each action does: it asks, calls the service in a thread, and says what came of it."""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from tracker.errors import TrackerError
from tracker.model import snapshot as sn
from tracker.model.numbers import points
from tracker.tui import actions, details, listing, palette
from tracker.tui.actions import Context
from tracker.tui.ports import Board, Proof, Report
from tracker.tui.runview import RunView
from tracker.tui.text import one_line, plural

if TYPE_CHECKING:
    from tracker.tui.app import TrackerApp

STATE_WRITTEN = "STATE.md regenerated"

Job = Callable[[Board, threading.Event], Any]


class Flows:
    """The handlers of the table's actions, by their ids. Mixed into the app."""

    @property
    def me(self) -> TrackerApp:
        """The app that this is a part of."""
        return cast("TrackerApp", self)

    # Runs

    async def do_run(self, context: Context) -> None:
        plan, phase = context.plan, context.phase
        if plan is not None:
            await self._run([plan.ref], None, context.scope)
        elif context.kind == listing.PHASE and phase is not None:
            await self._run([], phase.number, context.scope)
        else:
            await self._run([], None, "--all")

    async def do_run_all(self, _context: Context) -> None:
        await self._run([], None, "--all")

    async def _run(self, refs: list[str], phase: str | None, scope: str) -> None:
        from tracker.tui.screens.dialogs import RunDialog

        whole = not refs and phase is None
        planned = await self.me.ask(lambda board: board.plan_run(refs, phase=phase, all_plans=whole))
        if planned is None:
            return
        chosen = [item.ref for wave in planned.waves for item in wave]
        if chosen and not await self._trusted(chosen):
            return
        jobs = await self.me.push_screen_wait(RunDialog(planned, f"tracker run {scope}", self.me.prefs.jobs))
        if not isinstance(jobs, int):
            return
        self.me.prefs.jobs = jobs

        def job(board: Board, cancelled: threading.Event) -> Report:
            return board.run(
                refs, phase=phase, all_plans=whole, jobs=jobs, observer=self.me.observe, cancelled=cancelled
            )

        report = await self._work("run", scope, job)
        if report is not None:
            self._report(cast("Report", report))

    def _report(self, report: Report) -> None:
        """Say how a run ended."""
        parts = [
            f"{plural(len(found), 'plan')} {word}"
            for found, word in (
                (report.landed, "landed"),
                (report.failed, "failed"),
                (report.skipped, "skipped"),
            )
            if found
        ]
        said = ", ".join(parts) or "nothing to do"
        if report.points is not None and report.of is not None:
            said += f"; score {points(report.points)}/{points(report.of)}"
        if report.cancelled:
            said = f"cancelled: {said}; what has landed stays"
        if report.landed:
            said += f"; {STATE_WRITTEN}"
        bad = {**report.failed, **report.refused}
        bad |= {check: f"was green and is red, broken by {ref}" for check, ref in report.broken.items()}
        self._tell(said, "bad" if bad else "warn" if report.cancelled else "good")
        if bad and not report.cancelled:
            text = "\n\n".join(f"{ref}: {reason}" for ref, reason in bad.items())
            self.me.show_error(
                TrackerError(text, hint="Nothing of it landed. The log is in the plan's Log tab."),
                f"{plural(len(bad), 'plan')} did not land"
                if not report.broken
                else "The run did not end well",
            )
            self.me.say(said, "bad")

    async def do_verify(self, context: Context) -> None:
        await self._verify(context.refs, context.scope if context.refs else "")

    async def do_verify_all(self, _context: Context) -> None:
        await self._verify([], "")

    async def _verify(self, refs: list[str], scope: str) -> None:
        if not await self._trusted(refs):
            return
        jobs = self.me.prefs.jobs

        def job(board: Board, cancelled: threading.Event) -> Proof:
            return board.verify(refs, jobs=jobs, observer=self.me.observe, cancelled=cancelled)

        proof = cast("Proof | None", await self._work("verify", scope, job))
        if proof is not None:
            red = f"; red: {', '.join(proof.red)}" if proof.red else ""
            said = f"verified: score {points(proof.points)}/{points(proof.of)}{red}; {STATE_WRITTEN}"
            self._tell(said, "bad" if proof.red else "good")

    async def do_done(self, context: Context) -> None:
        plan = cast("sn.PlanState", context.plan)
        if not await self._trusted([plan.ref]):
            return
        proof = await self._work(
            "verify",
            plan.ref,
            lambda board, cancelled: board.done(plan.ref, observer=self.me.observe, cancelled=cancelled),
            title=f"{plan.ref} is not done",
        )
        if proof is not None:
            self._tell(f"{plan.ref} is done, its checks passed; {STATE_WRITTEN}", "good")

    async def do_revert(self, context: Context) -> None:
        from tracker.tui.screens.dialogs import Confirm

        plan = cast("sn.PlanState", context.plan)
        text = (
            f"A commit takes the changes of {plan.ref} {one_line(plan.title)} out of the codebase, and the plan is"
            " pending again. Everything landed is verified anew."
        )
        command = f"tracker revert {plan.ref}"
        if not await self.me.push_screen_wait(
            Confirm(f"Revert {plan.ref}?", text, command, verb="reverts it")
        ):
            return
        if not await self._trusted([plan.ref]):
            return
        report = await self._work(
            "run",
            plan.ref,
            lambda board, cancelled: board.revert(plan.ref, observer=self.me.observe, cancelled=cancelled),
        )
        if report is not None:
            self._tell(f"{plan.ref} is reverted; {STATE_WRITTEN}", "good")

    async def do_cancel(self, _context: Context) -> None:
        if self.me.stop_run is not None and self.me.run_view is not None:
            self.me.stop_run.set()
            self.me.say("cancelling: what has landed stays, the rest is taken down …", "warn")

    async def _trusted(self, refs: Sequence[str]) -> bool:
        from tracker.tui.screens.dialogs import Trust

        known = await self.me.ask(lambda board: (board.trusted(), board.would_execute(refs)))
        if known is None:
            return False
        trusted, executed = known
        if trusted:
            return True
        if not await self.me.push_screen_wait(Trust(str(self.me.board.root), executed)):
            self.me.say("not trusted: nothing was executed", "warn")
            return False
        await self.me.ask(lambda board: board.trust())
        return True

    async def _work(self, what: str, scope: str, job: Job, *, title: str = "") -> object | None:
        """A long job in a thread of its own: seen live, cancellable; its result, or None where it failed."""
        me = self.me
        if me.stop_run is not None:
            me.say("something runs already: wait for it, or cancel it", "warn")
            return None
        stop = me.stop_run = threading.Event()
        me.run_view = RunView(what, scope=scope)
        main = me.main
        main.run_began()
        if main.details.active not in (details.LOG, details.CHECKS):
            main.details.activate(details.CHECKS if what == "verify" else details.LOG)
        else:
            main.details.fill()
        main.keys.redraw()
        me.say(f"{'verifying' if what == 'verify' else 'running'} {scope or 'everything'} … c cancels", "")
        try:
            return await asyncio.to_thread(lambda: job(me.connect(), stop))
        except TrackerError as error:
            me.show_error(error, title if not stop.is_set() else "Cancelled")
        except Exception as error:  # noqa: BLE001 - a fault in a worker must not end the screen
            me.show_bug(error)
        finally:
            me.flush()
            me.stop_run = None
            me.run_view.going = False
            await me.load_reasons()
            await me.load()
            main.run_ended()
        return None

    def _tell(self, said: str, kind: str) -> None:
        self.me.say(said, kind)
        severity = {"bad": "error", "warn": "warning"}.get(kind, "information")
        self.me.notify(said, severity=cast("Any", severity), timeout=5, markup=False)

    # Records

    async def _record(self, call: Callable[[Board], object], said: str) -> None:
        """A short write; STATE.md follows it."""
        done = await self.me.ask(lambda board: (call(board),))
        if done is not None:
            if isinstance(done[0], str) and "{}" in said:
                said = said.format(done[0])
            self._tell(f"{said}; {STATE_WRITTEN}", "good")
            await self.me.load()
            self.me.main.details.fill()

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
            self.me.board = self.me.connect()
            self.me.forget_boards()
            await self.me.load()
            self._tell("plans/ is set up; e opens what is selected", "good")

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
