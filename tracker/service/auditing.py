"""The audit as the shells call it: files, history and, in a project of tracker's own, what the files imply."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker.audit import Commit, places, read_commits, report
from tracker.audit import project as projects
from tracker.errors import Usage
from tracker.git.plumbing import GitFailed, environment, find_root, git
from tracker.model.snapshot import SCHEMA
from tracker.service import foreign

if TYPE_CHECKING:
    from tracker.audit import Report
    from tracker.service.base import Repository

_FORMAT = "%H%x09%cI%x09%s"


class AuditedClaim(NamedTuple):
    """A statement of a document with its place, the verdict on it, and what the verdict rests on."""

    path: str
    line: int
    column: int
    text: str
    verdict: str
    why: str


@dataclass(frozen=True, slots=True)
class Audit:
    """An audit with the place that its paths are relative to, and whether that is a project of tracker's own."""

    place: Path
    report: Report
    native: bool = False

    @property
    def exit_code(self) -> int:
        """1 when anything is contradicted, by the files or by the document itself."""
        return self.report.exit_code

    @property
    def headline(self) -> str:
        """The verdict in words that agree with the exit code."""
        return in_words(self.report.verdict, self.report.contradicted, len(self.report.documents))

    def shown_from(self, here: Path) -> Callable[[str], str]:
        """How a person who is in a directory names the report's files, so that they can be opened from there."""
        place, start = self.place.resolve(), here.resolve()
        if not (place.is_relative_to(start) or start.is_relative_to(place)):
            return lambda path: str(place / path)
        return lambda path: os.path.relpath(place / path, start)

    def claims(self) -> list[AuditedClaim]:
        """Every claim in the order of the documents."""
        return [
            AuditedClaim(claim.file, claim.line, claim.column, claim.text, claim.verdict, claim.evidence)
            for claim in self.report.claims
        ]

    def as_json(self) -> dict[str, Any]:
        """The documented shape."""
        report = self.report
        return {
            "schema": SCHEMA,
            "kind": "native" if self.native else report.project.kind,
            "project": report.project.name,
            "document": next((d.file for d in report.documents if d.verdict == report.verdict), ""),
            "verdict": report.verdict,
            "reason": report.reason,
            "documents": [
                {"file": judged.file, "verdict": judged.verdict, "reason": judged.reason}
                for judged in report.documents
            ],
            "counts": report.counts,
            "claims": [_row(claim) for claim in report.claims],
            "findings": [_row(finding) for finding in report.findings],
            "unread": [_row(line) for line in report.unread],
            "exit_code": self.exit_code,
        }


def audit(place: Path, commits: Path | None = None) -> Audit:
    """Audit what is at ``place``: a planning directory, a document, or a repository that holds one.

    ``commits`` is a file of ``hash<TAB>date<TAB>subject`` lines that stands for git's history.
    Raises Usage where there is nothing to audit.
    """
    from tracker.service.base import Repository, is_project

    root = find_root(place)
    if root is not None and is_project(root) and _means(place, root):
        from tracker.service import selfaudit

        found = selfaudit.audit(Repository(root), _history(root, commits), complete=not _shallow(root))
        return Audit(root, found, native=True)
    source = projects.find(str(place))
    if source is None:
        raise Usage(
            f"nothing to audit at {place}",
            hint="An audit needs a .planning directory, a STATE.md or a ROADMAP.md.",
        )
    base = places.base(source)
    with foreign.cached(base) as cache:
        project = projects.read_around(str(place), cache=cache)
    assert project is not None  # noqa: S101 - find() has just found it
    with _existence(base) as exists:
        given = _history(base, commits)
        if commits is not None:
            return Audit(base, report.audit(project, given))
        return Audit(base, report.audit(project, given, exists=exists, complete=not _shallow(base)))


