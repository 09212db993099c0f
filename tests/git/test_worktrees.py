"""Worktrees: never believed, never left, never the person's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.project import SampleProject
from tracker.git import worktrees
from tracker.git.plumbing import GitFailed


@pytest.fixture
def made(sample: SampleProject) -> worktrees.Worktree:
    return worktrees.add(
        sample.root, sample.root / ".tracker/worktrees/run/1.01", sample.git("rev-parse", "HEAD")
    )


def precious(sample: SampleProject) -> Path:
    """A person's uncommitted work, which a git that is led astray would reset."""
    place = sample.root / "app/main.py"
    place.write_text("hours of work\n", encoding="utf-8")
    return place


@pytest.mark.parametrize("link", [None, "gitdir: {root}/.git\n", "gitdir: /nowhere\n"])
def test_a_changed_link_leads_git_nowhere(
    sample: SampleProject, made: worktrees.Worktree, link: str | None
) -> None:
    mine = precious(sample)
    head = sample.git("rev-parse", "HEAD")
    (made.place / ".git").unlink()
    if link:
        (made.place / ".git").write_text(link.format(root=sample.root), encoding="utf-8")
    assert not made.intact
    (made.place / "app/new.py").write_text("x\n", encoding="utf-8")
    tree = worktrees.tree_of(made)
    assert sample.git("ls-tree", "-r", "--name-only", tree, "app").splitlines() == [
        "app/main.py",
        "app/new.py",
    ]
    worktrees.reset(made, head)
    assert (made.place / ".git").read_bytes() == made.link
    assert not (made.place / "app/new.py").exists()
    assert mine.read_text(encoding="utf-8") == "hours of work\n"
    assert sample.git("rev-parse", "HEAD") == head


def test_a_worktree_replaced_by_a_symlink_is_refused(sample: SampleProject, made: worktrees.Worktree) -> None:
    mine = precious(sample)
    made.place.rename(made.place.with_name("moved"))
    made.place.symlink_to(sample.root)
    for call in (lambda: worktrees.tree_of(made), lambda: worktrees.reset(made, "HEAD")):
        with pytest.raises(GitFailed):
            call()
    worktrees.remove(made)
    assert mine.read_text(encoding="utf-8") == "hours of work\n"


def test_a_head_on_a_branch_does_not_move_it(sample: SampleProject, made: worktrees.Worktree) -> None:
    first = sample.git("rev-parse", "HEAD")
    sample.write({"more.txt": "x\n"}).commit("more")
    head = sample.git("rev-parse", "HEAD")
    (made.git_dir / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
    worktrees.reset(made, first)
    assert sample.git("rev-parse", "main") == head


def test_hidden_changes_are_seen(sample: SampleProject, made: worktrees.Worktree) -> None:
    """A plan cannot hide a change by telling its index to assume that there is none."""
    before = worktrees.tree_of(made)
    inside = SampleProject.__new__(SampleProject)
    inside.root = made.place
    inside.git("update-index", "--assume-unchanged", "app/main.py")
    (made.place / "app/main.py").write_text("sneaky\n", encoding="utf-8")
    assert inside.git("status", "--porcelain") == ""
    assert worktrees.changed(sample.root, before, worktrees.tree_of(made)) == [
        worktrees.Changed("app/main.py", "M", "100644")
    ]


def test_what_a_plan_made_read_only_is_removed(sample: SampleProject, made: worktrees.Worktree) -> None:
    deep = made.place / "app/deep"
    deep.mkdir()
    (deep / "file").write_text("x", encoding="utf-8")
    deep.chmod(0o500)
    worktrees.remove(made)
    assert not made.place.exists()
    assert sample.git("worktree", "list").count("\n") == 0


@pytest.mark.parametrize("left", ["whole", "no files", "initializing", "not said", "half removed", "empty"])
def test_a_sweep_removes_ours_and_only_ours(
    sample: SampleProject, made: worktrees.Worktree, tmp_path: Path, left: str
) -> None:
    sample.git("worktree", "add", "-q", str(tmp_path / "theirs"))
    sample.git("worktree", "lock", str(tmp_path / "theirs"))
    if left != "whole":
        worktrees._erase(made.place)
    match left:
        case "initializing":
            (made.git_dir / "gitdir").unlink()
            (made.git_dir / "locked").write_text("initializing", encoding="utf-8")
        case "not said":
            worktrees._erase(made.git_dir)
            made.git_dir.mkdir()
            (made.git_dir / "locked").touch()
        case "half removed":
            (made.git_dir / "HEAD").unlink()
        case "empty":
            worktrees._erase(made.git_dir)
            made.git_dir.mkdir()
        case _:
            pass
    assert worktrees.sweep(sample.root, sample.root / ".tracker/worktrees") == ["run"]
    assert [place.name for place in (sample.root / ".git/worktrees").iterdir()] == ["theirs"]
    assert (tmp_path / "theirs/app/main.py").exists()
    assert not (sample.root / ".tracker/worktrees").exists()


def test_git_in_a_directory_that_is_gone_says_so(sample: SampleProject, made: worktrees.Worktree) -> None:
    worktrees._erase(made.place)
    with pytest.raises(GitFailed, match="is gone"):
        worktrees.tree_of(made)
