"""Somebody else's project, seen at once: read from its planning files, with nothing written into its repository."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tracker.audit import Project, dates, disk, places
from tracker.audit import project as projects
from tracker.audit.parts import is_apart
from tracker.errors import Usage
from tracker.git.watch import SETTLED
from tracker.model import snapshot as sn
from tracker.model.waves import waves
from tracker.service.base import stamp
from tracker.service.outline import PhaseOutline, PlanOutline, outline
from tracker.store import files
from tracker.store.fast import Index

PLANNING, DOCUMENT, NONE = "planning", "document", "none"
_ANY_TITLE = re.compile(
    r"(?:(?:gsd|project|session|current)[ _-]+)?(?:state|status|roadmap|progress)\W*\Z", re.IGNORECASE
)


def index_place(root: Path) -> Path:
    """Where what was read of a repository without native plans is kept: in the user's cache."""
    import hashlib

    name = hashlib.sha1(str(root.resolve()).encode(), usedforsecurity=False).hexdigest()[:16]
    return files.user_directory("cache") / name / "state.db"


class ParsedFiles:
    """The audit's cache of parsed files, in an index. A file younger than two seconds is not kept."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._readers = _readers()

    def get(self, key: str) -> dict[str, Any] | None:
        """What was parsed from the file in that state, by the readers as they are."""
        return self._index.get(_row(key), f"{self._readers}|{key}")

    def put(self, key: str, record: dict[str, Any]) -> None:
        """Keep it."""
        changed = int(key.rsplit("|", 2)[1])
        if time.time_ns() - changed > SETTLED:
            self._index.put(_row(key), f"{self._readers}|{key}", record)


def _row(key: str) -> str:
    """The role and the path that a key begins with: each file has one row, whatever its state."""
    return f"@audit/{key.rsplit('|', 4)[0]}"


def _readers() -> str:
    """A digest of the modules that read: what another version of them has made of a file is not taken for theirs."""
    import hashlib

    modules = sorted(Path(disk.__file__).parent.glob("*.py"))
    states = "".join(f"{path.name} {stamp(path)}\n" for path in modules)
    return hashlib.sha1(states.encode(), usedforsecurity=False).hexdigest()[:16]


@contextlib.contextmanager
def cached(root: Path) -> Iterator[disk.FileCache]:
    """A cache for the files of the project at ``root``, written when the block ends."""
    index = Index(index_place(root))
    try:
        yield ParsedFiles(index)
        index.flush()
    finally:
        index.close()


def root_of(start: Path, top: Path | None) -> Path | None:
    """The nearest directory at or above ``start`` that holds something to read; not above ``top``, the repository.

    Outside of a repository a document counts where the person stands only, a planning directory above too.
    """
    here = start.resolve()
    end = top.resolve() if top is not None else None
    for place in (here, *here.parents):
        source = projects.find(str(place))
        if source is not None and (end is not None or place == here or source.is_dir()):
            return places.root(source)[0] if source == place else place
        if place == end:
            return None
    return None


def found(root: Path) -> Path | None:
    """The planning directory or document that is here; None where there is neither."""
    return projects.find(str(root))


def read(root: Path) -> Project | None:
    """The project's files; None where there are none of a kind that is known."""
    with cached(root) as cache:
        return projects.read(str(root), cache=cache)


def snapshot(root: Path) -> sn.Snapshot:
    """The state that its files and documents tell; what they call done is unproven."""
    project = read(root)
    if project is None:
        return sn.Snapshot(name=root.resolve().name, origin=NONE)
    outlines = outline(project)
    phases = _phases(outlines)
    return sn.Snapshot(
        name=name_of(project, root),
        goal=project.goal,
        current_phase=current_phase(project, outlines),
        updated=spoken_date(project),
        done=sum(phase.done for phase in phases),
        total=sum(phase.total for phase in phases),
        phases=tuple(phases),
        origin=DOCUMENT if project.kind == "document" else PLANNING,
        document={"source": project.state.file if project.state else ""},
    )


