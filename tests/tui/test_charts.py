"""Bars, sparks, areas, and what is drawn with them."""

from __future__ import annotations

import pytest

from tests.tui import fake
from tracker.model import snapshot as sn
from tracker.service.burndown import burn_down
from tracker.tui import gauges, palette
from tracker.tui.screens.charts import charts

COLOURS = palette.palette("tracker-dark")


@pytest.mark.parametrize(
    ("share", "drawn"),
    [(0, "────"), (0.5, "━━──"), (0.6, "━━╸─"), (0.999, "━━━╸"), (1, "━━━━"), (2, "━━━━"), (-1, "────")],
)
def test_a_bar_is_full_only_when_all_is_there(share: float, drawn: str) -> None:
    assert gauges.bar(share, 4, COLOURS).plain == drawn


def test_a_bar_marks_its_target() -> None:
    assert gauges.bar(0.5, 10, COLOURS, mark=0.9).plain == "━━━━━───┃─"


def test_an_area_has_two_values_and_four_steps_a_cell() -> None:
    assert gauges.area([0, 1], 1, 1, top=1) == ["⢸"]
    assert gauges.area([0.25, 0.5], 1, 1, top=1) == ["⣠"]
    assert gauges.area([1, 1], 2, 2, top=2) == ["  ", "⣿⣿"]
    assert gauges.area([], 3, 1, top=1) == ["   "]


def _finished(*days: str) -> sn.Snapshot:
    plans = [
        fake.plan("1", number, "A plan", sn.DONE if day else sn.PENDING, finished=day)
        for number, day in enumerate(days, 1)
    ]
    return fake.snapshot([fake.phase("1", "Core", plans)])


def test_burn_down_has_every_day_between_the_first_and_the_last() -> None:
    assert burn_down(_finished("2026-02-28", "2026-03-02", "2026-03-02", "")) == [
        ("2026-02-27", 4),
        ("2026-02-28", 3),
        ("2026-03-01", 3),
        ("2026-03-02", 1),
    ]


def test_burn_down_leaves_out_what_is_no_day() -> None:
    assert burn_down(_finished("", "")) == []
    assert burn_down(_finished("2026-02-30", "soon", "2026-03-02")) == [("2026-03-01", 3), ("2026-03-02", 2)]


@pytest.mark.parametrize("width", [40, 74, 114])
def test_charts_keep_to_their_width(width: int) -> None:
    for state in (fake.normal(), fake.fresh(), fake.empty(), fake.failed()):
        assert all(line.cell_len <= width for line in charts(state, COLOURS, width, 40))


def test_the_target_is_drawn_where_it_is() -> None:
    lines = [line.plain for line in charts(fake.normal(), COLOURS, 74, 40)]
    assert any(line.lstrip().startswith("72.9 ┤") and "╌╌╌" in line for line in lines)
