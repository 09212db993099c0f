"""The plans make the same gateway in any order that their dependencies allow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.ablation.hardened import Delivered, delivered, hardened_copy, random_order

REPOSITORY = Path(__file__).resolve().parents[2]
SEEDS = (1, 2)
AS_LANDED = {"README.md", "cli/main.py"}
"""Chapters and commands stand in the order in which their plans landed; there are the same ones."""


def made(directory: Path, order: Sequence[Delivered]) -> dict[str, bytes]:
    codebase = hardened_copy(REPOSITORY, directory, order)
    files = {path.relative_to(codebase).as_posix(): path.read_bytes() for path in codebase.rglob("*.*")}
    return files | {name: b"".join(sorted(files[name].splitlines(keepends=True))) for name in AS_LANDED}


@pytest.fixture(scope="module")
def in_order(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return made(tmp_path_factory.mktemp("in-order"), delivered(REPOSITORY))


@pytest.mark.parametrize("seed", SEEDS)
def test_any_order_makes_the_same_gateway(seed: int, in_order: dict[str, bytes], tmp_path: Path) -> None:
    plans = delivered(REPOSITORY)
    order = random_order(plans, seed)
    assert order != plans
    other = made(tmp_path, order)
    names = sorted(in_order.keys() | other.keys())
    differing = [name for name in names if in_order.get(name) != other.get(name)]
    assert not differing, f"in the order {' '.join(plan.ref for plan in order)}"
