"""Outside text is harmless on the screen."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui import fake
from tests.tui.conftest import driving
from tracker.tui import richmd
from tracker.tui.palette import palette
from tracker.tui.text import block, lines, one_line

BIDI = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F)}
HOSTILE = st.text(
    alphabet=st.one_of(
        st.characters(), st.sampled_from("\x1b\x9b\x9d\x07\r\n\t[]0;31mK\\\u202e\u2066\x7f\x00")
    ),
    max_size=60,
)


@given(HOSTILE)
def test_no_control_character_is_left(text: str) -> None:
    for line in (*lines(text), one_line(text)):
        assert not [char for char in line if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")]
        assert not set(line) & BIDI
        line.encode("utf-8")


@given(HOSTILE)
def test_safe_text_stays_as_it_is(text: str) -> None:
    assert block(block(text)) == block(text)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b2Jgone", "gone"),
        ("\x1bP1;2|payload\x1b\\rest", "rest"),
        (" 10%\r 50%\r100%", "100%"),
        ("a\tb", "a   b"),
        ("a\x00b", "a�b"),
        ("[bold]not markup[/bold]", "[bold]not markup[/bold]"),
    ],
)
def test_known_sequences(raw: str, shown: str) -> None:
    assert lines(raw) == [shown]


def test_markdown_carries_no_sequences_and_no_markup() -> None:
    found = richmd.render("# T\n\n[red]x[/red] \x1b[2J `\x1b]0;y\x07`\n\n- a\n", 60, palette("tracker-dark"))
    text = "\n".join(line.plain for line in found)
    assert "\x1b" not in text
    assert "[red]x[/red]" in text


async def test_hostile_names_reach_no_terminal(tmp_path: Path) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J[red]x[/red]\x07"
    plans = [fake.plan("1", 1, evil, summary=evil, reason=evil), fake.plan("1", 2, "[bold]")]
    state = fake.snapshot(
        [fake.phase("1", evil, plans, goal=evil)], name=evil, goal=evil, faults=(f"a.md:1:1: {evil}",)
    )
    async with driving(fake.FakeBoard(state, tmp_path)) as at:
        for key in ("home", "2", "3", "4", "5", "1"):
            await at.press(key)
            shown = "\n".join(at.shown())
            assert "\x1b" not in shown
            assert "\x07" not in shown
        await at.go("1.02")
        assert any("1.02 [bold]" in line for line in at.shown())
        await at.go("1.01")
        assert any("1.01 [red]x[/red]" in line for line in at.shown())
