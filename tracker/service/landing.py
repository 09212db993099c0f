"""Landing one verified change: the commit with code, plan, SUMMARY.md, journal and STATE.md, and the branch moved to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from tracker import definitions
from tracker.git import landing as git_landing
from tracker.git import objects, stacking, trees
from tracker.git.plumbing import git
from tracker.model import events as ev
from tracker.model import fold as folding
from tracker.model import snapshot as sn
from tracker.model.definitions import Definitions, Plan
from tracker.model.numbers import points
from tracker.render.state import notes_of, state_md
from tracker.render.summary import summary_md
from tracker.service.base import GENERATED, STATE, Repository
from tracker.service.stage import Staged
from tracker.store import journal
from tracker.store.lock import lock


@dataclass(slots=True)
class Tip:
    """The branch as this run has built it, and the generated files that its landings have put on top of the stack."""

    branch: str
    commit: str
    generated: dict[str, tuple[str, str] | None] = field(default_factory=dict)
    journal: tuple[str, bytes] = ("", b"")
    """A commit of this run, and the journal in it."""
    actor: str = ""


def land_plan(
    repository: Repository,
    tip: Tip,
    staged: Staged,
    stacked: str,
    *,
    run: str,
    data: dict[str, object],
    measured: Mapping[str, str],
    step: Callable[[str], None],
) -> str:
    """Land one plan; its commit. ``measured``: codebase → its tree, as it was verified.

    Raises InTheWay, Moved, and whatever git says.
    """
    plan = staged.plan
    with lock(repository.root, doing=f"landing {plan.ref}"):
        events, text = _journal(repository, tip, [(ev.LANDED, plan.ref, data)])
        summary = f"{plan.path}/SUMMARY.md"
        files: dict[str, bytes] = {
            journal.NAME: text,
            summary: summary_md(plan, events[-1]).encode(),
        }
        snapshot = _implied(
            repository, stacked, events, staged.worktree.place, ours=plan.path, measured=measured
        )
        files[STATE] = _state(repository, snapshot)
        body = "\n".join([plan.summary, "", *(f"- {line}" for line in plan.highlights)]).strip()
        message = git_landing.message(f"{plan.ref}: {plan.title}", body, [("Plan", plan.ref), ("Run", run)])
        return _advance(repository, tip, stacked, message, files=files, step=step)


def land_verification(
    repository: Repository,
    tip: Tip,
    place: Path,
    *,
    run: str,
    data: dict[str, object],
    step: Callable[[str], None],
) -> tuple[str, sn.Snapshot]:
    """The closing commit: journal and STATE.md only; the commit, and the state that it shows."""
    with lock(repository.root, doing="closing the run"):
        events, text = _journal(repository, tip, [(ev.VERIFIED, None, data)])
        files: dict[str, bytes] = {journal.NAME: text}
        snapshot = _implied(repository, tip.commit, events, place)
        files[STATE] = _state(repository, snapshot)
        score = points(snapshot.score.points) if snapshot.score else "none"
        of = f" of {points(snapshot.score.of)}" if snapshot.score else ""
        message = git_landing.message(
            f"Verified: {score}{of}" if snapshot.score else "Verified", "", [("Verify", score), ("Run", run)]
        )
        return _advance(repository, tip, tip.commit, message, files=files, step=step), snapshot


def land_revert(
    repository: Repository,
    tip: Tip,
    plan: Plan,
    tree: str,
    place: Path,
    *,
    run: str,
    step: Callable[[str], None],
) -> str:
    """Land the codebase without a plan; its commit."""
    with lock(repository.root, doing=f"reverting {plan.ref}"):
        events, text = _journal(repository, tip, [(ev.REVERTED, plan.ref, {"run": run})])
        files: dict[str, bytes] = {journal.NAME: text}
        files[STATE] = _state(repository, _implied(repository, tree, events, place))
        message = git_landing.message(
            f"Revert {plan.ref}: {plan.title}", "", [("Revert-Plan", plan.ref), ("Run", run)]
        )
        return _advance(repository, tip, tree, message, files=files, step=step)


def _journal(
    repository: Repository, tip: Tip, drafts: list[tuple[str, str | None, dict[str, object]]]
) -> tuple[list[ev.Event], bytes]:
    """All events with the new ones last, and their journal: the branch's lines, the working tree's, and the new."""
    at, committed = tip.journal
    if at != tip.commit:
        committed = stacking.show(repository.root, tip.commit, journal.NAME) or b""
    place = repository.root / journal.NAME
    text = journal.union(committed, place.read_bytes() if place.exists() else b"")
    known, _ = journal.parse(text)
    tip.actor = tip.actor or repository.actor()
    new = journal.new_events(known, tip.actor, drafts)
    return [*known, *new], text + "".join(ev.dumps(event) + "\n" for event in new).encode()


def _state(repository: Repository, snapshot: sn.Snapshot) -> bytes:
    return state_md(snapshot, notes=notes_of(repository.state_on_disk())).encode()


def _implied(
    repository: Repository,
    tree: str,
    events: Sequence[ev.Event],
    place: Path,
    *,
    ours: str = "",
    measured: Mapping[str, str] = MappingProxyType({}),
) -> sn.Snapshot:
    """The Snapshot that the commit's own files imply, so that a fresh clone of it shows the same.

    ``tree`` has the code; generated files are never part of it. ``measured``: codebase → its tree in there.
    """
    known = _definitions(repository, place, ours)
    where = known.project.codebase
    codebase = measured.get(where) or trees.committed_tree(repository.root, tree, where)
    return folding.fold(known, events, tree=codebase)


def _definitions(repository: Repository, place: Path, ours: str) -> Definitions:
    """The definitions of the tree: the working tree's where they are the same, else read from the worktree."""
    changed = git(
        repository.root,
        "status",
        "--porcelain",
        "--untracked-files=all",
        "--",
        "plans",
        f":(exclude){journal.NAME}",
        ":(exclude)plans/**/SUMMARY.md",
        *([f":(exclude){ours}"] if ours else []),
    )
    if changed:
        return definitions.load(place).definitions
    loaded = definitions.load(repository.root, cache=repository.index)
    repository.index.flush()
    return loaded.definitions


def _advance(
    repository: Repository,
    tip: Tip,
    code: str,
    message: str,
    *,
    files: dict[str, bytes],
    step: Callable[[str], None],
) -> str:
    """Commit the tree ``code`` with the generated files on top of it, and move the branch there."""
    blobs = objects.blobs(repository.root, files)
    entries = {path: ("100644", blob) for path, blob in blobs.items()}
    tree = objects.tree_with(repository.root, code, {**tip.generated, **entries})
    new = objects.commit(repository.root, tree, tip.commit, message)
    step("commit made")
    repository.remember(files[STATE])
    generated = [*GENERATED, *(path for path in files if path not in GENERATED)]
    git_landing.advance(
        repository.root, tip.branch, tip.commit, new, generated=generated, merge=repository.merging, step=step
    )
    tip.commit = new
    tip.generated |= entries
    tip.journal = new, files[journal.NAME]
    return new
