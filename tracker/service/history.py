"""What has happened: events with their commits, commits of a plan, diffs."""

from __future__ import annotations

from tracker.git.plumbing import GitFailed, git
from tracker.model import events as ev
from tracker.model.describe import activity
from tracker.service.base import Repository
from tracker.service.reports import CommitInfo, LogEntry
from tracker.store import journal

_TRAILERS = "%H%x09%cs%x09%(trailers:key=Plan,valueonly,separator=%x2C)%x09%(trailers:key=Run,valueonly,separator=%x2C)%x09%s"


def log(repository: Repository, ref: str | None = None, limit: int = 50) -> list[LogEntry]:
    """The newest events first, with the commit of each landing."""
    plan = repository.resolve(ref) if ref else None
    newest = journal.newest(repository.root, limit, plan)[::-1]
    landed = _landings(repository) if any(event.kind in (ev.LANDED, ev.VERIFIED) for event in newest) else {}
    return [
        LogEntry(
            time=event.time,
            kind=event.kind,
            plan=event.plan or "",
            actor=event.actor,
            text=activity(event).text,
            commit=landed.get((event.plan or "", str(event.data.get("run", ""))), ""),
        )
        for event in newest
    ]


def commits(repository: Repository, ref: str) -> list[CommitInfo]:
    """The commits of a plan: by hand, by trailer, by conventional scope; the newest first."""
    from tracker.service.links import links

    return links(repository).of(repository.resolve(ref))


def _landings(repository: Repository) -> dict[tuple[str, str], str]:
    """(plan, run) → commit, from the trailers."""
    try:
        text = git(repository.root, "log", f"--format={_TRAILERS}", "HEAD")
    except GitFailed:
        return {}
    result: dict[tuple[str, str], str] = {}
    for line in text.splitlines():
        parts = line.split("\t", 4)
        if len(parts) == 5 and parts[3]:
            result.setdefault((parts[2], parts[3]), parts[0])
    return result
