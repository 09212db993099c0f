"""``verify`` and ``done``: the working tree, proved."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from tracker.errors import Interrupted, ProjectSaysNo, TrackerError
from tracker.git import guards, trees
from tracker.model import events as ev
from tracker.model import progress as pg
from tracker.model import snapshot as sn
from tracker.model.definitions import BASELINE
from tracker.service.base import Loaded, Repository, plan_of
from tracker.service.checking import evidence, jobs_for, red_needs, run_jobs
from tracker.service.liveness import VERIFICATION
from tracker.service.local import remember_reasons
from tracker.service.planning import deferred_checks
from tracker.service.reports import VerifyReport
from tracker.service.rundir import RunDirectory
from tracker.service.running import require_trust
from tracker.verify.outcomes import Result


@dataclass(frozen=True, slots=True)
class _Proved:
    loaded: Loaded
    results: dict[str, Result]
    tree: str


def verify(
    repository: Repository,
    refs: Sequence[str] = (),
    *,
    jobs: int = 1,
    observer: pg.Observer = pg.silent,
    cancelled: threading.Event | None = None,
) -> VerifyReport:
    """Run the checks of these plans (default: of everything) against the working tree, and record the outcomes.

    Red needs of plans that are done, of the baseline, and of plans asked for by name count against the exit
    code; those of plans that are still to come do not: nobody has claimed them.
    """
    loaded = repository.valid()
    wanted = _wanted(repository, loaded, refs)
    require_trust(repository)
    proved = _prove(
        repository, loaded, wanted, named=bool(refs), jobs=jobs, observer=observer, cancelled=cancelled
    )
    repository.record([(ev.VERIFIED, None, evidence(proved.results, proved.tree, loaded.definitions))])
    snapshot = repository.snapshot()
    claimed = set(wanted) if refs else {p.ref for p in snapshot.plans if p.status in (sn.DONE, sn.FAILED)}
    report = _report(snapshot, proved, claimed | {BASELINE})
    if report.of:
        observer(pg.Progress(pg.SCORE, "", "", {"points": report.points, "of": report.of}))
    return report


def done(
    repository: Repository,
    ref: str,
    *,
    observer: pg.Observer = pg.silent,
    cancelled: threading.Event | None = None,
) -> VerifyReport:
    """Mark a plan done if its checks pass. Raises ProjectSaysNo where they do not, or where it has none."""
    loaded = repository.valid()
    ref = repository.resolve(ref, loaded.definitions)
    plan = plan_of(loaded.definitions, ref)
    state = repository.snapshot().plan(ref)
    if not plan.checks or not plan.verification:
        raise ProjectSaysNo(
            f"{ref} has no checks that could prove it",
            hint=f'`tracker done {ref} --because "…"` records your word instead, shown as unproven.',
        )
    if state.status == sn.DONE and state.proof == sn.VERIFIED:
        return VerifyReport(tree=repository.snapshot().tree)
    require_trust(repository)
    proved = _prove(repository, loaded, [ref], named=True, jobs=1, observer=observer, cancelled=cancelled)
    red = red_needs(plan, proved.results, deferred_checks(state))
    recorded = evidence(proved.results, proved.tree, loaded.definitions)
    if red:
        repository.record([(ev.VERIFIED, None, recorded)])
        reasons = "\n".join(f"  {item.check} {item.outcome}: {item.reason}".rstrip(": ") for item in red)
        raise ProjectSaysNo(
            f"{ref} is not done: {len(red)} of its checks did not pass\n{reasons}",
            hint=f'`tracker done {ref} --because "…"` records your word instead, shown as unproven.',
        )
    repository.record(
        [(ev.VERIFIED, None, recorded), (ev.DONE, ref, {"source": "verification", "slug": plan.slug})]
    )
    return _report(repository.snapshot(), proved, {ref})


def stale(snapshot: sn.Snapshot) -> list[tuple[str, str]]:
    """What a verification would have to prove (again), each with the reason."""
    result = []
    for plan in snapshot.plans:
        if plan.status == sn.DONE and plan.proof != sn.VERIFIED:
            result.append((plan.ref, plan.reason or plan.proof))
        elif plan.status == sn.FAILED:
            result.append((plan.ref, plan.reason))
    old = [check.id for check in snapshot.baseline if not check.current]
    if old:
        result.insert(
            0, (BASELINE, f"{len(old)} of {len(snapshot.baseline)} checks have no evidence for this code")
        )
    return result


def _wanted(repository: Repository, loaded: Loaded, refs: Sequence[str]) -> list[str]:
    if not refs:
        return [plan.ref for plan in loaded.definitions.plans]
    return [BASELINE if ref == BASELINE else repository.resolve(ref, loaded.definitions) for ref in refs]


def _prove(
    repository: Repository,
    loaded: Loaded,
    wanted: Sequence[str],
    *,
    named: bool,
    jobs: int,
    observer: pg.Observer,
    cancelled: threading.Event | None,
) -> _Proved:
    codebase = loaded.definitions.project.codebase
    tree = trees.codebase_tree(repository.root, codebase)
    guarded = guards.taken(repository.root)
    with closing(RunDirectory(repository.root, VERIFICATION)) as directory:
        work = jobs_for(
            loaded.definitions,
            repository.imply(loaded, tree=tree),
            repository.root,
            directory.log,
            wanted,
            baseline=not named or BASELINE in wanted,
        )
        seen = directory.observed(observer)
        by_job = run_jobs(work, parallel=jobs, observer=seen, cancelled=cancelled)
    results = {check: result for found in by_job.values() for check, result in found.items()}
    if cancelled is not None and cancelled.is_set():
        raise Interrupted("stopped: nothing was recorded")
    touched = guards.differing(repository.root, guarded)
    if touched:
        raise ProjectSaysNo(
            f"a verification, or somebody meanwhile, changed {', '.join(touched)}: nothing was recorded"
        )
    if trees.codebase_tree(repository.root, codebase) != tree:
        raise TrackerError(
            "the codebase changed while it was being verified: nothing was recorded",
            hint="Run it again when nobody edits the code.",
        )
    remember_reasons(repository, results)
    return _Proved(loaded, results, tree)


def _report(snapshot: sn.Snapshot, proved: _Proved, claimed: set[str]) -> VerifyReport:
    deferred = {check.id for check in snapshot.checks if check.deferred}
    red = tuple(
        check.id
        for check in proved.loaded.definitions.checks
        if check.kind == "need"
        and check.plan in claimed
        and check.id not in deferred
        and check.id in proved.results
        and proved.results[check.id].outcome != sn.PASSED
    )
    return VerifyReport(
        results=proved.results,
        red=red,
        tree=proved.tree,
        points=snapshot.score.points if snapshot.score else 0,
        of=snapshot.score.of if snapshot.score else 0,
    )
