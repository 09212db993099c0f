"""What people say: done, deferred, started, noted, linked; and taking it back."""

from __future__ import annotations

from typing import Any

from tracker.errors import ProjectSaysNo, Usage
from tracker.model import events as ev
from tracker.model import snapshot as sn
from tracker.model.describe import activity
from tracker.service.base import Repository
from tracker.store import journal


def note(repository: Repository, text: str, ref: str | None = None) -> None:
    """Write a note, to a plan or to the project."""
    plan = repository.resolve(ref) if ref else None
    repository.record([(ev.NOTE, plan, {"text": _words(text, "a note")})])


def start(repository: Repository, ref: str) -> None:
    """Say that a plan is being worked on. Raises ProjectSaysNo for one that is done, or was and is red."""
    plan = _plan(repository, ref)
    if plan.status in (sn.DONE, sn.FAILED):
        raise ProjectSaysNo(_claimed(plan), hint=f"{_back(repository, plan)} first.")
    if plan.status == sn.ACTIVE:
        return
    repository.record([(ev.STARTED, plan.ref, {})])


def defer(repository: Repository, ref: str, reason: str, check: str | None = None) -> None:
    """Put a plan off, or a single check of it, with a reason."""
    plan = _plan(repository, ref)
    data: dict[str, Any] = {"reason": _words(reason, "a deferral")}
    if check:
        data["check"] = _check(plan, check)
    elif plan.status in (sn.DONE, sn.FAILED):
        raise ProjectSaysNo(
            _claimed(plan), hint=f"{_back(repository, plan)} first, or defer one of its checks."
        )
    repository.record([(ev.DEFERRED, plan.ref, data)])


def reopen(repository: Repository, ref: str, check: str | None = None) -> None:
    """Make a plan pending again, or take a deferred check up again.

    Raises ProjectSaysNo for a plan whose landing is in the branch's history.
    """
    plan = _plan(repository, ref)
    data: dict[str, Any] = {}
    if check:
        data["check"] = _check(plan, check)
        if not next(item for item in plan.checks if item.id == data["check"]).deferred:
            raise ProjectSaysNo(f"{data['check']} is not deferred")
    elif plan.status == sn.PENDING:
        raise ProjectSaysNo(f"{plan.ref} is pending already")
    elif _landed(repository, plan):
        raise ProjectSaysNo(
            f"{plan.ref} has landed: its code is in the codebase",
            hint=f"`tracker revert {plan.ref}` takes the code back too.",
        )
    repository.record([(ev.REOPENED, plan.ref, data)])


def done_by_word(repository: Repository, ref: str, because: str) -> bool:
    """Record a person's word that a plan is done; False where that is recorded already."""
    plan = _plan(repository, ref)
    because = _words(because, "a person's word")
    if plan.status == sn.DONE and (plan.proof != sn.UNPROVEN or plan.reason == because):
        return False
    repository.record([(ev.DONE, plan.ref, {"because": because, "source": "word", "slug": plan.slug})])
    return True


def link(repository: Repository, ref: str, commit: str) -> str:
    """Say that a commit belongs to a plan; the commit's full id. Raises Usage for a commit that does not exist."""
    from tracker.git.plumbing import GitFailed, git

    plan = _plan(repository, ref)
    try:
        full = git(repository.root, "rev-parse", "--verify", "-q", "--end-of-options", f"{commit}^{{commit}}")
    except GitFailed:
        raise Usage(f"no commit '{commit}' in this repository") from None
    if full not in plan.links:
        repository.record([(ev.LINK, plan.ref, {"commit": full})])
    return full


def undo(repository: Repository, ref: str | None = None) -> str:
    """Take back the newest done, deferral, start, note, link or reopening (of a plan); what it was, in words."""
    if not repository.native:
        raise repository.no_plans()
    plan = repository.resolve(ref) if ref else None
    events, _ = journal.read(repository.root)
    counted = [
        event
        for event in ev.effective(events)
        if event.kind in ev.UNDOABLE and (plan is None or event.plan == plan)
    ]
    if not counted:
        raise ProjectSaysNo(
            f"nothing to undo{f' for {plan}' if plan else ''}",
            hint="A landed plan is taken back by `tracker revert`.",
        )
    last = counted[-1]
    repository.record([(ev.UNDO, last.plan, {"event": last.id})])
    where = f"{last.plan}: " if last.plan else ""
    return f"{where}{activity(last).text}"


def _plan(repository: Repository, ref: str) -> sn.PlanState:
    if not repository.native:
        raise repository.no_plans()
    snapshot = repository.snapshot()
    return snapshot.plan(repository.resolve(ref, snapshot))


def _landed(repository: Repository, plan: sn.PlanState) -> bool:
    """Whether ``revert`` is what makes the plan pending: its landing is, or may be, in the branch's history."""
    from tracker.service.planning import Landings

    return bool(plan.run) and plan.status in (sn.DONE, sn.FAILED) and not Landings(repository).lost(plan)


def _claimed(plan: sn.PlanState) -> str:
    return f"{plan.ref} is {'done' if plan.status == sn.DONE else plan.reason}"


def _back(repository: Repository, plan: sn.PlanState) -> str:
    """The command that makes a plan pending again."""
    if _landed(repository, plan):
        return f"`tracker revert {plan.ref}`, which takes its code back too,"
    return f"`tracker reopen {plan.ref}`"


def _check(plan: sn.PlanState, check: str) -> str:
    wanted = check.upper()
    for item in plan.checks:
        if item.id.upper() == wanted:
            return item.id
    ids = ", ".join(item.id for item in plan.checks)
    raise Usage(f"{plan.ref} has no check '{check}'", hint=f"It has {ids}." if ids else "It has no checks.")


def _words(text: str, what: str) -> str:
    words = text.strip()
    if not words:
        raise Usage(f"{what} needs words")
    return words
