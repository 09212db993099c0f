"""``run`` and ``revert``, from the question what there is to do to the report."""

from __future__ import annotations

from collections.abc import Sequence

from tracker.errors import NotTrusted, PlanFailed, ProjectSaysNo
from tracker.git import landing as git_landing
from tracker.git import objects, stacking
from tracker.git.plumbing import git
from tracker.model import events as ev
from tracker.model import progress as pg
from tracker.model import snapshot as sn
from tracker.model.definitions import Plan
from tracker.service.base import Loaded, Repository, plan_of
from tracker.service.checking import job_of, red_needs, run_jobs
from tracker.service.closing import close
from tracker.service.landing import land_revert
from tracker.service.liveness import interrupted
from tracker.service.local import remember_reasons
from tracker.service.pipeline import ATTEMPTS, Pipeline
from tracker.service.planning import Landings, deferred_checks, plan_run
from tracker.service.reports import RunPlan, RunReport
from tracker.service.stage import Stage
from tracker.service.work import Options, Work, at_work
from tracker.store import trust
from tracker.store.lock import lock

__all__ = ["Options", "require_trust", "revert", "run"]


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

    def asked() -> tuple[Loaded, sn.Snapshot, RunPlan]:
        loaded = repository.valid()
        snapshot = repository.imply(loaded)
        planned = plan_run(repository, loaded, snapshot, refs, phase=phase, all_plans=all_plans)
        return loaded, snapshot, planned

    loaded, snapshot, planned = asked()
    if not planned.waves and not (options.land and _left_over(repository, loaded)):
        return _answered(snapshot, planned, options.observer)
    require_trust(repository)
    with at_work(repository, _selected(planned), options) as work:
        # Asked again: a landing that was cut short is finished by now, and another run may have ended meanwhile.
        loaded, snapshot, planned = asked()
        report = _answered(snapshot, planned, work.observer)
        pipeline = _pipeline(repository, loaded, snapshot, work, report, options)
        if not options.land:
            for ref in _selected(planned):
                _author(pipeline, plan_of(loaded.definitions, ref))
            return report
        for number, wave in enumerate(planned.waves, 1):
            if pipeline.stopped():
                break
            titles = [item.ref for item in wave]
            work.observer(
                pg.Progress(pg.WAVE, "", ", ".join(titles), {"wave": number, "of": len(planned.waves)})
            )
            pipeline.wave([plan_of(loaded.definitions, ref) for ref in titles])
        report.cancelled = pipeline.stopped()
        if (report.landed or _unclosed(loaded)) and not report.cancelled:
            close(pipeline)
            # A check may be green by now: a later plan of this run can be what it took.
            report.red = {
                check: report.results[check].reason
                for check in report.red
                if report.results[check].outcome in (sn.RED, sn.ERROR)
            }
        _record(repository, work, report)
    return report


def revert(repository: Repository, ref: str, *, options: Options) -> RunReport:
    """Take a landed plan back: its changes out of the codebase, and the plan pending again.

    Raises ProjectSaysNo where it has not landed, or where later changes stand on it.
    """
    ref = _revertible(repository, ref).ref
    require_trust(repository)
    with at_work(repository, [ref], options) as work:
        loaded = repository.valid()
        state = _revertible(repository, ref)
        plan = plan_of(loaded.definitions, ref)
        snapshot = repository.imply(loaded)
        report = _answered(snapshot, RunPlan(), work.observer)
        pipeline = _pipeline(repository, loaded, snapshot, work, report, options)
        for attempt in range(ATTEMPTS):
            worktree = pipeline.worktree("revert", work.tip.commit)
            landed = _landing_of(repository, state, work.tip.commit)
            tree = _without_plan(repository, plan, landed, work.tip.commit)
            try:
                commit = land_revert(
                    repository,
                    work.tip,
                    plan,
                    tree,
                    worktree.place,
                    run=work.directory.id,
                    step=options.step,
                )
                break
            except git_landing.Moved:
                if attempt == ATTEMPTS - 1:
                    raise
                pipeline.follow_branch()
        report.landed[plan.ref] = commit
        work.observer(pg.Progress(pg.LANDED, plan.ref, f"reverted: {plan.title}", {"commit": commit}))
        close(pipeline, reverted=plan.ref)
        _record(repository, work, report)
    return report


def require_trust(repository: Repository) -> None:
    """Raises NotTrusted unless a person has said that this repository's code may run."""
    if not trust.trusted(repository.root):
        raise NotTrusted(
            "this would run code of the repository, which you have not trusted yet",
            hint="Look at what it is (`tracker run --dry-run`), then say --trust, or TRACKER_TRUST=1.",
        )


def _selected(planned: RunPlan) -> list[str]:
    return [item.ref for wave in planned.waves for item in wave]


def _left_over(repository: Repository, loaded: Loaded) -> bool:
    """Whether a run before has left something to finish or to tidy up."""
    landing = (repository.root / git_landing.INTENT).exists()
    return landing or bool(interrupted(repository.root)) or _unclosed(loaded)


def _unclosed(loaded: Loaded) -> bool:
    """Whether something has landed that no verification of everything has followed."""
    if not loaded.definitions.checks:
        return False
    kinds = [
        event.kind
        for event in ev.effective(loaded.events)
        if event.kind in (ev.LANDED, ev.REVERTED) or (event.kind == ev.VERIFIED)
    ]
    return bool(kinds) and kinds[-1] != ev.VERIFIED


