"""What a run would do, and why: decided before anything executes."""

from __future__ import annotations

from collections.abc import Sequence

from tracker.errors import Usage
from tracker.git.plumbing import GitFailed, git
from tracker.model import events as ev
from tracker.model import snapshot as sn
from tracker.model.definitions import Plan
from tracker.model.waves import waves
from tracker.service.base import Loaded, Repository
from tracker.service.reports import REFUSE, RUN, SKIP, PlannedRun, RunPlan
from tracker.store import journal

_FORMAT = (
    "--format=%H%x09%(trailers:key=Plan,valueonly,separator=%x2C)"
    "%x09%(trailers:key=Run,valueonly,separator=%x2C)"
)


class Landings:
    """The landings that a commit's history holds: a squashed, dropped or reset one is not among them."""

    def __init__(self, repository: Repository, tip: str = "HEAD") -> None:
        self._root = repository.root
        self._commits = _commits(repository, tip)
        self._refs: dict[tuple[str, str, str], str] = {}
        for event in journal.read(repository.root)[0]:
            if event.kind == ev.LANDED and event.plan and "slug" in event.data:
                self._refs[str(event.data.get("run")), _phase(event.plan), str(event.data["slug"])] = (
                    event.plan
                )

    def commit(self, state: sn.PlanState) -> str:
        """The commit by which the plan has landed; empty where the history has none."""
        # The number that it had then: plans may be numbered anew.
        ref = self._refs.get((state.run, _phase(state.ref), state.slug), state.ref)
        return self._commits.get((ref, state.run), "")

    def lost(self, state: sn.PlanState) -> bool:
        """Whether the history has none for sure: a shallow clone lacks commits that exist."""
        return not self.commit(state) and not self.shallow

    @property
    def shallow(self) -> bool:
        """Whether the clone holds the end of its history only."""
        return git(self._root, "rev-parse", "--is-shallow-repository") == "true"


def _commits(repository: Repository, tip: str) -> dict[tuple[str, str], str]:
    """(plan, run) → commit."""
    try:
        text = git(
            repository.root,
            "log",
            "--no-show-signature",
            "--basic-regexp",
            "--grep=^Run: ",
            _FORMAT,
            tip,
            "--",
        )
    except GitFailed:
        return {}  # the branch has no commit yet
    found: dict[tuple[str, str], str] = {}
    for line in text.splitlines():
        commit, plan, run = line.split("\t", 2)
        found.setdefault((plan, run), commit)
    return found


def _phase(ref: str) -> str:
    return ref.rpartition(".")[0]


def plan_run(
    repository: Repository,
    loaded: Loaded,
    snapshot: sn.Snapshot,
    refs: Sequence[str] = (),
    *,
    phase: str | None = None,
    all_plans: bool = False,
) -> RunPlan:
    """The waves of a run of these plans. Raises Usage for references that name nothing."""
    chosen = _chosen(repository, loaded, refs, phase, all_plans=all_plans)
    explicit = bool(refs)
    others: list[PlannedRun] = []
    candidates: dict[str, Plan] = {}
    for plan in chosen:
        state = snapshot.plan(plan.ref)
        reason = _skip(plan, state, explicit=explicit)
        if reason:
            others.append(PlannedRun(plan.ref, plan.title, SKIP, reason))
        elif _broken(plan, state):
            others.append(PlannedRun(plan.ref, plan.title, REFUSE, _way_out(repository, state)))
        else:
            candidates[plan.ref] = plan
    _refuse(candidates, snapshot, others)
    order = waves({ref: plan.depends_on for ref, plan in candidates.items()})
    planned = tuple(
        tuple(PlannedRun(ref, candidates[ref].title, RUN, _why(snapshot.plan(ref))) for ref in wave)
        for wave in order
    )
    return RunPlan(planned, tuple(others))


def deferred_checks(plan: sn.PlanState) -> tuple[str, ...]:
    """The checks of a plan that are put off."""
    return tuple(sorted(check.id for check in plan.checks if check.deferred))


def landed_key(digest: str, deferred: Sequence[str]) -> str:
    """What a landing was made of: the plan's digest and what it left out."""
    return f"{digest}-{','.join(deferred)}" if deferred else digest


def _chosen(
    repository: Repository, loaded: Loaded, refs: Sequence[str], phase: str | None, *, all_plans: bool
) -> list[Plan]:
    plans = loaded.definitions.plans
    if all_plans:
        return list(plans)
    if phase is not None:
        number = phase.lstrip("0") or "0"
        found = [
            item
            for item in loaded.definitions.phases
            if phase in (item.slug, item.number) or item.number == number
        ]
        if not found:
            known = ", ".join(item.number for item in loaded.definitions.phases)
            raise Usage(
                f"no phase '{phase}'", hint=f"There are phases {known}." if known else "There are none yet."
            )
        return list(found[0].plans)
    if not refs:
        raise Usage("which plans?", hint="Name them, or use --phase N or --all.")
    wanted = {repository.resolve(ref, loaded.definitions) for ref in refs}
    return [plan for plan in plans if plan.ref in wanted]


def _skip(plan: Plan, state: sn.PlanState, *, explicit: bool) -> str:
    """Why a plan is not run; empty where it is."""
    if state.status == sn.DONE and _as_landed(plan, state):
        return (
            "up to date"
            if state.proof != sn.STALE
            else "up to date, but stale: `tracker verify` proves it again"
        )
    if plan.implementation.kind == "manual":
        if state.status == sn.DONE:
            return "done"
        return f"has no implementation: `tracker done {plan.ref}` when it is carried out"
    if state.status == sn.DONE and state.source == "verification" and not state.landed_digest:
        if state.proof == sn.STALE:
            return "done, but stale: `tracker verify` proves it again"
        return f"done and verified: `tracker reopen {plan.ref}` first to have it carried out anew"
    if state.status == sn.DEFERRED and not explicit:
        return f"deferred: {state.reason}"
    return ""


def _as_landed(plan: Plan, state: sn.PlanState) -> bool:
    """Whether the plan has landed, and as it is now."""
    return state.landed_digest == landed_key(plan.digest, deferred_checks(state))


def _broken(plan: Plan, state: sn.PlanState) -> bool:
    """Whether the plan has landed as it is now, and its checks have turned red: running it again is no cure."""
    return state.status == sn.FAILED and _as_landed(plan, state)


def _way_out(repository: Repository, state: sn.PlanState) -> str:
    """What is wrong with a broken plan, and what a person can do."""
    back = "reopen" if Landings(repository).lost(state) else "revert"
    return (
        f"landed, and {state.reason}; `tracker {back} {state.ref}`, then `tracker run {state.ref}`;"
        " or mend the code by hand, then `tracker verify`"
    )


def _why(state: sn.PlanState) -> str:
    if state.landed_digest:
        return "the plan has changed since it landed"
    if state.status == sn.DONE:
        return "done by word only"
    if state.status == sn.FAILED:
        return state.reason
    return ""


def _refuse(candidates: dict[str, Plan], snapshot: sn.Snapshot, others: list[PlannedRun]) -> None:
    """Take out the plans that wait for something that is neither done nor in this run."""
    while True:
        refused = {}
        for ref, plan in candidates.items():
            missing = [
                other
                for other in plan.depends_on
                if other not in candidates and snapshot.plan(other).status != sn.DONE
            ]
            if missing:
                refused[ref] = missing
        if not refused:
            return
        for ref, missing in refused.items():
            plan = candidates.pop(ref)
            reason = f"waits for {', '.join(missing)}, not done and not in this run"
            others.append(PlannedRun(ref, plan.title, REFUSE, reason))
