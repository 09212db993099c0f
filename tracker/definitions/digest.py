"""What a plan is, in sixteen hexadecimal digits: over every file of its directory but what tracker writes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tracker.definitions.nodes import Problem


def digest(directory: str, names: Iterable[str], problems: list[Problem]) -> str:
    """SHA-256 over names, executable bits and contents of the files, cut to 16 digits.

    The same files give the same digest on every machine. A file that cannot be read is a problem.
    """
    import hashlib

    whole = hashlib.sha256()
    for name in sorted(names):
        place = Path(directory, name)
        try:
            mode = place.stat().st_mode
            with place.open("rb") as file:
                content = hashlib.file_digest(file, "sha256")
        except OSError as error:
            if name != "PLAN.md":
                problems.append((1, 1, f"'{name}' beside this file cannot be read: {error.strerror}"))
            continue
        executable = "x" if mode & 0o100 else "-"
        whole.update(f"{name}\0{executable}\0{content.hexdigest()}\n".encode())
    return whole.hexdigest()[:16]


def contents(directory: Path, names: Iterable[str], more: str = "") -> str:
    """SHA-256 over names and contents of files, in the order given, and over ``more``; empty without either.

    A file that cannot be read counts as one without content: what cannot be read proves nothing.
    """
    import hashlib

    whole, found = hashlib.sha256(more.encode("utf-8", "surrogatepass")), bool(more)
    for name in names:
        try:
            with Path(directory, name).open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            content = ""
        whole.update(f"{name}\0{content}\n".encode("utf-8", "surrogateescape"))
        found = True
    return whole.hexdigest() if found else ""
