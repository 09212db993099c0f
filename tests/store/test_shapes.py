"""Journal lines of a wrong shape: each a fault with its place, and nothing that is let in breaks a reader."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.project import SampleProject
from tracker.errors import TrackerError
from tracker.model import events as ev
from tracker.model.definitions import Check, Definitions, Phase, Plan, Project
from tracker.model.fold import fold
from tracker.model.snapshot import from_row, to_json, to_row
from tracker.render import text
from tracker.render.state import state_md
from tracker.store import clock, journal

TIME = "2026-01-27T12:00:00.000Z"
KNOWN = Definitions(
    Project("Tea", checks=(Check("BASE-01", "It starts", ""),)),
    (
        Phase(
            "1",
            "start",
            "Start",
            "plans/01-start",
            plans=(Plan("1.01", "1", 1, "first", "First", "plans/01-start/01-first"),),
        ),
    ),
)


def line(data: Mapping[str, object] | None = None, time: str = TIME) -> str:
    return json.dumps(
        {"id": "0" * 16, "time": time, "actor": "Ada", "kind": ev.LANDED, "plan": "1.01", "data": data or {}}
    )


def fault(text: str) -> str:
    events, faults = journal.parse(f"{line()}\n{text}\n".encode())
    assert len(events) == 1
    (found,) = faults
    assert (found.path, found.line) == (journal.NAME, 2)
    return found.message


WRONG: dict[str, tuple[Mapping[str, object], str]] = {
    "checks a list": ({"checks": ["a"]}, "'checks' in 'data' has to be an object"),
    "checks null": ({"checks": None}, "'checks' in 'data' has to be an object"),
    "an outcome of no kind": ({"checks": {"A-1": "green"}}, "one of passed, failed, error"),
    "an outcome a list": ({"checks": {"A-1": []}}, "one of passed, failed, error"),
    "proofs a text": ({"proofs": "all"}, "'proofs' in 'data' has to be an object"),
    "changes an object": ({"changes": {"path": "a"}}, "'changes' in 'data' has to be a list of objects"),
    "a change without a path": ({"changes": [{"why": "so"}]}, "each with the text 'path'"),
    "a change of another key": ({"changes": [{"path": "a", "p": "b"}]}, "each with the text 'path'"),
    "a change of numbers": ({"changes": [{"path": 1}]}, "each with the text 'path'"),
    "tree a number": ({"tree": 1}, "'tree' in 'data' has to be text"),
    "text a list": ({"text": ["a"]}, "'text' in 'data' has to be text"),
    "because an object": ({"because": {}}, "'because' in 'data' has to be text"),
    "slug a list": ({"slug": []}, "'slug' in 'data' has to be text"),
    "phases a text": ({"phases": "done"}, "'phases' in 'data' has to be an object"),
    "waits of a text": (
        {"waits": {"2": "1"}},
        "'waits' in 'data' has to be an object that gives each phase a list",
    ),
    "waits a list": ({"waits": ["1"]}, "'waits' in 'data' has to be an object"),
    "deferred numbers": ({"deferred": [1]}, "'deferred' in 'data' has to be a list of texts"),
    "a target of one": ({"score_target": [["a"]]}, "a list of pairs of texts"),
    "activity texts": ({"activity": ["a"]}, "'activity' in 'data' has to be a list of objects"),
    "entries texts": ({"activity": [{"entries": ["a"]}]}, "'activity' in 'data' has to be a list of objects"),
    "files without paths": ({"files": [{"changes": [{}]}]}, "'files' in 'data' has to be a list of objects"),
}


@pytest.mark.parametrize("name", WRONG)
def test_data_of_a_wrong_shape_is_a_fault_with_its_place(name: str) -> None:
    data, words = WRONG[name]
    assert words in fault(line(data))


@pytest.mark.parametrize(
    "time",
    [
        "2026-99-99T99:99:99.999Z",
        "2026-02-30T12:00:00.000Z",
        "0000-01-01T12:00:00.000Z",
        "2026-01-27T24:00:00.000Z",
        "2026-01-27 12:00:00.000Z",
        "2026-01-27T12:00:00,000Z",
        "2026-01-27T12:00:00.00٣Z",
        "2026-01-27T12:00:00.000Z\n",
    ],
)
def test_a_time_that_is_none_is_a_fault_with_its_place(time: str) -> None:
    assert "2026-01-27T12:00:00.000Z" in fault(line(time=time))


@given(st.datetimes(max_value=datetime(9999, 12, 31)))  # noqa: DTZ001 - any moment, without a zone
def test_every_moment_is_a_time(moment: datetime) -> None:
    time = moment.isoformat(timespec="milliseconds") + "Z"
    assert journal.parse(f"{line(time=time)}\n".encode())[1] == []
    later = clock.after(time, "")
    assert later > time
    assert journal.parse(f"{line(time=later)}\n".encode())[1] == []


def test_the_last_of_all_times_has_none_after_it_and_says_so() -> None:
    with pytest.raises(TrackerError, match=r"9999-12-31.*no time comes after it"):
        clock.after("9999-12-31T23:59:59.999Z", TIME)


def test_values_that_are_nested_without_end_and_halves_of_characters_are_faults() -> None:
    deep = line()[:-2] + '"x": ' + "[" * 100_000 + "]" * 100_000 + "}}"
    assert "nested too deeply" in fault(deep)
    assert "half of a character" in fault(line({"text": "\ud800"}))
    assert journal.parse(f"{line({'text': '🫖'})}\n".encode())[1] == []
    assert "\\ud83e" in line({"text": "🫖"})


def test_a_whole_last_line_that_is_no_event_is_a_fault_and_is_not_cut(sample: SampleProject) -> None:
    written = f"{line()}\n{line({'checks': ['a']})}"
    sample.write({journal.NAME: written})
    assert [fault.line for fault in journal.read(sample.root)[1]] == [2]
    assert sample.run("note", "more").code == 2
    assert sample.read(journal.NAME) == written
    assert journal.union(b"", written.encode()) == f"{written}\n".encode()


def test_no_command_breaks_on_a_line_of_a_wrong_shape(sample: SampleProject) -> None:
    wrong = [line({"checks": ["a"], "changes": [{"p": 1}]}), line(time="2026-99-99T99:99:99.999Z")]
    sample.write({journal.NAME: f"{line()}\n{wrong[0]}\n{wrong[1]}\n"})
    for command in (["status"], ["status", "--json"], ["note", "more"], ["run", "--all"], ["verify"]):
        outcome = sample.run(*command)
        assert outcome.code == 2, command
        for number in (2, 3):
            assert f"{journal.NAME}:{number}:1: " in outcome.out + outcome.err, command
    assert "99:99" not in sample.run("log").out
    assert sample.run("doctor").code == 1
    sample.write({journal.NAME: f"{line()}\n"})
    assert sample.run("status").code == 0


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS | st.sampled_from(["passed", "1.01", "BASE-01"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["path", "why", "kind", "entries", "items", "changes", "plan", "date", "BASE-01"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
DATA = st.dictionaries(
    st.sampled_from([*sorted(journal._SHAPES), *sorted(journal._TEXTS), "other"]), VALUES, max_size=4
)


@given(
    st.lists(st.tuples(st.sampled_from(sorted(ev.KINDS)), DATA, st.sampled_from(["1.01", None])), max_size=4)
)
def test_what_is_let_in_breaks_no_reader(rows: list[tuple[str, dict[str, object], str | None]]) -> None:
    lines = [
        json.dumps(
            {"id": str(number), "time": TIME, "actor": "Ada", "kind": kind, "plan": plan, "data": data}
        )
        for number, (kind, data, plan) in enumerate(rows)
    ]
    events, faults = journal.parse("\n".join([*lines, ""]).encode())
    assert len(events) + len(faults) == len(rows)
    state = fold(KNOWN, events, tree="t", faults=[str(fault) for fault in faults])
    state_md(state).encode()
    text.status(state, colour=False, interrupted="")
    to_json(state)
    assert from_row(to_row(state)).plans == state.plans
