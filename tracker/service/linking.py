"""The history as rows, each with the plans that its trailers and its scope name; read once, then only what is new.

The rows of last time stand in a file of lines beside the index: a hundred thousand of them are split faster than
any database gives them back. ``touched`` says whether a commit that names no plan changed the codebase.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

from tracker.audit import scopes
from tracker.git.plumbing import GitFailed, environment, git
from tracker.model import refs
from tracker.service import messages

_FORMAT = "%H%x09%cs%x09%B%x00"
_HEADER = "tracker links 2"
_BLOCK = 1 << 18
"""Bytes of git's output that are taken at once: while one block is read, git is at work on the next."""
_PLANS = ("Plan", "Revert-Plan")
"""Trailers whose value is a plan; ``Verify`` says only that the commit is tracker's own."""
NOTHING, OWN, TRAILER = "-", "!", "="
"""Names of a row: none; a commit of tracker's own that names no plan; before a reference from a trailer."""
NOT_CODE = frozenset({"plans", "STATE.md", ".tracker", ".planning", ".gsd", ".gitattributes"})


class Row(NamedTuple):
    """A commit. ``names`` are comma-separated: ``2-1`` from a scope, ``=2.01`` from a trailer.

    Rows are kept as lines, the fields with tabs between them: one object for each of a hundred thousand.
    ``touched`` comes first: a line that begins with a tab is not answered yet.
    """

    touched: str
    hash: str
    date: str
    names: str
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
            ["git", "log", f"--format={_FORMAT}", "--encoding=UTF-8", "--no-show-signature", span],
            cwd=self.root,
            env=environment({"GIT_FLUSH": "0"}),  # else git flushes a pipe after every commit
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=1 << 20,
        )

    def read(self, loose: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
        """Line and names of every commit, while git is still at work; ``finish`` has to follow.

        ``loose`` says of names whether the commit belongs to no plan.
        """
        kept = self._kept() if self._old else []
        if self._old and not kept:
            self._stop()
            self._process = self._log(self._head)
        yield from self._fresh(loose)
        self._changed = bool(self._lines)
        self._lines += kept
        asked = []
        for line in kept:
            touched, commit, _, names, _ = line.split("\t", 4)
            if not touched and loose(names):
                asked.append(commit)
            yield line, names
        self._ask(asked)

    def finish(self) -> dict[str, str]:
        """Commit → ``1`` or ``0`` of those that had to be asked; what was read is kept for the next time."""
        try:
            answers = self._touching.answers()
        finally:
            self._touching.close()
        if answers:
            self._lines = [
                line if line[0] != "\t" else answers.get(commit_of(line), "") + line for line in self._lines
            ]
        if answers or self._changed:
            self._keep()
        return answers

    def _fresh(self, loose: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
        named: dict[str, str] = {}
        open_ends: dict[str, bool] = {}
        for block in self._blocks():
            asked = []
            for record in block.split("\0\n"):
                commit, date, message = record.split("\t", 2)
                subject, more, rest = message.partition("\n")
                names = ""
                if more:
                    if not subject or rest[:1] not in ("", "\n"):
                        subject = messages.subject(message)
                    if "Plan:" in rest or "Verify:" in rest:
                        names = _trailers(message)
                names = names or _scope(subject, named)
                is_open = open_ends.get(names)
                if is_open is None:
                    is_open = open_ends[names] = loose(names)
                if is_open:
                    asked.append(commit)
                line = f"\t{commit}\t{date}\t{names}\t{subject.rstrip()}"
                self._lines.append(line)
                yield line, names
            self._ask(asked)
        self._stop()

    def _ask(self, commits: list[str]) -> None:
        if commits and self.codebase is not None:
            self._touching.ask(commits)

    def _blocks(self) -> Iterator[str]:
        """What git tells, whole records at a time."""
        if self._process is None or self._process.stdout is None:
            return
        rest = b""
        while block := self._process.stdout.read(_BLOCK):
            whole, end, rest = (rest + block).rpartition(b"\0\n")
            if end:
                text = whole.decode("utf-8", "replace")
                yield text.replace("\r\n", "\n").replace("\r", " ") if "\r" in text else text

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

    def ask(self, commits: list[str]) -> None:
        """Put the question for each of them."""
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
        self._asked += commits
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        self._process.stdin.write("\n".join([*commits, ""]).encode())

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


def commit_of(line: str) -> str:
    """The hash in a row's line."""
    return line.split("\t", 2)[1]


def _head(root: Path) -> str:
    try:
        return git(root, "rev-parse", "--verify", "-q", "HEAD")
    except GitFailed:
        return ""


def _trailers(message: str) -> str:
    """The plans that the message's trailers name; empty where it has none of tracker's."""
    found, own = [], False
    for key, value in messages.trailers(message):
        own = own or key in _PLANS or key == "Verify"
        if key in _PLANS:
            found.append(TRAILER + (refs.normalise(value) or re.sub(r"[\t,]", " ", value)))
    return ",".join(found) or (OWN if own else "")


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
