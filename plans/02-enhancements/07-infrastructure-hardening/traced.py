"""What a process and its children did, from strace: system calls, and each path with AppArmor's permissions for it."""

from __future__ import annotations

import os
import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_LINE = re.compile(r"^\d+\s+(\w+)\((.*)\)\s+= (-?\w+|\?)(?:<(.*?)>)?(?:\s.*)?$")
_NAME = re.compile(r"^\d+\s+(\w+)\(")
_UNFINISHED = re.compile(r"^(\d+)\s+(\w+)\((.*) <unfinished \.\.\.>$")
_RESUMED = re.compile(r"^(\d+)\s+<\.\.\. (\w+) resumed>(.*)$")
_PATH = re.compile(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"')
_DESCRIPTOR = re.compile(r"\b\d+<(/[^>]*)>")

_OPENS = frozenset(("open", "openat", "openat2", "creat"))
_BY_DESCRIPTOR = {"fchmod": "w", "fchown": "w", "ftruncate": "w", "flock": "k"}
_CHANGES = frozenset(
    (
        *("mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat", "renameat2", "chmod"),
        *("fchmodat", "chown", "lchown", "fchownat", "truncate", "link", "linkat", "mknod", "mknodat"),
    )
)


@dataclass(frozen=True)
class Trace:
    """The names of all system calls, and paths with their permissions: r, w, x, m (mapped as code), k (locked)."""

    calls: frozenset[str]
    paths: dict[str, set[str]]


def command(output: Path) -> list[str]:
    """The prefix that has a command and all its children traced."""
    return ["strace", "-f", "-y", "-qq", "-s", "512", "-o", str(output), "--"]


def read(output: Path) -> Trace:
    """What a trace says; calls that failed count as calls, and touched no file."""
    text = output.read_text(errors="replace")
    names = {found[1] for line in text.splitlines() if (found := _NAME.match(line))}
    paths: dict[str, set[str]] = defaultdict(set)
    for name, arguments, result in _succeeded(text):
        for path, permissions in _touched(name, arguments, result):
            # Compiled code is kept where that may be done, and made again where not.
            needed = set(permissions) - ({"w"} if "/__pycache__" in path else set())
            if needed and path.startswith("/") and not path.startswith("/memfd:"):
                paths[path.removesuffix(" (deleted)")] |= needed
    return Trace(frozenset(names), dict(paths))


def _succeeded(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield name, arguments and resolved result of each call; interrupted lines are joined."""
    pending: dict[tuple[str, str], str] = {}
    for line in text.splitlines():
        whole = line
        if found := _UNFINISHED.match(line):
            pending[found[1], found[2]] = found[3]
            continue
        if found := _RESUMED.match(line):
            whole = f"{found[1]} {found[2]}({pending.pop((found[1], found[2]), '')}{found[3]}"
        found = _LINE.match(whole)
        if found and not found[3].startswith(("-", "?")):
            yield found[1], found[2], found[4] or ""


def _touched(name: str, arguments: str, result: str) -> Iterator[tuple[str, str]]:
    if name in _OPENS:
        if "O_PATH" not in arguments:
            writes = name == "creat" or any(flag in arguments for flag in ("O_WRONLY", "O_RDWR", "O_CREAT"))
            yield result, ("" if "O_WRONLY" in arguments else "r") + ("w" if writes else "")
    elif name == "mmap":
        if "PROT_EXEC" in arguments and (found := _DESCRIPTOR.search(arguments)):
            yield found[1], "m"
    elif name in _BY_DESCRIPTOR:
        if found := _DESCRIPTOR.match(arguments):
            yield found[1], _BY_DESCRIPTOR[name]
    elif name in {"execve", "execveat"}:
        yield os.path.realpath(_named(arguments)[0]), "x"
    elif name in {"symlink", "symlinkat"}:
        yield _named(arguments)[-1], "w"
    elif name in _CHANGES:
        for place in _named(arguments):
            yield place, "w"


def _named(arguments: str) -> list[str]:
    return [
        posixpath.normpath(posixpath.join(base, path.encode().decode("unicode_escape")))
        for base, path in _PATH.findall(arguments)
    ]
