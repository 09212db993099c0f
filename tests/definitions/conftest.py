"""A project on disk, made of a mapping from paths to contents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

Write = Callable[[Mapping[str, str | bytes | None]], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write files into the repository; None takes one away. Returns the repository."""
    root = tmp_path / "repo"
    root.mkdir()

    def files(contents: Mapping[str, str | bytes | None]) -> Path:
        for name, content in contents.items():
            path = root / name
            if content is None:
                path.unlink(missing_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return root

    return files
