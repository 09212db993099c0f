"""The screens over a real repository and the real service."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.project import SampleProject
from tests.tui.conftest import driving
from tests.tui.first_paint import DRAWN, Terminal
from tracker.model import snapshot as sn
from tracker.service import Service
from tracker.tui.screenshots import Shot, picture

LEAVES_ALTERNATE_SCREEN = b"\x1b[?1049l"

STATE = """
    # PROJECT STATE

    **Project:** Theirs
    **Current Phase:** 1 - Core

    ## 📊 Overall Progress

    | Phase | Status | Progress | Score Impact |
    |-------|--------|----------|--------------|
    | Phase 1: Core | 🚧 IN PROGRESS | 1/2 plans | +1 points |

    ## 🚀 Current Phase: Phase 1

    ### Completed Plans ✅
    1. **Plan 01:** Doors ✅

    ### Pending Plans ⏳
    2. **Plan 02:** Windows (glass)
"""


WAITS = """
    import pathlib, time
    from tracker.api import check

    @check("{check}")
    def test_waits(codebase):
        end = time.monotonic() + 30
        while not pathlib.Path("%s").exists() and time.monotonic() < end:
            time.sleep(0.02)
"""


async def test_run_lands_and_state_changes_on_disk(sample: SampleProject) -> None:
    root = sample.root

    def connect() -> Service:
        return Service.open(root)

    async with driving(None, connect=connect) as at:
        await at.go("1.01")
        await at.press("r")
        await at.until_screen("RunDialog")
        await at.press("enter")
        await at.until_said(
            "1 plan landed",
        )
        assert at.app.snapshot.plan("1.01").proof == sn.VERIFIED
        assert "alpha = True" in (root / "app/main.py").read_text()
        before = (root / "STATE.md").read_text()
        assert "Alpha" in before or "alpha" in before
        assert "Plan: 1.01" in sample.git("log", "-3", "--format=%B")
        await at.press("3")
        await at.until(lambda: any("trailer" in line for line in at.shown()), what="the commit of the plan")
        await at.press("4")
        await at.until(lambda: "landed" in at.text())
        await at.go("1.03")
        await at.press("z")
        await at.until_screen("Prompt")
        await at.type("not now")
        await at.press("enter")
        await at.until_said("1.03 is deferred; STATE.md regenerated")
        deferred = (root / "STATE.md").read_text()
        assert deferred != before
        await at.press("u")
        await at.until_said("taken back: 1.03: deferred: not now")
        assert (root / "STATE.md").read_text() == before
        await at.go("1.02")
        await at.press("w")
        await at.until_screen("Prompt")
        await at.type("Ada saw it")
        await at.press("enter")
        await at.until_said("1.02 is done by word")
        assert at.app.snapshot.plan("1.02").proof == sn.UNPROVEN


async def test_verify_records_the_score_and_revert_takes_the_code_back(sample: SampleProject) -> None:
    async with driving(None, connect=lambda: Service.open(sample.root)) as at:
        await at.go("1.03")
        await at.press("r")
        await at.until_screen("RunDialog")
        await at.press("enter")
        await at.until_said("1 plan landed")
        assert (sample.root / "app/gamma.py").exists()
        await at.press("V")
        await at.until_said("verified: score")
        assert at.app.snapshot.score is not None
        assert at.app.snapshot.score.measured
        await at.go("1.03")
        await at.press("x")
        await at.until_screen("Confirm")
        await at.press("enter")
        await at.until_said("1.03 is reverted")
        assert at.app.snapshot.plan("1.03").status == sn.PENDING
        assert not (sample.root / "app/gamma.py").exists()


async def test_done_is_refused_with_the_red_check(sample: SampleProject) -> None:
    async with driving(None, connect=lambda: Service.open(sample.root)) as at:
        await at.go("1.03")
        await at.press("d")
        await at.until_screen("ErrorScreen")
        assert "GAMMA-01" in at.text()
        assert at.app.snapshot.plan("1.03").status == sn.PENDING


async def test_a_failing_plan_leaves_nothing(sample: SampleProject) -> None:
    sample.write(
        {
            "plans/01-first/03-gamma/implementation.py": "def implement(codebase):\n    raise RuntimeError('boom')\n"
        }
    )
    sample.commit()
    async with driving(None, connect=lambda: Service.open(sample.root)) as at:
        await at.go("1.03")
        await at.press("r")
        await at.until_screen("RunDialog")
        await at.press("enter")
        await at.until_screen("ErrorScreen")
        assert "1.03" in at.text()
        assert at.app.snapshot.plan("1.03").status == sn.PENDING
        assert not (sample.root / "app/gamma.py").exists()


async def test_cancel_in_mid_run_loses_nothing(sample: SampleProject) -> None:
    sample.write(
        {
            "plans/01-first/03-gamma/implementation.py": """
            import time

            def implement(codebase):
                print("at work", flush=True)
                time.sleep(60)
            """
        }
    )
    sample.commit()
    async with driving(None, connect=lambda: Service.open(sample.root)) as at:
        await at.go("1.03")
        await at.press("r")
        await at.until_screen("RunDialog")
        await at.press("enter")
        await at.until(lambda: "at work" in at.text(), what="the output of the plan")
        await at.press("c")
        await at.until(lambda: at.app.stop_run is None)
        assert at.app.snapshot.plan("1.03").status == sn.PENDING
        assert Service.open(sample.root).live() is None
    assert sample.git("status", "--porcelain", "app", "plans") == ""


async def test_a_verification_in_another_process_is_seen_live(project: SampleProject, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    project.base()
    project.plan(1, "alpha", verify=WAITS % gate)
    project.commit()
    async with driving(None, connect=lambda: Service.open(project.root)) as at:
        await at.go("1.01")
        await at.press("2")
        child = subprocess.Popen(  # noqa: ASYNC220 - it only starts
            [sys.executable, "-m", "tracker", "verify"], cwd=project.root, stdout=subprocess.DEVNULL
        )
        try:
            await at.until_said("a verification is going on in another terminal")
            await at.until(lambda: any("verifying" in line and "1.01" in line for line in at.shown()))
        finally:
            gate.touch()
            child.wait(30)
        await at.until_said("the verification in another terminal has ended: 2 passed")
        assert at.app.snapshot.plan("1.01").checks[0].outcome == sn.PASSED


async def test_somebody_elses_document_is_shown_and_imported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = SampleProject(tmp_path / "theirs", capsys)
    theirs.write({"STATE.md": STATE})
    theirs.commit()
    async with driving(None, connect=lambda: Service.open(theirs.root)) as at:
        assert any("1.01" in line and "unproven" in line for line in at.shown())
        assert any("Told by" in line and "STATE.md" in line for line in at.shown())
        await at.press("I")
        await at.until_screen("Confirm")
        await at.press("enter")
        await at.until_said("imported")
        assert at.app.board.native
        assert (theirs.root / "plans/project.yaml").exists()
        await at.go("1.02")
        await at.press("s")
        await at.until_said("1.02 is active")


async def test_editing_a_plan_is_seen(sample: SampleProject) -> None:
    path = next(sample.root.glob("plans/01-first/03-*/PLAN.md"))
    async with driving(None, connect=lambda: Service.open(sample.root)) as at:
        await at.until(lambda: any(thread.name == "watch" for thread in threading.enumerate()))
        text = path.read_text()
        assert "adds gamma" in text
        for attempt in range(100):
            path.write_text(text.replace("adds gamma", f"words {attempt}"))
            if "words" in at.app.snapshot.plan("1.03").summary:
                break
            await at.pilot.pause(0.2)
        assert "words" in at.app.snapshot.plan("1.03").summary
        path.write_text(text.replace("---\n", "---\nsumary: x\n", 1))
        await at.until(lambda: at.app.main.plan_tree.rows[0].kind == "fault", what="the red row")
        await at.press("home")
        await at.until(lambda: "sumary" in at.text())


async def test_a_picture_is_the_same_twice(sample: SampleProject, tmp_path: Path) -> None:
    shots = [await picture(sample.root, Shot("main"), tmp_path) for _ in range(2)]
    assert shots[0] == shots[1]
    assert "</svg>" in shots[0]


def test_importing_the_application_loads_nothing_heavy() -> None:
    heavy = (
        "git",
        "sqlmodel",
        "sqlalchemy",
        "yaml",
        "watchfiles",
        "markdown_it",
        "rich.markdown",
        "pygments",
        "libcst",
    )
    code = f"import sys, tracker.tui.app, tracker.tui.screens.main; print([n for n in {heavy!r} if n in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_a_fault_of_the_screen_ends_it_with_a_sentence_and_code_3(
    sample: SampleProject, tmp_path: Path
) -> None:
    code = """
