"""The small version of what the long commands do."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.torture import project
from tests.torture.concurrency import crowd
from tests.torture.kill import Matrix


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Matrix:
    """Three plans, of which one is new, one changes and one deletes."""
    return Matrix(tmp_path_factory.mktemp("kill"), plans=3)


@pytest.mark.parametrize(
    "step",
    [
        "intent written",
        "index held",
        "branch moved",
        "STATE.md written",
        "working tree moved",
        "index replaced",
    ],
)
def test_a_kill_at_a_step_of_a_landing(matrix: Matrix, step: str) -> None:
    """Of the third plan: something has landed, and something is to come."""
    numbers = [number for number, name in enumerate(matrix.steps) if name == step]
    assert matrix.at_step(numbers[2]) == ""


def test_a_kill_while_the_run_closes(matrix: Matrix) -> None:
    numbers = [number for number, name in enumerate(matrix.steps) if name == "branch moved"]
    assert matrix.at_step(numbers[-1]) == ""


@pytest.mark.parametrize("part", [0.4, 0.7])
def test_a_kill_at_some_instant(matrix: Matrix, part: float) -> None:
    assert matrix.at_moment(int(part * 100), matrix.seconds * part) == ""


def _broken(root: Path) -> None:
    """The index, its log, STATE.md, a summary and the journal, each damaged."""
    (root / ".tracker/state.db").write_bytes(b"SQLite format 3\0 and then nothing")
    (root / ".tracker/state.db-wal").write_bytes(b"\x37\x7f\x06\x82" + b"\0" * 500)
    for name in ("STATE.md", "plans/01-only/01-one/SUMMARY.md"):
        text = (root / name).read_bytes()
        (root / name).write_bytes(text[: len(text) // 2])
    with (root / "plans/journal.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"id": "half')
    (root / ".tracker/landing.json").write_text("{", encoding="utf-8")


def _without_local(root: Path) -> None:
    shutil.rmtree(root / ".tracker")


@pytest.mark.parametrize("harm", [_broken, _without_local])
def test_harm_between_two_runs(matrix: Matrix, harm: Callable[[Path], None]) -> None:
    """After one plan has landed something is damaged; the next run comes to the same end."""
    steps = [number for number, name in enumerate(matrix.steps) if name == "intent removed"]

    def harmed(root: Path) -> None:
        matrix.killed_at(root, steps[0])
        harm(root)

    assert matrix.judged(f"harm{harm.__name__}", harmed) == ""


def test_a_crowd(tmp_path: Path) -> None:
    found = crowd(tmp_path / "crowd", writers=3, writes=12, readers=1)
    assert found["recorded"] == found["lines"] == 36
    assert found["noted"] == 6
    assert (found["errors"], found["torn"], found["stale"]) == ([], [], False)


def test_left_over_sees_what_is_left(matrix: Matrix, tmp_path: Path) -> None:
    """The judge itself: it has to find each kind of leftover."""
    root = tmp_path / "left"
    project.copy(matrix.home / "whole", root)
    assert project.left_over(root) == []
    (root / ".git/index.lock").touch()
    (root / ".git/worktrees/x").mkdir(parents=True)
    (root / ".tracker/worktrees/run").mkdir(parents=True)
    (root / ".STATE.md.1.new").touch()
    project.git(root, "branch", "other")
    assert len(project.left_over(root)) == 6
