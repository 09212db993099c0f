"""The audit: claims judged, document judged, counts, findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from tracker.audit import consistency, disk, findings, roadmapcheck
from tracker.audit import project as projects
from tracker.audit.evidence import Evidence, gather
from tracker.audit.judge import TOLERANCE, judge
from tracker.audit.model import (
    CONTRADICTED,
    SELF_CONTRADICTORY,
    SUPPORTED,
    UNSUPPORTED,
    Claim,
    Commit,
    DocumentVerdict,
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
    evidence = gather(project)
    log = findings.history(commits or (), exists)
    claims = [judge(claim, evidence) for claim in (project.state.claims if project.state else ())]
    claims = consistency.check(_beside(claims))
    found = list(project.problems) + findings.of_files(evidence) + findings.of_bars(claims)
    found += roadmapcheck.of_roadmap(evidence)
    if commits is not None and complete:
        found += findings.of_commits(evidence, log)
    claims += findings.verification_claims(evidence)
    verdict, reason = _document(project, claims)
    return Report(
        project=project,
        verdict=verdict,
        reason=reason,
        claims=tuple(claims),
        findings=tuple(sorted(found, key=lambda f: (f.file, f.line, f.column, f.kind))),
        unread=project.unread,
        counts=_counts(evidence, log),
    )


def audit_path(
    path: str,
    commits: Iterable[Commit] | None = None,
    *,
    exists: Callable[[str], bool] | None = None,
    cache: disk.FileCache | None = None,
) -> Report | None:
    """Read and audit the project at a path; None when there is no planning directory and no document."""
    project = projects.read(path, cache=cache)
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


def _document(project: Project, claims: list[Claim]) -> tuple[DocumentVerdict, str]:
    if project.state is None:
        return "no-state", "there is no STATE.md"
    deciding = [claim for claim in claims if claim.decisive and claim.file == project.state.file]
    for claim in deciding:
        if claim.verdict == CONTRADICTED:
            return "contradicted", f"{claim.file}:{claim.line}: {claim.text}: {claim.evidence}"
    for claim in claims:
        if claim.verdict == SELF_CONTRADICTORY and (claim.decisive or claim.kind == "focus"):
            return "self-contradictory", f"{claim.file}:{claim.line}: {claim.text}: {claim.evidence}"
    if not any(claim.verdict == SUPPORTED and claim.file == project.state.file for claim in claims):
        return (
            "consistent",
            "nothing in it could be checked against anything: neither confirmed nor contradicted",
        )
    return "consistent", "nothing in it is contradicted"


def _counts(evidence: Evidence, log: findings.History) -> dict[str, int]:
    project = evidence.project
    listed = project.roadmap.phases if project.roadmap else ()
    return {
        "phases_total": len(listed),
        "phases_complete": sum(bool(phase.complete) for phase in listed),
        "plans_total": len(project.plan_files),
        "plans_with_summary": sum(directory.named for directory in evidence.directories),
        "roadmap_checked_plans": project.roadmap.checked_plans if project.roadmap else 0,
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