def in_words(verdict: str, contradicted: int, documents: int = 1) -> str:
    """A verdict on documents of which so many claims are contradicted: these need not be what decides it."""
    if verdict not in ("consistent", "no-state") or not contradicted:
        return verdict
    claims = f"{'other ' if documents else ''}claim{' is' if contradicted == 1 else 's are'} contradicted"
    whose = "" if not documents else f" in {'its' if documents == 1 else 'their'} position and figures"
    return f"{verdict}{whose}; {contradicted} {claims}"


def audit_repository(repository: Repository) -> list[AuditedClaim]:
    """The claims of a repository's documents; none where it has no documents."""
    try:
        return audit(repository.root).claims()
    except Usage:
        return []


def _means(place: Path, root: Path) -> bool:
    """Whether the repository itself is meant, or its STATE.md, and no planning directory in it."""
    here = place.resolve()
    return here in (root.resolve(), (root / "STATE.md").resolve()) or (
        here.is_dir() and projects.find(str(here)) is None
    )


def _history(root: Path, commits: Path | None) -> list[Commit] | None:
    """The given list, else git's history, else None: then nothing can be said of commits."""
    if commits is not None:
        try:
            with commits.open(encoding="utf-8", errors="replace") as file:
                return read_commits(file)
        except OSError as error:
            raise Usage(
                f"{commits} cannot be read: {error.strerror}",
                hint="It takes lines of hash, date and subject, separated by tabs.",
            ) from None
    if find_root(root) is None:
        return None
    with contextlib.suppress(GitFailed):
        return read_commits(git(root, "log", f"--format={_FORMAT}", "HEAD").split("\n"))
    return None


def _shallow(root: Path) -> bool:
    """Whether the clone holds the end of its history only."""
    with contextlib.suppress(GitFailed):
        return git(root, "rev-parse", "--is-shallow-repository") == "true"
    return False


@contextlib.contextmanager
def _existence(root: Path) -> Iterator[Callable[[str], bool] | None]:
    """Ask one git process, started with the first question, whether hashes name commits."""
    if find_root(root) is None:
        yield None
        return
    process: list[subprocess.Popen[str]] = []

    def exists(name: str) -> bool:
        if not process:
            process.append(
                subprocess.Popen(
                    ["git", "cat-file", "--batch-check"],
                    cwd=root,
                    env=environment(),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    text=True,
                )
            )
        pipe = process[0]
        assert pipe.stdin is not None and pipe.stdout is not None  # noqa: S101, PT018 - both are pipes
        try:
            pipe.stdin.write(f"{name}^{{commit}}\n")
            pipe.stdin.flush()
        except OSError:
            return False
        return " commit " in pipe.stdout.readline()

    try:
        yield exists
    finally:
        for pipe in process:
            pipe.communicate()


def _row(item: object) -> dict[str, Any]:
    assert is_dataclass(item)  # noqa: S101 - claims, findings and unread lines are
    return {field.name: getattr(item, field.name) for field in fields(item)}


def corpus_table(corpus: Path) -> tuple[list[dict[str, Any]], bool]:
    """Each project of a corpus with its counts and verdict beside the true ones; whether all agree.

    Raises Usage where the directory has no ground truth.
    """
    from tracker.audit import table

    entries = list(table.read(str(corpus)))
    rows = [
        {
            "name": entry.name,
            "counts": {name: {"found": found, "true": true} for name, (found, true) in entry.counts.items()},
            "counts_agree": entry.counts_agree,
            "verdict": entry.verdict,
            "expected": entry.expected,
            "verdict_agrees": entry.verdict_agrees,
            "reason": entry.reason,
        }
        for entry in entries
    ]
    return rows, all(entry.counts_agree and entry.verdict_agrees for entry in entries)


def by_verdict(claims: Iterable[AuditedClaim]) -> dict[str, list[AuditedClaim]]:
    """The claims in groups, the worst first."""
    groups: dict[str, list[AuditedClaim]] = {name: [] for name in report.VERDICTS}
    for claim in claims:
        groups[claim.verdict].append(claim)
    return groups
