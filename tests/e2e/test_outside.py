"""What lies outside of a plan's worktree stays as it is; where nothing can prevent a write, it is noticed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.test_failures import raw
from tests.project import SampleProject
from tracker.run import confine

TOP = "top = codebase.root.parents[4]\n"
WRITES = {
    "hook": ("(top / '.git/hooks/post-commit').write_text('#!/bin/sh\\n')", ".git/hooks/post-commit"),
    "config": ("(top / '.git/config').open('a').write('[core]\\n\\tfsmonitor = evil\\n')", ".git/config"),
    "journal": ("(top / 'plans/journal.jsonl').write_text('')", "plans/journal.jsonl"),
}


@pytest.mark.parametrize("slug", WRITES)
def test_without_a_sandbox_it_is_noticed(
    sample: SampleProject, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confine, "bubblewrap_works", lambda: False)
    sample.run("note", "something stands in the journal")
    sample.plan(4, slug, implement=raw(TOP + WRITES[slug][0]))
    head = sample.git("rev-parse", "HEAD")
    outcome = sample.run("run", "1.04")
    assert outcome.code == 1
    assert f"while it ran, {WRITES[slug][1]} changed outside of its worktree" in outcome.out
    assert sample.git("rev-parse", "HEAD") == head


@pytest.mark.skipif(not confine.bubblewrap_works(), reason="bubblewrap is not installed or may not run here")
@pytest.mark.parametrize(
    "code",
    [
        *(code for code, _ in WRITES.values()),
        "(top / 'app/main.py').write_text('gone')",
        "(top / '.git/refs/heads/evil').write_text('0' * 40)",
        "(codebase.root / 'door/escaped').write_text('x')",
        "Path('/tmp/escaped').write_text('x')",
    ],
)
def test_in_the_sandbox_it_is_impossible(sample: SampleProject, code: str, tmp_path: Path) -> None:
    (sample.root / "app/door").symlink_to(tmp_path)
    sample.plan(4, "escaping", implement=raw(TOP + code)).commit()
    head = sample.git("rev-parse", "HEAD")
    outcome = sample.run("run", "1.04")
    assert outcome.code == 1
    assert "Read-only file system" in outcome.out
    assert sample.git("rev-parse", "HEAD") == head
    assert sample.git("status", "--porcelain", "--", ".", ":(exclude)STATE.md") == ""
    assert not (tmp_path / "escaped").exists()
    assert not Path("/tmp/escaped").exists()


REACHING = """
    from pathlib import Path
    from tracker.api import check

    @check("{check}")
    def test_it(codebase):
        top = Path({root!r})
        {code}
"""


@pytest.mark.parametrize("slug", WRITES)
def test_a_verification_that_reaches_outside_is_noticed(sample: SampleProject, slug: str) -> None:
    sample.run("note", "something stands in the journal")
    reaching = REACHING.replace("{root!r}", repr(str(sample.root))).replace("{code}", WRITES[slug][0])
    sample.plan(4, slug, verify=reaching)
    head = sample.git("rev-parse", "HEAD")
    outcome = sample.run("run", "1.04")
    assert outcome.code == 1
    assert f"while it was verified, {WRITES[slug][1]} changed outside of its worktree" in outcome.out
    assert sample.git("rev-parse", "HEAD") == head
    if slug == "hook":
        (sample.root / ".git/hooks/post-commit").unlink()
        outcome = sample.run("done", "1.04")
        assert (outcome.code, "nothing was recorded" in outcome.err) == (1, True)


SPY = """
    import os
    from tracker.api import check

    @check("{check}")
    def test_it(codebase):
        seen = [name for name, value in os.environ.items() if "kept-from-all" in value]
        assert not seen, f"seen in {seen}"
        assert os.environ["HOME"] != {home!r}
"""


def test_verifications_see_no_secret_and_no_home(
    project: SampleProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_TOKEN", "kept-from-all")
    project.base().plan(1, "spy", verify=SPY.replace("{home!r}", repr(os.environ["HOME"]))).commit()
    outcome = project.run("run", "1.01")
    assert outcome.code == 0, outcome.out


def test_what_a_plan_leaves_running_is_ended(project: SampleProject, tmp_path: Path) -> None:
    """Also what has made itself a session of its own; the plan lands, for its change is whole."""
    command = 'run: grep -q daemon app/main.py || echo "daemon = True" >> app/main.py; setsid sleep 271 &\n'
    project.base().plan(1, "daemon", front=command).commit()
    assert project.run("run", "1.01").code == 0
    running = [place / "cmdline" for place in Path("/proc").iterdir() if place.name.isdigit()]
    assert not any(b"sleep\x00271\x00" in read(place) for place in running)


def read(place: Path) -> bytes:
    try:
        return place.read_bytes()
    except OSError:
        return b""
