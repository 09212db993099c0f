"""``run``, ``revert`` and the closing verification."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tracker.errors import NotTrusted, PlanFailed, ProjectSaysNo
from tracker.git import landing as git_landing
from tracker.git import stacking, trees, worktrees
from tracker.git.plumbing import git
from tracker.model import progress as pg
from tracker.model import snapshot as sn
from tracker.model.definitions import Plan
from tracker.service.base import Repository, plan_of
from tracker.service.breaking import find_breakers
from tracker.service.checking import evidence, job_of, jobs_for, red_needs, run_jobs
from tracker.service.landing import Tip, land_revert, land_verification
from tracker.service.local import remember_reasons
from tracker.service.pipeline import ATTEMPTS, Pipeline
from tracker.service.planning import deferred_checks, plan_run
from tracker.service.recorder import Recorder
from tracker.service.reports import RunReport
from tracker.service.rundir import RunDirectory
from tracker.service.stage import Stage
from tracker.store import clock, files, trust
from tracker.store.lock import lock
from tracker.verify.outcomes import Result


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is to be made."""

    jobs: int = 1
    land: bool = True
    observer: pg.Observer = pg.silent
    cancelled: threading.Event | None = None
    step: Callable[[str], None] = lambda _name: None


def run(
    repository: Repository,
    refs: Sequence[str] = (),
    *,
    phase: str | None = None,
    all_plans: bool = False,
    options: Options,
) -> RunReport:
    """Carry plans out: implement, verify, land, and verify everything landed once more.

    Raises Usage, DefinitionsInvalid, NotTrusted and Locked before anything has happened.
    """
    loaded = repository.valid()
    snapshot = repository.snapshot()
    planned = plan_run(repository, loaded, snapshot, refs, phase=phase, all_plans=all_plans)
    report = RunReport()
    for other in planned.others:
        (report.refused if other.action == "refuse" else report.skipped)[other.ref] = other.reason
        options.observer(pg.Progress(pg.SKIPPED, other.ref, other.reason, {"title": other.title}))
    report.before = snapshot.score.points if snapshot.score and snapshot.score.measured else None
    selected = [item.ref for wave in planned.waves for item in wave]
    if not selected:
        return report
    require_trust(repository)
    with _at_work(repository, selected, options) as (directory, tip, observer, recorder):
        report.id = directory.id
        loaded = repository.valid()
        pipeline = Pipeline(
            repository=repository,
            known=loaded.definitions,
            snapshot=repository.imply(loaded),
            tip=tip,
            directory=directory,
            report=report,
            observer=observer,
            jobs=options.jobs,
            cancelled=options.cancelled,
            step=options.step,
        )
        start = tip.commit
        if not options.land:
            _author(pipeline, plan_of(loaded.definitions, selected[0]))
            return report
        for number, wave in enumerate(planned.waves, 1):
            if options.cancelled is not None and options.cancelled.is_set():
                break
            titles = [item.ref for item in wave]
            observer(pg.Progress(pg.WAVE, "", ", ".join(titles), {"wave": number, "of": len(planned.waves)}))
            pipeline.wave([plan_of(loaded.definitions, ref) for ref in titles])
        report.cancelled = bool(options.cancelled is not None and options.cancelled.is_set())
        if report.landed and not report.cancelled:
            _close(pipeline, start)
        for ref in [*report.landed, *report.failed]:
            recorder.attempt(
                run=directory.id,
                plan=ref,
                state="landed" if ref in report.landed else "failed",
                reason=report.failed.get(ref, ""),
                log=str(directory.log(ref).relative_to(repository.root)),
                commit=report.landed.get(ref, ""),
            )
        remember_reasons(repository, report.results)
        final = repository.load()
        implied = repository.imply(final)
        with lock(repository.root, doing="writing STATE.md"):
            repository.write_state(implied)
        recorder.sync(implied, final.events)
    return report


def revert(repository: Repository, ref: str, *, options: Options) -> RunReport:
    """Take a landed plan back: its changes out of the codebase, and the plan pending again.

    Raises ProjectSaysNo where it has not landed, or where later changes stand on it.
    """
    loaded = repository.valid()
    snapshot = repository.snapshot()
    state = snapshot.plan(repository.resolve(ref, loaded.definitions))
    plan = plan_of(loaded.definitions, state.ref)
    if not state.run:
        raise ProjectSaysNo(
            f"{plan.ref} has not landed", hint=f"`tracker log {plan.ref}` shows what has happened."
        )
    standing = [other.ref for other in snapshot.plans if plan.ref in other.depends_on and other.run]
    if standing:
        raise ProjectSaysNo(
            f"{', '.join(standing)} depends on {plan.ref} and has landed", hint="Revert the later ones first."
        )
    require_trust(repository)
    report = RunReport(before=snapshot.score.points if snapshot.score and snapshot.score.measured else None)
    with _at_work(repository, [plan.ref], options) as (directory, tip, observer, recorder):
        report.id = directory.id
        landed = _landing_of(repository, plan.ref, state.run, tip.commit)
        tree = _without_plan(repository, plan, landed, tip.commit)
        pipeline = Pipeline(
            repository=repository,
            known=loaded.definitions,
            snapshot=snapshot,
            tip=tip,
            directory=directory,
            report=report,
            observer=observer,
            jobs=options.jobs,
            cancelled=options.cancelled,
            step=options.step,
        )
        place = pipeline.place("revert")
        worktrees.add(repository.root, place, tip.commit)
        commit = land_revert(repository, tip, plan, tree, place, run=directory.id, step=options.step)
        report.landed[plan.ref] = commit
        tip.generated.clear()
        observer(pg.Progress(pg.LANDED, plan.ref, f"reverted: {plan.title}", {"commit": commit}))
        _close(pipeline, tip.commit)
        final = repository.load()
        recorder.sync(repository.imply(final), final.events)
    return report


