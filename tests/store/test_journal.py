"""The journal: what is written is there, what is torn does not count, what is broken is placed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import TrackerError, Usage
from tracker.model import events as ev
from tracker.store import clock, journal

NOTE: tuple[str, str | None, dict[str, object]] = (ev.NOTE, None, {"text": 'ü · \u2028 "quoted"'})


def write(root: Path, count: int) -> list[ev.Event]:
    for _ in range(count):
        known, _ = journal.read(root)
        journal.append(root, journal.new_events(known, "Ada", [NOTE]))
    return journal.read(root)[0]


def test_what_is_appended_is_read(tmp_path: Path) -> None:
    events = write(tmp_path, 3)
    assert [event.data for event in events] == [NOTE[2]] * 3
    assert [event.time for event in events] == sorted(event.time for event in events)
    assert (tmp_path / journal.NAME).read_bytes().count(b"\n") == 3


@pytest.mark.parametrize("cut", [1, 5, 40, 90])
def test_a_torn_last_line_is_passed_over_and_cut(tmp_path: Path, cut: int) -> None:
    write(tmp_path, 2)
    place = tmp_path / journal.NAME
    os.truncate(place, place.stat().st_size - cut)
    events, faults = journal.read(tmp_path)
    whole = 2 if cut == 1 else 1
    assert (len(events), faults) == (whole, [])
    assert len(write(tmp_path, 1)) == whole + 1
    assert journal.read(tmp_path)[1] == []


def test_a_torn_line_longer_than_what_is_read_at_a_time(tmp_path: Path) -> None:
    write(tmp_path, 1)
    with (tmp_path / journal.NAME).open("ab") as file:
        file.write(b'{"id": "' + b"x" * (3 * 1024 * 1024))
    assert len(write(tmp_path, 1)) == 2


def test_a_union_leaves_torn_lines_out(tmp_path: Path) -> None:
    write(tmp_path, 2)
    text = (tmp_path / journal.NAME).read_bytes()
    torn = text + b'{"id": "half'
    assert journal.union(text, torn) == text
    assert journal.union(torn, text) == text
    assert journal.union(b"", text[:-1]) == text


@given(st.lists(st.integers(0, 9), max_size=12), st.lists(st.integers(0, 9), max_size=12))
def test_a_union_has_every_line_once(first: list[int], second: list[int]) -> None:
    def text(numbers: list[int]) -> bytes:
        return b"".join(b'{"n": %d}\n' % number for number in numbers)

    merged = journal.union(text(first), text([n for n in second if n not in first]))
    assert merged.startswith(text(first))
    assert set(merged.split()) == set((text(first) + text(second)).split())


def test_a_broken_line_is_placed(tmp_path: Path) -> None:
    write(tmp_path, 2)
    place = tmp_path / journal.NAME
    first, second = place.read_bytes().splitlines(keepends=True)
    place.write_bytes(first + b"<<<<<<< HEAD\n" + second + b'{"id": 1}\n' + b"{]\n")
    events, faults = journal.read(tmp_path)
    assert len(events) == 2
    assert [(fault.path, fault.line) for fault in faults] == [(journal.NAME, number) for number in (2, 4, 5)]


def test_a_clock_that_goes_backwards_keeps_the_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for moment in ("2026-01-02T00:00:00Z", "2025-01-01T00:00:00Z", "2026-01-03T00:00:00Z"):
        monkeypatch.setenv("TRACKER_NOW", moment)
        write(tmp_path, 1)
    assert [event.time for event in journal.read(tmp_path)[0]] == [
        "2026-01-02T00:00:00.000Z",
        "2026-01-02T00:00:00.001Z",
        "2026-01-03T00:00:00.000Z",
    ]


@given(st.datetimes(), st.datetimes())
def test_after_is_later(first: object, second: object) -> None:
    def text(moment: object) -> str:
        return f"{str(moment)[:10]}T12:00:00.999Z"

    assert clock.after(text(first), text(second)) > text(first)


def test_a_symlink_is_refused(tmp_path: Path) -> None:
    (tmp_path / "plans").mkdir()
    (tmp_path / journal.NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Usage, match="symlink"):
        write(tmp_path, 1)
    assert not (tmp_path / "elsewhere").exists()


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, 1)
    before = (tmp_path / journal.NAME).read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(TrackerError, match="No space left on device"):
        write(tmp_path, 1)
    assert (tmp_path / journal.NAME).read_bytes() == before


LINES = st.lists(
    st.tuples(st.sampled_from([ev.NOTE, ev.STARTED, ev.UNDO]), st.integers(0, 9), st.sampled_from("AB")),
    max_size=30,
)


@given(LINES, st.integers(0, 5), st.sampled_from([None, "1.01", "1.02"]), st.booleans(), st.data())
def test_the_newest_are_the_last_of_all(
    tmp_path_factory: pytest.TempPathFactory,
    drafts: list[tuple[str, int, str]],
    count: int,
    plan: str | None,
    other_hand: bool,
    data: st.DataObject,
) -> None:
    """Whatever order a merge has left the lines in, and whatever is undone."""
    root = tmp_path_factory.mktemp("journal")
    lines = []
    for number, (kind, target, who) in enumerate(drafts):
        event = ev.Event(
            f"{number:016x}",
            f"2026-01-27T12:00:{number // 2:02d}.000Z",
            who,
            kind,
            "1.01" if who == "A" else "1.02",
            {"event": f"{target:016x}"} if kind == ev.UNDO else {"text": 'the kind is "undo"'},
        )
        lines.append(ev.dumps(event))
    lines = data.draw(st.permutations(lines))
    if lines and other_hand:
        lines[0] = lines[0].replace('"time": ', '"time":')
    (root / "plans").mkdir()
    text = "".join(line + "\n" for line in lines) + data.draw(st.sampled_from(["", '{"id": "torn']))
    (root / journal.NAME).write_text(text, encoding="utf-8")
    events, _ = journal.read(root)
    counted = [event for event in ev.effective(events) if plan in (None, event.plan)]
    assert journal.newest(root, count, plan) == (counted[-count:] if count else [])


def test_of_a_long_journal_only_the_newest_lines_are_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plans").mkdir()
    events = [
        ev.Event(f"{number:016x}", f"2026-01-27T12:{number // 60:02d}:{number % 60:02d}.000Z", "A", ev.NOTE)
        for number in range(3000)
    ]
    (tmp_path / journal.NAME).write_text(
        "".join(ev.dumps(event) + "\n" for event in events), encoding="utf-8"
    )
    parsed: list[bytes] = []
    one = journal._event

    def counting(line: bytes) -> ev.Event:
        parsed.append(line)
        return one(line)

    monkeypatch.setattr(journal, "_event", counting)
    assert journal.newest(tmp_path, 10) == events[-10:]
    assert len(parsed) <= 30
