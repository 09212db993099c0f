"""Finding, moving, screens, copying, remembering."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui import fake
from tests.tui.conftest import driving
from tracker.model import snapshot as sn
from tracker.tui import listing, palette
from tracker.tui.panes import ChangeRows
from tracker.tui.prefs import Prefs, load, save


async def test_filter_as_you_type_then_escape_keeps_the_cursor(board: fake.FakeBoard) -> None:
    async with driving(board) as at:
        await at.go("1.08")
        await at.press("slash")
        await at.type("tools")
        assert [row.key for row in at.app.main.plan_tree.rows] == ["phase:1", "1.08"]
        assert at.selected == "1.08"
        await at.press("escape")
        assert len(at.app.main.plan_tree.rows) == 21
        assert at.selected == "1.08"
        await at.press("slash")
        await at.type("unproven")
        assert [row.key for row in at.app.main.plan_tree.rows if row.plan] == ["1.09"]


async def test_filter_goes_to_the_first_match_and_escape_back(board: fake.FakeBoard) -> None:
    async with driving(board) as at:
        await at.go("1.08")
        await at.press("slash")
        await at.type("hardening")
        assert at.selected == "1.01"
        await at.press("escape")
        assert at.selected == "1.08"
        await at.press("slash")
        await at.type("hardening")
        await at.press("enter", "down", "down", "escape")
        assert at.selected == "2.07"


async def test_filter_finds_a_check(board: fake.FakeBoard) -> None:
    async with driving(board) as at:
        await at.press("slash")
        await at.type("auth-1031")
        assert [row.key for row in at.app.main.plan_tree.rows if row.plan] == ["1.03"]


async def test_sort_puts_what_needs_a_hand_first(board: fake.FakeBoard) -> None:
    async with driving(board) as at:
        await at.press("t")
        await at.until_said("by status")
        phase_two = [row.key for row in at.app.main.plan_tree.rows if row.key.startswith("2.")]
        assert phase_two[0] == "2.01"
        assert phase_two[-1] == "2.05"


@pytest.mark.parametrize(
    ("typed", "key"), [("2.3", "2.03"), ("phase 1", "phase:1"), ("network", "2.03"), ("auth-1031", "1.03")]
)
async def test_jump(board: fake.FakeBoard, typed: str, key: str) -> None:
    async with driving(board) as at:
        await at.press("colon")
        await at.until_screen("Prompt")
        await at.type(typed)
        await at.press("enter")
        await at.until(lambda: at.selected == key, what=key)


def test_jump_tells_a_decimal_phase_from_a_plan() -> None:
    numbers = {"28": ("28.01", "28.03"), "28.2": ("28.2.01",)}
    phases = tuple(
        sn.PhaseState(
            number, "A phase", plans=tuple(sn.PlanState(ref, "A plan", number, ref) for ref in refs)
        )
        for number, refs in numbers.items()
    )
    state = sn.Snapshot("Shop", phases=phases)
    assert listing.jump("28.2", state) == "phase:28.2"
    assert listing.jump("phase 28.2", state) == "phase:28.2"
    assert listing.jump("28.3", state) == "28.03"
    assert listing.jump("28.2.1", state) == "28.2.01"


async def test_jump_to_nothing_says_so(board: fake.FakeBoard) -> None:
    async with driving(board) as at:
        await at.press("colon")
        await at.until_screen("Prompt")
        await at.type("zzz")
        await at.press("enter")
        await at.until_said("nothing here is called")


async def test_the_cursor_stays_on_a_commit_while_everything_is_read_anew(board: fake.FakeBoard) -> None:
    async with driving(board) as at:
        await at.go("1.03")
        await at.press("3", "tab")
        await at.until(lambda: any("c0ffee123" in line for line in at.shown()), what="the commit")
        await at.press("end")
        pane = at.app.main.query_one(ChangeRows)
        assert pane.row is not None and pane.row.commit
        at.app.main.show_snapshot()
        assert pane.row is not None and pane.row.commit
        await at.go("2.06")
        assert not any(row.commit for row in pane.rows)


async def test_from_plan_to_commit_to_diff_and_back(board: fake.FakeBoard) -> None:
    async with driving(board) as at:
        await at.go("1.03")
        await at.press("3")
        await at.until(lambda: any("c0ffee123" in line for line in at.shown()), what="the commit")
        await at.press("tab", "end", "enter")
        await at.until_screen("DiffScreen")
        await at.until(lambda: "+mode = 0o600" in at.text())
        await at.press("escape")
        await at.until_screen("MainScreen")
        await at.press("escape")
        assert at.app.focused is at.app.main.plan_tree


async def test_from_an_event_to_its_plan(board: fake.FakeBoard) -> None:
    async with driving(board) as at:
        await at.go("project")
        await at.press("5")
        await at.until(lambda: any("started" in line for line in at.shown()), what="the events")
        await at.press("tab", "end", "enter")
        await at.until(lambda: at.selected == "1.01")


@pytest.mark.parametrize(
    ("key", "screen", "words"),
    [
        ("W", "WavesScreen", "Critical path"),
        ("S", "StateScreen", "PROJECT STATE"),
        ("C", "ChartsScreen", "Plans left: 8 of 18"),
        ("question_mark", "HelpScreen", "tracker run 2.01"),
    ],
)
async def test_screens_open_by_key_and_close(
    board: fake.FakeBoard, key: str, screen: str, words: str
) -> None:
    async with driving(board) as at:
        await at.press(key)
        await at.until_screen(screen)
        await at.until(lambda: any(words in line for line in at.shown()), what=words)
        await at.press("escape")
        await at.until_screen("MainScreen")


async def test_state_screen_shows_the_difference_and_regenerates(board: fake.FakeBoard) -> None:
    async with driving(board) as at:
        await at.press("S")
        await at.until_screen("StateScreen")
        await at.press("d")
        await at.until(lambda: "+**Completed:** 10" in at.text())
        await at.press("w")
        await at.until(lambda: ("write_state",) in board.records)
        await at.until_said("STATE.md regenerated")


async def test_waves_lead_to_the_plan(board: fake.FakeBoard) -> None:
    async with driving(board) as at:
        await at.press("W")
        await at.until_screen("WavesScreen")
        await at.press("end", "enter")
        await at.until(lambda: at.selected == "2.08")


async def test_audit_is_there_only_where_the_board_can(board: fake.FakeBoard, tmp_path: Path) -> None:
    async with driving(board) as at:
        await at.press("A")
        assert "no audit" in at.said
    async with driving(fake.AuditingBoard(fake.normal(), tmp_path)) as at:
        await at.press("A")
        await at.until_screen("AuditScreen")
        await at.until(lambda: any("contradicted" in line for line in at.shown()))
        assert any("STATE.md:12" in line for line in at.shown())


async def test_copy_row_text_and_command(board: fake.FakeBoard) -> None:
    async with driving(board) as at:
        await at.go("1.03")
        await at.press("y")
        await at.until_said("copied")
        assert "1.03 File Permissions" in at.app.clipboard
        await at.press("Y")
        await at.until(lambda: at.app.clipboard == "tracker show 1.03")


async def test_what_is_shown_is_remembered(board: fake.FakeBoard) -> None:
    async with driving(board) as at:
        await at.go("1.07")
        await at.press("2", "T")
        await at.until(lambda: at.app.theme == palette.LIGHT.name)
        await at.press("q")
        await at.until(lambda: not at.app.is_running)
    async with driving(board) as at:
        assert at.selected == "1.07"
        assert at.app.main.details.active == "checks"
        assert at.app.theme == palette.LIGHT.name


def test_damaged_or_newer_memory_is_the_beginning(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "ui.json"
    save(path, Prefs(tab="log", folded=("1",), jobs=4))
    assert load(path) == Prefs(tab="log", folded=("1",), jobs=4)
    for text in ("{", "[]", '{"version": 2, "tab": "log"}', '{"version": 1, "tab": 7, "jobs": "x"}'):
        path.write_text(text)
        assert load(path) == Prefs()


async def test_narrow_and_wide(board: fake.FakeBoard) -> None:
    async with driving(board, (80, 24)) as at:
        tree, tabs = at.app.main.tree_pane.region, at.app.main.details.region
        assert tree.bottom <= tabs.y
        assert tree.width == tabs.width == 80
        await at.press("tab")
        await at.until(lambda: at.app.main.details.region.height > at.app.main.tree_pane.region.height)
    async with driving(board, (120, 40)) as at:
        assert at.app.main.tree_pane.region.right <= at.app.main.details.region.x


async def test_a_click_selects_and_a_verb_can_be_clicked(board: fake.FakeBoard) -> None:
    async with driving(board) as at:
        await at.pilot.click("#tree", offset=(10, 4))
        assert at.selected == "1.03"
        line = next(strip for strip in at.shown() if "Help" in strip)
        await at.pilot.click("#keys", offset=(line.index("Help"), 0))
        await at.until_screen("HelpScreen")


async def test_no_color_tells_by_signs(board: fake.FakeBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with driving(board) as at:
        assert at.app.no_color
        assert at.app.colours.cursor.reverse
        strips = at.app.screen._compositor.render_strips()
        colours = {
            segment.style.color.triplet
            for strip in strips
            for segment in strip
            if segment.style is not None and segment.style.color is not None and segment.style.color.triplet
        }
        assert all(len({one.red, one.green, one.blue}) == 1 for one in colours)


async def test_the_focus_is_seen_without_colours(
    board: fake.FakeBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with driving(board) as at:
        await at.go("1.03")

        def marks(words: str) -> bool:
            return any("▌" in line.partition(words)[0][-4:] for line in at.shown() if words in line)

        assert any(line.startswith("│▌") and "1.03 File" in line for line in at.shown())
        for key in ("1", "2", "3", "4", "5"):
            name = at.app.main.details.labels()[int(key) - 1][0].capitalize()
            await at.press("escape", key)
            assert not marks(name)
            await at.press("tab")
            await at.until(lambda: marks(name), what=f"the mark of {name}")  # noqa: B023 - it is awaited here
            assert not any(line.startswith("│▌") for line in at.shown())


async def test_palette_lists_every_action_with_its_command(board: fake.FakeBoard) -> None:
    async with driving(board) as at:
        commands = {command.title: command.help for command in at.app.get_system_commands(at.app.screen)}
        assert "$ tracker run 2.01" in commands["Run  (r)"]
        await at.press("ctrl+p")
        await at.until(lambda: at.app.screen.is_modal)
        await at.type("waves")
        await at.pilot.pause(0.3)
        await at.press("enter")
        await at.until_screen("WavesScreen")


@pytest.mark.parametrize("size", [(20, 6), (40, 10), (60, 15), (200, 60)])
async def test_every_size_is_survived(board: fake.FakeBoard, size: tuple[int, int]) -> None:
    async with driving(board, size) as at:
        for key in ("2", "tab", "3", "4", "5", "1", "escape", "W", "S", "C", "question_mark", "escape", "R"):
            await at.press(key)
        await at.until_screen("RunDialog")
        await at.press("escape")
        await at.pilot.resize_terminal(120, 40)
        await at.until(lambda: any("2.01 Complete Integrations" in line for line in at.shown()))
        assert at.app.main.details.region.width > 0
