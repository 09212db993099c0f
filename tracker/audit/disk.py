"""The planning directory as it lies on disk: which files there are, and what the plans among them say."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from tracker.audit import names, planfile, text
from tracker.audit.ids import normalise
from tracker.audit.model import Finding, PlanFile, SummaryFile, VerificationFile
from tracker.audit.planfile import Record

MAX_BYTES = 2_000_000
"""Files above this size are read up to here: no plan is that long, and a log named PLAN.md may be."""
_MAX_DEPTH = 12
_SKIP = {".git", "node_modules", ".venv", "__pycache__"}


class FileCache(Protocol):
    """Where parsed files are kept between runs: a key names one state of one file, the record is JSON."""

    def get(self, key: str) -> Record | None:
        """Return the record kept under the key, None when there is none."""

    def put(self, key: str, record: Record) -> None:
        """Keep a record under the key."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file found: its path as a whole, its path below the root, and its stat."""

    path: str
    relative: str
    stat: os.stat_result

    @property
    def key(self) -> str:
        """The state of the file: path, size, modification and change time in ns, inode."""
        s = self.stat
        return f"{self.relative}|{s.st_size}|{s.st_mtime_ns}|{s.st_ctime_ns}|{s.st_ino}"


@dataclass(slots=True)
class Disk:
    """Everything found below a planning directory."""

    plans: list[PlanFile] = field(default_factory=list)
    summaries: list[SummaryFile] = field(default_factory=list)
    verifications: list[VerificationFile] = field(default_factory=list)
    quick_plans: int = 0
    directories: dict[str, tuple[str, str]] = field(default_factory=dict)
    problems: list[Finding] = field(default_factory=list)

    @property
    def phase_directories(self) -> tuple[tuple[str, str, str], ...]:
        """Path, zone and number of each phase directory."""
        return tuple((path, zone, phase) for path, (zone, phase) in self.directories.items())


