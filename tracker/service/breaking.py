"""Which plan of a run broke a check that was green: found by testing that check along the run's trees."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.git import worktrees
from tracker.model import snapshot as sn
from tracker.model.definitions import BASELINE
from tracker.service.base import plan_of
from tracker.service.checking import baseline_job, job_of
from tracker.service.planning import deferred_checks
from tracker.verify.runner import verify

if TYPE_CHECKING:
    from tracker.service.pipeline import Pipeline


def find_breakers(pipeline: Pipeline, start: str, checks: Sequence[str], place: Path) -> dict[str, str]:
    """Check → the plan after which it is red; an empty text where it was red before the run, or is not red alone."""
    owner = {check.id: check.plan for check in pipeline.known.checks}
    result = {}
    for check in checks:
        result[check] = _first_red(pipeline, check, owner[check], start, place)
    return result


def _first_red(pipeline: Pipeline, check: str, plan_ref: str, start: str, place: Path) -> str:
    trail = [("", start), *pipeline.landed]
    own = [number for number, (ref, _) in enumerate(trail) if ref == plan_ref]
    low = own[0] if own else 0
    if _red(pipeline, check, plan_ref, trail[low][1], place):
        return trail[low][0]
    high = len(trail) - 1
    if not _red(pipeline, check, plan_ref, trail[high][1], place):
        return ""
    while high - low > 1:
        middle = (low + high) // 2
        if _red(pipeline, check, plan_ref, trail[middle][1], place):
            high = middle
        else:
            low = middle
    return trail[high][0]


def _red(pipeline: Pipeline, check: str, plan_ref: str, commit: str, place: Path) -> bool:
    worktrees.reset(place, commit)
    log = pipeline.directory.log(f"breaking-{check}")
    project = pipeline.known.project
    if plan_ref == BASELINE:
        job = baseline_job(project, place, log, only=(check,))
    else:
        deferred = deferred_checks(pipeline.snapshot.plan(plan_ref))
        job = job_of(plan_of(pipeline.known, plan_ref), project, place, log, deferred=deferred, only=(check,))
    found = verify(job, cancelled=pipeline.cancelled)
    return check in found and found[check].outcome in (sn.RED, sn.ERROR)
