"""Phases of one number told apart: a project that numbers anew with each milestone has several "phase 1".

A part is what shares one numbering: ``phases/`` (its name is empty: what is being worked on), an archived milestone
(``v1.0``), a workstream without documents, a milestone that only ROADMAP.md still lists. A part whose numbers are used
by no other one keeps them as they are; else each of them has the part's name before it: ``v1.0/1``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tracker.audit.ids import from_directory, order
from tracker.audit.model import PlanFile, Project, RoadmapPhase, SummaryFile
from tracker.audit.roadmapdraft import VERSION, version_name

LIVE = ""
_DIGITS = re.compile(r"(\d+)")


@dataclass(slots=True)
class Pieces:
    """What there is of one phase: its ``label`` is its number as it is shown, ``number`` as it is written."""

    label: str
    number: str
    listed: RoadmapPhase | None = None
    path: str = ""
    plans: list[PlanFile] = field(default_factory=list)
    summaries: list[SummaryFile] = field(default_factory=list)


def split(project: Project, listed: tuple[RoadmapPhase, ...], home: str = "") -> list[Pieces]:
    """Every phase once, in order: the shipped milestones' first, then what is live, then what is only planned.

    ``home`` is the zone of the workstream or milestone whose documents are read: it is the live part then.
    """
    parts: dict[str, dict[str, Pieces]] = {}

    def piece(part: str, number: str) -> Pieces:
        return parts.setdefault(part, {}).setdefault(number, Pieces(number, number))

    for path, zone, number in project.phase_directories:
        if number:
            found = piece(_part(zone, path, home), number)
            found.path = found.path or path
    for plan in project.plan_files:
        if plan.phase:
            piece(_part(plan.zone, plan.directory, home), plan.phase).plans.append(plan)
    for phase, part in _placed(project, listed, parts):
        piece(part, phase.number).listed = phase
    for summary in project.summaries:
        own = _part(summary.zone, summary.directory, home)
        found_in = next((name for name in (own, LIVE, *parts) if summary.phase in parts.get(name, {})), None)
        if found_in is not None:
            parts[found_in][summary.phase].summaries.append(summary)
    for part, phases in parts.items():
        others = {number for other, numbers in parts.items() if other != part for number in numbers}
        if part != LIVE and others & set(phases):
            for found in phases.values():
                found.label = f"{part}/{found.number}"
    planned = (
        {m.version for m in project.roadmap.milestones if m.mark == "open"} if project.roadmap else set()
    )
    return [
        found
        for _, found in sorted(
            ((_rank(part, found, planned), found) for part in parts for found in parts[part].values()),
            key=lambda pair: pair[0],
        )
    ]


def is_apart(label: str) -> bool:
    """Whether the number belongs to a part with a name: ``v1.0/1``."""
    return "/" in label


def _rank(part: str, found: Pieces, planned: set[str]) -> tuple[int, list[tuple[bool, int, str]], object]:
    if not is_apart(found.label):
        return 1, [], order(found.number)
    # A number in a name counts as one: v1.9 comes before v1.10.
    words = [(text.isdigit(), int(text) if text.isdigit() else 0, text) for text in _DIGITS.split(part)]
    return (2 if part in planned else 0), words, order(found.number)


def _part(zone: str, directory: str, home: str) -> str:
    """The name of the part that a zone and a directory below it belong to."""
    if zone == home:
        return LIVE
    if zone != "phases":
        words = [word for word in zone.split("/") if word not in ("milestones", "workstreams", "archive")]
        return "/".join(words) or zone
    # phases/v1.0/01-x: the folders before the one that carries the phase's number.
    between: list[str] = []
    for folder in directory.split("/")[1:]:
        if folder[:1] not in "vV" and from_directory(folder) is not None:
            return "/".join(between)
        between.append(folder)
    return LIVE


def _placed(
    project: Project, listed: tuple[RoadmapPhase, ...], parts: dict[str, dict[str, Pieces]]
) -> list[tuple[RoadmapPhase, str]]:
    """The part of each phase that is listed: its milestone's, where that one has files or numbers of its own."""
    meant = project.roadmap.by_number if project.roadmap else {}
    versions = {version: part for part in parts if (version := _version(part))}
    apart = {phase.milestone for phase in listed if meant.get(phase.number, phase) is not phase} - {""}
    result = []
    for phase in listed:
        version = phase.milestone
        holding = [part for part, numbers in parts.items() if phase.number in numbers]
        if version and _version(version) in versions:
            part = versions[_version(version)]
        elif version in apart:
            part = version
        elif len(holding) == 1 and not (version and _version(holding[0])):
            part = holding[0]
        else:
            part = LIVE
        result.append((phase, part))
    return result


def _version(text: str) -> str:
    match = VERSION.search(text)
    return version_name(match).removesuffix(".0") if match else ""