def walk(root: str, base: str = "", depth: int = 0) -> Iterator[Entry]:
    """Yield the Markdown files below a directory in name order; links to directories are not followed."""
    try:
        entries = sorted(os.scandir(root), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        relative = f"{base}/{entry.name}" if base else entry.name
        try:
            if entry.is_dir(follow_symlinks=False):
                if depth < _MAX_DEPTH and entry.name not in _SKIP:
                    yield from walk(entry.path, relative, depth + 1)
            elif entry.name[-3:].lower() == ".md" and entry.is_file():
                yield Entry(entry.path, relative, entry.stat())
        except OSError:
            continue


def read_text(path: str) -> text.Decoded:
    """Read a document. Raises OSError when it cannot be read."""
    with open(path, "rb") as file:  # noqa: PTH123 - pathlib costs a third of the time here
        return text.decode(file.read(MAX_BYTES))


def read(root: str, prefix: str = "", cache: FileCache | None = None) -> Disk:
    """Read all plan, summary and verification files below a planning directory.

    ``prefix`` goes before the paths in results. Never raises for what it finds: a file that cannot be
    read or parsed stays in the lists, with its problem.
    """
    disk = Disk()
    for entry in walk(root):
        parts = tuple(entry.relative.split("/"))
        if parts[0].casefold() == "quick" or "quick" in parts[1:-1]:
            name = names.parse(parts[-1])
            disk.quick_plans += (name is not None and name.role == "plan" and name.certain) or _is_quick(
                parts[-1]
            )
            continue
        where = names.place(parts)
        if where is None:
            continue
        if where.directory:
            disk.directories.setdefault(where.directory, (where.zone, where.phase))
        _take(disk, entry, where, prefix=prefix, cache=cache)
    _number_only_plans(disk)
    return disk


def _number_only_plans(disk: Disk) -> None:
    """Give a phase's only plan the number 1 where its name has the phase's alone: ``27-PLAN`` of phase 27."""
    plans = Counter((plan.zone, plan.phase) for plan in disk.plans)

    def meant(file: PlanFile | SummaryFile) -> bool:
        bare = file.stem.isdigit() and file.number == file.phase == normalise(file.stem)
        return bare and plans[file.zone, file.phase] == 1

    disk.plans[:] = [replace(file, number="1") if meant(file) else file for file in disk.plans]
    disk.summaries[:] = [replace(file, number="1") if meant(file) else file for file in disk.summaries]


def inside(disk: Disk, prefix: str, stream: str) -> Disk:
    """What belongs to one workstream, with zones and directories as they are seen from there."""
    place = f"workstreams/{stream}/"

    def zone(name: str) -> str:
        return name.removeprefix(place.rstrip("/")).lstrip("/") or "phases"

    return Disk(
        plans=[
            replace(plan, zone=zone(plan.zone), directory=plan.directory.removeprefix(place))
            for plan in disk.plans
            if plan.path.startswith(prefix + place)
        ],
        summaries=[
            replace(item, zone=zone(item.zone), directory=item.directory.removeprefix(place))
            for item in disk.summaries
            if item.path.startswith(prefix + place)
        ],
        verifications=[item for item in disk.verifications if item.path.startswith(prefix + place)],
        directories={
            path.removeprefix(place): (zone(where), phase)
            for path, (where, phase) in disk.directories.items()
            if path.startswith(place)
        },
        problems=[item for item in disk.problems if item.file.startswith(prefix + place)],
    )


def outside(disk: Disk, prefix: str, streams: list[str]) -> Disk:
    """What belongs to none of the workstreams."""
    places = tuple(f"workstreams/{stream}/" for stream in streams)
    below = tuple(prefix + place for place in places)
    return Disk(
        plans=[item for item in disk.plans if not item.path.startswith(below)],
        summaries=[item for item in disk.summaries if not item.path.startswith(below)],
        verifications=[item for item in disk.verifications if not item.path.startswith(below)],
        quick_plans=disk.quick_plans,
        directories={path: where for path, where in disk.directories.items() if not path.startswith(places)},
        problems=[item for item in disk.problems if not item.file.startswith(below)],
    )


def _is_quick(file: str) -> bool:
    return file[:-3].upper().endswith("-PLAN") and names.parse(file) is None


def _take(disk: Disk, entry: Entry, where: names.Place, *, prefix: str, cache: FileCache | None) -> None:
    path = prefix + entry.relative
    file = entry.relative.rsplit("/", 1)[-1]
    upper = file.upper()
    if upper.endswith("VERIFICATION.MD") and not where.inner:
        record = _record(entry, path, "verification", cache, disk)
        disk.verifications.append(
            VerificationFile(
                path, where.phase, record["status"], record["score"], record["line"], record["column"]
            )
        )
        return
    name = names.parse(file)
    if name is None:
        return
    record = _record(entry, path, name.role, cache, disk)
    if not name.certain and not record.get("has_plan_key"):
        return
    phase = where.phase or name.phase or _number(record["phase"])
    if name.phase and where.phase and name.phase != where.phase and name.plan:
        # The file's own number counts: 09-01 in a directory 09b or a misnamed one is linked by its name.
        phase = name.phase if not where.phase.startswith(name.phase) else where.phase
    if name.phase and not name.plan and name.phase.startswith(f"{where.phase}."):
        # 1.2-PLAN in the directory of phase 1 is its second plan; in that of phase 1.2 it is the only one.
        phase, name = where.phase, replace(name, plan=name.phase.rsplit(".", 1)[-1])
    said = _number(record["plan"].rsplit("-", 1)[-1])
    if said and not name.phase and name.plan == where.phase:
        # 27-PLAN in the directory of phase 27: the number may be the phase's, and the file says its own.
        name = replace(name, plan=said)
    number = name.plan or _inner_number(where.inner) or said
    problems = tuple(Finding(*problem) for problem in record["problems"])
    if name.role == "summary":
        disk.summaries.append(
            SummaryFile(
                path=path,
                zone=where.zone,
                directory=f"{where.directory}/{where.inner}".rstrip("/"),
                phase=phase,
                number=number,
                stem=name.stem,
                title=record["title"],
                empty=record["empty"],
                commits=tuple((str(c[0]), int(c[1]), int(c[2])) for c in record["commits"]),
                problems=problems,
            )
        )
        return
    disk.plans.append(
        PlanFile(
            path=path,
            zone=where.zone,
            directory=f"{where.directory}/{where.inner}".rstrip("/"),
            phase=phase,
            number=number,
            stem=name.stem,
            title=record["title"],
            objective=record["objective"],
            status=record["status"],
            wave=record["wave"],
            depends_on=tuple(record["depends_on"]),
            depends_place=(int(record["depends_place"][0]), int(record["depends_place"][1])),
            files_modified=tuple(record["files_modified"]),
            tasks=record["tasks"],
            problems=problems,
        )
    )


_READERS = {
    "plan": planfile.read_plan,
    "summary": planfile.read_summary,
    "verification": planfile.read_verification,
}


def _record(entry: Entry, path: str, role: str, cache: FileCache | None, disk: Disk) -> Record:
    key = f"{role}|{entry.key}"
    if cache is not None and (kept := cache.get(key)) is not None:
        return kept
    try:
        decoded = read_text(entry.path)
    except OSError as error:
        disk.problems.append(Finding("unreadable", f"cannot be read: {error.strerror}", path, 1, 1))
        return _READERS[role]("", path)
    record = _READERS[role](decoded.text, path)
    if cache is not None:
        cache.put(key, record)
    return record


def _number(value: str) -> str:
    digits = value.strip().strip("\"'")
    return normalise(digits) if digits[:1].isdigit() and len(digits) < 8 else ""


def _inner_number(inner: str) -> str:
    head = inner.rsplit("/", 1)[-1].split("-", 1)[0]
    return normalise(head) if head.isdigit() else ""
