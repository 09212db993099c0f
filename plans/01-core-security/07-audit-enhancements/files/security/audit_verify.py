"""Verification of audit logs: is every line the one that was written, where it was written?"""

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import StateError
from gateway.paths import Paths
from gateway.security.audit_log import (
    LINE,
    Last,
    head_file,
    key_file,
    key_of,
    read_head,
    read_key,
    segments,
)

MAC_LENGTH = len(b', "mac": ""}') + 64
STREAM = re.compile(r"(?P<log>.+?)(?:\.\d+)?\.jsonl|(?P<head>.+)\.head")


@dataclass(frozen=True)
class Fault:
    """The first bad entry: where it stands, which number it has or should have, and what is wrong."""

    file: str
    line: int
    entry: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: entry {self.entry}: {self.reason}"


@dataclass(frozen=True)
class Verdict:
    """What came of one log; `head` tells whether a cut at the end would have shown."""

    log: str
    entries: int
    head: bool
    fault: Fault | None


def names(paths: Paths) -> list[str]:
    """Return the logs of an installation, also one of which only the head is left."""
    if not paths.logs.is_dir():
        return []
    found = (STREAM.fullmatch(path.name) for path in paths.logs.iterdir())
    return sorted({match["log"] or match["head"] for match in found if match})


def verify_all(paths: Paths) -> list[Verdict]:
    """Verify every log.

    Raises StateError when there are logs, and no key to verify them with.
    """
    logs = names(paths)
    key = read_key(paths) if logs else b""
    if key is None:
        raise StateError(
            f"{key_file(paths)}: the key of the audit logs is gone, and without it nothing can be verified",
            hint="restore it from a backup; a new one would not fit what was written before",
        )
    return [verify(paths, log, key) for log in logs]


def verify(paths: Paths, log: str, key: bytes) -> Verdict:
    """Read a log from its first entry to its last."""
    own_key = key_of(key, log)
    path = head_file(paths, log)
    head = read_head(path, own_key)
    last, fault = Last(), None
    for file in (*segments(paths, log), paths.logs / f"{log}.jsonl"):
        for number, line in _lines(file):
            fault = _fault(file, number, line, last, own_key)
            if fault is not None:
                return Verdict(log, last.seq, head is not None, fault)
            last = Last(last.seq + 1, hashlib.sha256(line[:-1]).hexdigest())
    if path.exists() and head is None:
        fault = Fault(path.name, 1, last.seq, "the head was changed, or was not written here")
    elif head is not None and head.seq > last.seq:
        fault = Fault(f"{log}.jsonl", last.seq + 1, last.seq + 1, f"missing, and all up to entry {head.seq}")
    elif head is not None and head.seq == last.seq and head.digest != last.digest:
        fault = Fault(f"{log}.jsonl", last.seq, last.seq, "is not the entry that the head names")
    return Verdict(log, last.seq, head is not None, fault)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    if path.is_file():
        with path.open("rb") as file:
            yield from enumerate(file, 1)


def _fault(file: Path, number: int, line: bytes, last: Last, key: bytes) -> Fault | None:
    expected = last.seq + 1

    def fault(reason: str, entry: int = expected) -> Fault:
        return Fault(file.name, number, entry, reason)

    if not line.endswith(b"\n"):
        return fault("is cut off")
    text = line[:-1]
    found = LINE.fullmatch(text)
    if found is None:
        return fault("is not an entry of an audit log")
    mac = hmac.new(key, text[:-MAC_LENGTH], hashlib.sha256).hexdigest()
    seq = int(found[1])
    if not hmac.compare_digest(mac.encode(), found[3]):
        return fault("was changed, or was not written to this log")
    if seq > expected:
        return fault(f"missing: entry {seq} stands in its place")
    if seq < expected:
        return fault(f"entry {seq} stands in its place")
    if found[2].decode() != last.digest:
        return fault("does not follow the entry before it")
    return None
