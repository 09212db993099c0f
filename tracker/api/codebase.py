"""The codebase as an implementation sees it: confined, idempotent, every change with its why."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from tracker.errors import EditFailed, PathRefused
from tracker.model.snapshot import Change

if TYPE_CHECKING:
    import libcst as cst


class Codebase:
    """A directory of code that a plan changes.

    Paths are relative to ``root``, with forward slashes. A path that is absolute, climbs with ``..``, passes
    through a symlink, or lies outside what the plan declared raises PathRefused. Every change carries a
    ``why``, which STATE.md prints. Doing the same change a second time changes nothing.
    """

    def __init__(
        self,
        root: Path,
        *,
        plan_dir: Path | None = None,
        repository: Path | None = None,
        paths: Iterable[str] = (),
        deferred: Iterable[str] = (),
        changes: list[Change] | None = None,
    ) -> None:
        self.root = root
        self.plan_dir = plan_dir or root
        self.deferred = frozenset(deferred)
        """Ids of checks that are put off: leave out the part that they prove."""
        self.changes: list[Change] = [] if changes is None else changes
        self._top = repository or root
        self._paths = tuple(paths)
        self._confined = False

    @property
    def repository(self) -> Codebase:
        """The whole repository, confined to the ``paths`` that the plan declares."""
        whole = Codebase(
            self._top,
            plan_dir=self.plan_dir,
            paths=self._paths,
            deferred=self.deferred,
            changes=self.changes,
        )
        whole._confined = True
        return whole

    # Reading

    def path(self, path: str) -> Path:
        """The file's place on disk. Raises PathRefused."""
        pure = PurePosixPath(path)
        if pure.is_absolute() or not pure.parts or ".." in pure.parts or "\0" in path:
            raise PathRefused(
                f"'{path}' is not a path inside the codebase", hint="Use a relative path without '..'."
            )
        if ".git" in pure.parts:
            raise PathRefused(f"'{path}' belongs to git")
        if self._confined and not declared(pure.as_posix(), self._paths):
            raise PathRefused(
                f"'{path}' is not among the plan's paths", hint="Declare it under `paths:` in PLAN.md."
            )
        place = self.root
        for part in pure.parts:
            place = place / part
            try:
                mode = os.lstat(place).st_mode
            except FileNotFoundError:
                continue
            except OSError as error:
                raise PathRefused(f"'{path}' cannot be used: {error.strerror}") from None
            if stat.S_ISLNK(mode):
                raise PathRefused(f"'{path}' passes through a symlink")
        return place

    def exists(self, path: str) -> bool:
        """Whether there is such a file or directory."""
        return self.path(path).exists()

    def read(self, path: str) -> str:
        """The file's text (UTF-8), with ``\\n`` at the ends of lines. Raises EditFailed where there is none."""
        return self._text(path).replace("\r\n", "\n")

    # Whole files

    def write(self, path: str, text: str, *, why: str) -> None:
        """Create the file, or replace its text."""
        self._store(path, text.encode(), why)

    def add(self, *paths: str, why: str) -> None:
        """Copy files from the plan's ``files/`` directory, laid out as in the codebase.

        A directory is copied with all that is in it. Raises EditFailed where ``files/`` has no such path.
        """
        files = Codebase(self.plan_dir / "files")
        for path in paths:
            self.path(path)
            start = files.path(path)
            if not start.exists():
                raise EditFailed(f"files/{path}: the plan has no such file")
            members = sorted(start.rglob("*")) if start.is_dir() else [start]
            for member in members:
                target = member.relative_to(files.root).as_posix()
                if member.is_dir() or "__pycache__" in member.parts:
                    continue
                content = files.path(target).read_bytes()
                self._store(target, content, why, executable=os.access(member, os.X_OK))

    def delete(self, path: str, *, why: str) -> None:
        """Remove the file; nothing happens where it is gone already."""
        _need(path, why)
        place = self.path(path)
        if place.is_dir():
            raise EditFailed(f"{path}: a directory; delete its files one by one")
        if place.exists():
            place.unlink()
            self._note(path, why, "deleted")

    # Edits of text

    def edit(self, path: str, old: str, new: str, *, why: str) -> None:
        """Replace the one place where ``old`` stands by ``new``. Raises EditFailed unless it is exactly one."""
        text = self.read(path)
        if new and new in text and text.count(old) == new.count(old) * text.count(new):
            return
        found = text.count(old)
        if found == 0 and not new:
            return
        if found != 1:
            line = old.strip().splitlines()[0] if old.strip() else old
            raise EditFailed(
                f"{path}: the text to change stands there {found} times, not once: {line!r}",
                hint="Quote more of the lines around it."
                if found
                else "The codebase has changed; adapt the plan.",
            )
        self._replace(path, text, text.replace(old, new), why)

    def append(self, path: str, text: str, *, why: str) -> None:
        """Add ``text`` at the end of the file, unless it stands in it already."""
        before = self.read(path)
        if _stands_in(text, before):
            return
        gap = "" if not before or before.endswith("\n") else "\n"
        self._replace(path, before, f"{before}{gap}{text}", why)

    def patch(self, file: str, *, why: str) -> None:
        """Apply a patch of the plan's directory with ``git apply --3way``; paths in it start at the codebase.

        Raises EditFailed with git's words where it does not apply.
        """
        from tracker.api.patches import apply

        _need(file, why)
        for path, kind in apply(self, self.plan_dir / file):
            self._note(path, why, kind)

    # Edits of Python, by syntax

    def add_import(self, path: str, statement: str, *, why: str) -> None:
        """Add an import statement after the others (``from x import a`` joins an existing ``from x``)."""
        from tracker.api.python_imports import add_import

        self._python(path, why, lambda module: add_import(module, statement))

    def append_to(
        self, path: str, target: str, item: str, *, why: str, before: str = "", after: str = ""
    ) -> None:
        """Append an item to the list, tuple, set or dict literal that is assigned to ``target``.

        ``target`` is ``NAME`` or ``Class.attribute``; for a dict the item is ``key: value``. ``before`` or
        ``after`` name an element to stand next to. An item that is there already is not added again.
        """
        from tracker.api.python_literals import append_to

        self._python(path, why, lambda module: append_to(module, target, item, before=before, after=after))

    def set_default(self, path: str, target: str, value: str, *, why: str) -> None:
        """Replace a default: ``NAME``, ``Class.attribute``, ``NAME[key]``, ``function:parameter``."""
        from tracker.api import python_edits

        self._python(path, why, lambda module: python_edits.set_default(module, target, value))

    def insert_call(
        self, path: str, function: str, statement: str, *, why: str, before: str = "", after: str = ""
    ) -> None:
        """Insert a statement into ``function`` (or ``Class.method``).

        At its start (behind the docstring), or ``before``/``after`` the first statement that contains the
        given text. A statement that is there already is not inserted again.
        """
        from tracker.api import python_edits

        self._python(
            path,
            why,
            lambda module: python_edits.insert_statement(
                module, function, statement, before=before, after=after
            ),
        )

    # Inside

    def _python(self, path: str, why: str, transform: Callable[[cst.Module], cst.Module]) -> None:
        from tracker.api.python_edits import transformed

        text = self.read(path)
        try:
            new = transformed(text, transform)
        except EditFailed as error:
            raise EditFailed(f"{path}: {error.message}", hint=error.hint) from None
        self._replace(path, text, new, why)

    def _text(self, path: str) -> str:
        try:
            return self.path(path).read_bytes().decode("utf-8")
        except FileNotFoundError:
            raise EditFailed(f"{path}: no such file in the codebase") from None
        except UnicodeDecodeError as error:
            raise EditFailed(f"{path}: not UTF-8 text ({error.reason} at byte {error.start})") from None
        except OSError as error:
            raise EditFailed(f"{path}: cannot be read: {error.strerror}") from None

    def _replace(self, path: str, old: str, new: str, why: str) -> None:
        """Store ``new`` where ``old`` was read, with the line ends that the file has."""
        _need(path, why)
        if new == old:
            return
        if "\r\n" in self._text(path):
            new = new.replace("\n", "\r\n")
        self._store(path, new.encode(), why)

    def _store(self, path: str, content: bytes, why: str, *, executable: bool = False) -> None:
        _need(path, why)
        place = self.path(path)
        try:
            before = place.read_bytes() if place.exists() else None
            if content != before:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
            mode = place.stat().st_mode
            if executable and not mode & stat.S_IXUSR:
                place.chmod(mode | 0o111)
            elif content == before:
                return
        except OSError as error:
            raise EditFailed(f"{path}: cannot be written: {error.strerror}") from None
        self._note(path, why, "added" if before is None else "modified")

    def _note(self, path: str, why: str, kind: str) -> None:
        prefix = self.root.relative_to(self._top).as_posix() if self.root != self._top else ""
        name = f"{prefix}/{path}" if prefix not in ("", ".") else path
        for number, change in enumerate(self.changes):
            if change.path == name:
                if (change.kind, kind) == ("added", "deleted"):
                    del self.changes[number]
                    return
                whys = change.why if why in change.why else f"{change.why}; {why}"
                merged = "added" if change.kind == "added" else "modified" if kind == "added" else kind
                self.changes[number] = Change(name, whys, merged)
                return
        self.changes.append(Change(name, why, kind))


def _need(path: str, why: str) -> None:
    if not why.strip():
        raise EditFailed(f"{path}: a change needs a why")


def _stands_in(text: str, before: str) -> bool:
    """Whether the lines of ``text`` stand in ``before``, one after the other."""
    wanted = [line.rstrip() for line in text.strip("\n").split("\n")]
    lines = [line.rstrip() for line in before.split("\n")]
    starts = range(len(lines) - len(wanted) + 1)
    return any(wanted) and any(lines[start : start + len(wanted)] == wanted for start in starts)


def declared(path: str, patterns: Iterable[str]) -> bool:
    """Whether the path is one of the patterns, below one, or matches one with wildcards."""
    return any(
        pattern
        and (
            path == pattern.rstrip("/")
            or path.startswith(pattern.rstrip("/") + "/")
            or fnmatchcase(path, pattern)
        )
        for pattern in patterns
    )
