"""The files that define a project, found and stamped without reading any.

This runs before every command, over thousands of plans: one system call an entry, no pathlib on the way.
"""

from __future__ import annotations

import os
import re
import stat
from operator import attrgetter
from pathlib import Path

from tracker.errors import Fault

PLANS = "plans"
_DECIMAL = re.compile(r"([0-9]{1,9})((?:\.[0-9]{1,4}){1,4})\Z")
_GENERATED = ("SUMMARY.md", "journal.jsonl")


class Directory:
    """A directory of definitions: its files with their stamps.

    ``part`` is what stands behind a phase's whole number: ``.1`` in ``28.1-slug``, which comes after 28.

    ``stamp`` changes when a file is added, removed, renamed or edited; ``newest`` is the latest ctime in
    nanoseconds. ``path`` is relative to the repository; ``directories`` are the numbered ones in it.
    """

    __slots__ = ("directories", "names", "newest", "number", "part", "path", "slug", "stamp")

    def __init__(self, path: str, number: int = 0, slug: str = "", part: str = "") -> None:
        self.path = path
        self.number = number
        self.part = part
        self.slug = slug
        self.names: list[str] = []
        self.stamp = ""
        self.newest = 0
        self.directories: list[Directory] = []

    @property
    def label(self) -> str:
        """The number as it is shown: ``28.1``."""
        return f"{self.number}{self.part}"

    @property
    def order(self) -> tuple[int, list[int], str]:
        """By number, segment by segment."""
        return self.number, [int(part) for part in self.part.split(".")[1:]], self.path


def scan(root: Path, faults: list[Fault]) -> Directory:
    """The plans directory with its phases, and in each its plans, in order of number."""
    top = os.path.realpath(root)
    plans = Directory(PLANS)
    if Path(top, PLANS).is_dir():
        scanner = _Scanner(top, faults)
        for phase in scanner.numbered(plans, decimals=True):
            plans.directories.append(phase)
            phase.directories = scanner.numbered(phase)
            for plan in phase.directories:
                scanner.files(plan)
            # What a branch switch leaves behind (an empty directory, a __pycache__) defines nothing.
            phase.directories = [plan for plan in phase.directories if plan.stamp]
        plans.directories = [phase for phase in plans.directories if phase.stamp or phase.directories]
    return plans


def fingerprint(root: Path) -> str:
    """One hash over the stamps of all definition files; no file is read."""
    import hashlib

    faults: list[Fault] = []
    plans = scan(root, faults)
    stamps = [plans.stamp]
    for phase in plans.directories:
        stamps += (phase.path, phase.stamp)
        for plan in phase.directories:
            stamps += (plan.path, plan.stamp)
    stamps.extend(map(str, faults))
    return hashlib.sha256("\n".join(stamps).encode()).hexdigest()[:32]


