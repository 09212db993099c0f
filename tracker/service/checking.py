"""Verifications as jobs: many at a time, those that have to be alone afterwards."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tracker.model import progress as pg
from tracker.model import snapshot as sn
from tracker.model.definitions import BASELINE, Definitions, Plan, Project
from tracker.verify.outcomes import Result
from tracker.verify.runner import Job, verify


def job_of(
    plan: Plan,
    project: Project,
    root: Path,
    log: Path,
    *,
    deferred: Sequence[str] = (),
    only: Sequence[str] = (),
) -> Job:
    """The verification of a plan against the tree at ``root``."""
    return Job(
        name=plan.ref,
        root=root,
        plan_dir=root / plan.path,
        codebase=project.codebase,
        verification=plan.verification,
        checks=plan.checks,
        timeout=project.verification_timeout,
        log=log,
        python=project.python,
        deferred=tuple(deferred),
        only=tuple(only),
    )


def baseline_job(project: Project, root: Path, log: Path, *, only: Sequence[str] = ()) -> Job:
    """The verification of the project's own checks."""
    return Job(
        name=BASELINE,
        root=root,
        plan_dir=root / "plans",
        codebase=project.codebase,
        verification=project.baseline,
        checks=project.checks,
        timeout=project.verification_timeout,
        log=log,
        python=project.python,
        only=tuple(only),
    )


def jobs_for(
    known: Definitions,
    snapshot: sn.Snapshot,
    root: Path,
    log: Callable[[str], Path],
    plans: Iterable[str],
    *,
    baseline: bool = True,
) -> list[Job]:
    """The jobs that verify these plans, and the project's own checks first."""
    from tracker.service.planning import deferred_checks

    wanted = set(plans)
    jobs = [baseline_job(known.project, root, log(BASELINE))] if baseline and known.project.checks else []
    jobs += [
        job_of(plan, known.project, root, log(plan.ref), deferred=deferred_checks(snapshot.plan(plan.ref)))
        for plan in known.plans
        if plan.ref in wanted and plan.checks
    ]
    return jobs


def run_jobs(
    jobs: Sequence[Job],
    *,
    parallel: int,
    observer: pg.Observer,
    cancelled: threading.Event | None,
) -> dict[str, dict[str, Result]]:
    """The results of every job by its name: shared ones ``parallel`` at a time, exclusive checks alone after them."""
    results: dict[str, dict[str, Result]] = {job.name: {} for job in jobs}

    def one(job: Job, *, exclusive: bool) -> None:
        if not any(check.exclusive == exclusive for check in job.checks):
            return
        observer(pg.Progress(pg.VERIFYING, job.name, "alone" if exclusive else ""))
        found = verify(
            job,
            exclusive=exclusive,
            on_output=lambda line: observer(pg.Progress(pg.OUTPUT, job.name, line)),
            cancelled=cancelled,
        )
        results[job.name] |= found
        for result in found.values():
            observer(
                pg.Progress(
                    pg.CHECK,
                    job.name,
                    result.reason,
                    {"check": result.check, "outcome": result.outcome, "seconds": result.seconds},
                )
            )

    with ThreadPoolExecutor(max_workers=max(1, parallel)) as pool:
        for future in [pool.submit(one, job, exclusive=False) for job in jobs]:
            future.result()
    for job in jobs:
        one(job, exclusive=True)
    return results


def red_needs(plan: Plan, results: dict[str, Result], deferred: Sequence[str]) -> list[Result]:
    """The needs of a plan that are not proved: failed, in error, or not run."""
    return [
        results.get(check.id, Result(check.id, sn.NOT_RUN, "no result"))
        for check in plan.checks
        if check.kind == "need"
        and check.id not in deferred
        and (check.id not in results or results[check.id].outcome != sn.PASSED)
    ]


def evidence(results: dict[str, Result], tree: str, known: Definitions) -> dict[str, object]:
    """The data of an event that records these outcomes, and what they were proved by.

    Failure texts are local: they name places of this machine.
    """
    plans = {check.plan for check in known.checks if check.id in results}
    return {
        "tree": tree,
        "checks": {check: results[check].outcome for check in sorted(results)},
        "proofs": {plan: proof for plan, proof in known.proofs.items() if plan in plans and proof},
    }
