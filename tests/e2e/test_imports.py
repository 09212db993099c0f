"""Which modules the fast commands load: the start-up time, as a property that can be tested."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.project import SampleProject

SLOW = ("textual", "sqlmodel", "sqlalchemy", "git", "rich", "libcst", "pytest", "pydantic")
FAST = [
    ("--help",),
    ("status",),
    ("status", "--json"),
    ("next",),
    ("show", "1.01"),
    ("log",),
    ("state", "--check"),
]
LOADED = """
import sys
from tracker.cli.main import main
main(sys.argv[1:])
print("loaded:", *sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


def loaded(root: Path, command: tuple[str, ...]) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *command], cwd=root, capture_output=True, text=True, check=True
    )
    line = next(line for line in done.stderr.splitlines() if line.startswith("loaded:"))
    return set(line.split()[1:])


@pytest.fixture
def used(sample: SampleProject) -> SampleProject:
    """A project with history."""
    sample.run("run", "1.03")
    sample.run("note", "a note")
    return sample


def test_fast_commands_load_nothing_slow(used: SampleProject, tmp_path: Path) -> None:
    """Also in a fresh clone, where the index has to be made first."""
    for command in FAST:
        fresh = used.clone(tmp_path / f"clone{FAST.index(command)}")
        for root in (fresh.root, used.root):
            assert loaded(root, command).isdisjoint(SLOW), command


def test_the_test_can_fail(used: SampleProject) -> None:
    assert "sqlmodel" in loaded(used.root, ("run", "1.01"))
