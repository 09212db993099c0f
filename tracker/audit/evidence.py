"""What files and roadmap say, gathered into the scopes that a document may mean."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from tracker.audit.counting import Directory, Scope
from tracker.audit.ids import order, release, whole
from tracker.audit.model import PlanFile, Project, RoadmapPhase, SummaryFile

_VERSION = re.compile(r"v?(\d+(?:\.\d+)*)")


@dataclass(slots=True)
class Evidence:
    """All that a claim can be held against."""

    project: Project
    directories: list[Directory]
    listed: dict[str, RoadmapPhase]
    everything: Scope
    general: list[Scope]
    milestones: dict[str, Scope]
    current: list[str]

    def of_phase(self, number: str) -> Scope:
        """Return the scope of one phase; directories that share its number are all in it, of live ones only these."""
        live = self._live(number)
        return Scope(f"phase {number}", live, [self.listed[number]] if number in self.listed else [])

    def shared(self, number: str) -> bool:
        """Say whether several archives or workstreams have a phase of this number, and nothing tells which is meant."""
        return len({d.zone for d in self._live(number)}) > 1

    def _live(self, number: str) -> list[Directory]:
        wanted = [d for d in self.directories if d.phase == number]
        return [d for d in wanted if d.zone == "phases"] or wanted

    def of_plan(self, key: str) -> tuple[bool, bool, bool | None]:
        """Return for ``phase-plan``: a plan file exists, a summary that says something exists, its box."""
        files = [p for d in self.directories for p in d.plans if p.key == key]
        summaries = [
            s for d in self.directories for s in d.summaries if f"{s.phase}-{s.number}" == key and not s.empty
        ]
        phase = self.listed.get(key.split("-", 1)[0])
        box = (
            next((p.checked for p in phase.plans if f"{p.phase}-{p.number}" == key), None) if phase else None
        )
        return bool(files), bool(summaries), box

    @property
    def keeps_records(self) -> bool:
        """Whether anything in the project records that work was done: a SUMMARY, a ticked box, a mark."""
        return bool(self.project.summaries) or any(
            p.complete or p.checkbox is not None or any(p.boxes) for p in self.listed.values()
        )

    @property
    def position(self) -> str:
        """The phase that the state document calls the current one, empty when it names none."""
        state = self.project.state
        claims = state.claims if state is not None else ()
        return next((claim.scope for claim in claims if claim.kind == "position" and claim.scope), "")

    def milestone(self, version: str) -> Scope | None:
        """Return the scope of a milestone, however many zeros end its version; None of one without anything."""
        wanted = release(version)
        return next((s for name, s in self.milestones.items() if release(name) == wanted and s.known), None)

    def scopes(self, label: str) -> tuple[list[Scope], bool]:
        """Return the scopes that a claim with this label may mean: a phase, a milestone, or anything general.

        The second value says whether it must mean one of them: of a version that nothing here bears it need not.
        """
        if label.startswith(("v", "M")):
            named = self.milestone(label)
            if named is not None:
                return [named], True
            return self.general, release(label) in self.own
        if label:
            return [self.of_phase(label)], True
        return self.general, True

    @property
    def gone(self) -> list[str]:
        """The versions that the state document counts plans of, and that nothing here bears."""
        state = self.project.state
        counted = (
            {c.scope for c in state.claims if c.kind == "plans" and c.scope[:1] == "v"} if state else set()
        )
        return sorted(version for version in counted if not self.scopes(version)[1])

    @property
    def own(self) -> set[str]:
        """The versions that the documents say they are about."""
        state = self.project.state
        claims = state.claims if state is not None else ()
        said = [claim.value for claim in claims if claim.kind == "milestone"]
        return {release(f"v{found[1]}") for text in said if (found := _VERSION.match(text))}


def gather(project: Project, whole: Scope | None = None) -> Evidence:
    """Count a project's files and roadmap in every scope.

    ``whole`` is that of which the project is a part, where its document may as well speak of all of it.
    """
    directories = _directories(project)
    listed = project.roadmap.by_number if project.roadmap else {}
    phases = list(project.roadmap.phases) if project.roadmap else []
    name = f"workstream {project.stream}" if project.stream else "the whole project"
    everything = Scope(name, directories, phases)
    milestones = _milestones(project, directories, phases)
    live = [d for d in directories if d.zone == "phases"]
    live_numbers = {d.phase for d in live}
    general = [everything]
    if live and len(live) != len(directories):
        general.append(
            Scope("phases/ without archives", live, [p for p in phases if p.number in live_numbers])
        )
    if listed and {d.phase for d in directories} - set(listed):
        inside = [d for d in directories if d.phase in listed]
        general.append(Scope("the phases that ROADMAP.md lists", inside, phases))
    for zone in sorted({d.zone.split("/")[1] for d in directories if d.zone.startswith("workstreams/")}):
        inside = [d for d in directories if d.zone.startswith(f"workstreams/{zone}")]
        general.append(Scope(f"workstream {zone}", inside, []))
    if whole is not None:
        general.append(whole)
    current = _current(project, milestones, listed)
    general.extend(milestones[name] for name in current if name in milestones and milestones[name].known)
    general.extend(_cumulative(project, milestones))
    shipped = (
        {n for m in project.roadmap.milestones if m.mark == "done" for n in m.phases}
        if project.roadmap
        else set()
    )
    if shipped and len(shipped) < len(listed):
        rest = [p for p in phases if p.number not in shipped]
        general.append(
            Scope("what is not shipped yet", [d for d in directories if d.phase not in shipped], rest)
        )
    return Evidence(project, directories, listed, everything, general, milestones, current)


def together(parts: Iterable[Project]) -> Scope:
    """The scope of several workstreams: phases of one number are as many as there are workstreams that have it."""
    directories: list[Directory] = []
    listed: list[RoadmapPhase] = []
    for part in parts:
        prefix = f"{part.stream}/" if part.stream else ""
        directories += [replace(d, phase=d.phase and prefix + d.phase) for d in _directories(part)]
        phases = part.roadmap.phases if part.roadmap else ()
        listed += [replace(phase, number=prefix + phase.number) for phase in phases]
    return Scope("all workstreams together", directories, listed)


def _directories(project: Project) -> list[Directory]:
    found: dict[str, Directory] = {}
    for path, zone, phase in project.phase_directories:
        found[path] = Directory(path, zone, phase)
    for plan in project.plan_files:
        _home(found, plan).plans.append(plan)
    for summary in project.summaries:
        _home(found, summary).summaries.append(summary)
    for directory in found.values():
        named = {(s.directory, s.stem) for s in directory.summaries}
        keyed = {(s.directory, s.phase, s.number) for s in directory.summaries}
        filled_named = {(s.directory, s.stem) for s in directory.summaries if not s.empty}
        filled_keyed = {(s.directory, s.phase, s.number) for s in directory.summaries if not s.empty}
        for plan in directory.plans:
            name, key = (plan.directory, plan.stem), (plan.directory, plan.phase, plan.number)
            directory.named += name in named or (bool(plan.number) and key in keyed)
            directory.summarised += name in filled_named or (bool(plan.number) and key in filled_keyed)
    return sorted(found.values(), key=lambda d: (d.zone, order(d.phase) if d.phase else (0, "", (), "")))


def _home(found: dict[str, Directory], file: PlanFile | SummaryFile) -> Directory:
    path = file.directory
    while path and path not in found:
        path = path.rpartition("/")[0]
    if path:
        return found[path]
    return found.setdefault(file.directory, Directory(file.directory, file.zone, file.phase))


def _milestones(
    project: Project, directories: list[Directory], listed: list[RoadmapPhase]
) -> dict[str, Scope]:
    scopes: dict[str, Scope] = {}
    zones = {d.zone.split("/", 1)[1] for d in directories if d.zone.startswith("milestones/")}
    named = project.roadmap.milestones if project.roadmap else ()
    archives = {release(milestone.version) for milestone in named}
    for milestone in named:
        numbers = set(milestone.phases)
        archived = [d for d in directories if _archive(d) == release(milestone.version)]
        inside = archived or [
            d
            for d in directories
            if _archive(d) not in archives
            and (d.phase in numbers or any(_within(d.phase, low, high) for low, high in milestone.ranges))
        ]
        scopes[milestone.version] = Scope(
            milestone.version, inside, [p for p in listed if p.milestone == milestone.version]
        )
    for zone in sorted(zone for zone in zones if release(zone) not in archives):
        scopes[zone] = Scope(zone, [d for d in directories if d.zone == f"milestones/{zone}"], [])
    return scopes


def _archive(directory: Directory) -> str:
    """The version of the milestone that a directory was archived with, empty for any other."""
    zone = directory.zone
    return release(zone.removeprefix("milestones/")) if zone.startswith("milestones/") else ""


def _within(phase: str, low: str, high: str) -> bool:
    return bool(phase) and order(low)[:3] <= order(phase)[:3] and whole(phase) <= whole(high)


def _current(project: Project, milestones: dict[str, Scope], listed: dict[str, RoadmapPhase]) -> list[str]:
    names: list[str] = []
    state = project.state
    if state is not None:
        version = state.front_matter.get("milestone", "")
        if found := _VERSION.match(version):
            wanted = release(f"v{found[1]}")
            names.extend(name for name in milestones if release(name) == wanted)
        names.extend(
            listed[claim.scope].milestone
            for claim in state.claims
            if claim.kind == "position" and claim.scope in listed and listed[claim.scope].milestone
        )
    if project.roadmap is not None:
        names.extend(m.version for m in project.roadmap.milestones if m.mark == "active")
    return [name for name in dict.fromkeys(names) if name in milestones]


def _cumulative(project: Project, milestones: dict[str, Scope]) -> list[Scope]:
    """Scopes of the last two, three … milestones: documents count "since v5.0" as well."""
    if project.roadmap is None:
        return []
    named = [m for m in project.roadmap.milestones if m.phases]
    named.sort(key=lambda m: order(m.phases[0]))
    scopes: list[Scope] = []
    for start in range(1, len(named) - 1):
        group = named[start:]
        inside = {d.path: d for m in group for d in milestones[m.version].directories}
        scopes.append(
            Scope(
                f"{named[start].version} and later",
                list(inside.values()),
                [phase for m in group for phase in milestones[m.version].listed],
            )
        )
    return scopes
