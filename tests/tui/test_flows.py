"""What a person does, key by key, over a fake board."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.tui import fake
from tests.tui.conftest import driving
from tracker.errors import Locked
from tracker.model import snapshot as sn
from tracker.model.progress import Observer
from tracker.tui.panes import CheckRows
from tracker.tui.screens.dialogs import RunDialog


async def test_run_watch_land_note_undo_filter_quit(fresh: fake.FakeBoard) -> None:
    async with driving(fresh) as at:
        await at.go("1.03")
        await at.press("r")
        await at.until_screen("RunDialog")
        assert "1.03 File Permissions" in at.text()
        await at.press("minus", "enter")
        await at.until_said("1 plan landed")
        assert "STATE.md regenerated" in at.said
        assert ("run", ("1.03",), None, False, 1) in fresh.records
        assert at.app.main.details.active == "log"
        assert "landed: File Permissions" in at.text()
        assert at.app.snapshot.plan("1.03").proof == sn.VERIFIED
        await at.press("n")
        await at.until_screen("Prompt")
        await at.type("ask Bob")
        await at.press("enter")
        await at.until_said("noted to 1.03")
        assert ("note", "ask Bob", "1.03") in fresh.records
        await at.press("u")
        await at.until_said("taken back: 1.03: note")
        await at.press("slash")
        await at.type("perm")
        await at.press("enter")
        assert [row.key for row in at.app.main.plan_tree.rows] == ["phase:1", "1.03"]
        await at.press("q")
        await at.until(lambda: at.app.return_code is not None or not at.app.is_running, what="the end")
    assert at.app.return_value == 0


async def test_run_of_a_phase_and_of_all(fresh: fake.FakeBoard) -> None:
    async with driving(fresh) as at:
        await at.go("phase:1")
        await at.press("r")
        await at.until_screen("RunDialog")
        assert "Wave 2" in at.text()
        await at.press("enter")
        await at.until(lambda: any(record[0] == "run" for record in fresh.records))
        assert fresh.records[-1][:4] == ("run", (), "1", False)
        await at.until(lambda: at.app.stop_run is None)
        await at.press("R")
        await at.until_screen("RunDialog")
        await at.press("escape")
        await at.until_screen("MainScreen")
        assert len([record for record in fresh.records if record[0] == "run"]) == 1


async def test_where_nothing_is_left_to_run_enter_only_finishes_what_was_interrupted(
    board: fake.FakeBoard,
) -> None:
    async with driving(board) as at:
        await at.go("1.03")
        await at.press("r")
        await at.until_screen("RunDialog")
        assert any("Nothing to run" in line for line in at.shown())
        await at.press("enter")
        await at.until_screen("MainScreen")
        assert not board.records
        board.cut_short = "20260127-120000-ab12"
        await at.press("r")
        await at.until_screen("RunDialog")
        assert any("Finish the run that was interrupted" in line for line in at.shown())
        await at.press("enter")
        await at.until(lambda: ("run", ("1.03",), None, False, 2) in board.records)


async def test_a_run_shows_the_command_that_does_the_same(fresh: fake.FakeBoard) -> None:
    async with driving(fresh) as at:
        await at.go("1.03")
        assert at.app.main.status.command == "tracker run 1.03"
        await at.press("r")
        await at.until_screen("RunDialog")
        dialog = at.app.screen
        assert isinstance(dialog, RunDialog)
        await at.press("plus")
        assert any("tracker run 1.03 --jobs 3" in line for line in at.shown())


async def test_a_failing_plan_is_told_in_a_dialog_that_can_be_copied(fresh: fake.FakeBoard) -> None:
    def script(observer: Observer, _cancelled: threading.Event) -> fake.Ran:
        for step in fake.steps("1.03", fails="the port answered"):
            observer(step)
        return fake.Ran(failed={"1.03": "AUTH-1030 failed: the port answered"}, exit_code=1)

    fresh.script = script
    async with driving(fresh) as at:
        await at.go("1.03")
        await at.press("r")
        await at.until_screen("RunDialog")
        await at.press("enter")
        await at.until_screen("ErrorScreen")
        assert "the port answered" in at.text()
        await at.press("y")
        assert "1.03: AUTH-1030 failed: the port answered" in at.app.clipboard
        await at.press("escape")
        await at.until_screen("MainScreen")
        assert "1 plan failed" in at.said
        assert at.app.snapshot.plan("1.03").status == sn.PENDING
        await at.press("2")
        red = [check for check in at.app.main.query_one(CheckRows).rows if check.outcome == sn.RED]
        assert [check.id for check in red] == ["AUTH-1030", "AUTH-1031", "AUTH-1032"]


async def test_cancel_in_mid_run_keeps_what_has_landed(fresh: fake.FakeBoard) -> None:
    fresh.script = fake.until_cancelled
    async with driving(fresh) as at:
        await at.press("R")
        await at.until_screen("RunDialog")
        await at.press("enter")
        await at.until(lambda: at.app.run_view is not None and at.app.run_view.at_work("1.02"))
        assert any("implementing" in line for line in at.shown())
        await at.press("r")
        assert "a run is going on" in at.said
        await at.press("q")
        await at.until_screen("Confirm")
        await at.press("escape")
        await at.press("c")
        await at.until_said("cancelled: 1 plan landed")
        assert "what has landed stays" in at.said
        assert at.app.stop_run is None


async def test_a_crash_of_the_worker_is_told_and_the_screen_lives(
    fresh: fake.FakeBoard, tmp_path: Path
) -> None:
    fresh.crash = RuntimeError("boom \x1b[31m")
    async with driving(fresh) as at:
        await at.go("1.03")
        await at.press("r")
        await at.until_screen("RunDialog")
        await at.press("enter")
        await at.until_screen("ErrorScreen")
        assert "RuntimeError: boom" in at.text()
        assert "Traceback" not in at.text()
        assert "Traceback" in (tmp_path / "tui-error.log").read_text()
        await at.press("escape")
        fresh.crash = None
        await at.press("r")
        await at.until_screen("RunDialog")
        await at.press("enter")
        await at.until_said("1 plan landed")


async def test_verify_and_its_red_checks(board: fake.FakeBoard) -> None:
    async with driving(board) as at:
        await at.go("1.05")
        await at.press("v")
        await at.until_said("verified: score")
        assert ("verify", ("1.05",)) in board.records
        assert at.app.main.details.active == "checks"
        board.verify_red = ("AUTH-1050",)
        await at.press("V")
        await at.until_said("red: AUTH-1050")
        assert ("verify", ()) in board.records


async def test_done_refused_names_the_check_and_the_way_out(board: fake.FakeBoard) -> None:
    board.verify_red = ("AUTH-2060",)
    async with driving(board) as at:
        await at.go("2.06")
        await at.press("d")
        await at.until_screen("ErrorScreen")
        assert "AUTH-2060 failed: the port answered" in at.text()
        assert "--because" in at.text()
        await at.press("escape")
        assert at.app.snapshot.plan("2.06").status == sn.PENDING
        board.verify_red = ()
        await at.press("d")
        await at.until_said("2.06 is done, its checks passed")


async def test_done_by_word_needs_a_reason(board: fake.FakeBoard) -> None:
    async with driving(board) as at:
        await at.go("2.06")
        await at.press("w")
        await at.until_screen("Prompt")
        await at.press("enter")
        assert any("It needs words." in line for line in at.shown())
        await at.type("seen by Ada")
        assert any("--because 'seen by Ada'" in line for line in at.shown())
        await at.press("enter")
        await at.until_said("2.06 is done by word")
        assert at.app.snapshot.plan("2.06").proof == sn.UNPROVEN
        assert any("unproven" in line and "2.06" in line for line in at.shown())


async def test_defer_a_plan_then_reopen_it(board: fake.FakeBoard) -> None:
    async with driving(board) as at:
        await at.go("2.06")
        await at.press("z")
        await at.until_screen("Prompt")
        await at.type("later")
        await at.press("enter")
        await at.until_said("2.06 is deferred; STATE.md regenerated")
        assert at.app.snapshot.plan("2.06").status == sn.DEFERRED
        await at.press("o")
        await at.until_said("2.06 is open again")
        await at.press("s")
        await at.until_said("2.06 is active")


async def test_defer_a_check(board: fake.FakeBoard) -> None:
    async with driving(board) as at:
        await at.go("2.06")
        await at.press("2", "tab", "down", "enter")
        assert at.app.focused is not at.app.main.details.focus_target
        assert any("z Defer" in line for line in at.shown())
        await at.press("z")
        await at.until_screen("Prompt")
        await at.type("later")
        assert any("--check AUTH-2061" in line for line in at.shown())
        await at.press("enter")
        await at.until_said("AUTH-2061 is deferred")
        assert ("defer", "2.06", "later", "AUTH-2061") in board.records


async def test_revert_asks_first(board: fake.FakeBoard) -> None:
    async with driving(board) as at:
        await at.go("1.03")
        await at.press("x")
        await at.until_screen("Confirm")
        await at.press("escape")
        await at.until_screen("MainScreen")
        assert not board.records
        await at.press("x")
        await at.until_screen("Confirm")
        await at.press("enter")
        await at.until_said("1.03 is reverted")
        assert at.app.snapshot.plan("1.03").status == sn.PENDING


async def test_link_says_what_is_wrong(board: fake.FakeBoard) -> None:
    async with driving(board) as at:
        await at.go("1.03")
        await at.press("L")
        await at.until_screen("Prompt")
        await at.type("nowhere")
        await at.press("enter")
        await at.until_screen("ErrorScreen")
        assert "no commit 'nowhere'" in at.text()


async def test_an_action_that_cannot_be_done_says_why(board: fake.FakeBoard) -> None:
    async with driving(board) as at:
        await at.go("2.02")
        await at.press("r")
        assert at.said == "Run: 2.02 waits for 2.01"
        await at.go("1.09")
        await at.press("r")
        assert "carried out by a person" in at.said
        await at.press("x")
        assert "only a plan that landed can be reverted" in at.said
        await at.press("c")
        assert "nothing is running" in at.said
        assert not board.records


async def test_trust_is_asked_before_anything_executes(fresh: fake.FakeBoard) -> None:
    fresh.trust_given = False
    async with driving(fresh) as at:
        await at.go("1.03")
        await at.press("r")
        await at.until_screen("Trust")
        assert "plans/1.03/implementation.py" in at.text()
        await at.press("escape")
        await at.until_said("not trusted: nothing was executed")
        assert not fresh.records
        await at.press("r")
        await at.until_screen("Trust")
        await at.press("enter")
        await at.until_screen("RunDialog")
        assert fresh.trust_given


async def test_a_held_lock_is_told(fresh: fake.FakeBoard) -> None:
    fresh.crash = Locked("another tracker is at work here (process 7)", hint="Wait for it.")
    async with driving(fresh) as at:
        await at.press("V")
        await at.until_screen("ErrorScreen")
        assert "process 7" in at.text()


async def test_edit_opens_the_file_at_the_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    board = fake.FakeBoard(fake.failed(), tmp_path)
    path = tmp_path / "plans/02-enhancements/02-session-management/PLAN.md"
    path.parent.mkdir(parents=True)
    path.write_text("---\ntitle: Session Management\nsummary: tokens\ndepend_on: [2.01]\n---\n")
    tool = tmp_path / "nano"
    tool.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/said\n')
    tool.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(tool))
    monkeypatch.delenv("VISUAL", raising=False)
    async with driving(board) as at:
        monkeypatch.setattr(at.app, "suspend", nullcontext)
        await at.press("home")
        await at.until(lambda: "depend_on: [2.01]" in at.text(), what="the broken lines")
        assert "unknown key 'depend_on'" in at.text()
        await at.press("e")
        await at.until((tmp_path / "said").exists)
        assert (tmp_path / "said").read_text().split() == ["+4", str(path)]


async def test_set_up_in_an_empty_repository(tmp_path: Path) -> None:
    board = fake.FakeBoard(fake.empty(), tmp_path, native=False)
    async with driving(board) as at:
        assert any("There are no plans here yet" in line for line in at.shown())
        await at.press("r")
        assert "i sets them up" in at.said

        def make(_root: Path) -> None:
            board.native = True
            board.state = fake.fresh()

        at.app.make = make
        await at.press("i")
        await at.until_screen("Confirm")
        await at.press("enter")
        await at.until_said("plans/ is set up")
        assert any("1.01 Auth Hardening" in line for line in at.shown())


async def test_import_says_what_it_makes_and_asks(tmp_path: Path) -> None:
    board = fake.FakeBoard(fake.normal(), tmp_path, native=False)
    asked: list[bool] = []

    def take_over(_root: Path, dry: bool) -> fake.Taken:
        asked.append(dry)
        board.native = not dry
        return fake.Taken()

    async with driving(board) as at:
        at.app.take_over = take_over
        await at.press("d")
        assert "I imports them" in at.said
        await at.press("I")
        await at.until_screen("Confirm")
        assert "18 plans" in at.text()
        assert asked == [True]
        await at.press("enter")
        await at.until_said("18 plans imported")
        assert asked == [True, False]
        await at.press("I")
        assert "has its plans already" in at.said
