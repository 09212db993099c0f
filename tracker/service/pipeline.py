"""A run: waves of plans implemented in parallel, stacked, verified, and landed one by one.

The model is a speculative merge queue: every change is verified on top of those before it, the green prefix
lands, a red one is taken out and its successors are stacked and verified again. Nothing lands unverified.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from tracker.errors import PlanFailed, TrackerError
from tracker.git import guards, trees, worktrees
from tracker.git import landing as git_landing
from tracker.git.plumbing import git
from tracker.git.worktrees import Worktree
from tracker.model import progress as pg
from tracker.model.definitions import Definitions, Plan
from tracker.model.snapshot import ERROR, NOT_RUN, RED, Snapshot, plain
from tracker.service.base import GENERATED, Repository
from tracker.service.checking import evidence, job_of, red_needs, run_jobs
from tracker.service.landing import Tip, land_plan
from tracker.service.planning import deferred_checks, landed_key
from tracker.service.reports import RunReport
from tracker.service.rundir import RunDirectory
from tracker.service.stage import Stage, Staged, settle, stack
from tracker.verify.outcomes import Result

Given = TypeVar("Given")
Made = TypeVar("Made")

ATTEMPTS = 5
"""How often a wave is stacked anew because the branch moved underneath."""


@dataclass(slots=True)
class Pipeline:
    """One run at work."""

    repository: Repository
    known: Definitions
    snapshot: Snapshot
    tip: Tip
    directory: RunDirectory
    report: RunReport
    observer: pg.Observer
    jobs: int = 1
    cancelled: threading.Event | None = None
    step: Callable[[str], None] = lambda _name: None
    moves: int = 0
    proved: dict[str, tuple[str, dict[str, Result]]] = field(default_factory=dict)
    """Plan that landed in this run → the codebase's tree on which its checks ran, and what they showed."""
    held: set[str] = field(default_factory=set)
    """Plans of this run that wait for one that failed."""

    @property
    def _stage(self) -> Stage:
        return Stage(self.repository.root, self.known.project, self.observer, self.cancelled)

    def place(self, name: str) -> Path:
        """Where the worktree of a plan in this run stands."""
        return self.repository.root / ".tracker" / "worktrees" / self.directory.id / name

    def worktree(self, name: str, commit: str) -> Worktree:
        """A new worktree of this run at the commit. Raises GitFailed."""
        return worktrees.add(self.repository.root, self.place(name), commit)

    def wave(self, plans: Sequence[Plan]) -> None:
        """Carry one wave out. What fails is in the report; the others land."""
        ready = [plan for plan in plans if not self._blocked(plan)]
        if not ready or self.stopped():
            return
        base = self.tip.commit
        self.tip.generated.clear()
        staged = self._implement(ready, base)
        queue = [staged[plan.ref] for plan in ready if plan.ref in staged]
        self._clear_way(queue)
        while queue and not self.stopped():
            stacked = self._stack(queue)
            queue = [item for item, _ in stacked]
            if not queue:
                break
            results = self._verify(stacked)
            if self.stopped():
                return
            queue = self._land(stacked, results) if results is not None else []

    # The parts of a wave

    def _implement(self, plans: Sequence[Plan], base: str) -> dict[str, Staged]:
        def one(plan: Plan) -> Staged | None:
            if self.stopped():
                return None
            deferred = deferred_checks(self.snapshot.plan(plan.ref))
            try:
                worktree = self.worktree(plan.ref, base)
                return self._stage.implement(
                    plan, worktree, base, deferred=deferred, log=self.directory.log(plan.ref)
                )
            except TrackerError as error:
                self.fail(plan.ref, _words(error))
            except (OSError, shutil.Error) as error:
                self.fail(plan.ref, f"its worktree could not be prepared: {error}")
            return None

        staged = {item.plan.ref: item for item in self._at_once(one, plans) if item is not None}
        self.report.seconds |= {ref: (item.seconds, 0.0) for ref, item in staged.items()}
        return staged

    def _clear_way(self, queue: list[Staged]) -> None:
        """A person's uncommitted change in a file that a plan changes stops that plan before anything lands."""

        def obstacle(item: Staged) -> git_landing.InTheWay | None:
            try:
                git_landing.check_clear(self.repository.root, item.base, item.commit, generated=GENERATED)
            except git_landing.InTheWay as error:
                return error
            return None

        for item, error in zip(list(queue), self._at_once(obstacle, queue), strict=True):
            if error is not None:
                queue.remove(item)
                self.fail(item.plan.ref, _words(error))

    def _stack(self, queue: Sequence[Staged]) -> list[tuple[Staged, str]]:
        """Each change on its predecessor, and every worktree at its own place of the stack."""
        tip = self.tip.commit
        result = []
        for item in queue:
            try:
                new, stacked = stack(self._stage, item, tip, log=self.directory.log(item.plan.ref))
            except TrackerError as error:
                self.fail(item.plan.ref, _words(error))
                continue
            result.append((new, stacked))
            tip = stacked

        def unsettled(member: tuple[Staged, str]) -> PlanFailed | None:
            try:
                settle(*member)
            except PlanFailed as error:
                return error
            return None

        problems = self._at_once(unsettled, result)
        for (item, _), problem in zip(result, problems, strict=True):
            if problem is not None:
                self.fail(item.plan.ref, _words(problem))
        if any(problems):
            left = [item for (item, _), problem in zip(result, problems, strict=True) if problem is None]
            return self._stack(left)
        return result

    def _verify(self, stacked: Sequence[tuple[Staged, str]]) -> dict[str, dict[str, Result]] | None:
        """The results by plan; None where a verification has reached outside, and all of these plans have failed."""
        guarded = guards.taken(self.repository.root)
        jobs = [
            job_of(
                item.plan,
                self.known.project,
                item.worktree.place,
                self.directory.log(item.plan.ref),
                deferred=item.deferred,
            )
            for item, _ in stacked
            if item.plan.checks
        ]
        results = run_jobs(jobs, parallel=self.jobs, observer=self.observer, cancelled=self.cancelled)
        self.report.seconds |= {
            ref: (self.report.seconds[ref][0], round(sum(result.seconds for result in found.values()), 3))
            for ref, found in results.items()
        }
        touched = guards.differing(self.repository.root, guarded)
        for item, _ in stacked if touched else ():
            self.fail(
                item.plan.ref, f"while it was verified, {', '.join(touched)} changed outside of its worktree"
            )
        return None if touched else results

    def _land(
        self, stacked: Sequence[tuple[Staged, str]], results: dict[str, dict[str, Result]]
    ) -> list[Staged]:
        """Land the green prefix; what has to be stacked again."""
        for number, (item, commit) in enumerate(stacked):
            plan = item.plan
            found = results.get(plan.ref, {})
            self.report.results |= found
            red = red_needs(plan, found, item.deferred)
            if red:
                lacking = [result for result in red if result.outcome == NOT_RUN]
                self.report.not_run |= {result.check: result.reason for result in lacking}
                reasons = "; ".join(
                    f"{result.check} {result.outcome}{f': {result.reason}' if result.reason else ''}"
                    for result in red
                )
                self.fail(plan.ref, reasons)
                return [later for later, _ in stacked[number + 1 :]]
            self._notice(found, item.deferred)
            codebase = self.known.project.codebase
            tree = trees.committed_tree(self.repository.root, commit, codebase)
            data = {
                "run": self.directory.id,
                "digest": landed_key(plan.digest, item.deferred),
                "changes": plain(item.changes),
                "slug": plan.slug,
                **evidence(found, tree, self.known),
            }
            if item.deferred:
                data["deferred"] = list(item.deferred)
            try:
                new = land_plan(
                    self.repository,
                    self.tip,
                    item,
                    commit,
                    run=self.directory.id,
                    data=data,
                    measured={codebase: tree},
                    step=self.step,
                )
            except git_landing.Moved:
                self.follow_branch()
                return [later for later, _ in stacked[number:]]
            except git_landing.InTheWay as error:
                self.fail(plan.ref, _words(error))
                return [later for later, _ in stacked[number + 1 :]]
            self.report.landed[plan.ref] = new
            self.proved[plan.ref] = tree, found
            self.observer(pg.Progress(pg.LANDED, plan.ref, plan.title, {"commit": new}))
            worktrees.remove(item.worktree)
        return []

    # Around it

    def _at_once(self, work: Callable[[Given], Made], given: Sequence[Given]) -> list[Made]:
        """The work done on all that is given, as many at a time as the run has jobs."""
        with ThreadPoolExecutor(max_workers=max(1, self.jobs)) as pool:
            return list(pool.map(work, given))

    def fail(self, ref: str, reason: str) -> None:
        """The plan does not land; its worktree and log are kept."""
        self.report.failed[ref] = reason
        self.report.kept[ref] = self.place(ref)
        self.keep(ref)
        self.report.logs[ref] = self.directory.log(ref)
        with contextlib.suppress(OSError), self.report.logs[ref].open("a", encoding="utf-8") as log:
            log.write(f"tracker: {reason}\n")
        self.observer(pg.Progress(pg.FAILED, ref, reason))

    def keep(self, ref: str) -> None:
        """Leave the plan's worktree for the person to look at; the next run removes it."""
        list_of_kept = self.place("kept")
        list_of_kept.parent.mkdir(parents=True, exist_ok=True)
        with list_of_kept.open("a", encoding="utf-8") as file:
            file.write(f"{ref}\n")

    def _blocked(self, plan: Plan) -> bool:
        missing = [other for other in plan.depends_on if other in self.report.failed or other in self.held]
        if missing:
            reason = f"waits for {', '.join(missing)}"
            self.held.add(plan.ref)
            self.report.skipped[plan.ref] = reason
            self.observer(pg.Progress(pg.SKIPPED, plan.ref, reason))
        return bool(missing)

    def _notice(self, found: dict[str, Result], deferred: Sequence[str]) -> None:
        """Say what a plan landed without: checks that did not run, and stretch checks that are red."""
        self.report.not_run |= {
            check: result.reason for check, result in found.items() if result.outcome == NOT_RUN
        }
        self.report.red |= {
            check: result.reason
            for check, result in found.items()
            if result.outcome in (RED, ERROR) and check not in deferred
        }

    def follow_branch(self) -> None:
        """Go on from where the branch is now. Raises TrackerError when it never stands still."""
        self.moves += 1
        if self.moves > ATTEMPTS:
            raise TrackerError("the branch keeps moving", hint="Run again when nobody else commits to it.")
        self.tip.commit = git(self.repository.root, "rev-parse", "--verify", "-q", self.tip.branch)
        self.tip.generated.clear()
        self.observer(pg.Progress(pg.NOTICE, "", "the branch has moved: stacked again"))

    def stopped(self) -> bool:
        """Whether the person has asked to stop."""
        return self.cancelled is not None and self.cancelled.is_set()


def _words(error: TrackerError) -> str:
    if isinstance(error, PlanFailed) or not error.hint:
        return f"{error.message}{f' ({error.hint})' if error.hint else ''}"
    return f"{error.message}. {error.hint}"
