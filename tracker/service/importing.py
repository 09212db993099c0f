"""``tracker import``: somebody's documents become plans and events, once, and nothing that is there is overwritten."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from tracker.audit import Commit, Project, Unread, disk, frontmatter, read_commits, scopes
from tracker.audit import project as projects
from tracker.audit.records import StateRecords
from tracker.definitions import scaffold
from tracker.definitions.scan import scan
from tracker.errors import TrackerError, Usage
from tracker.git.plumbing import GitFailed, find_root, git
from tracker.model import events as ev
from tracker.model import snapshot as sn
from tracker.service import conversion, foreign
from tracker.service.base import STATE, Repository
from tracker.service.conversion import Draft, Numbered
from tracker.service.outline import PlanOutline, outline
from tracker.store import clock, files, journal

_BODY = 400_000
"""Characters of a plan's text that are taken over; the file itself stays where it is."""
_COMPLETED = re.compile(r"completed\W{0,8}(\d{4}-\d\d-\d\d)", re.IGNORECASE)


@dataclass(slots=True)
class Import:
    """What an import would write, or has written: new files, new lines of others, events, STATE.md.

    ``renumbered`` are the phases that have another number here, each with the one it had.
    """

    source: str
    name: str = ""
    phases: int = 0
    plans: int = 0
    done: int = 0
    renumbered: tuple[tuple[str, str], ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    lines: dict[str, list[str]] = field(default_factory=dict)
    events: list[ev.Event] = field(default_factory=list)
    unread: tuple[Unread, ...] = ()
    notes: tuple[str, ...] = ()
    state: bool = False
    backup: str = ""

    @property
    def changes(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.files or self.events)


def run(start: Path, source: Path | None, *, dry_run: bool = False) -> Import:
    """Import a document or a planning directory into the repository that holds ``start``.

    Raises Usage where there is nothing to import, and where files are there already with another content: then
    nothing is changed and each of them is named.
    """
    root = find_root(start)
    if root is None:
        raise Usage(f"{start} is not inside a git repository", hint="`git init` first.")
    found = projects.find(str(source or root))
    if found is None:
        raise Usage(
            f"nothing to import at {source or root}",
            hint="`tracker import` takes a STATE.md, a ROADMAP.md or a .planning directory.",
        )
    repository = Repository(root)
    if _own(repository, found):
        return Import(STATE, repository.snapshot().name)
    with foreign.cached(found.parent) as cache:
        project = projects.read(str(found), cache=cache)
    assert project is not None  # noqa: S101 - it has been found
    result = _prepare(repository, project, _label(found, root))
    if not dry_run and result.changes:
        _write(root, result)
    return result


def _own(repository: Repository, source: Path) -> bool:
    """Whether the document is the STATE.md that tracker has made of the plans that are here."""
    if not repository.native or source.resolve() != (repository.root / STATE).resolve():
        return False
    return not repository.load().faults and repository.state_on_disk() == repository.state_text()


def _label(source: Path, root: Path) -> str:
    place = source.resolve()
    return (
        place.relative_to(root.resolve()).as_posix() if place.is_relative_to(root.resolve()) else place.name
    )


def _prepare(repository: Repository, project: Project, source: str) -> Import:
    root = repository.root
    outlines = outline(project)
    if not outlines:
        raise Usage(
            f"{source} names no phase and no plan",
            hint=f"Lines of it that were not understood: {len(project.unread)}. `tracker audit {source}` lists them."
            if project.unread
            else "It was read, and nothing in it looks like a phase or a plan.",
        )
    phases = conversion.numbered(outlines)
    records = project.state.records if project.state and project.state.records else StateRecords()
    texts = conversion.project_files(
        foreign.name_of(project, root),
        project.goal,
        phases,
        records,
        lambda plan: _body(project, plan),
        source,
    )
    fresh = _fresh(root, texts)
    known, faults = journal.read(root)
    if faults:
        raise Usage(f"{faults[0]}", hint="Mend the journal first; nothing was imported.")
    day = foreign.spoken_date(project)
    position = foreign.current_phase(project, outlines)
    found = conversion.drafts(phases, records, source, day, lambda plan: _finished(project, plan), position)
    found += _links(root, phases, day)
    plans = [plan for item in phases for _, plan in item.plans]
    return Import(
        source=source,
        name=foreign.name_of(project, root),
        phases=len(phases),
        plans=len(plans),
        done=sum(plan.status == sn.DONE for plan in plans),
        renumbered=tuple(
            (item.phase.number, item.number) for item in phases if item.number != item.phase.number
        ),
        files=fresh,
        lines=_lines(root),
        events=_events(repository, known, found),
        unread=(*records.unread, *_beyond(project, records)) if records.own else project.unread,
        notes=_notes(project, records),
    )


def _fresh(root: Path, texts: dict[str, str]) -> dict[str, str]:
    """The files that are not there yet. Raises Usage naming those that are, and differ, or whose number is taken."""
    fresh, differing = {}, []
    for name, text in texts.items():
        place = root / name
        if not place.exists() and not place.is_symlink():
            fresh[name] = text
        elif not place.is_file() or place.read_bytes() != text.encode():
            differing.append(name)
    present = scan(root, [])
    directories = {name.rpartition("/")[0] for name in texts}
    numbers = {_number(path): path for path in directories if path != conversion.PLANS}
    for phase in present.directories:
        for directory in (phase, *phase.directories):
            other = numbers.get(_number(directory.path))
            if other is not None and other != directory.path:
                differing.append(f"{directory.path} (has the number of {other.rpartition('/')[2]})")
    if differing:
        shown = "\n".join(f"  {name}" for name in differing[:20])
        more = f"\n  and {len(differing) - 20} more" if len(differing) > 20 else ""
        raise Usage(
            f"these are here already and differ from what would be imported:\n{shown}{more}",
            hint="Nothing was changed. Move them away, or go on with the plans that are here.",
        )
    return fresh


def _number(path: str) -> tuple[str, ...]:
    """``plans/02-a/03-b`` → ``("2", "3")``."""
    return tuple(part.partition("-")[0].lstrip("0") for part in path.split("/")[1:])


def _lines(root: Path) -> dict[str, list[str]]:
    missing = {}
    for name, *wanted in (scaffold.IGNORED, scaffold.MERGED):
        try:
            have = (root / name).read_text(encoding="utf-8", errors="replace").split("\n")
        except OSError:
            have = []
        if lines := [line for line in wanted if line not in (entry.strip() for entry in have)]:
            missing[name] = lines
    return missing


def _body(project: Project, plan: PlanOutline) -> str:
    if not plan.path:
        return ""
    try:
        text = disk.read_text(str(Path(project.root) / plan.path)).text
    except OSError:
        return ""
    front = frontmatter.read(text, plan.path)
    lines = text.split("\n")[front.body_line - 1 :]
    return "\n".join(lines).replace("\0", "")[:_BODY]


def _finished(project: Project, plan: PlanOutline) -> str:
    """The day that the plan's SUMMARY gives; empty where it gives none."""
    if not plan.summary:
        return ""
    try:
        text = disk.read_text(str(Path(project.root) / plan.summary)).text
    except OSError:
        return ""
    with contextlib.suppress(ValueError):
        if match := _COMPLETED.search(text):
            return datetime.fromisoformat(match[1]).date().isoformat()
    return ""


def _links(root: Path, phases: Sequence[Numbered], day: str) -> list[Draft]:
    """Commits whose scope names a plan that has another number now."""
    moved = {
        (plan.ref.rpartition(".")[0], plan.number): ref
        for item in phases
        for ref, plan in item.plans
        if item.number != item.phase.number
    }
    if not moved:
        return []
    commits: list[Commit] = []
    with contextlib.suppress(GitFailed):
        commits = read_commits(git(root, "log", "--reverse", "--format=%H%x09%cI%x09%s", "HEAD").split("\n"))
    return [
        Draft(day or commit.date[:10], ev.LINK, moved[scope.phase, scope.plan], {"commit": commit.hash})
        for commit in commits
        for scope in scopes.parse(commit.subject)
        if (scope.phase, scope.plan) in moved
    ]


def _events(repository: Repository, known: Sequence[ev.Event], found: Sequence[Draft]) -> list[ev.Event]:
    """The drafts as events, without those that are recorded already or say what holds anyway."""
    have = {event.id for event in known}
    status = {plan.ref: plan.status for plan in repository.snapshot().plans} if repository.native else {}
    documents = [_said(event.data) for event in known if event.kind == ev.IMPORTED]
    after = {ev.DONE: (sn.DONE,), ev.STARTED: (sn.DONE, sn.ACTIVE), ev.DEFERRED: (sn.DONE, sn.DEFERRED)}
    now = clock.now()
    actor = repository.actor()
    events = []
    for number, draft in enumerate(found):
        if draft.kind == ev.IMPORTED and _said(draft.data) in documents:
            continue
        if draft.id in have or status.get(draft.plan or "") in after.get(draft.kind, ()):
            continue
        start = datetime.fromisoformat(f"{draft.day}T00:00:00.000+00:00" if draft.day else now)
        moment = start + timedelta(milliseconds=number)
        time = moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
        events.append(ev.Event(draft.id, time, actor, draft.kind, draft.plan, draft.data))
        have.add(draft.id)
    return events


def _said(data: dict[str, object]) -> dict[str, object]:
    """What a document said, wherever it stood."""
    return {key: value for key, value in data.items() if key != "source"}


def _beyond(project: Project, records: StateRecords) -> tuple[Unread, ...]:
    known = {(row.file, row.line) for row in records.unread}
    return tuple(row for row in project.unread if (row.file, row.line) not in known)


def _notes(project: Project, records: StateRecords) -> tuple[str, ...]:
    """Lines of a document of tracker's own dialect that fit no record: a person's words, kept in the notes."""
    if project.kind != "document" or not records.own:
        return ()
    return tuple(row.text for row in records.unread)


def _write(root: Path, result: Import) -> None:
    """Write the files, project.yaml last: until it is there nothing is a project, and an import can be repeated."""
    from tracker.render.state import notes_of

    last = f"{conversion.PLANS}/project.yaml"
    for name in sorted(result.files, key=lambda name: name == last):
        files.write_atomic(root / name, result.files[name].encode())
    for name, lines in result.lines.items():
        _add_lines(root / name, lines)
    repository = Repository(root)
    with repository.writing():
        if result.events:
            journal.append(root, result.events)
        shown = repository.imply(repository.load())
        before = repository.state_on_disk()
        result.state = repository.write_state(shown, notes=notes_of(before) or _notes_block(result.notes))
    if before and result.state:
        backups = sorted(
            (root / files.LOCAL / "backups").glob("STATE.*.md"), key=lambda item: item.stat().st_mtime
        )
        result.backup = backups[-1].relative_to(root).as_posix() if backups else ""
    if shown.faults:
        raise TrackerError(
            "what was imported has faults:\n" + "\n".join(shown.faults[:20]),
            hint="The files are written; mend these places, then `tracker state`.",
        )


def _notes_block(lines: Sequence[str]) -> str:
    return "\n".join(["<!-- notes -->", *lines, "<!-- /notes -->", ""]) if lines else ""


def _add_lines(path: Path, lines: Sequence[str]) -> None:
    before = path.read_bytes() if path.exists() else b""
    gap = b"" if not before or before.endswith(b"\n") else b"\n"
    files.write_atomic(path, before + gap + "".join(f"{line}\n" for line in lines).encode())
