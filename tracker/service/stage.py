"""The first half of a wave: each plan implemented in its own worktree, checked, and made into a change."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tracker.api.codebase import declared
from tracker.errors import PlanFailed, TrackerError
from tracker.git import guards, stacking, worktrees
from tracker.git.objects import commit as commit_object
from tracker.git.trees import NOT_CODE
from tracker.git.worktrees import Worktree
from tracker.model import progress as pg
from tracker.model.definitions import Plan, Project
from tracker.model.snapshot import Change
from tracker.run.implement import Implemented, implement


@dataclass(frozen=True, slots=True)
class Staged:
    """A plan's change: a commit on the wave's base that holds its code and its directory."""

    plan: Plan
    worktree: Worktree
    base: str
    commit: str
    changes: tuple[Change, ...]
    deferred: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Stage:
    """Where and how plans are implemented."""

    root: Path
    project: Project
    observer: pg.Observer
    cancelled: threading.Event | None

    def implement(
        self, plan: Plan, worktree: Worktree, base: str, *, deferred: tuple[str, ...], log: Path
    ) -> Staged:
        """Implement the plan on ``base`` in the worktree, which is at ``base``. Raises PlanFailed."""
        overlay(self.root, worktree.place, plan)
        self._setup(worktree.place, log)
        before = worktrees.tree_of(worktree)
        guarded = guards.taken(self.root)
        self.observer(pg.Progress(pg.IMPLEMENTING, plan.ref, plan.title))
        first = self._once(plan, worktree, deferred, log)
        after = worktrees.tree_of(worktree)
        self._once(plan, worktree, deferred, log)
        again = worktrees.tree_of(worktree)
        if again != after:
            paths = ", ".join(item.path for item in worktrees.changed(self.root, after, again)[:5])
            raise PlanFailed(f"not idempotent: run a second time it changed {paths}")
        touched = guards.differing(self.root, guarded)
        if touched:
            raise PlanFailed(f"while it ran, {', '.join(touched)} changed outside of its worktree")
        changed = worktrees.changed(self.root, before, after)
        self._allowed(plan, worktree.place, changed)
        whys = {change.path: change for change in first.changes}
        kinds = {"A": "added", "D": "deleted"}
        changes = tuple(
            Change(
                item.path,
                whys[item.path].why if item.path in whys else plan.summary,
                kinds.get(item.letter, "modified"),
            )
            for item in changed
        )
        commit = commit_object(self.root, after, base, f"{plan.ref}: staged\n")
        self.observer(pg.Progress(pg.IMPLEMENTED, plan.ref, f"{len(changes)} files changed"))
        return Staged(plan, worktree, base, commit, changes, deferred, first.seconds)

    def _once(self, plan: Plan, worktree: Worktree, deferred: tuple[str, ...], log: Path) -> Implemented:
        result = implement(
            plan,
            worktree.place,
            codebase=self.project.codebase,
            deferred=deferred,
            log=log,
            timeout=plan.timeout or self.project.implementation_timeout,
            python=self.project.python,
            on_output=lambda line: self.observer(pg.Progress(pg.OUTPUT, plan.ref, line)),
            cancelled=self.cancelled,
        )
        if result.reason:
            raise PlanFailed(f"implementation: {result.reason}")
        if not worktree.intact:
            raise PlanFailed("it changed git's own file .git in its worktree")
        return result

    def _setup(self, place: Path, log: Path) -> None:
        if not self.project.setup:
            return
        from tracker import process

        ended = process.run(
            ["/bin/sh", "-c", self.project.setup],
            cwd=place,
            env=process.clean_environment(place),
            log=log,
            timeout=self.project.implementation_timeout,
            cancelled=self.cancelled,
        )
        if ended.reason or ended.code:
            raise PlanFailed(f"setup: {ended.reason or f'exit status {ended.code}'}")

    def _allowed(self, plan: Plan, place: Path, changed: Sequence[worktrees.Changed]) -> None:
        codebase = self.project.codebase
        outside = [item.path for item in changed if not _inside(item.path, codebase, plan)]
        if outside:
            raise PlanFailed(
                f"it changed {', '.join(outside[:5])}, which it does not declare",
                hint=f"The codebase is {codebase}; declare other paths under `paths:` in PLAN.md.",
            )
        for item in changed:
            path = item.path
            try:
                path.encode()
            except UnicodeEncodeError:
                raise PlanFailed(f"the name of a file that it made is not UTF-8: {path!a}") from None
            if item.mode == "160000":
                raise PlanFailed(f"{path} is a submodule or a repository of its own")
            if item.mode == "120000":
                target = PurePosixPath((place / path).readlink())
                climbed = os.path.normpath(PurePosixPath(path).parent / target)
                if target.is_absolute() or climbed.startswith(".."):
                    raise PlanFailed(f"{path} is a symlink that leaves the repository")


def overlay(root: Path, place: Path, plan: Plan) -> None:
    """Lay the plan's directory over the worktree as it is in the person's working tree."""
    source, target = root / plan.path, place / plan.path
    summary = (target / "SUMMARY.md").read_bytes() if (target / "SUMMARY.md").is_file() else None
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("__pycache__", "SUMMARY.md"))
    if summary is not None:
        (target / "SUMMARY.md").write_bytes(summary)


def stack(stage: Stage, staged: Staged, tip: str, *, log: Path) -> tuple[Staged, str]:
    """The change on ``tip`` and the commit that holds it: merged, or where texts conflict implemented again.

    Raises PlanFailed.
    """
    if staged.base != tip:
        tree = stacking.merged_tree(stage.root, tip, staged.commit)
        if tree is not None:
            return staged, commit_object(stage.root, tree, tip, f"{staged.plan.ref}: stacked\n")
        stage.observer(
            pg.Progress(pg.NOTICE, staged.plan.ref, "conflicts with the plan before it: implemented again")
        )
        worktrees.reset(staged.worktree, tip)
        staged = stage.implement(staged.plan, staged.worktree, tip, deferred=staged.deferred, log=log)
    return staged, staged.commit


def settle(staged: Staged, stacked: str) -> None:
    """Set the plan's worktree to its place in the stack. Raises PlanFailed."""
    try:
        worktrees.reset(staged.worktree, stacked)
    except TrackerError as error:
        raise PlanFailed(f"its worktree could not be set to the stack: {error.message}") from None


def _inside(path: str, codebase: str, plan: Plan) -> bool:
    if plan.paths and declared(path, plan.paths):
        return not path.startswith(("plans/journal.jsonl", ".git/", ".tracker/")) and path != "STATE.md"
    if codebase in ("", "."):
        return path.split("/", 1)[0] not in NOT_CODE
    return path.startswith(codebase.rstrip("/") + "/")
