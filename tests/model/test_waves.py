"""Waves, cycles, the critical path; references."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import Usage
from tracker.model import refs
from tracker.model.waves import critical_path, find_cycle, waves


def test_waves_follow_dependencies_and_keep_order() -> None:
    graph = {"c": [], "a": [], "b": ["a"], "d": ["b", "c"], "e": ["gone"]}
    assert waves(graph) == [["c", "a", "e"], ["b"], ["d"]]
    assert critical_path(graph) == ["a", "b", "d"]


def test_a_cycle_is_named_in_full() -> None:
    cycle = find_cycle({"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"]})
    assert cycle[0] == cycle[-1]
    assert set(cycle) == {"a", "b", "c"}
    assert find_cycle({"a": ["a"]}) == ["a", "a"]
    assert find_cycle({"a": []}) == []


def test_a_chain_of_thousands_does_not_overflow() -> None:
    graph = {str(number): [str(number - 1)] if number else [] for number in range(5000)}
    assert len(waves(dict(reversed(graph.items())))) == 5000


@given(st.dictionaries(st.integers(0, 12), st.sets(st.integers(0, 12)), max_size=12))
def test_every_plan_comes_after_what_it_waits_for(raw: dict[int, set[int]]) -> None:
    graph = {str(ref): [str(other) for other in before if other < ref] for ref, before in raw.items()}
    order = {ref: number for number, wave in enumerate(waves(graph)) for ref in wave}
    assert set(order) == set(graph)
    for ref, before in graph.items():
        assert all(order[other] < order[ref] for other in before if other in graph)


KNOWN = [
    ("2.02", "session-management"),
    ("2.03", "network-security"),
    ("10.01", "session-end"),
    ("2.1.03", "inserted"),
]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2.02", "2.02"),
        ("2.2", "2.02"),
        ("02-02", "2.02"),
        ("2/2", "2.02"),
        (" 2.02 ", "2.02"),
        ("session-management", "2.02"),
        ("net", "2.03"),
        ("10.1", "10.01"),
        ("2.1.3", "2.1.03"),
        ("02.1-03", "2.1.03"),
    ],
)
def test_references_in_every_spelling(text: str, meant: str) -> None:
    assert refs.resolve(text, KNOWN) == meant


@pytest.mark.parametrize(
    ("text", "words"),
    [("session", "several"), ("2.09", "no plan"), ("", "no plan"), ("netwrok-security", "no plan")],
)
def test_references_that_mean_nothing(text: str, words: str) -> None:
    with pytest.raises(Usage, match=words):
        refs.resolve(text, KNOWN)


def test_a_near_miss_is_named() -> None:
    with pytest.raises(Usage) as caught:
        refs.resolve("netwrok-security", KNOWN)
    assert "network-security" in caught.value.hint