def require_trust(repository: Repository) -> None:
    """Raises NotTrusted unless a person has said that this repository's code may run."""
    if not trust.trusted(repository.root):
        raise NotTrusted(
            "this would run code of the repository, which you have not trusted yet",
            hint="Look at what it is (`tracker run --dry-run`), then say --trust, or TRACKER_TRUST=1.",
        )


@contextmanager
def _at_work(
    repository: Repository, selected: Sequence[str], options: Options
) -> Iterator[tuple[RunDirectory, Tip, pg.Observer, Recorder]]:
    """Everything that surrounds a run: lock, recovery, directory, history; and tidying up behind it."""
    root = repository.root
    branch, _ = git_landing.current_branch(root)
    git_landing.require_identity(root)
    with lock(root, "run.lock", timeout=0.5, doing=f"running {', '.join(selected)}"):
        with repository.writing():
            pass
        trees_at = root / files.LOCAL / "worktrees"
        gone = worktrees.sweep(root, trees_at, set())
        directory = RunDirectory(root)
        observer = directory.observed(options.observer)
        if gone:
            observer(pg.Progress(pg.NOTICE, "", f"tidied up after {', '.join(gone)}"))
        recorder = Recorder(root / files.LOCAL / "state.db")
        started = time.monotonic()
        recorder.start_run(
            directory.id, clock.now(), pid=os.getpid(), plans=", ".join(selected), jobs=options.jobs
        )
        observer(
            pg.Progress(pg.RUN_STARTED, "", directory.id, {"plans": list(selected), "jobs": options.jobs})
        )
        tip = Tip(branch, git_landing.current_branch(root)[1])
        state = "failed"
        try:
            yield directory, tip, observer, recorder
            state = (
                "cancelled" if options.cancelled is not None and options.cancelled.is_set() else "finished"
            )
        finally:
            observer(pg.Progress(pg.RUN_FINISHED, "", state))
            recorder.finish_run(directory.id, state, clock.now(), round(time.monotonic() - started, 3))
            recorder.close()
            directory.finish()
            _tidy(repository, trees_at / directory.id)


def _tidy(repository: Repository, place: Path) -> None:
    """Remove the run's worktrees, but for those of plans that failed."""
    kept = _kept(place)
    for worktree in sorted(place.iterdir()) if place.is_dir() else []:
        if worktree.name not in kept and worktree.is_dir():
            worktrees.remove(repository.root, worktree)
    if place.is_dir() and not any(item.is_dir() for item in place.iterdir()):
        shutil.rmtree(place, ignore_errors=True)


def _kept(place: Path) -> list[str]:
    try:
        return (place / "kept").read_text(encoding="utf-8").split()
    except OSError:
        return []


def _author(pipeline: Pipeline, plan: Plan) -> None:
    """One plan, own checks only, nothing landed, the worktree kept: the loop of who writes a plan."""
    repository = pipeline.repository
    place = pipeline.place(plan.ref)
    worktrees.add(repository.root, place, pipeline.tip.commit)
    deferred = deferred_checks(pipeline.snapshot.plan(plan.ref))
    log = pipeline.directory.log(plan.ref)
    report = pipeline.report
    stage = Stage(repository.root, pipeline.known.project, pipeline.observer, pipeline.cancelled)
    report.kept[plan.ref] = place
    report.logs[plan.ref] = log
    pipeline.keep(plan.ref)
    try:
        stage.implement(plan, place, pipeline.tip.commit, deferred=deferred, log=log)
    except PlanFailed as error:
        pipeline.fail(plan.ref, error.message)
        return
    job = job_of(plan, pipeline.known.project, place, log, deferred=deferred)
    found = run_jobs([job], parallel=1, observer=pipeline.observer, cancelled=pipeline.cancelled)[plan.ref]
    report.results |= found
    remember_reasons(repository, found)
    red = red_needs(plan, found, deferred)
    if red:
        pipeline.fail(plan.ref, "; ".join(f"{item.check} {item.outcome}: {item.reason}" for item in red))


