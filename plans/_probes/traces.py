"""System calls of a process and its children, as strace saw them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_CALL = re.compile(r"^(?:\[pid\s+)?(\d+)?\]?\s*(\w+)\((.*)\)\s+= (-?\d+|\?)(.*)$")
_UNFINISHED = re.compile(r"^(\d+)\s+(\w+)\((.*) <unfinished \.\.\.>$")
_RESUMED = re.compile(r"^(\d+)\s+<\.\.\. (\w+) resumed>(.*)$")


@dataclass(frozen=True)
class Call:
    """One finished system call; `result` is -1 when it failed."""

    pid: int
    name: str
    arguments: str
    result: int


def strace_prefix(output: Path, calls: Sequence[str]) -> list[str]:
    """Run a command under strace, children included, writing these calls to a file."""
    return ["strace", "-f", "-qq", "-s", "4096", "-e", f"trace={','.join(calls)}", "-o", str(output), "--"]


def read_calls(output: Path) -> list[Call]:
    """The calls of a trace, with interrupted lines joined."""
    calls: list[Call] = []
    pending: dict[tuple[str, str], str] = {}
    for line in output.read_text(errors="replace").splitlines():
        if match := _UNFINISHED.match(line):
            pending[match[1], match[2]] = match[3]
            continue
        whole = line
        if match := _RESUMED.match(line):
            whole = f"{match[1]} {match[2]}({pending.pop((match[1], match[2]), '')}{match[3]}"
        if match := _CALL.match(whole):
            result = -1 if match[4] == "?" else int(match[4])
            calls.append(Call(int(match[1] or 0), match[2], match[3], result))
    return calls
