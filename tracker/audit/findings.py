"""What is wrong besides the claims: broken files, dangling references, missing commits, overlaps."""

from __future__ import annotations

import bisect
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tracker.audit import scopes, wording
from tracker.audit.counting import Directory
from tracker.audit.evidence import Evidence
from tracker.audit.ids import normalise, order, padded
from tracker.audit.model import CONTRADICTED, UNSUPPORTED, Claim, Commit, Finding, PlanFile, Project

_DEPENDENCY = re.compile(
    r"(?:phase[- ]?|p)?0*(\d{1,3}(?:[A-Za-z](?![A-Za-z]))?(?:\.\d{1,3})*)(?:-(?:.*?-)?0*(\d{1,3}[A-Za-z]?)(?=\D|\Z))?",
    re.IGNORECASE,
)
_NOTHING = {"", "none", "null", "n/a", "-", "~", "[]", "nothing"}


@dataclass(slots=True)
class History:
    """The commits that an audit may use. ``exists`` says whether a hash names a commit at all."""

    hashes: list[str]
    linked: int
    by_plan: dict[str, list[str]]
    exists: Callable[[str], bool] | None = None

    def reaches(self, prefix: str) -> bool:
        """Say whether a hash that starts with the prefix is in the list."""
        at = bisect.bisect_left(self.hashes, prefix)
        return at < len(self.hashes) and self.hashes[at].startswith(prefix)


def history(commits: Iterable[Commit], exists: Callable[[str], bool] | None = None) -> History:
    """Index a list of commits by hash and by the plan that their scope names."""
    hashes: list[str] = []
    by_plan: dict[str, list[str]] = {}
    linked = 0
    for commit in commits:
        hashes.append(commit.hash)
        exact = [scope for scope in scopes.parse(commit.subject) if scope.exact]
        linked += bool(exact)
        for scope in exact:
            by_plan.setdefault(scope.key, []).append(commit.hash)
    hashes.sort()
    return History(hashes, linked, by_plan, exists)


def of_files(evidence: Evidence) -> list[Finding]:
    """Findings about the files alone."""
    project = evidence.project
    found = [problem for plan in project.plan_files for problem in plan.problems]
    for summary in project.summaries:
        found.extend(summary.problems)
        if summary.empty:
            found.append(
                Finding(
                    "empty-summary",
                    "the SUMMARY says nothing; it completes no plan",
                    summary.path,
                    1,
                    1,
                    "write it, or delete it",
                )
            )
    for directory in evidence.directories:
        found.extend(_overlaps(directory))
        found.extend(_orphans(directory))
    keys = _known(evidence)
    for plan in project.plan_files:
        found.extend(_dependencies(plan, keys, evidence))
    return found


def _orphans(directory: Directory) -> list[Finding]:
    if not directory.plans:
        return []
    stems = {(p.directory, p.stem) for p in directory.plans} | {
        (p.directory, p.number) for p in directory.plans if p.number
    }
    return [
        Finding("summary-without-plan", "a SUMMARY without a plan file beside it", s.path, 1, 1)
        for s in directory.summaries
        if (s.directory, s.stem) not in stems and (s.directory, s.number) not in stems
    ]


def _overlaps(directory: Directory) -> list[Finding]:
    waves: dict[str, dict[str, PlanFile]] = defaultdict(dict)
    found: list[Finding] = []
    for plan in sorted(directory.plans, key=lambda p: p.path):
        if not plan.wave:
            continue
        owners = waves[plan.wave]
        shared: dict[str, list[str]] = {}
        for name in dict.fromkeys(plan.files_modified):
            other = owners.setdefault(name, plan)
            if other is not plan and not _ordered(plan, other):
                shared.setdefault(other.path, []).append(name)
        for path, names in shared.items():
            listed = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
            found.append(
                Finding(
                    "overlap",
                    f"wave {plan.wave}: {listed} is also modified by {path.rsplit('/', 1)[-1]}",
                    plan.path,
                    1,
                    1,
                    "put one of the plans into a later wave",
                )
            )
    return found


def _ordered(plan: PlanFile, other: PlanFile) -> bool:
    """Whether one of the two waits for the other anyway."""

    def waits(one: PlanFile, two: PlanFile) -> bool:
        return any(
            (match := _DEPENDENCY.match(wanted.strip()))
            and normalise(match[2] or match[1]) == two.number
            and (match[2] is None or normalise(match[1]) == two.phase)
            for wanted in one.depends_on
        )

    return waits(plan, other) or waits(other, plan)


def _known(evidence: Evidence) -> set[str]:
    keys = {plan.key for plan in evidence.project.plan_files}
    keys |= {f"{s.phase}-{s.number}" for s in evidence.project.summaries}
    return keys | {f"{p.phase}-{p.number}" for phase in evidence.listed.values() for p in phase.plans}