def _close(pipeline: Pipeline, start: str) -> None:
    """One verification of everything landed, and the closing commit."""
    repository, report, observer = pipeline.repository, pipeline.report, pipeline.observer
    loaded = repository.load()
    now = repository.imply(loaded)
    done = [plan.ref for plan in now.plans if plan.status in (sn.DONE, sn.FAILED)]
    place = pipeline.place("closing")
    worktrees.add(repository.root, place, pipeline.tip.commit)
    jobs = jobs_for(pipeline.known, now, place, pipeline.directory.log, done)
    observer(pg.Progress(pg.CLOSING, "", f"verifying everything landed: {len(jobs)} verifications"))
    by_job = run_jobs(jobs, parallel=pipeline.jobs, observer=observer, cancelled=pipeline.cancelled)
    if pipeline.cancelled is not None and pipeline.cancelled.is_set():
        report.cancelled = True
        return
    results = {check: result for found in by_job.values() for check, result in found.items()}
    if not results:
        return
    report.results |= results
    was = {check.id: check.outcome for check in pipeline.snapshot.checks}
    was |= {
        check: sn.PASSED
        for check, result in report.results.items()
        if check not in results and result.outcome == sn.PASSED
    }
    landed_checks = {check.id for ref, _ in pipeline.landed for check in plan_of(pipeline.known, ref).checks}
    newly_red = [
        check
        for check, result in results.items()
        if result.outcome in (sn.RED, sn.ERROR) and (was.get(check) == sn.PASSED or check in landed_checks)
    ]
    report.not_run |= {c: r.reason for c, r in results.items() if r.outcome == sn.NOT_RUN}
    shown = _land_closing(pipeline, place, results)
    if newly_red:
        report.broken = find_breakers(pipeline, start, newly_red, place)
        for check, ref in report.broken.items():
            observer(
                pg.Progress(
                    pg.NOTICE, ref, f"{check} was green and is red: broken by {ref or 'no plan of this run'}"
                )
            )
    if shown.score is not None:
        report.points, report.of = shown.score.points, shown.score.of
        observer(
            pg.Progress(pg.SCORE, "", "", {"points": report.points, "of": report.of, "before": report.before})
        )


def _land_closing(pipeline: Pipeline, place: Path, results: dict[str, Result]) -> sn.Snapshot:
    """The closing commit, also where a person has committed meanwhile: the evidence names the tree that was verified."""
    repository = pipeline.repository
    tree = trees.committed_tree(repository.root, pipeline.tip.commit, pipeline.known.project.codebase)
    data = {"run": pipeline.directory.id, **evidence(results, tree)}
    for _ in range(ATTEMPTS):
        try:
            pipeline.report.closing, shown = land_verification(
                repository, pipeline.tip, place, run=pipeline.directory.id, data=data, step=pipeline.step
            )
        except git_landing.Moved:
            pipeline.follow_branch()
            worktrees.reset(place, pipeline.tip.commit)
        else:
            return shown
    raise git_landing.Moved(
        "the branch keeps moving", hint="Run `tracker verify` when nobody else commits to it."
    )


def _landing_of(repository: Repository, ref: str, run_id: str, tip: str) -> str:
    text = git(
        repository.root,
        "log",
        "--format=%H%x09%(trailers:key=Plan,valueonly,separator=%x2C)%x09%(trailers:key=Run,valueonly,separator=%x2C)",
        tip,
    )
    for line in text.splitlines():
        commit, plan, run_of = line.split("\t")
        if plan == ref and run_of == run_id:
            return commit
    raise ProjectSaysNo(
        f"the commit of {ref} (run {run_id}) is not in this branch's history",
        hint="Revert its changes by hand, then `tracker reopen`.",
    )


def _without_plan(repository: Repository, plan: Plan, landed: str, tip: str) -> str:
    """The tip's tree with the plan's change of the code taken back by a 3-way merge."""
    root = repository.root
    before = git(root, "rev-parse", f"{landed}^")

    def code(commit: str) -> str:
        entries: dict[str, tuple[str, str] | None] = dict.fromkeys(stacking.entries(root, commit, "plans"))
        entries["STATE.md"] = None
        return git_landing.tree_with(root, commit, entries)

    base = git(root, "commit-tree", code(landed), "-m", "base")
    ours = git_landing.commit(root, code(tip), base, "ours\n")
    theirs = git_landing.commit(root, code(before), base, "theirs\n")
    merged = stacking.merged_tree(root, ours, theirs)
    if merged is None:
        raise ProjectSaysNo(
            f"later changes touch what {plan.ref} changed, so it cannot be taken back by itself",
            hint="Revert the later plans first.",
        )
    restored: dict[str, tuple[str, str] | None] = dict(stacking.entries(root, tip, "plans"))
    restored |= dict(stacking.entries(root, tip, "STATE.md"))
    restored.pop(f"{plan.path}/SUMMARY.md", None)
    return git_landing.tree_with(root, merged, restored)
