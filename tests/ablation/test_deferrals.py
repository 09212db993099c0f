"""Each stretch check can be put off: its part is left out, and all plans after it still find what they stand on."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ablation.hardened import carry_out, delivered, hardened_copy

REPOSITORY = Path(__file__).resolve().parents[2]
PLANS = delivered(REPOSITORY)
STRETCH = [check for plan in PLANS for check in plan.stretch]
FIRST = next(number for number, plan in enumerate(PLANS) if plan.stretch)


@pytest.fixture(scope="module")
def needs_only(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The gateway just before the first plan with a stretch check."""
    return hardened_copy(REPOSITORY, tmp_path_factory.mktemp("before"), PLANS[:FIRST]).parent


@pytest.fixture(scope="module")
def whole(needs_only: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return contents(copy_without((), needs_only, tmp_path_factory.mktemp("whole")))


def copy_without(deferred: tuple[str, ...], start: Path, directory: Path) -> Path:
    place = directory / "copy"
    shutil.copytree(start, place)
    carry_out(PLANS[FIRST:], place / "gateway", deferred)
    return place / "gateway"


def contents(codebase: Path) -> dict[str, bytes]:
    files = (path for path in codebase.rglob("*") if path.is_file())
    return {path.relative_to(codebase).as_posix(): path.read_bytes() for path in files}


def python_files(codebase: Path) -> Iterator[Path]:
    return (path for path in codebase.rglob("*.py") if "tests" not in path.relative_to(codebase).parts)


@pytest.mark.parametrize("deferred", [*((check,) for check in STRETCH), tuple(STRETCH)], ids="+".join)
def test_every_plan_stands_without_it(
    deferred: tuple[str, ...], needs_only: Path, whole: dict[str, bytes], tmp_path: Path
) -> None:
    codebase = copy_without(deferred, needs_only, tmp_path)
    assert contents(codebase) != whole
    command = [sys.executable, "-m", "ruff", "check", "-q", "--isolated", "--select", "F"]
    linted = subprocess.run([*command, str(codebase)], capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout
    modules = [
        ".".join(path.relative_to(codebase.parent).with_suffix("").parts)
        for path in python_files(codebase)
        if path.name not in {"__main__.py", "__init__.py"}
    ]
    words = f"import importlib; [importlib.import_module(name) for name in {modules!r}]"
    loaded = subprocess.run(
        [sys.executable, "-c", words], cwd=codebase.parent, capture_output=True, text=True, check=False
    )
    assert loaded.returncode == 0, loaded.stderr
