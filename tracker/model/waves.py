"""Waves: which plans may run at the same time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def waves(depends_on: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """The plans in waves: each plan one wave after the last that it waits for.

    Dependencies outside the mapping count as met. The order inside a wave is the mapping's.
    Raises ValueError naming the cycle where there is one.
    """
    level: dict[str, int] = {}
    for ref in depends_on:
        _level(ref, depends_on, level)
    result: list[list[str]] = [[] for _ in range(max(level.values(), default=-1) + 1)]
    for ref in depends_on:
        result[level[ref]].append(ref)
    return result


def _level(start: str, depends_on: Mapping[str, Iterable[str]], level: dict[str, int]) -> None:
    path: dict[str, None] = {}
    stack: list[tuple[str, bool]] = [(start, False)]
    while stack:
        ref, children_done = stack.pop()
        if children_done:
            path.popitem()
            inside = [level[other] for other in depends_on[ref] if other in depends_on]
            level[ref] = max(inside, default=-1) + 1
            continue
        if ref in level:
            continue
        if ref in path:
            order = list(path)
            raise ValueError(" → ".join([*order[order.index(ref) :], ref]))
        path[ref] = None
        stack.append((ref, True))
        stack.extend(
            (other, False) for other in depends_on[ref] if other in depends_on and other not in level
        )


def find_cycle(depends_on: Mapping[str, Iterable[str]]) -> list[str]:
    """One cycle as the list of its plans, the first repeated at the end; empty where there is none."""
    try:
        waves(depends_on)
    except ValueError as error:
        return str(error).split(" → ")
    return []


def critical_path(depends_on: Mapping[str, Iterable[str]]) -> list[str]:
    """The longest chain of plans that wait for one another."""
    order = [ref for wave in waves(depends_on) for ref in wave]
    chain: dict[str, list[str]] = {}
    for ref in order:
        before = [chain[other] for other in depends_on[ref] if other in depends_on]
        chain[ref] = [*max(before, key=len, default=[]), ref]
    return max(chain.values(), key=len, default=[])
