"""The history as rows, each with the plans that its trailers and its scope name; read once, then only what is new.

The rows of last time stand in a file of lines beside the index: a hundred thousand of them are split faster than
any database gives them back. ``touched`` says whether a commit that names no plan changed the codebase.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

from tracker.audit import scopes
from tracker.git.plumbing import GitFailed, environment, git
from tracker.model import refs

_FORMAT = "%H%x09%cs%x09%(trailers:key=Plan,key=Verify,key=Revert-Plan,unfold,separator=%x2C)%x09%s"
_HEADER = "tracker links 1"
NOTHING, OWN, TRAILER = "-", "!", "="
"""Names of a row: none; a commit of tracker's own that names no plan; before a reference from a trailer."""
NOT_CODE = frozenset({"plans", "STATE.md", ".tracker", ".planning", ".gsd", ".gitattributes"})


class Row(NamedTuple):
    """A commit. ``names`` are comma-separated: ``2-1`` from a scope, ``=2.01`` from a trailer.

    Rows are kept as lines, the fields with tabs between them: one object for each of a hundred thousand.
    """

    hash: str
    date: str
    names: str
    touched: str
    subject: str

    @classmethod
    def of(cls, line: str) -> Row:
        """The row of a line."""
        return cls._make(line.split("\t", 4))


class History:
    """The commits that HEAD reaches, the newest first, as lines of rows.

    Where ``codebase`` is given, commits that belong to no plan are asked whether they touched it.
    """

    def __init__(self, root: Path, cache: Path, codebase: str | None) -> None:
        self.root = root
        self.cache = cache
        self.codebase = codebase
        self._lines: list[str] = []
        self._changed = False
        self._touching = _Touching(root, codebase)
        self._head, self._old = _head(root), ""
        self._process: subprocess.Popen[bytes] | None = None
        if self._head:
            self._start()

    def _start(self) -> None:
        """Let git begin; what else the caller needs is got while it works."""
        self._old = self._kept_head()
        if self._old == self._head:
            return
        if self._old:
            with contextlib.suppress(GitFailed):
                git(self.root, "merge-base", "--is-ancestor", self._old, self._head)
                self._process = self._log(f"{self._old}..{self._head}")
                return
        self._old = ""
        self._process = self._log(self._head)

    def _log(self, span: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["git", "log", f"--format={_FORMAT}", span],
            cwd=self.root,
            env=environment({"GIT_FLUSH": "0"}),  # else git flushes a pipe after every commit
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=1 << 20,
        )

    def read(self, loose: Callable[[str], bool]) -> Iterator[tuple[str, str, str]]:
        """Line, names and ``touched`` of every commit, while git is still at work; ``finish`` has to follow.

        ``loose`` says of names whether the commit belongs to no plan.
        """
        kept = self._kept() if self._old else []
        if self._old and not kept:
            self._stop()
            self._process = self._log(self._head)
        yield from self._fresh(loose)
        self._changed = bool(self._lines)
        self._lines += kept
        for line in kept:
            _, _, names, touched, _ = line.split("\t", 4)
            if not touched and self.codebase is not None and loose(names):
                self._touching.ask(line.partition("\t")[0])
            yield line, names, touched

    def finish(self) -> dict[str, str]:
        """Commit → ``1`` or ``0`` of those that had to be asked; what was read is kept for the next time."""
        try:
            answers = self._touching.answers()
        finally:
            self._touching.close()
        if answers:
            self._lines = [
                line
                if (answer := answers.get(line.partition("\t")[0])) is None
                else "\t".join(Row.of(line)._replace(touched=answer))
                for line in self._lines
            ]
        if answers or self._changed:
            self._keep()
        return answers

    def _fresh(self, loose: Callable[[str], bool]) -> Iterator[tuple[str, str, str]]:
        if self._process is None or self._process.stdout is None:
            return
        ask, lines = self.codebase is not None, self._lines
        named: dict[str, str] = {}
        open_ends: dict[str, bool] = {}
        text = io.TextIOWrapper(self._process.stdout, encoding="utf-8", errors="replace", newline="\n")
        for given in text:
            parts = given[:-1].split("\t", 3)
            if len(parts) != 4:
                continue
            commit, date, trailers, subject = parts
            names = _trailers(trailers) if trailers else _scope(subject, named)
            if ask:
                is_open = open_ends.get(names)
                if is_open is None:
                    is_open = open_ends[names] = loose(names)
                if is_open:
                    self._touching.ask(commit)
            line = f"{commit}\t{date}\t{names}\t\t{subject}"
            lines.append(line)
            yield line, names, ""
        text.detach()
        self._stop()

    def _stop(self) -> None:
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()
            self._process.wait()

    # The rows of last time

    def _kept_head(self) -> str:
        with contextlib.suppress(OSError, ValueError), self.cache.open(encoding="utf-8") as file:
            header, _, head = file.readline().rstrip("\n").partition("\t")
            if header == f"{_HEADER} {self.codebase or ''}":
                return head
        return ""

    def _kept(self) -> list[str]:
        with contextlib.suppress(OSError, ValueError):
            lines = self.cache.read_text(encoding="utf-8", errors="surrogatepass").split("\n")[1:-1]
            if lines and all(line.count("\t") >= 4 for line in (lines[0], lines[-1])):
                return lines
        return []

    def _keep(self) -> None:
        """Replace the file; it is a cache and needs no sync."""
        text = "\n".join([f"{_HEADER} {self.codebase or ''}\t{self._head}", *self._lines, ""])
        fresh = self.cache.with_name(f"{self.cache.name}.{os.getpid()}.new")
        with contextlib.suppress(OSError):
            self.cache.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(text.encode("utf-8", "surrogatepass"))
            fresh.replace(self.cache)