import pathlib, sys
from tracker.tui import app, header
def broken(*_arguments, **_named): raise KeyError("boom")
header.score_line = broken
sys.exit(app.run(pathlib.Path(sys.argv[1])))
"""
    with Terminal.open(sample.root, code=code) as terminal:
        assert terminal.close() == 3
        text = terminal.written.decode("utf-8", "replace")
    assert "A fault in tracker itself: KeyError: 'boom'" in text
    assert "Traceback" not in text


SLEEPS = """
    import time

    def implement(codebase):
        print("at work", flush=True)
        time.sleep(60)
    """


@pytest.mark.parametrize("end", ["hang-up", "term", "hup"])
def test_it_leaves_when_its_terminal_is_gone_or_it_is_told_to(sample: SampleProject, end: str) -> None:
    sample.write({"plans/01-first/03-gamma/implementation.py": SLEEPS})
    sample.commit()
    with Terminal.open(sample.root) as terminal:
        assert terminal.until(DRAWN)
        terminal.send(b":")
        assert terminal.until(b"A plan, phase or check")
        terminal.send(b"1.03\r")
        assert terminal.until(b"tracker run 1.03")
        terminal.send(b"r")
        assert terminal.until(b"Wave 1")
        terminal.send(b"\r")
        assert terminal.until(b"at work")
        if end == "hang-up":
            assert terminal.hang_up() == 128 + signal.SIGHUP
        else:
            number = signal.SIGTERM if end == "term" else signal.SIGHUP
            terminal.process.send_signal(number)
            assert terminal.close() == 128 + number
            assert LEAVES_ALTERNATE_SCREEN in terminal.written
            assert b"Traceback" not in terminal.written
    service = Service.open(sample.root)
    assert (service.live(), service.interrupted()) == (None, "")
    assert sample.git("status", "--porcelain", "app", "plans") == ""


def test_on_a_real_terminal_choose_run_land_note_undo_filter_quit(sample: SampleProject) -> None:
    with Terminal.open(sample.root) as terminal:
        assert terminal.until(DRAWN)
        assert b"Sample" in terminal.written
        terminal.send(b":")
        assert terminal.until(b"A plan, phase or check")
        terminal.send(b"1.03\r")
        assert terminal.until(b"tracker run 1.03")
        terminal.send(b"r")
        assert terminal.until(b"Wave 1")
        terminal.send(b"\r")
        assert terminal.until(b"1 plan landed")
        assert (sample.root / "app/gamma.py").exists()
        landed = (sample.root / "STATE.md").read_text()
        assert "Gamma" in landed
        terminal.send(b"n")
        assert terminal.until(b"What is to be remembered?")
        terminal.send(b"ask Bob\r")
        assert terminal.until(b"noted to 1.03; STATE.md regenerated")
        assert (sample.root / "STATE.md").read_text() != landed
        terminal.send(b"u")
        assert terminal.until(b"taken back: 1.03: ask Bob")
        assert (sample.root / "STATE.md").read_text() == landed
        terminal.send(b"/")
        assert terminal.until(b"filter: words of title")
        terminal.send(b"gam")
        assert terminal.until("1 plan for “gam”".encode())
        terminal.written = b""
        terminal.send(b"\r")
        assert terminal.until(b"Undo")
        terminal.send(b"q")
        assert terminal.close() == 0
        assert LEAVES_ALTERNATE_SCREEN in terminal.written
        assert '"ask Bob"' in (sample.root / "plans/journal.jsonl").read_text()