def _dependencies(plan: PlanFile, keys: set[str], evidence: Evidence) -> list[Finding]:
    found: list[Finding] = []
    phases = set(evidence.listed) | {d.phase for d in evidence.directories}
    slugs = {d.path.rsplit("/", 1)[-1].casefold() for d in evidence.directories}
    for wanted in plan.depends_on:
        text = wanted.strip().strip("\"'").removesuffix(".md").removesuffix("-PLAN")
        if text.casefold() in _NOTHING or text.casefold() in slugs:
            continue
        match = _DEPENDENCY.match(text)
        if match is not None:
            first, second = normalise(match[1]), normalise(match[2]) if match[2] else ""
            if second and f"{first}-{second}" in keys:
                continue
            if not second and (f"{plan.phase}-{first}" in keys or first in phases):
                continue
            if second and first in phases and not any(key.startswith(f"{first}-") for key in keys):
                continue
        if any(
            text.casefold() in f"{p.directory}/{p.path.rsplit('/', 1)[-1]}".casefold()
            for p in evidence.project.plan_files
        ):
            continue
        line, column = plan.depends_place
        found.append(
            Finding(
                "unknown-dependency",
                f"depends on {wanted!r}, and there is no such plan",
                plan.path,
                line,
                column,
            )
        )
    return found


def of_commits(evidence: Evidence, log: History) -> list[Finding]:
    """Findings of files and history together: cited hashes, plans without commits, commits without plans."""
    project = evidence.project
    found: list[Finding] = []
    for file, cited in _citations(project):
        for commit, line, column in cited:
            if log.reaches(commit):
                continue
            if log.exists is not None and log.exists(commit):
                found.append(
                    Finding(
                        "commit-unreachable",
                        f"commit {commit} exists and is not part of this history",
                        file,
                        line,
                        column,
                    )
                )
            else:
                found.append(
                    Finding("commit-missing", f"commit {commit} does not exist here", file, line, column)
                )
    if not log.by_plan:
        return found
    keys = {plan.key for plan in project.plan_files}
    done = _done(evidence)
    found.extend(
        Finding("plan-without-commits", f"no commit names plan {padded(plan.key)}", plan.path, 1, 1)
        for plan in project.plan_files
        if plan.number and plan.key in done and plan.key not in log.by_plan
    )
    orphans = sorted(
        (key for key in log.by_plan if key not in keys), key=lambda k: [order(p) for p in k.split("-", 1)]
    )
    found.extend(
        Finding(
            "commits-without-plan",
            f"{len(log.by_plan[key])} commit{' names' if len(log.by_plan[key]) == 1 else 's name'} plan {padded(key)}, "
            f"which has no plan file; first {log.by_plan[key][-1][:12]}",
        )
        for key in orphans
    )
    return found


def _done(evidence: Evidence) -> set[str]:
    """The plans that anything says are done: nobody commits for one that is still to come."""
    summarised = {f"{s.phase}-{s.number}" for s in evidence.project.summaries if not s.empty}
    boxes = (box for phase in evidence.listed.values() for box in phase.plans if box.checked)
    return summarised | {f"{box.phase}-{box.number}" for box in boxes}


def _citations(project: Project) -> Iterable[tuple[str, Sequence[tuple[str, int, int]]]]:
    for part in project.parts or (project,):
        if part.state is not None:
            yield part.state.file, part.state.commits
    for summary in project.summaries:
        yield summary.path, summary.commits


def verification_claims(evidence: Evidence) -> list[Claim]:
    """A hand-written ``status: passed`` is a claim; it is never proof, and may be contradicted."""
    claims: list[Claim] = []
    for report in evidence.project.verifications:
        if not report.status:
            continue
        scope = evidence.of_phase(report.phase)
        plans = sum(len(d.plans) for d in scope.directories)
        summarised = sum(d.summarised for d in scope.directories)
        passed = report.status.casefold() in ("passed", "verified", "complete", "completed")
        against = passed and plans > summarised
        claims.append(
            Claim(
                file=report.path,
                line=report.line,
                column=report.column,
                kind="verification status",
                text=f"status: {report.status}" + (f", score: {report.score}" if report.score else ""),
                section="verification",
                scope=report.phase,
                value=report.status,
                mark="done" if passed else "open",
                decisive=False,
                verdict=CONTRADICTED if against else UNSUPPORTED,
                evidence=wording.share(summarised, plans, "plan", "has", "a SUMMARY")
                if against
                else "somebody's word; no recorded check proves it",
            )
        )
    return claims


def of_bars(claims: Iterable[Claim]) -> list[Finding]:
    """Progress bars that draw another share than the percentage beside them."""
    return [
        Finding(
            "percentage",
            f"the bar shows {claim.percent:.0f} %, the text says {claim.value} %",
            claim.file,
            claim.line,
            claim.column,
        )
        for claim in claims
        if claim.kind == "bar"
    ]
