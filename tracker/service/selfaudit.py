"""A project of tracker's own, audited: STATE.md against what the files imply, words and hashes against git."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tracker.audit import Commit, Finding, Project, Report, decode
from tracker.audit.model import (
    CONTRADICTED,
    SUPPORTED,
    UNSUPPORTED,
    Claim,
    DocumentVerdict,
    Judged,
    Unread,
)
from tracker.audit.report import COUNTS
from tracker.audit.state import read as read_state
from tracker.git.plumbing import GitFailed, git
from tracker.model import events as ev
from tracker.model import snapshot as sn

if TYPE_CHECKING:
    from tracker.service.base import Repository
    from tracker.service.links import Links

STATE = "STATE.md"


def audit(repository: Repository, commits: list[Commit] | None, *, complete: bool = True) -> Report:
    """Hold STATE.md against what definitions, journal and tree imply, and people's words against evidence.

    Hashes are looked up only where the history is ``complete``: a shallow clone lacks commits that exist.
    """
    from tracker.service.links import links

    snapshot = repository.snapshot()
    data = _bytes(repository)
    said = read_state(decode(data), STATE) if data is not None else None
    implied = read_state(decode(repository.state_text(snapshot).encode()), STATE)
    claims = [_held(claim, implied.claims) for claim in said.claims] if said else []
    differs = _first_difference(repository, snapshot) if data is not None else None
    verdict, reason = _verdict(claims, differs, absent=data is None)
    claims += _words(snapshot)
    cited = [(STATE, *place) for place in (said.commits if said else ())]
    cited += [(f"plan {plan.ref}", commit, 0, 0) for plan in snapshot.plans for commit in plan.links]
    findings = [Finding("definition", fault) for fault in snapshot.faults]
    if differs is not None:
        findings.append(
            Finding(
                "stale",
                f"not what the files imply: {differs.text}",
                STATE,
                differs.line,
                1,
                "`tracker state` regenerates it",
            )
        )
    linked = links(repository)
    if complete:
        if commits is not None:
            findings += _unlanded(repository, snapshot, linked)
        findings += _dangling(repository, cited, [item.hash for item in commits or ()])
    project = Project(
        root=str(repository.root), kind="native", name=snapshot.name, goal=snapshot.goal, state=said
    )
    return Report(
        project=project,
        verdict=verdict,
        reason=reason,
        claims=tuple(claims),
        findings=tuple(findings),
        unread=said.unread if said else (),
        counts=_counts(repository, snapshot, linked),
        documents=(Judged(STATE, verdict, reason),) if said else (),
    )


def _bytes(repository: Repository) -> bytes | None:
    try:
        return (repository.root / STATE).read_bytes()
    except OSError:
        return None


def _held(claim: Claim, implied: tuple[Claim, ...]) -> Claim:
    """The claim with its verdict: supported where the files imply the same of the same thing."""
    same = [other for other in implied if (other.kind, other.scope) == (claim.kind, claim.scope)]
    if any(_content(other) == _content(claim) for other in same):
        return replace(claim, verdict=SUPPORTED, evidence="the files imply the same")
    if same:
        return replace(claim, verdict=CONTRADICTED, evidence=f"the files imply: {same[0].text}")
    verdict = CONTRADICTED if claim.decisive else UNSUPPORTED
    return replace(claim, verdict=verdict, evidence="the files imply nothing of the kind")


def _content(claim: Claim) -> tuple[object, ...]:
    return claim.value, claim.mark, claim.done, claim.total, claim.percent


def _first_difference(repository: Repository, snapshot: sn.Snapshot) -> Unread | None:
    have = repository.state_on_disk().split("\n")
    want = repository.state_text(snapshot).split("\n")
    if have == want:
        return None
    for number, line in enumerate(have, 1):
        if number > len(want) or line != want[number - 1]:
            return Unread(STATE, number, 1, line.strip() or "(an empty line)")
    return Unread(STATE, len(have), 1, "the end is missing")


def _verdict(claims: list[Claim], differs: Unread | None, *, absent: bool) -> tuple[DocumentVerdict, str]:
    if absent:
        return "no-state", "there is no STATE.md; `tracker state` writes it"
    for claim in claims:
        if claim.verdict == CONTRADICTED:
            return "contradicted", f"{claim.file}:{claim.line}: {claim.text}: {claim.evidence}"
    if differs is not None:
        return "contradicted", f"{STATE}:{differs.line}: not what the files imply: {differs.text}"
    return "consistent", "it is what the files imply"


def _words(snapshot: sn.Snapshot) -> list[Claim]:
    """Plans that are done because somebody or something says so: claims, not proof."""
    return [
        Claim(
            file="plans/journal.jsonl",
            line=1,
            column=1,
            kind="plan status",
            text=f"plan {plan.ref} is done ({plan.source}{f': {plan.reason}' if plan.reason else ''})",
            section="journal",
            scope=plan.ref,
            mark="done",
            decisive=False,
            verdict=UNSUPPORTED,
            evidence="no recorded check proves it",
        )
        for plan in snapshot.plans
        if plan.status == sn.DONE and plan.proof == sn.UNPROVEN
    ]


def _dangling(
    repository: Repository, cited: list[tuple[str, str, int, int]], known: list[str]
) -> list[Finding]:
    found = []
    for file, commit, line, column in cited:
        if any(full.startswith(commit) for full in known):
            continue
        try:
            git(repository.root, "cat-file", "-e", f"{commit}^{{commit}}")
        except GitFailed:
            found.append(
                Finding("commit-missing", f"commit {commit} does not exist here", file, line, column)
            )
        else:
            text = f"commit {commit} exists and is not part of this history"
            found.append(Finding("commit-unreachable", text, file, line, column))
    return found


def _unlanded(repository: Repository, snapshot: sn.Snapshot, linked: Links) -> list[Finding]:
    """Plans that the journal has landed and no commit of this history belongs to: squashed, reset away, or made up.

    What a person did or said needs no commit: a codebase can be changed in many ways.
    """
    from tracker.service.planning import Landings

    landings = Landings(repository)
    anonymous = _landed_by_no_run(repository)
    suspects = [
        plan
        for plan in snapshot.plans
        if (plan.run or plan.source == "commit" or plan.ref in anonymous) and not landings.commit(plan)
    ]
    return [
        Finding(
            "plan-without-commits",
            f"plan {plan.ref} has landed{f' (run {plan.run})' if plan.run else ''}"
            ", and no commit of this history belongs to it",
            plan.file,
            1,
            1,
            f"`tracker link {plan.ref} COMMIT` where another commit has its code, else `tracker reopen {plan.ref}`",
        )
        for plan in suspects
        if all(source == "trailer" for _, source in linked.rows.get(plan.ref, ()))
    ]


def _landed_by_no_run(repository: Repository) -> set[str]:
    """Plans whose newest landing names no run, which tracker never writes."""
    newest: dict[str, bool] = {}
    for event in ev.effective(repository.load().events):
        if event.kind == ev.LANDED and event.plan:
            newest[event.plan] = not event.data.get("run")
        elif event.kind == ev.REVERTED or (event.kind == ev.REOPENED and not event.data.get("check")):
            newest.pop(event.plan or "", None)
    return {ref for ref, nameless in newest.items() if nameless}


def _counts(repository: Repository, snapshot: sn.Snapshot, linked: Links) -> dict[str, int]:
    done = sum(plan.status == sn.DONE for plan in snapshot.plans)
    values = (
        len(snapshot.phases),
        sum(phase.status == sn.DONE for phase in snapshot.phases),
        len(snapshot.plans),
        sum((repository.root / plan.path / "SUMMARY.md").is_file() for plan in snapshot.plans if plan.path),
        done,
        len({item.hash for rows in linked.plans.values() for item in rows}),
        len(linked.plans),
    )
    return dict(zip(COUNTS, values, strict=True))
