"""The audit: claims judged, document judged, counts, findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from tracker.audit import consistency, disk, findings, roadmapcheck
from tracker.audit import project as projects
from tracker.audit.evidence import Evidence, gather, together
from tracker.audit.judge import TOLERANCE, judge
from tracker.audit.model import (
    CONTRADICTED,
    SELF_CONTRADICTORY,
    SUPPORTED,
    UNSUPPORTED,
    Claim,
    Commit,
    DocumentVerdict,
    Judged,
    Project,
    Report,
)

COUNTS = (
    "phases_total",
    "phases_complete",
    "plans_total",
    "plans_with_summary",
    "roadmap_checked_plans",
    "commits_linked",
    "plans_with_commits",
)
_WORSE: tuple[DocumentVerdict, ...] = ("contradicted", "self-contradictory", "consistent", "no-state")
VERDICTS = (CONTRADICTED, SELF_CONTRADICTORY, UNSUPPORTED, SUPPORTED)


def audit(
    project: Project,
    commits: Iterable[Commit] | None = None,
    *,
    exists: Callable[[str], bool] | None = None,
    complete: bool = True,
) -> Report:
    """Hold every claim of a project's documents against its files, roadmap and history.

    ``commits`` are those reachable from the commit under examination, None when there is no history;
    ``exists`` says whether a hash names any commit, reachable or not. What a history that is not ``complete``
    (a shallow clone's) lacks proves nothing, and is not reported.
    """
    whole = gather(project)
    log = findings.history(commits or (), exists)
    claims: list[Claim] = []
    found = list(project.problems)
    documents: list[Judged] = []
    for part in project.parts or (project,):
        own = whole if part is project else gather(part)
        evidence = own if part is project or part.stream else _around(part, project)
        said = [judge(claim, evidence) for claim in (part.state.claims if part.state else ())]
        said = consistency.check(_beside(said))
        found += findings.of_files(own) + findings.of_bars(said) + roadmapcheck.of_roadmap(own)
        said += findings.verification_claims(evidence)
        claims += said
        if part.state is not None:
            documents.append(_judged(part.state.file, said))
    if commits is not None and complete:
        found += findings.of_commits(whole, log)
    verdict, reason = _worst(documents)
    return Report(
        project=project,
        verdict=verdict,
        reason=reason,
        claims=tuple(claims),
        findings=tuple(sorted(found, key=lambda f: (f.file, f.line, f.column, f.kind))),
        unread=project.unread,
        counts=_counts(whole, log),
        documents=tuple(documents),
    )


def audit_path(
    path: str,
    commits: Iterable[Commit] | None = None,
    *,
    exists: Callable[[str], bool] | None = None,
    cache: disk.FileCache | None = None,
) -> Report | None:
    """Read and audit the project at a path; None when there is no planning directory and no document."""
    project = projects.read_around(path, cache=cache)
    return None if project is None else audit(project, commits, exists=exists)


def _beside(claims: list[Claim]) -> list[Claim]:
    """A percentage beside counts of the same line is said of what they count."""
    found: list[Claim] = []
    for claim in claims:
        if claim.kind == "percent" and claim.percent is not None and claim.verdict != SUPPORTED:
            for other in claims:
                if (
                    (other.line, other.verdict) == (claim.line, SUPPORTED)
                    and other.kind in {"plans", "phases"}
                    and other.total
                    and other.done is not None
                    and abs(claim.percent - 100 * other.done / other.total) <= TOLERANCE
                ):
                    claim = replace(claim, verdict=SUPPORTED, evidence=other.evidence)  # noqa: PLW2901
                    break
        found.append(claim)
    return found


def _around(part: Project, everything: Project) -> Evidence:
    """What a document that lies outside of the workstreams is held against.

    It speaks of what is outside as well, else of everything, and in its figures maybe of both.
    """
    if not part.phase_directories and not part.plan_files:
        part = replace(
            part,
            plan_files=everything.plan_files,
            summaries=everything.summaries,
            phase_directories=everything.phase_directories,
        )
    return gather(part, together(everything.parts))


def _judged(file: str, claims: list[Claim]) -> Judged:
    """The verdict on a document: its position and figures decide, what else it says is only counted."""
    contradicted = [claim for claim in claims if claim.verdict == CONTRADICTED]
    opposed = [claim for claim in claims if claim.verdict == SELF_CONTRADICTORY]
    count = len(contradicted + opposed)
    for claim in contradicted:
        if claim.decisive and claim.file == file:
            return Judged(file, "contradicted", _reason(claim), claim, count)
    for claim in opposed:
        if claim.decisive or claim.kind == "focus":
            return Judged(file, "self-contradictory", _reason(claim), claim, count)
    for claim in contradicted + opposed:
        words = f"no position and no figure of it is contradicted, another claim is: {_reason(claim)}"
        return Judged(file, "consistent", words, claim, count)
    if not any(claim.verdict == SUPPORTED and claim.file == file for claim in claims):
        words = "nothing in it could be checked against anything: neither confirmed nor contradicted"
        return Judged(file, "consistent", words)
    return Judged(file, "consistent", "nothing in it is contradicted")


def _reason(claim: Claim) -> str:
    return f"{claim.file}:{claim.line}: {claim.text}: {claim.evidence}"


def _worst(documents: list[Judged]) -> tuple[DocumentVerdict, str]:
    """Verdict and reason of the whole; of equal verdicts the first that a claim is the reason of."""
    if not documents:
        return "no-state", "there is no STATE.md"
    worst = min(documents, key=lambda judged: (_WORSE.index(judged.verdict), judged.claim is None))
    if worst.claim is None and len(documents) > 1:
        return worst.verdict, "nothing in them is contradicted"
    return worst.verdict, worst.reason


def _counts(evidence: Evidence, log: findings.History) -> dict[str, int]:
    project = evidence.project
    roadmaps = [part.roadmap for part in project.parts or (project,) if part.roadmap is not None]
    listed = [phase for roadmap in roadmaps for phase in roadmap.phases]
    return {
        "phases_total": len(listed),
        "phases_complete": sum(bool(phase.complete) for phase in listed),
        "plans_total": len(project.plan_files),
        "plans_with_summary": sum(directory.named for directory in evidence.directories),
        "roadmap_checked_plans": sum(roadmap.checked_plans for roadmap in roadmaps),
        "commits_linked": log.linked,
        "plans_with_commits": sum(
            bool(plan.number) and plan.key in log.by_plan for plan in project.plan_files
        ),
    }


def read_commits(lines: Iterable[str]) -> list[Commit]:
    """Read ``hash<TAB>date<TAB>subject`` lines, newest first; lines without a tab are skipped."""
    commits: list[Commit] = []
    for line in lines:
        parts = line.rstrip("\r\n").split("\t", 2)
        if len(parts) == 3:
            commits.append(Commit(parts[0], parts[1], parts[2]))
        elif len(parts) == 2:
            commits.append(Commit(parts[0], "", parts[1]))
    return commits
