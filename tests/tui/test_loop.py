"""The event loop is never held up: the service is asked in threads, and no step of the screen is long."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.tui import fake
from tests.tui.conftest import driving

LIMIT = 0.050
"""Seconds of processor time that one step of the loop may take."""


@contextmanager
def steps_of_the_loop() -> Iterator[list[tuple[float, str]]]:
    """Every callback that the loop runs, with the processor time of the loop's thread that it took."""
    taken: list[tuple[float, str]] = []
    run = asyncio.Handle._run

    def measured(handle: Any) -> None:
        start = time.thread_time()
        run(handle)
        taken.append((time.thread_time() - start, repr(handle)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio.Handle, "_run", measured)
        yield taken


KEYS = (
    "down", "pagedown", "up", "2", "tab", "down", "3", "4", "5", "1", "escape", "left", "right", "t", "t", "t",
    "n", "escape", "z", "escape", "w", "escape", "colon", "escape", "W", "escape", "S", "escape", "C", "escape",
    "question_mark", "escape", "T", "T", "v", "y", "r", "escape", "slash", "a", "u", "escape",
)  # fmt: skip


async def press_all(board: fake.FakeBoard) -> list[tuple[float, str]]:
    async with driving(board) as at:
        await at.pilot.pause(0.2)
        with steps_of_the_loop() as taken:
            for key in KEYS:
                await at.press(key)
            await at.pilot.pause(0.2)
    return taken


@pytest.mark.parametrize("state", ["normal", "large"])
async def test_no_action_takes_the_loop_more_than_50_ms(state: str, tmp_path: Path) -> None:
    worst = min(
        [max(await press_all(fake.FakeBoard(getattr(fake, state)(), tmp_path))) for _ in range(2)],
        key=lambda step: step[0],
    )
    assert worst[0] < LIMIT, worst


async def test_the_service_is_asked_in_threads_only(board: fake.FakeBoard) -> None:
    async with driving(board) as at:
        board.calls.clear()

        def called(name: str) -> bool:
            return name in {call for call, _ in board.calls}

        for key, name in (
            ("3", "commits"),
            ("5", "log"),
            ("1", "body"),
            ("S", "state_text"),
            ("R", "plan_run"),
        ):
            await at.press(key)
            await at.until(partial(called, name), what=name)
        await at.until_screen("RunDialog")
        await at.press("escape", "v")
        await at.until_said("verified")
        await at.press("n")
        await at.until_screen("Prompt")
        await at.type("x")
        await at.press("enter")
        await at.until_said("noted")
    loop = threading.main_thread().name
    assert {name for name, _ in board.calls} >= {"note", "verify", "snapshot"}
    assert [name for name, thread in board.calls if thread == loop] == []


async def test_a_slow_service_does_not_stop_the_keys(board: fake.FakeBoard) -> None:
    async with driving(board) as at:
        board.delay = 0.5
        await at.press("5", "3")
        start = time.thread_time()
        await at.press("down", "down", "up")
        assert time.thread_time() - start < 0.5
        assert at.selected == "2.02"
        board.delay = 0


async def test_a_flood_of_output_is_taken_in_and_shown_at_the_end(fresh: fake.FakeBoard) -> None:
    from tracker.model import progress as pr
    from tracker.model.progress import Observer, Progress

    def script(observer: Observer, _cancelled: threading.Event) -> fake.Ran:
        for number in range(30_000):
            observer(Progress(pr.OUTPUT, "1.03", f"line {number}"))
        observer(Progress(pr.RUN_FINISHED, "", "finished"))
        return fake.Ran()

    fresh.script = script
    async with driving(fresh) as at:
        await at.go("1.03")
        await at.press("r")
        await at.until_screen("RunDialog")
        await at.press("enter")
        await at.until_said("nothing to do")
        assert at.text().splitlines()[-1].strip() == "line 29999"


async def test_five_thousand_plans_scroll_and_filter(tmp_path: Path) -> None:
    async with driving(fake.FakeBoard(fake.large(), tmp_path)) as at:
        tree = at.app.main.plan_tree
        assert at.selected == "40.21"
        tree.folded = frozenset()
        tree.rebuild()
        assert len(tree.rows) == 5_000 + 100 + 1
        start = time.thread_time()
        for key in ("end", "home", "pagedown", "pagedown", "end"):
            await at.press(key)
        scrolling = time.thread_time() - start
        assert at.selected == "100.50"
        await at.press("slash")
        start = time.thread_time()
        await at.type("100-50")
        filtering = time.thread_time() - start
        assert [row.key for row in tree.rows if row.plan] == ["100.50"]
        assert scrolling < 1
        assert filtering < 1.5
