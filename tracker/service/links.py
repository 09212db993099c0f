"""Which commits belong to which plan, both ways; only new commits are read the second time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tracker.audit import scopes
from tracker.git.plumbing import GitFailed, git
from tracker.model import refs
from tracker.model.snapshot import DONE, SCHEMA, Snapshot
from tracker.render.plain import safe
from tracker.service.base import Repository
from tracker.service.reports import CommitInfo

_FORMAT = "%H%x09%cs%x09%(trailers:key=Plan,key=Verify,key=Revert-Plan,separator=%x2C)%x09%s"
_CACHE = "@links"


@dataclass(slots=True)
class Links:
    """Plan → commits (the newest first), and the loose ends of both sides."""

    plans: dict[str, list[CommitInfo]] = field(default_factory=dict)
    without_commits: list[str] = field(default_factory=list)
    without_plan: list[CommitInfo] = field(default_factory=list)
    unknown: list[tuple[str, str]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The documented shape."""

        def rows(commits: list[CommitInfo]) -> list[dict[str, str]]:
            return [{name: getattr(item, name) for name in item.__slots__} for item in commits]

        return {
            "schema": SCHEMA,
            "plans": {ref: rows(commits) for ref, commits in self.plans.items()},
            "plans_without_commits": self.without_commits,
            "commits_without_plan": rows(self.without_plan),
            "unknown_commits": [{"plan": plan, "commit": commit} for plan, commit in self.unknown],
        }

    def as_text(self) -> str:
        """The same for people."""
        lines = []
        for ref, commits in self.plans.items():
            lines.append(ref)
            lines += [f"  {_row(item)} · {item.source}" for item in commits]
        if self.without_commits:
            lines.append(f"done, but no commit belongs to them: {', '.join(self.without_commits)}")
        if self.without_plan:
            lines.append("changed the codebase and belong to no plan:")
            lines += [f"  {_row(item)}" for item in self.without_plan[:50]]
            if len(self.without_plan) > 50:
                lines.append(f"  and {len(self.without_plan) - 50} more")
        lines += [
            f"{plan} is linked to {commit}, which is not in this branch's history"
            for plan, commit in self.unknown
        ]
        return "\n".join(lines) or "No commit belongs to a plan yet"


def links(repository: Repository) -> Links:
    """The links of every plan: by hand, by trailer, by conventional scope."""
    snapshot = repository.snapshot()
    log = _history(repository)
    by_hash = {row[0]: row for row in log}
    result = Links()
    own: set[str] = set()
    known = {plan.ref for plan in snapshot.plans}
    for commit, date, trailers, subject in log:
        for ref, source in _plans_of(trailers, subject):
            if ref in known:
                result.plans.setdefault(ref, []).append(CommitInfo(commit, date, subject, source))
                own.add(commit)
        if trailers:
            own.add(commit)
    for plan in snapshot.plans:
        for commit in plan.links:
            if commit not in by_hash:
                result.unknown.append((plan.ref, commit))
            elif commit not in {item.hash for item in result.plans.get(plan.ref, ())}:
                _, date, _, subject = by_hash[commit]
                result.plans.setdefault(plan.ref, []).append(CommitInfo(commit, date, subject, "by hand"))
                own.add(commit)
    result.plans = {plan.ref: result.plans[plan.ref] for plan in snapshot.plans if plan.ref in result.plans}
    result.without_commits = [
        plan.ref for plan in snapshot.plans if plan.status == DONE and plan.ref not in result.plans
    ]
    result.without_plan = [
        CommitInfo(commit, by_hash[commit][1], by_hash[commit][3], "")
        for commit in _touching(repository, snapshot)
        if commit in by_hash and commit not in own
    ]
    return result


def _plans_of(trailers: str, subject: str) -> list[tuple[str, str]]:
    found = []
    for trailer in trailers.split(","):
        key, _, value = trailer.partition(":")
        if key.strip() in ("Plan", "Revert-Plan"):
            found.append((value.strip(), "trailer"))
    if found:
        return found
    for scope in scopes.parse(subject):
        ref = refs.normalise(f"{scope.phase}.{scope.plan}") if scope.phase and scope.plan else None
        if ref:
            found.append((ref, "scope"))
    return found


def _history(repository: Repository) -> list[list[str]]:
    """hash, date, trailers, subject of every commit, the newest first; those of last time from the cache."""
    try:
        head = git(repository.root, "rev-parse", "--verify", "-q", "HEAD")
    except GitFailed:
        return []
    cached = repository.index.get(_CACHE, "1") or {}
    old, rows = str(cached.get("head", "")), cached.get("rows") or []
    if old == head:
        return list(rows)
    if old:
        try:
            git(repository.root, "merge-base", "--is-ancestor", old, head)
        except GitFailed:
            old, rows = "", []
    span = f"{old}..{head}" if old else head
    text = git(repository.root, "log", f"--format={_FORMAT}", span)
    new = [line.split("\t", 3) for line in text.split("\n") if line.count("\t") >= 3]
    rows = [*new, *rows]
    if repository.native:
        repository.index.put(_CACHE, "1", {"head": head, "rows": rows})
        repository.index.flush()
    return rows


def _touching(repository: Repository, snapshot: Snapshot) -> list[str]:
    pathspec = (
        [".", ":(exclude)plans", ":(exclude)STATE.md"]
        if snapshot.codebase in ("", ".")
        else [snapshot.codebase]
    )
    try:
        return git(repository.root, "log", "--no-merges", "--format=%H", "HEAD", "--", *pathspec).split()
    except GitFailed:
        return []


def _row(item: CommitInfo) -> str:
    return f"{item.hash[:10]} {item.date} {safe(item.subject)}"