class _Scanner:
    def __init__(self, top: str, faults: list[Fault]) -> None:
        self.top = top
        self.faults = faults

    def numbered(self, directory: Directory, *, decimals: bool = False) -> list[Directory]:
        """The directories ``NN-slug`` in it, by number; with ``decimals``, ``NN.N-slug`` too. Its files are stamped."""
        found = []
        path = directory.path
        for entry in self._entries(directory, path):
            name = entry.name
            first = name[0]
            if first in "._":
                continue
            if entry.is_dir():
                if first not in "0123456789":
                    continue
                if (name.isprintable() and not entry.is_symlink()) or self._usable(entry, path):
                    number, _, slug = name.partition("-")
                    if slug and number.isdecimal() and number.isascii() and len(number) < 10:
                        found.append(Directory(f"{path}/{name}", int(number), slug))
                    elif slug and decimals and (match := _DECIMAL.match(number)):
                        part = "".join(f".{int(part)}" for part in match[2].split(".")[1:])
                        found.append(Directory(f"{path}/{name}", int(match[1]), slug, part))
                    else:
                        self._fault(f"{path}/{name}", "a directory that begins with a digit is named NN-slug")
            else:
                self._stamp(directory, path, "", entry)
        found.sort(key=attrgetter("order") if decimals else attrgetter("number", "path"))
        return found

    def files(self, directory: Directory) -> None:
        """Stamp the files of a plan, those of its folders too."""
        self._folder(directory, directory.path, "")

    def _folder(self, directory: Directory, path: str, inside: str) -> None:
        names, newest, stamp = directory.names, directory.newest, ""
        for entry in self._entries(directory, path):
            name = entry.name
            try:
                info = entry.stat(follow_symlinks=False)
            except OSError as error:
                self._fault(f"{path}/{name}", f"cannot be read: {error.strerror}")
                continue
            if not stat.S_ISREG(info.st_mode) or not name.isprintable():
                directory.newest, directory.stamp = newest, directory.stamp + stamp
                self._other(directory, path, inside, entry)
                newest, stamp = directory.newest, ""
            elif inside or (name[0] != "." and name not in _GENERATED):
                changed = info.st_ctime_ns
                names.append(f"{inside}{name}")
                stamp += f"{inside}{name}|{info.st_size}|{info.st_mtime_ns}|{changed}|{info.st_ino}\n"
                if changed > newest:  # noqa: PLR1730 - a call saved, thousands of times
                    newest = changed
        directory.newest = newest
        directory.stamp += stamp

    def _other(self, directory: Directory, path: str, inside: str, entry: os.DirEntry[str]) -> None:
        """A folder, a symlink, or what no definition can be."""
        name = entry.name
        if name == "__pycache__" or (name[0] == "." and not inside):
            return
        if entry.is_dir(follow_symlinks=False):
            if self._usable(entry, path):
                self._folder(directory, f"{path}/{name}", f"{inside}{name}/")
        else:
            self._stamp(directory, path, inside, entry)

    def _entries(self, directory: Directory, path: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(f"{self.top}/{path}") as entries:
                found = list(entries)
        except OSError as error:
            self._fault(path, f"cannot be read: {error.strerror}")
            directory.stamp += f"!{path}\n"
            return []
        if len(found) > 1:
            found.sort(key=lambda entry: entry.name)
        return found

    def _stamp(self, directory: Directory, path: str, inside: str, entry: os.DirEntry[str]) -> None:
        name = entry.name
        if name in _GENERATED:
            return
        if not self._usable(entry, path):
            directory.stamp += f"!{name}\n"
            return
        try:
            if entry.is_symlink():
                directory.stamp += f"{inside}{name}>{Path(entry.path).readlink()}\n"
            info = entry.stat()
        except OSError as error:
            self._fault(f"{path}/{name}", f"cannot be read: {error.strerror}")
            return
        if stat.S_ISREG(info.st_mode):
            directory.names.append(f"{inside}{name}")
            directory.newest = max(directory.newest, info.st_ctime_ns)
            directory.stamp += (
                f"{inside}{name}|{info.st_size}|{info.st_mtime_ns}|{info.st_ctime_ns}|{info.st_ino}\n"
            )
        elif not stat.S_ISDIR(info.st_mode):
            self._fault(f"{path}/{name}", "not a regular file")

    def _usable(self, entry: os.DirEntry[str], path: str) -> bool:
        """Whether the name can be shown and, for a symlink, its target is in the repository."""
        place = f"{path}/{entry.name}"
        if not entry.name.isprintable():
            self._fault(place, "a name that is not printable UTF-8 text")
            return False
        if not entry.is_symlink():
            return True
        real = os.path.realpath(f"{self.top}/{place}")
        if not real.startswith(f"{self.top}/"):
            self._fault(place, "a symlink out of the repository; put the file itself here")
            return False
        if not Path(real).exists():
            self._fault(place, "a symlink to nothing; put the file itself here")
            return False
        return True

    def _fault(self, path: str, message: str) -> None:
        from tracker.definitions.sources import printable

        self.faults.append(Fault(printable(path), 1, 1, message))
