"""Landing on the person's branch while the person works."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.project import SampleProject
from tracker.errors import TrackerError
from tracker.git import index, landing, objects


@pytest.fixture
def change(sample: SampleProject) -> tuple[str, str]:
    """The branch's commit, and one on top of it that changes, adds and deletes."""
    sample.write({"old.txt": "old\n", "other.txt": "other\n"}).commit("more")
    old = sample.git("rev-parse", "HEAD")
    blob = objects.blobs(sample.root, {"any": b"landed\n"})["any"]
    files: dict[str, tuple[str, str] | None] = {
        "app/main.py": ("100644", blob),
        "app/new.py": ("100644", blob),
        "STATE.md": ("100644", blob),
        "old.txt": None,
    }
    tree = objects.tree_with(sample.root, old, files)
    return old, objects.commit(sample.root, tree, old, "landed\n")


def advance(sample: SampleProject, change: tuple[str, str], **more: object) -> None:
    landing.advance(
        sample.root,
        "refs/heads/main",
        *change,
        generated=["STATE.md"],
        merge={},
        **more,  # type: ignore[arg-type]
    )


def test_the_working_tree_follows(sample: SampleProject, change: tuple[str, str]) -> None:
    advance(sample, change)
    assert sample.git("rev-parse", "main") == change[1]
    assert sample.git("status", "--porcelain") == ""
    assert sample.read("app/new.py") == "landed\n"
    assert not (sample.root / "old.txt").exists()
    assert not (sample.root / landing.INTENT).exists()


def test_a_new_mode_reaches_the_working_tree(sample: SampleProject) -> None:
    old = sample.git("rev-parse", "HEAD")
    blob = sample.git("rev-parse", "HEAD:app/main.py")
    tree = objects.tree_with(sample.root, old, {"app/main.py": ("100755", blob)})
    advance(sample, (old, objects.commit(sample.root, tree, old, "landed\n")))
    assert (sample.root / "app/main.py").stat().st_mode & 0o111
    assert sample.git("status", "--porcelain") == ""


def test_other_changes_stay_as_they_are(sample: SampleProject, change: tuple[str, str]) -> None:
    sample.write({"other.txt": "staged\n", "mine.txt": "untracked\n"})
    sample.git("add", "other.txt")
    (sample.root / "other.txt").write_text("and changed\n", encoding="utf-8")
    before = sample.git("status", "--porcelain")
    advance(sample, change)
    assert sample.git("status", "--porcelain") == before == "MM other.txt\n?? mine.txt"
    assert sample.git("show", ":other.txt") == "staged"


@pytest.mark.parametrize("path", ["app/main.py", "app/new.py", "old.txt"])
def test_a_change_in_the_way_stops_it_before_anything(
    sample: SampleProject, change: tuple[str, str], path: str
) -> None:
    sample.write({path: "mine\n"})
    with pytest.raises(landing.InTheWay, match=path):
        advance(sample, change)
    assert sample.git("rev-parse", "main") == change[0]
    assert sample.read(path) == "mine\n"
    assert not (sample.root / landing.INTENT).exists()
    assert not (sample.root / ".git/index.lock").exists()


def test_the_same_change_is_not_in_the_way(sample: SampleProject, change: tuple[str, str]) -> None:
    sample.write({"app/main.py": "landed\n", "app/new.py": "landed\n"})
    (sample.root / "old.txt").unlink()
    advance(sample, change)
    assert sample.git("status", "--porcelain") == ""


def test_a_moved_branch_is_told_apart(sample: SampleProject, change: tuple[str, str]) -> None:
    sample.write({"person.txt": "x\n"}).commit("meanwhile")
    with pytest.raises(landing.Moved):
        advance(sample, change)
    assert sample.git("status", "--porcelain") == ""
    assert not (sample.root / landing.INTENT).exists()


def test_a_person_on_another_branch_is_left_alone(sample: SampleProject, change: tuple[str, str]) -> None:
    sample.git("switch", "-q", "-c", "elsewhere")
    with pytest.raises(TrackerError, match="you have left the branch main"):
        advance(sample, change)
    assert sample.git("rev-parse", "main") == change[0]
    assert sample.git("status", "--porcelain") == ""


