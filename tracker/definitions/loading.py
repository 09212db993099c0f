"""Definitions from the files of a repository: everything that could be read, and everything that is wrong."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tracker.definitions.build import build
from tracker.definitions.scan import Directory, scan
from tracker.errors import Fault
from tracker.model.definitions import Definitions

FORMAT = "1"
"""Part of every cache key: another format of the records is another key."""
SETTLED = 2_000_000_000
"""Nanoseconds. A file younger than this may change again without its stamp telling."""


class Cache(Protocol):
    """Parsed files by path and stamp. The data is plain JSON; a get with another key finds nothing."""

    def get(self, path: str, key: str) -> dict[str, Any] | None:
        """What was put under this path with this very key."""

    def put(self, path: str, key: str, data: dict[str, Any]) -> None:
        """Remember the data, in place of what the path had."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What ``load`` found. ``files``: for each directory of definitions the stamps of its files."""

    definitions: Definitions
    faults: tuple[Fault, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)


def load(root: Path, *, cache: Cache | None = None) -> Loaded:
    """The definitions under ``plans/`` of the repository ``root``. Executes nothing, raises nothing.

    What is wrong is among the faults, sorted, all of it; what could be read is among the definitions all the
    same: a broken plan appears with the title of its heading or slug. Of two phases, plans or checks with one
    number or id only the first is kept. Dependencies stay as they were written, also where they lead nowhere
    or in a circle. A phase's and a plan's ``path`` is its directory, relative to ``root``; the files of an
    implementation and a verification are relative to that.
    """
    with _without_collector():
        faults: list[Fault] = []
        plans = scan(root, faults)
        records = Records(os.path.realpath(root), cache, faults)
        definitions = build(records, plans)
        files = {directory.path: directory.stamp for directory in _directories(plans)}
        return Loaded(definitions, tuple(sorted(set(faults))), files)


class Records:
    """Parsed files, from the cache where it has them."""

    def __init__(self, top: str, cache: Cache | None, faults: list[Fault]) -> None:
        self.top = top
        self._faults = faults
        self._complained = {fault.path for fault in faults}
        self._cache = cache
        self._settled = time.time_ns() - SETTLED

    def of(self, directory: Directory, name: str, title: str) -> dict[str, Any]:
        """The record of the directory, whose own file is ``name``; ``title`` stands in for a missing one. Its faults are added to the list."""
        cache = self._cache if directory.newest < self._settled else None
        path = directory.path
        record = None
        if cache is not None:
            key = _key(directory.stamp)
            record = cache.get(path, key)
        if record is None:
            record = _parsed(f"{self.top}/{path}", name, title, directory.names)
            if cache is not None:
                cache.put(path, key, record)
        file = f"{path}/{name}"
        if record["faults"] and file not in self._complained:
            for line, column, text in record["faults"]:
                self.fault(file, line, column, text)
        return record

    def fault(self, path: str, line: int, column: int, message: str) -> None:
        """One more fault; what it quotes of the files cannot command a terminal."""
        from tracker.definitions.sources import printable

        self._faults.append(Fault(path, line, column, printable(message)))


def _parsed(directory: str, name: str, title: str, names: list[str]) -> dict[str, Any]:
    from tracker.definitions import parse

    parsers = {
        "project.yaml": parse.project_record,
        "PHASE.md": parse.phase_record,
        "PLAN.md": parse.plan_record,
    }
    return parsers[name](directory, title, names)


def _key(stamp: str) -> str:
    if len(stamp) > 400:
        import hashlib

        stamp = hashlib.sha256(stamp.encode()).hexdigest()
    return f"{FORMAT}:{stamp}"


def _directories(plans: Directory) -> Iterator[Directory]:
    yield plans
    for phase in plans.directories:
        yield phase
        yield from phase.directories


@contextmanager
def _without_collector() -> Iterator[None]:
    """Thousands of small objects that all stay: the cycle collector would only walk them again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