def current_phase(project: Project, phases: Sequence[PhaseOutline]) -> str:
    """The phase that the document says it is at; where that one is finished, the next that is not.

    What an archived milestone has left open is nobody's next step while there is a live one.
    """
    statuses = {phase.number: phase.status for phase in phases}
    claims = project.state.claims if project.state is not None else ()
    position = next((c.scope for c in claims if c.kind == "position" and c.scope in statuses), "")
    live = {number: status for number, status in statuses.items() if not is_apart(number)}
    return sn.current_phase(live if set(live.values()) - {sn.DONE} else statuses, position)


def name_of(project: Project, root: Path) -> str:
    """The project's name; a title that every such document has names nothing, the directory does then."""
    return root.resolve().name if not project.name or _ANY_TITLE.match(project.name) else project.name


def not_generated(root: Path) -> Usage:
    """What to say where a STATE.md is to be checked that tracker does not generate."""
    source = found(root)
    if source is None:
        return Usage("there are no plans that imply a STATE.md", hint="`tracker init` makes them.")
    name = source.relative_to(root).as_posix()
    return Usage(
        "the state document here is not generated by tracker",
        hint=f"`tracker audit` holds it against the files; `tracker import {name}` makes plans of them.",
    )


def body(root: Path, plan: sn.PlanState) -> str:
    """The text of a plan's file; empty where the plan is only named by a document."""
    if not plan.path:
        return ""
    with contextlib.suppress(OSError):
        return disk.read_text(str(root / plan.path)).text
    return ""


def spoken_date(project: Project) -> str:
    """The newest day that the state document, else the roadmap, says it was written on; empty where it says none."""
    records = project.state.records if project.state is not None else None
    days = (
        {day for text in (records.updated, records.footer_date) if (day := _day(text))} if records else set()
    )
    document = project.state or project.roadmap
    if not days and document is not None:
        with contextlib.suppress(OSError):
            days = dates.spoken(disk.read_text(str(Path(project.root) / document.file)).text)
    return max(days, default="")


def _day(text: str) -> str:
    """The text's first ten characters where they are a day of the calendar."""
    import datetime as dt

    try:
        return dt.date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        return ""


def _phases(outlines: list[PhaseOutline]) -> list[sn.PhaseState]:
    statuses = {plan.ref: plan.status for phase in outlines for plan in phase.plans}
    open_plans = {
        plan.ref: plan.depends_on
        for phase in outlines
        for plan in phase.plans
        if plan.status in (sn.PENDING, sn.ACTIVE)
    }
    wave = {ref: number for number, refs in enumerate(waves(open_plans), 1) for ref in refs}
    return [
        sn.PhaseState(
            number=phase.number,
            title=phase.title,
            goal=phase.goal,
            status=phase.status,
            impact=phase.impact,
            done=sum(plan.status == sn.DONE for plan in phase.plans),
            total=len(phase.plans),
            plans=tuple(_plan(phase, plan, statuses, wave.get(plan.ref, 0)) for plan in phase.plans),
        )
        for phase in outlines
    ]


def _plan(phase: PhaseOutline, plan: PlanOutline, statuses: dict[str, str], wave: int) -> sn.PlanState:
    done = plan.status == sn.DONE
    return sn.PlanState(
        ref=plan.ref,
        title=plan.title,
        phase=phase.number,
        slug=plan.slug,
        path=plan.path or plan.summary,
        summary=plan.detail,
        status=plan.status,
        proof=sn.UNPROVEN if done else "",
        source="document" if done else "",
        reason=plan.because if done or plan.status == sn.DEFERRED else "",
        depends_on=plan.depends_on,
        blocked_by=()
        if done
        else (
            *(ref for ref in plan.depends_on if statuses.get(ref) != sn.DONE),
            *(f"phase {number}" for number in plan.waits_for),
        ),
        highlights=plan.bullets,
        changes=tuple(sn.Change(path, why) for path, why in plan.changes),
        wave=wave,
    )
