"""Which plan broke a check that was green: found by testing that check along the commits since the last closing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tracker.git import worktrees
from tracker.git.plumbing import git
from tracker.git.worktrees import Worktree
from tracker.model import snapshot as sn
from tracker.model.definitions import BASELINE
from tracker.service.base import plan_of
from tracker.service.checking import baseline_job, job_of
from tracker.service.planning import deferred_checks
from tracker.verify.runner import verify

if TYPE_CHECKING:
    from tracker.service.pipeline import Pipeline

_FORMAT = "%H%x09{}%x09{}%x09{}".format(
    *(f"%(trailers:key={key},valueonly,separator=%x2C)" for key in ("Plan", "Revert-Plan", "Verify"))
)


def find_breakers(pipeline: Pipeline, checks: Sequence[str], worktree: Worktree) -> dict[str, str]:
    """Check → the plan whose landing (or revert) made it red; an empty text where that was no plan."""
    owner = {check.id: check.plan for check in pipeline.known.checks}
    trail = _trail(pipeline)
    return {check: _first_red(pipeline, check, owner[check], trail, worktree) for check in checks}


def _trail(pipeline: Pipeline) -> list[tuple[str, str]]:
    """The commits since the one before the oldest landing that no closing has followed: (plan or empty, commit)."""
    text = git(pipeline.repository.root, "log", "--first-parent", f"--format={_FORMAT}", pipeline.tip.commit)
    trail: list[tuple[str, str]] = []
    closing = pipeline.report.closing
    for line in text.splitlines():
        commit, plan, reverted, verified = line.split("\t")
        if commit == closing:
            continue
        trail.append((plan or reverted, commit))
        if verified:
            break
    return trail[::-1]


def _first_red(
    pipeline: Pipeline, check: str, plan_ref: str, trail: Sequence[tuple[str, str]], worktree: Worktree
) -> str:
    def red(number: int) -> bool:
        return _red(pipeline, check, plan_ref, trail[number][1], worktree)

    own = [number for number, (ref, _) in enumerate(trail) if ref == plan_ref]
    low, high = own[0] if own else 0, len(trail) - 1
    if high < 0 or red(low) or not red(high):
        return ""
    while high - low > 1:
        middle = (low + high) // 2
        if red(middle):
            high = middle
        else:
            low = middle
    return trail[high][0]


def _red(pipeline: Pipeline, check: str, plan_ref: str, commit: str, worktree: Worktree) -> bool:
    worktrees.reset(worktree, commit)
    log = pipeline.directory.log(f"breaking-{check}")
    project = pipeline.known.project
    if plan_ref == BASELINE:
        job = baseline_job(project, worktree.place, log, only=(check,))
    else:
        deferred = deferred_checks(pipeline.snapshot.plan(plan_ref))
        plan = plan_of(pipeline.known, plan_ref)
        job = job_of(plan, project, worktree.place, log, deferred=deferred, only=(check,))
    found = verify(job, cancelled=pipeline.cancelled)
    return check in found and found[check].outcome in (sn.RED, sn.ERROR)
