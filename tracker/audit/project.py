"""Somebody's project put together: planning directory or lone documents, phases with their plans."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tracker.audit import disk, documents, gsd2, marks, parts
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
    RoadmapPlan,
    SummaryFile,
)
from tracker.audit.names import title_of
from tracker.audit.parts import Pieces

_STATUSES: dict[Mark, str] = {"done": "done", "active": "active", "open": "pending", "deferred": "deferred"}
_ALONE = ("STATE.MD", "PROJECT_STATE.MD")
"""State documents that a ROADMAP.md beside them goes with."""
PLANNING = ".planning"
GSD_2 = ".gsd"


def find(path: str) -> Path | None:
    """Return what there is to read at a path: a planning directory, a document, None when neither."""
    base = Path(path)
    if base.is_file():
        return base
    if base.resolve().name in {PLANNING, GSD_2} and base.is_dir():
        return base
    for name in (PLANNING, GSD_2):
        if (base / name).is_dir():
            return base / name
    found = documents.documents(base)
    if found and any((base / inner).is_dir() for inner in ("phases", "milestones")):
        return base
    return base / found[0] if found else None


def read(path: str, *, cache: disk.FileCache | None = None) -> Project | None:
    """Read the project at a path, None when there is nothing to read. Writes nothing, never raises for content."""
    found = find(path)
    if found is None:
        return None
    return _from_document(found) if found.is_file() else _from_directory(found, cache)


def _from_directory(directory: Path, cache: disk.FileCache | None) -> Project:
    name = directory.resolve().name
    prefix = f"{name}/"
    listing = disk.read(str(directory), prefix, cache)
    problems = list(listing.problems)
    stream = documents.workstream(directory)
    home, place = (directory / stream, f"{prefix}{stream}/") if stream else (directory, prefix)
    names = documents.names(home)
    alone = not listing.directories and "ROADMAP.MD" not in names
    document = documents.state_document(home, names.get("STATE.MD"), place, problems, alone=alone)
    plan = documents.road_map(home, names.get("ROADMAP.MD"), place, problems)
    if plan is None and not stream and (stream := documents.milestone(directory, document)):
        plan = documents.road_map(directory / stream, "ROADMAP.md", f"{prefix}{stream}/", problems)
    project = Project(
        root=str(directory.parent),
        kind="gsd",
        name=documents.project_name(document, plan, directory, documents.names(directory).get("PROJECT.MD")),
        goal=document.goal if document else "",
        plan_files=tuple(listing.plans),
        summaries=tuple(listing.summaries),
        verifications=tuple(listing.verifications),
        quick_plans=listing.quick_plans,
        phase_directories=tuple((path, zone, phase) for path, (zone, phase) in listing.directories.items()),
        roadmap=plan,
        state=document,
        unread=(document.unread if document else ()) + (plan.unread if plan else ()),
        problems=tuple(problems) + (document.problems if document else ()),
    )
    slices = gsd2.read(directory, prefix) if name == GSD_2 else ()
    phases = slices or _phases(project, stream)
    return replace(project, kind="gsd-2" if slices else "gsd", phases=phases)


def _from_document(path: Path) -> Project:
    directory, name = path.parent, path.name
    problems: list[Finding] = []
    document: Document | None = None
    if name.upper().startswith("ROADMAP"):
        plan = documents.road_map(directory, name, "", problems)
    else:
        beside = documents.names(directory).get("ROADMAP.MD") if name.upper() in _ALONE else None
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
    return replace(project, phases=_phases(project))


def _phases(project: Project, stream: str = "") -> tuple[Phase, ...]:
    listed = project.roadmap.phases if project.roadmap else ()
    if not listed and project.state is not None:
        listed = tuple({p.number: p for p in project.state.phases}.values())
    said = {c.scope: c for c in project.state.claims if c.kind == "phase status"} if project.state else {}
    source = (
        project.roadmap.file
        if project.roadmap and project.roadmap.phases
        else project.state.file
        if project.state
        else ""
    )
    found = parts.split(project, listed, stream)
    return tuple(_phase(project, pieces, said=said, source=source) for pieces in found)


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
