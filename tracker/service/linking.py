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
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from tracker.audit import scopes
from tracker.git.plumbing import GitFailed, environment, git
from tracker.model import refs
from tracker.service import messages

_FORMAT = "%H%x09%cs%x09%B%x00"
_HEADER = "tracker links 2"
_BLOCK = 1 << 18
"""Bytes of git's output that are taken at once: while one block is read, git is at work on the next."""
_UNFLUSHED = {"GIT_FLUSH": "0"}
"""Else git flushes a pipe after every commit."""
_BATCH, _MANY = 256, 1 << 13
"""Commits that git is asked about at a time, at first and at most."""
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
    """The commits that HEAD reaches, the newest first, as lines of rows."""

    def __init__(self, root: Path, cache: Path, codebase: str) -> None:
        self.root = root
        self.cache = cache
        self.codebase = codebase
        self._lines: list[str] = []
        self._changed = False
        self._answers: dict[str, str] = {}
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
            env=environment(_UNFLUSHED),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=1 << 20,
            pipesize=1 << 20,
        )

    def read(self) -> Iterator[tuple[str, str]]:
        """Line and names of every commit, while git is still at work; ``keep`` has to follow."""
        kept = self._kept() if self._old else []
        if self._old and not kept:
            self._stop()
            self._process = self._log(self._head)
        yield from self._fresh()
        self._changed = bool(self._lines)
        self._lines += kept
        for line in kept:
            yield line, line.split("\t", 4)[3]

    def touching(self, lines: Iterable[str], enough: int) -> list[str]:
        """Those of the lines, in their order, whose commits changed the codebase, until there are enough."""
        found: list[str] = []
        size, rest = max(_BATCH, min(enough, _MANY)), iter(lines)
        while len(found) < enough and (batch := list(islice(rest, size))):
            self._ask([commit_of(line) for line in batch if line[0] == "\t"])
            found += [line for line in batch if (self._answers.get(commit_of(line)) or line[0]) == "1"]
            size = min(4 * size, _MANY)
        return found

    def keep(self) -> None:
        """Keep what was read for the next time."""
        if self._answers:
            answers = self._answers
            self._lines = [
                line if line[0] != "\t" else answers.get(commit_of(line), "") + line for line in self._lines
            ]
        if self._answers or self._changed:
            self._keep()

    def _fresh(self) -> Iterator[tuple[str, str]]:
        named: dict[str, str] = {}
        for block in self._blocks():
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
                line = f"\t{commit}\t{date}\t{names}\t{subject.rstrip()}"
                self._lines.append(line)
                yield line, names
        self._stop()

    def _ask(self, commits: list[str]) -> None:
        """Answer ``1`` for each commit that changed the codebase, else ``0`` (a merge changes nothing itself)."""
        if not commits:
            return
        whole = self.codebase in ("", ".")
        where = [] if whole else ["--", self.codebase]
        deep = ["-r"] if "/" in self.codebase else []
        with tempfile.TemporaryFile() as questions:  # a pipe would be filled 512 bytes at a time
            questions.write("\n".join([*commits, ""]).encode())
            questions.seek(0)
            output = subprocess.run(
                ["git", "diff-tree", "--stdin", "--root", "--name-only", "-z", *deep, *where],
                cwd=self.root,
                env=environment(_UNFLUSHED),
                stdin=questions,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                check=False,
            ).stdout
        self._answers |= dict.fromkeys(commits, "0")
        current = ""
        for entry in output.decode("utf-8", "replace").split("\0"):
            if entry in self._answers:
                current = entry
            elif entry and current and not (whole and entry in NOT_CODE):
                self._answers[current] = "1"

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
            if header == f"{_HEADER} {self.codebase}":
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
        text = "\n".join([f"{_HEADER} {self.codebase}\t{self._head}", *self._lines, ""])
        fresh = self.cache.with_name(f"{self.cache.name}.{os.getpid()}.new")
        with contextlib.suppress(OSError):
            self.cache.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(text.encode("utf-8", "surrogatepass"))
            fresh.replace(self.cache)


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
