"""``tracker`` without a command, where there are planning files and no git repository."""

from __future__ import annotations

from pathlib import Path

from tests.audit.samples import lighthouse
from tests.tui.first_paint import DRAWN, Terminal

COMMAND = "import sys; from tracker.cli.main import main; sys.exit(main(['-C', sys.argv[1]]))"


def test_planning_files_outside_of_git_are_opened_from_any_directory_below(tmp_path: Path) -> None:
    for name, text in lighthouse().items():
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    below = tmp_path / "src"
    below.mkdir()
    before = sorted(tmp_path.rglob("*"))
    with Terminal.open(below, code=COMMAND) as terminal:
        assert terminal.until(DRAWN)
        assert terminal.until(b"Lamp")
        terminal.send(b"q")
        assert terminal.close() == 0
    assert sorted(tmp_path.rglob("*")) == before


def test_where_there_is_nothing_to_open_it_is_said(tmp_path: Path) -> None:
    with Terminal.open(tmp_path, code=COMMAND) as terminal:
        assert terminal.close() == 2
    assert b"is not inside a git repository" in terminal.written
    assert DRAWN not in terminal.written
