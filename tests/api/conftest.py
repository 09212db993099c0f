"""A codebase of a few files in a repository, with a plan's directory beside it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tracker.api import Codebase


class Sample:
    """The repository, its codebase ``src`` and the plan's directory ``plan``."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.root = top / "src"
        self.plan = top / "plan"
        for place in (self.root, self.plan / "files"):
            place.mkdir(parents=True)
        subprocess.run(["git", "init", "-q", str(top)], check=True)

    def write(self, name: str, text: str) -> Path:
        place = self.root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode())
        return place

    def supply(self, name: str, text: str) -> Path:
        place = self.plan / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode())
        return place

    def text(self, name: str) -> str:
        return (self.root / name).read_bytes().decode()

    def codebase(self, *paths: str, root: Path | None = None, deferred: tuple[str, ...] = ()) -> Codebase:
        return Codebase(
            root or self.root, plan_dir=self.plan, repository=self.top, paths=paths, deferred=deferred
        )


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    return Sample(tmp_path / "repo")