def test_a_person_cannot_come_between(sample: SampleProject, change: tuple[str, str]) -> None:
    """While the branch moves, git refuses the person's commit; afterwards it works."""
    refused = []

    def step(name: str) -> None:
        if name == "branch moved":
            done = subprocess.run(
                ["git", "commit", "--allow-empty", "-m", "x"],
                cwd=sample.root,
                capture_output=True,
                text=True,
                check=False,
            )
            refused.append("index.lock" in done.stderr)

    advance(sample, change, step=step)
    assert refused == [True]
    sample.git("commit", "--allow-empty", "-m", "now")


def test_a_git_at_work_is_waited_for_and_named(
    sample: SampleProject, change: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "PATIENCE_SECONDS", 0.1)
    (sample.root / ".git/index.lock").touch()
    with pytest.raises(TrackerError, match="git is at work here") as caught:
        advance(sample, change)
    assert "delete that file" in caught.value.hint
    assert sample.git("rev-parse", "main") == change[0]
    assert (sample.root / ".git/index.lock").exists(), "it may be a git's of the person"


def test_hooks_do_not_run(sample: SampleProject, change: tuple[str, str], tmp_path: Path) -> None:
    for name in ("pre-commit", "commit-msg", "reference-transaction", "post-index-change", "post-checkout"):
        hook = sample.root / ".git/hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran-{name}\nexit 1\n", encoding="utf-8")
        hook.chmod(0o755)
    advance(sample, change)
    assert list(tmp_path.glob("ran-*")) == []
    assert sample.git("rev-parse", "main") == change[1]


@pytest.mark.parametrize("torn", ["", "lan"])
def test_recovery_completes_half_written_files(
    sample: SampleProject, change: tuple[str, str], torn: str
) -> None:
    class Killed(BaseException):
        pass

    def step(name: str) -> None:
        if name == "branch moved":
            raise Killed

    with pytest.raises(Killed):
        advance(sample, change, step=step)
    sample.write({"app/new.py": torn, "app/main.py": torn})
    assert landing.recover(sample.root, {}) == change[1]
    assert sample.git("status", "--porcelain") == ""
    assert sample.read("app/main.py") == "landed\n"


def test_recovery_keeps_what_a_person_wrote_since(sample: SampleProject, change: tuple[str, str]) -> None:
    class Killed(BaseException):
        pass

    def step(name: str) -> None:
        if name == "branch moved":
            raise Killed

    with pytest.raises(Killed):
        advance(sample, change, step=step)
    sample.write({"app/main.py": "mine since\n"})
    with pytest.raises(TrackerError, match="the working tree could not follow") as caught:
        landing.recover(sample.root, {})
    assert "Nothing is lost" in caught.value.hint
    assert sample.read("app/main.py") == "mine since\n"
    assert (sample.root / landing.INTENT).exists()
    for command in caught.value.hint.split("`")[1].split(" && "):
        words = command.split()[1:]
        subprocess.run(["git", *words], cwd=sample.root, check=False, capture_output=True)
    landing.recover(sample.root, {})
    assert "mine since" in sample.read("app/main.py")
    assert not (sample.root / landing.INTENT).exists()


@pytest.mark.parametrize("name", ["refs/heads/main.lock", "HEAD.lock"])
def test_recovery_removes_the_locks_of_a_killed_git(
    sample: SampleProject, change: tuple[str, str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landing, "STALE_REF_SECONDS", 0.05)
    landing._write_synced(
        sample.root / landing.INTENT,
        f'{{"branch": "refs/heads/main", "old": "{change[0]}", "new": "{change[1]}", "generated": []}}',
    )
    (sample.root / ".git" / name).touch()
    (sample.root / ".git/index.lock").write_bytes(index.WORDS)
    assert landing.recover(sample.root, {}) == ""
    assert list((sample.root / ".git").rglob("*.lock")) == []
    advance(sample, change)
