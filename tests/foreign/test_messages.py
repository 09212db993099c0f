"""Subjects and trailers, against git's own answer to the same message."""

from __future__ import annotations

import itertools
import random
import subprocess

import pytest

from tests.project import SampleProject
from tracker.service import messages

LINES = (
    "feat(01-01): words",
    "Plan: 1.01",
    "Verify: 3",
    "Revert-Plan:2.02",
    "Plan : 1.02",
    "Signed-off-by: Ada <ada@example.org>",
    "(cherry picked from commit 1234567890)",
    "  and on",
    "\tPlan: 1.03",
    "plain prose, no key",
    "# a comment",
    "key with blanks: x",
    "https://example.org",
    "",
    "",
    " ",
)


def generated() -> list[str]:
    """Every pair below a subject, and longer ones at random."""
    picked = random.Random(7)  # noqa: S311 - samples, not secrets
    pairs = [f"s\n\n{a}\n{b}" for a, b in itertools.product(LINES, repeat=2)]
    longer = ["\n".join(picked.choices(LINES, k=picked.randrange(1, 9))) for _ in range(700)]
    return [text for text in pairs + longer if text.strip()]


@pytest.fixture
def told(project: SampleProject) -> list[tuple[str, str, str]]:
    """Message, subject and trailers of each, as git tells them."""
    stream = "".join(
        f"commit refs/heads/main\ncommitter A <a@example.org> {number} +0000\n"
        f"data {len(text.encode())}\n{text}\n"
        for number, text in enumerate(generated())
    )
    place = project.root / "stream"
    place.write_text(stream, encoding="utf-8")
    with place.open("rb") as file:
        subprocess.run(["git", "fast-import", "--quiet"], cwd=project.root, stdin=file, check=True)
    form = "%B%x01%s%x01%(trailers:key=Plan,key=Verify,key=Revert-Plan,unfold,separator=%x02)%x00"
    entries = project.git("log", f"--format={form}", "main").split("\0\n")
    rows = [entry.rstrip("\0").split("\1") for entry in entries]
    return [(message, subject, trailers) for message, subject, trailers in rows]


def test_as_git_has_them(told: list[tuple[str, str, str]]) -> None:
    assert len(told) > 800
    assert sum(bool(trailers) for _, _, trailers in told) > 100
    for message, subject, trailers in told:
        assert messages.subject(message) == subject, repr(message)
        wanted = [tuple(part.strip() for part in item.split(":", 1)) for item in trailers.split("\2") if item]
        found = [
            (key, value)
            for key, value in messages.trailers(message)
            if key in ("Plan", "Verify", "Revert-Plan")
        ]
        assert found == wanted, repr(message)
