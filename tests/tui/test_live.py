"""Runs of other processes, and files that change under the screen."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path

from tests.tui import fake
from tests.tui.conftest import driving
from tracker.model import progress as pr
from tracker.model import snapshot as sn
from tracker.model.progress import Progress
from tracker.tui.live import Tail, watch
from tracker.tui.runview import KEPT, RunView, say


@dataclass(frozen=True)
class Live:
    """A run, or a verification, in another process."""

    id: str
    directory: Path
    pid: int
    kind: str = "run"


def write(directory: Path, *steps: Progress) -> None:
    """What the other process writes: events, and output into logs."""
    directory.mkdir(exist_ok=True)
    with (directory / "events.jsonl").open("a") as events:
        for step in steps:
            if step.kind == pr.OUTPUT:
                with (directory / f"{step.plan}.log").open("a") as log:
                    log.write(step.text + "\n")
            else:
                events.write(
                    json.dumps({"kind": step.kind, "plan": step.plan, "text": step.text, "data": step.data})
                    + "\n"
                )


async def test_a_run_started_elsewhere_is_seen_with_its_log(fresh: fake.FakeBoard, tmp_path: Path) -> None:
    directory = tmp_path / "run"
    async with driving(fresh) as at:
        await at.go("1.03")
        await at.press("4")
        fresh.running = Live("20260127-120000-ab12", directory, 4242)
        write(directory, *fake.steps("1.03")[:4])
        await at.until(lambda: "adding gateway/file_permissions.py" in at.text())
        assert any("in another terminal" in line for line in at.shown())
        assert any("implementing" in line and "1.03" in line for line in at.shown())
        await at.press("r")
        assert "in another terminal" in at.said
        await at.press("c")
        assert "end it where it was started" in at.said
        write(directory, *fake.steps("1.03")[4:])
        fresh._change("1.03", status=sn.DONE, proof=sn.VERIFIED)
        fresh.running = None
        await at.until_said("the run in another terminal has ended: 1 landed")
        assert at.app.snapshot.plan("1.03").status == sn.DONE
        assert "landed: File Permissions" in at.text()


async def test_a_verification_started_elsewhere_is_seen_with_its_outcomes(
    fresh: fake.FakeBoard, tmp_path: Path
) -> None:
    directory = tmp_path / "verify"
    steps = fake.steps("1.03")[6:10]
    async with driving(fresh) as at:
        await at.go("1.03")
        await at.press("2")
        fresh.running = Live("20260127-120000-ab12", directory, 4242, "verify")
        write(directory, *steps[:2])
        await at.until(
            lambda: any(
                "a verification is going on in another terminal: 1 passed" in line for line in at.shown()
            )
        )
        assert any("AUTH-1030" in line and "✔" in line for line in at.shown())
        await at.press("V")
        assert "a verification is going on in another terminal" in at.said
        write(directory, *steps[2:])
        fresh.running = None
        await at.until_said("the verification in another terminal has ended: 3 passed")


def test_a_tail_reads_whole_lines_once_and_survives_nonsense(tmp_path: Path) -> None:
    tail = Tail(tmp_path)
    assert tail.read() == []
    events = tmp_path / "events.jsonl"
    events.write_text('{"kind": "wave", "plan": "", "text": "1.01"}\nnonsense\n[]\n{"kind": "lan')
    (tmp_path / "1.01.log").write_bytes(b"one\ntw")
    first = tail.read()
    assert [(step.kind, step.text) for step in first] == [("wave", "1.01"), ("output", "one")]
    with events.open("a") as file:
        file.write('ded", "plan": "1.01"}\n')
    with (tmp_path / "1.01.log").open("ab") as file:
        file.write(b"o\n")
    assert [(step.kind, step.text) for step in tail.read()] == [("landed", ""), ("output", "two")]
    assert tail.read() == []


def test_watching_tells_of_a_saved_file(tmp_path: Path) -> None:
    plan = tmp_path / "PLAN.md"
    plan.write_text("a")
    told, stop = threading.Event(), threading.Event()
    thread = threading.Thread(target=watch, args=([tmp_path], stop, told.set))
    thread.start()
    try:
        for attempt in range(200):
            plan.write_text(f"b{attempt}")
            if told.wait(0.1):
                break
        assert told.is_set()
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()


async def test_a_changed_definition_refreshes_and_the_cursor_stays(board: fake.FakeBoard) -> None:
    async with driving(board) as at:
        await at.go("1.07")
        board._change("1.07", title="Audit Everything")
        at.app.reload()
        await at.until(lambda: any("1.07 Audit Everything" in line for line in at.shown()))
        assert at.selected == "1.07"
        board.state = board.state._replace(faults=("plans/x/PLAN.md:2:3: unknown key 'a'",))
        at.app.reload()
        await at.until(lambda: any("1 broken definition" in line for line in at.shown()))
        assert at.selected == "1.07"
        assert at.app.main.plan_tree.rows[0].kind == "fault"


def test_a_run_view_folds_what_it_is_told() -> None:
    run = RunView()
    run.feed(fake.steps("1.03")[:6])
    assert run.at_work("1.03") == "implemented"
    run.feed(fake.steps("1.03")[6:])
    assert (run.states, run.going, run.at_work("1.03")) == ({"1.03": "landed"}, False, "")
    assert run.outcomes["AUTH-1030"] == "passed"
    lines, total = run.since("1.03", 0)
    assert total == len(lines) == 9
    assert run.since("1.03", total) == ([], total)


def test_a_run_view_keeps_the_newest_lines() -> None:
    run = RunView()
    run.feed(Progress(pr.OUTPUT, "1.01", str(number)) for number in range(KEPT + 10))
    lines, total = run.since("1.01", KEPT + 5)
    assert (total, [line.text for line in lines]) == (KEPT + 10, [str(KEPT + n) for n in range(5, 10)])
    assert len(run.since("1.01", 0)[0]) == KEPT


def test_steps_in_words() -> None:
    assert say(Progress(pr.SCORE, "", "", {"points": 44.5, "of": 100, "before": 40})) == "score 40 → 44.5/100"
    assert say(
        Progress(pr.CHECK, "1.01", "no port", {"check": "A-1", "outcome": "failed", "seconds": 1})
    ) == ("A-1 failed  1.00 s: no port")
    assert say(Progress(pr.WAVE, "", "1.01, 1.02", {"wave": 1, "of": 3})) == "wave 1 of 3: 1.01, 1.02"


async def test_an_interrupted_run_is_told(fresh: fake.FakeBoard) -> None:
    fresh.cut_short = "20260127-120000-ab12"
    async with driving(fresh) as at:
        await at.until_said("a run was interrupted: what landed stays, R goes on")