def _answered(snapshot: sn.Snapshot, planned: RunPlan, observer: pg.Observer) -> RunReport:
    """A report that says what is not run, and why."""
    report = RunReport()
    for other in planned.others:
        (report.refused if other.action == "refuse" else report.skipped)[other.ref] = other.reason
        observer(pg.Progress(pg.SKIPPED, other.ref, other.reason, {"title": other.title}))
    report.before = snapshot.score.points if snapshot.score and snapshot.score.measured else None
    return report


def _pipeline(
    repository: Repository,
    loaded: Loaded,
    snapshot: sn.Snapshot,
    work: Work,
    report: RunReport,
    options: Options,
) -> Pipeline:
    report.id = work.directory.id
    return Pipeline(
        repository=repository,
        known=loaded.definitions,
        snapshot=snapshot,
        tip=work.tip,
        directory=work.directory,
        report=report,
        observer=work.observer,
        jobs=options.jobs,
        cancelled=options.cancelled,
        step=options.step,
    )


def _record(repository: Repository, work: Work, report: RunReport) -> None:
    """Local history, and STATE.md where something was recorded meanwhile."""
    for ref in [*report.landed, *report.failed]:
        work.recorder.attempt(
            run=work.directory.id,
            plan=ref,
            state="landed" if ref in report.landed else "failed",
            reason=report.failed.get(ref, ""),
            log=str(work.directory.log(ref).relative_to(repository.root)),
            implement_seconds=report.seconds.get(ref, (0.0, 0.0))[0],
            verify_seconds=report.seconds.get(ref, (0.0, 0.0))[1],
            commit=report.landed.get(ref, ""),
        )
    remember_reasons(repository, report.results)
    with lock(repository.root, doing="writing STATE.md"):
        final = repository.load()
        implied = repository.imply(final)
        repository.write_state(implied)
    work.recorder.sync(implied, final.events)


def _author(pipeline: Pipeline, plan: Plan) -> None:
    """One plan, own checks only, nothing landed, the worktree kept: the loop of who writes a plan."""
    repository = pipeline.repository
    deferred = deferred_checks(pipeline.snapshot.plan(plan.ref))
    log = pipeline.directory.log(plan.ref)
    report = pipeline.report
    stage = Stage(repository.root, pipeline.known.project, pipeline.observer, pipeline.cancelled)
    worktree = pipeline.worktree(plan.ref, pipeline.tip.commit)
    report.kept[plan.ref] = worktree.place
    report.logs[plan.ref] = log
    pipeline.keep(plan.ref)
    try:
        stage.implement(plan, worktree, pipeline.tip.commit, deferred=deferred, log=log)
    except PlanFailed as error:
        pipeline.fail(plan.ref, error.message)
        return
    job = job_of(plan, pipeline.known.project, worktree.place, log, deferred=deferred)
    found = run_jobs([job], parallel=1, observer=pipeline.observer, cancelled=pipeline.cancelled)[plan.ref]
    report.results |= found
    remember_reasons(repository, found)
    red = red_needs(plan, found, deferred)
    if red:
        pipeline.fail(plan.ref, "; ".join(f"{item.check} {item.outcome}: {item.reason}" for item in red))
    report.cancelled = pipeline.stopped()


def _revertible(repository: Repository, ref: str) -> sn.PlanState:
    """The plan, landed and with nothing landed that depends on it. Raises ProjectSaysNo."""
    loaded = repository.valid()
    snapshot = repository.imply(loaded)
    state = snapshot.plan(repository.resolve(ref, loaded.definitions))
    if not state.run:
        raise ProjectSaysNo(
            f"{state.ref} has not landed", hint=f"`tracker log {state.ref}` shows what has happened."
        )
    standing = [other.ref for other in snapshot.plans if state.ref in other.depends_on and other.run]
    if standing:
        raise ProjectSaysNo(
            f"{', '.join(standing)} depends on {state.ref} and has landed",
            hint="Revert the later ones first.",
        )
    return state


def _landing_of(repository: Repository, state: sn.PlanState, tip: str) -> str:
    landings = Landings(repository, tip)
    commit = landings.commit(state)
    if commit:
        return commit
    if landings.shallow:
        raise ProjectSaysNo(
            f"this clone is shallow, and the commit of {state.ref} (run {state.run}) is not in its part of the history",
            hint=f"`git fetch --unshallow`, then `tracker revert {state.ref}` again.",
        )
    raise ProjectSaysNo(
        f"the commit of {state.ref} (run {state.run}) is not in this branch's history: there is nothing to take back",
        hint=f"`tracker reopen {state.ref}` makes it pending; what the code has of it stays until you take it out.",
    )


def _without_plan(repository: Repository, plan: Plan, landed: str, tip: str) -> str:
    """The tip's tree with the plan's change of the code taken back by a 3-way merge."""
    root = repository.root
    before = git(root, "rev-parse", f"{landed}^")

    def code(commit: str) -> str:
        entries: dict[str, tuple[str, str] | None] = dict.fromkeys(stacking.entries(root, commit, "plans"))
        entries["STATE.md"] = None
        return objects.tree_with(root, commit, entries)

    base = git(root, "commit-tree", code(landed), "-m", "base")
    ours = objects.commit(root, code(tip), base, "ours\n")
    theirs = objects.commit(root, code(before), base, "theirs\n")
    merged = stacking.merged_tree(root, ours, theirs)
    if merged is None:
        raise ProjectSaysNo(
            f"later changes touch what {plan.ref} changed, so it cannot be taken back by itself",
            hint="Revert the later plans first.",
        )
    restored: dict[str, tuple[str, str] | None] = dict(stacking.entries(root, tip, "plans"))
    restored |= dict(stacking.entries(root, tip, "STATE.md"))
    restored.pop(f"{plan.path}/SUMMARY.md", None)
    return objects.tree_with(root, merged, restored)
