"""Somebody's project put together: planning directory or lone documents, phases with their plans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tracker.audit import disk, documents, gsd2, marks, parts, places
from tracker.audit.counting import stated
from tracker.audit.ids import order
from tracker.audit.model import (
    Claim,
    Document,
    Finding,
    Mark,
    Phase,
    Plan,
    PlanFile,
    Project,
    RoadmapPhase,
    RoadmapPlan,
    SummaryFile,
)
from tracker.audit.names import title_of
from tracker.audit.parts import Pieces

_STATUSES: dict[Mark, str] = {"done": "done", "active": "active", "open": "pending", "deferred": "deferred"}
find = places.find


def read(path: str, *, cache: disk.FileCache | None = None) -> Project | None:
    """Read the project at a path, None when there is nothing to read. Writes nothing, never raises for content."""
    found = find(path)
    if found is None:
        return None
    return _from_document(found) if found.is_file() else _from_directory(found, cache)


def read_around(path: str, *, cache: disk.FileCache | None = None) -> Project | None:
    """Read what a document at the path speaks about as well: an audit needs both.

    STATE.md and ROADMAP.md stand for their planning directory, or for each other; another document of a planning
    directory is read in the place of its STATE.md. Anything else is as ``read`` gives it.
    """
    found = find(path)
    if found is None or not found.is_file():
        return read(path, cache=cache)
    state, home = places.state(found.parent), places.home(found)
    roadmap = found.name.upper() == "ROADMAP.MD"
    if home is None or (not roadmap and found.name.upper().startswith("ROADMAP")):
        return _from_document(found.parent / state if roadmap and state else found)
    project = _from_directory(home, cache)
    return project if roadmap or found.name == state else _instead(project, home, found.name)


def _instead(project: Project, home: Path, name: str) -> Project:
    problems: list[Finding] = []
    document = documents.state_document(home, name, places.root(home)[1], problems, alone=False)
    state, plan = project.state, project.roadmap
    return replace(
        project,
        state=document,
        parts=(),
        unread=(document.unread if document else ()) + (plan.unread if plan else ()),
        problems=tuple(p for p in project.problems if state is None or p.file != state.file)
        + tuple(problems)
        + (document.problems if document else ()),
    )


def _from_directory(directory: Path, cache: disk.FileCache | None) -> Project:
    """A planning directory; its workstreams are parts of it, and so is what lies outside of them."""
    root, prefix = places.root(directory)
    listing = disk.read(str(directory), prefix, cache)
    streams = places.streams(directory)
    if not streams:
        return _part(directory, listing, directory.name if places.is_stream(directory) else "")
    rest = _part(directory, disk.outside(listing, prefix, streams), "")
    parts = [
        _part(directory / places.STREAMS / name, disk.inside(listing, prefix, name), name) for name in streams
    ]
    if rest.state is not None or rest.roadmap is not None or rest.phase_directories or rest.plan_files:
        parts.insert(0, rest)
    live = parts[0]
    return Project(
        root=str(root),
        kind="gsd",
        # The title of one workstream's document is not the name of them all.
        name=rest.name or (live.name if len(parts) == 1 else ""),
        goal=live.goal,
        plan_files=tuple(listing.plans),
        summaries=tuple(listing.summaries),
        verifications=tuple(listing.verifications),
        quick_plans=listing.quick_plans,
        phase_directories=listing.phase_directories,
        roadmap=live.roadmap,
        state=live.state,
        parts=tuple(parts),
        phases=_together(parts),
        unread=tuple(line for part in parts for line in part.unread),
        problems=tuple(problem for part in parts for problem in part.problems),
    )


def _part(directory: Path, listing: disk.Disk, stream: str) -> Project:
    """What a planning directory, or a workstream of one, has in documents and in the listed files."""
    root, prefix = places.root(directory)
    problems = list(listing.problems)
    names = places.listdir(directory)
    alone = not listing.directories and "ROADMAP.MD" not in names
    document = documents.state_document(directory, places.state(directory), prefix, problems, alone=alone)
    plan = documents.road_map(directory, names.get("ROADMAP.MD"), prefix, problems)
    home = "" if plan is not None else documents.milestone(directory, document)
    if home:
        plan = documents.road_map(directory / home, "ROADMAP.md", f"{prefix}{home}/", problems)
    project = Project(
        root=str(root),
        kind="gsd",
        name=documents.project_name(document, plan, directory, names.get("PROJECT.MD")),
        goal=document.goal if document else "",
        plan_files=tuple(listing.plans),
        summaries=tuple(listing.summaries),
        verifications=tuple(listing.verifications),
        quick_plans=listing.quick_plans,
        phase_directories=listing.phase_directories,
        roadmap=plan,
        state=document,
        stream=stream,
        unread=(document.unread if document else ()) + (plan.unread if plan else ()),
        problems=tuple(problems) + (document.problems if document else ()),
    )
    slices = gsd2.read(directory, prefix) if directory.resolve().name == places.GSD_2 else ()
    return replace(project, kind="gsd-2" if slices else "gsd", phases=slices or _together([project], home))


def _from_document(path: Path) -> Project:
    directory, name = path.parent, path.name
    problems: list[Finding] = []
    document: Document | None = None
    if name.upper().startswith("ROADMAP"):
        plan = documents.road_map(directory, name, "", problems)
    else:
        goes = name.upper() in map(str.upper, places.STATES)
        beside = places.listdir(directory).get("ROADMAP.MD") if goes else None
        document = documents.state_document(directory, name, "", problems, alone=beside is None)
        plan = documents.road_map(directory, beside, "", problems)
    title = (document.project or document.title) if document else ""
    project = Project(
        root=str(directory),
        kind="document",
        name=title or (plan.title if plan else ""),
        goal=document.goal if document else "",
        roadmap=plan,
        state=document,
        unread=(document.unread if document else ()) + (plan.unread if plan else ()),
        problems=tuple(problems) + (document.problems if document else ()),
    )
    return replace(project, phases=_together([project]))


def _together(projects: Sequence[Project], home: str = "") -> tuple[Phase, ...]:
    """The phases of one project, or of several in one planning directory: the first of them keeps its numbers.

    A workstream whose numbers another one uses too has its name before each: ``ui/1``. ``home`` is the milestone that
    holds the roadmap.
    """
    found = [(project, parts.split(project, _listed(project), home)) for project in projects]
    for project, pieces in found[1:]:
        others = {piece.number for other, theirs in found if other is not project for piece in theirs}
        if others & {piece.number for piece in pieces}:
            for piece in pieces:
                piece.label = f"{project.stream}/{piece.label}"
    return tuple(phase for project, pieces in found for phase in _phases(project, pieces))


def _listed(project: Project) -> tuple[RoadmapPhase, ...]:
    if project.roadmap is not None and project.roadmap.phases:
        return project.roadmap.phases
    return tuple({p.number: p for p in project.state.phases}.values()) if project.state is not None else ()


def _phases(project: Project, found: list[Pieces]) -> list[Phase]:
    said = {c.scope: c for c in project.state.claims if c.kind == "phase status"} if project.state else {}
    source = (
        project.roadmap.file
        if project.roadmap and project.roadmap.phases
        else project.state.file
        if project.state
        else ""
    )
    return [_phase(project, pieces, said=said, source=source) for pieces in found]


def _phase(project: Project, pieces: Pieces, *, said: dict[str, Claim], source: str) -> Phase:
    number, listed, path = pieces.label, pieces.listed, pieces.path
    plans = _plans(project, pieces, source)
    evidence: list[str] = []
    complete = listed.complete if listed is not None else None
    if listed is not None and complete is not None:
        evidence.append(f"{source}:{listed.line} marks it {'complete' if complete else 'open'}")
    done = sum(plan.status == "done" for plan in plans)
    total = len(plans)
    if plans:
        evidence.append(f"{done} of {total} plans are done")
    elif listed is not None:
        said_done, total = stated(listed)
        done = said_done or 0
        if listed.counts and listed.counts[0][1] is None:
            total = 0
        if total:
            evidence.append(f"{source}:{listed.line} says {done} of {total} plans are done")
    active = any(plan.status == "active" for plan in plans)
    counted = bool(total) and done >= total
    if counted if plans else (complete if complete is not None else counted):
        status = "done"
    elif (
        done
        or active
        or (listed is not None and listed.active)
        or ((claim := said.get(number)) is not None and claim.mark == "active")
    ):
        status = "active"
    else:
        status = "pending"
    title = (listed.title if listed else "") or title_of(path)
    return Phase(
        number=number,
        title=title or f"Phase {pieces.number}",
        status=status,
        done=done,
        total=total,
        goal=listed.goal if listed else "",
        milestone=listed.milestone if listed else "",
        evidence=tuple(evidence),
        path=path,
        plans=tuple(plans),
        depends_on=listed.depends_on if listed else (),
    )


def _plans(project: Project, pieces: Pieces, source: str) -> list[Plan]:
    number, listed, files, summaries = pieces.label, pieces.listed, pieces.plans, pieces.summaries
    boxes = {p.number: p for p in listed.plans} if listed else {}
    plans: list[Plan] = []
    used: set[str] = set()
    for file in files:
        summary = _summary_of(file, summaries)
        if summary is not None:
            used.add(summary.path)
        box = boxes.pop(file.number, None)
        plans.append(_plan(number, file.number, file=file, summary=summary, box=box, source=source))
    for summary in summaries:
        if summary.path not in used:
            box = boxes.pop(summary.number, None)
            plans.append(_plan(number, summary.number, file=None, summary=summary, box=box, source=source))
    plans.extend(
        _plan(number, box.number, file=None, summary=None, box=box, source=source) for box in boxes.values()
    )
    if not plans and project.state is not None and project.state.records is not None:
        plans.extend(
            Plan(
                ref=f"{number}.{int(item.number):02d}"
                if item.number.isdigit()
                else f"{number}.{item.number}",
                phase=number,
                number=item.number,
                title=item.title,
                status=_STATUSES[item.mark],
                evidence=(f"{project.state.file}:{item.line} lists it as {_STATUSES[item.mark]}",),
                objective=item.detail,
            )
            for item in project.state.records.plans
            if item.phase == number
        )
    if not plans and listed is not None:
        plans.extend(
            Plan(
                ref=f"{number}.{index:02d}",
                phase=number,
                number=str(index),
                title=task.text,
                status="done" if task.checked else "pending",
                evidence=(f"{source}:{task.line} its box is {'ticked' if task.checked else 'open'}",),
            )
            for index, task in enumerate(listed.tasks, start=1)
        )
    return sorted(plans, key=lambda plan: (order(plan.number), plan.path))


def _summary_of(file: PlanFile, summaries: list[SummaryFile]) -> SummaryFile | None:
    same = [s for s in summaries if s.directory == file.directory]
    for summary in same:
        if summary.stem == file.stem:
            return summary
    return next((s for s in same if s.number and s.number == file.number), None)


def _plan(
    phase: str,
    number: str,
    *,
    file: PlanFile | None,
    summary: SummaryFile | None,
    box: RoadmapPlan | None,
    source: str,
) -> Plan:
    evidence: list[str] = []
    done = False
    if summary is not None:
        done = not summary.empty
        evidence.append(f"{summary.path}{' is empty' if summary.empty else ''}")
    ticked = box.checked if box is not None else None
    if box is not None:
        evidence.append(f"{source}:{box.line} its box is {'ticked' if box.checked else 'open'}")
    if file is not None and file.status:
        evidence.append(f"{file.path} says status: {file.status}")
    status = "done" if done or ticked else "pending"
    if file is not None and file.status.casefold() in ("superseded", "deferred", "cancelled") and not done:
        status = "deferred"
    title = (
        (box.title if box is not None and not (file and marks.undecided(box.title)) else "")
        or (file.title if file else "")
        or (summary.title if summary else "")
    )
    ref = f"{phase}.{int(number):02d}" if number.isdigit() else f"{phase}.{number or '01'}"
    return Plan(
        ref=ref,
        phase=phase,
        number=number,
        title=title or f"Plan {number or phase.rpartition('/')[2]}",
        status=status,
        evidence=tuple(evidence),
        path=file.path if file else "",
        summary=summary.path if summary else "",
        objective=file.objective if file else "",
        wave=file.wave if file else "",
        depends_on=file.depends_on if file else (),
        problems=file.problems if file else (),
    )
