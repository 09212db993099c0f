"""A project on disk from a mapping of paths to texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tracker.audit import Commit, Report, audit_path

Make = Callable[..., Report]


def commits(*subjects: str) -> list[Commit]:
    """Commits with made-up hashes, newest first."""
    return [
        Commit(f"{index:040x}", "2026-01-02T03:04:05Z", subject)
        for index, subject in enumerate(subjects, start=1)
    ]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Write the files, audit them, return the report."""

    def run(files: Mapping[str, str | bytes], *subjects: str, history: bool = False) -> Report:
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        report = audit_path(str(tmp_path), commits(*subjects) if subjects or history else None)
        assert report is not None
        return report

    return run
