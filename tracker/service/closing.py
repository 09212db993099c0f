"""The end of a run: everything landed is verified once more, and what that shows is committed."""

from __future__ import annotations

from math import inf

from tracker.git import landing as git_landing
from tracker.git import trees, worktrees
from tracker.git.worktrees import Worktree
from tracker.model import progress as pg
from tracker.model import snapshot as sn
from tracker.service.breaking import find_breakers
from tracker.service.checking import evidence, jobs_for, run_jobs
from tracker.service.landing import land_verification
from tracker.service.pipeline import ATTEMPTS, Pipeline
from tracker.verify.outcomes import Result


def close(pipeline: Pipeline, *, reverted: str = "") -> None:
    """Verify the baseline and every plan that is done, and land the closing commit.

    Of plans that landed in this run with the code as it is now, the checks have just run: they are not run again.
    The checks of a plan that was just ``reverted`` are measured too: they earned points until now.
    """
    repository, report, observer = pipeline.repository, pipeline.report, pipeline.observer
    now = repository.imply(repository.load())
    wanted = [plan.ref for plan in now.plans if plan.status in (sn.DONE, sn.FAILED) or plan.ref == reverted]
    tree = trees.committed_tree(repository.root, pipeline.tip.commit, pipeline.known.project.codebase)
    proved = {ref: found for ref, (at, found) in pipeline.proved.items() if at == tree and ref in wanted}
    left = [ref for ref in wanted if ref not in proved]
    worktree = pipeline.worktree("closing", pipeline.tip.commit)
    jobs = jobs_for(pipeline.known, now, worktree.place, pipeline.directory.log, left)
    # The longest first, so that none is at work alone at the end; how long the others take is not known.
    jobs.sort(key=lambda job: -report.seconds.get(job.name, (0.0, inf))[1])
    observer(pg.Progress(pg.CLOSING, "", f"verifying everything landed: {len(jobs)} verifications"))
    by_job = run_jobs(jobs, parallel=pipeline.jobs, observer=observer, cancelled=pipeline.cancelled)
    if pipeline.stopped():
        report.cancelled = True
        return
    found = {check: result for part in (*proved.values(), *by_job.values()) for check, result in part.items()}
    results = {check.id: found[check.id] for check in pipeline.known.checks if check.id in found}
    if not results:
        return
    red, unknown = _newly_red(pipeline, now, results, reverted)
    report.results |= results
    report.not_run |= {c: r.reason for c, r in results.items() if r.outcome == sn.NOT_RUN}
    shown = _land(pipeline, worktree, tree, results)
    if red or unknown:
        breakers = find_breakers(pipeline, [*red, *unknown], worktree)
        report.broken = {check: ref for check, ref in breakers.items() if ref or check in red}
        for check, ref in report.broken.items():
            cause = ref or "no plan of this run"
            observer(pg.Progress(pg.NOTICE, ref, f"{check} was green and is red: broken by {cause}"))
    if shown.score is not None:
        report.points, report.of = shown.score.points, shown.score.of
        data = {"points": report.points, "of": report.of, "before": report.before}
        observer(pg.Progress(pg.SCORE, "", "", data))


def _newly_red(
    pipeline: Pipeline, now: sn.Snapshot, results: dict[str, Result], reverted: str
) -> tuple[list[str], list[str]]:
    """The red checks that were green before the run or at a landing in it, and those that nobody had measured."""
    before = {check.id: check.outcome for check in pipeline.snapshot.checks}
    for _, found in pipeline.proved.values():
        before |= {check: result.outcome for check, result in found.items()}
    expected = {check.id for check in now.checks if check.deferred}
    if reverted:
        expected |= {check.id for check in now.plan(reverted).checks}
    red = [
        check
        for check, result in results.items()
        if result.outcome in (sn.RED, sn.ERROR) and check not in expected
    ]
    return (
        [check for check in red if before.get(check) == sn.PASSED],
        [check for check in red if not before.get(check)],
    )


def _land(pipeline: Pipeline, worktree: Worktree, tree: str, results: dict[str, Result]) -> sn.Snapshot:
    """The closing commit, also where a person has committed meanwhile: the evidence names the tree that was verified."""
    repository = pipeline.repository
    data = {"run": pipeline.directory.id, **evidence(results, tree, pipeline.known)}
    for _ in range(ATTEMPTS):
        try:
            pipeline.report.closing, shown = land_verification(
                repository,
                pipeline.tip,
                worktree.place,
                run=pipeline.directory.id,
                data=data,
                step=pipeline.step,
            )
        except git_landing.Moved:
            pipeline.follow_branch()
            worktrees.reset(worktree, pipeline.tip.commit)
        else:
            return shown
    raise git_landing.Moved(
        "the branch keeps moving", hint="Run `tracker verify` when nobody else commits to it."
    )