class _Touching:
    """Asks one git process, while the history is being read, which commits changed the codebase."""

    def __init__(self, root: Path, codebase: str | None) -> None:
        self._root = root
        self._codebase = codebase or ""
        self._asked: list[str] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None

    def close(self) -> None:
        """End the process and forget its output."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._output is not None:
            self._output.close()

    def ask(self, commit: str) -> None:
        """Put the question."""
        if self._process is None:
            self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
            where = [] if self._codebase in ("", ".") else ["--", self._codebase]
            deep = ["-r"] if "/" in self._codebase else []
            self._process = subprocess.Popen(
                ["git", "diff-tree", "--stdin", "--root", "--name-only", "-z", *deep, *where],
                cwd=self._root,
                env=environment(),
                stdin=subprocess.PIPE,
                stdout=self._output,
                stderr=subprocess.DEVNULL,
            )
        self._asked.append(commit)
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        self._process.stdin.write(commit.encode() + b"\n")

    def answers(self) -> dict[str, str]:
        """Commit → ``1`` where it changed the codebase, else ``0`` (a merge changes nothing itself)."""
        if self._process is None or self._process.stdin is None or self._output is None:
            return {}
        self._process.stdin.close()
        self._process.wait()
        self._output.seek(0)
        answers = dict.fromkeys(self._asked, "0")
        whole = self._codebase in ("", ".")
        current = ""
        for entry in self._output.read().decode("utf-8", "replace").split("\0"):
            if entry in answers:
                current = entry
            elif entry and current and not (whole and entry in NOT_CODE):
                answers[current] = "1"
        return answers


def _head(root: Path) -> str:
    try:
        return git(root, "rev-parse", "--verify", "-q", "HEAD")
    except GitFailed:
        return ""


def _trailers(text: str) -> str:
    found = []
    for trailer in text.split(","):
        key, _, value = trailer.partition(":")
        if key.strip() in ("Plan", "Revert-Plan"):
            value = value.strip()
            found.append(TRAILER + (refs.normalise(value) or value.replace("\t", " ")))
    return ",".join(found) or OWN


def _scope(subject: str, named: dict[str, str]) -> str:
    """The plans that the subject names; what stands before its colon is looked at once only."""
    head, colon, rest = subject.partition(":")
    if colon and (not rest or rest[0] == " "):
        names = named.get(head)
        if names is None:
            names = named[head] = _names(f"{head}:")
        if names != NOTHING or "-" not in rest:
            return names
    elif "-" not in subject:
        return NOTHING
    return _names(subject)


def _names(subject: str) -> str:
    return ",".join(scope.key for scope in scopes.parse(subject) if scope.key) or NOTHING
