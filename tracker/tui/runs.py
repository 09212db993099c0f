"""Runs and proofs from the screen: asked about first, seen live, cancellable, reported at the end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from tracker.errors import TrackerError
from tracker.model import snapshot as sn
from tracker.model.numbers import points
from tracker.tui import details, listing
from tracker.tui.actions import Context
from tracker.tui.ports import Board, Proof, Report
from tracker.tui.runview import RunView
from tracker.tui.text import one_line, plural

if TYPE_CHECKING:
    from tracker.tui.app import TrackerApp

STATE_WRITTEN = "STATE.md regenerated"

Job = Callable[[Board, threading.Event], Any]


class Runs:
    """The handlers of the actions that execute something."""

    @property
    def me(self) -> TrackerApp:
        """The app that this is a part of."""
        return cast("TrackerApp", self)

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
        found = await self.me.ask(
            lambda board: (board.plan_run(refs, phase=phase, all_plans=whole), bool(board.interrupted()))
        )
        if found is None:
            return
        planned, cut = found
        chosen = [item.ref for wave in planned.waves for item in wave]
        if (chosen or cut) and not await self._trusted(chosen):
            return
        jobs = await self.me.push_screen_wait(
            RunDialog(planned, f"tracker run {scope}", self.me.prefs.jobs, interrupted=cut)
        )
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
            landed = plural(len(report.landed), "plan")
            said = (
                f"cancelled: {landed} landed; what has landed stays"
                if report.landed
                else "cancelled: nothing has landed"
            )
        if report.landed:
            said += f"; {STATE_WRITTEN}"
        bad = {**report.failed, **report.refused}
        bad |= {check: f"was green and is red, broken by {ref}" for check, ref in report.broken.items()}
        if not bad or report.cancelled:
            self.me.tell(said, "warn" if report.cancelled else "good")
        else:
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
            self.me.tell(said, "bad" if proof.red else "good")

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
            self.me.tell(f"{plan.ref} is done, its checks passed; {STATE_WRITTEN}", "good")

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
            self.me.tell(f"{plan.ref} is reverted; {STATE_WRITTEN}", "good")

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
        command = f"{self.me.main.status.command} --trust"
        if not await self.me.push_screen_wait(Trust(str(self.me.board.root), executed, command)):
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
        me.run_view = RunView(what)
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
            await me.flush()
            me.stop_run = None
            me.run_view.end(cancelled=stop.is_set())
            await me.load_reasons()
            await me.load()
            main.run_ended()
        return None
