"""Audit logs that show tampering: every line is bound to the one before it by a keyed hash.

A line holds its number, the record, the SHA-256 of the line before it and an
HMAC-SHA-256 over all of that. The key lies outside the directory of the logs.
A head file beside the log keeps the number and the hash of the last line, so
that a cut at the end shows for as long as the head is there.
"""

import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.errors import StateError
from gateway.paths import Paths
from gateway.state import files

LARGEST = 16 << 20
KEY_BYTES = 32
PRIVATE = 0o600
LONGEST_LINE = 1 << 20
NOTHING_BEFORE = "0" * 64
LINE = re.compile(rb'\{"seq": (\d+), .+"prev": "([0-9a-f]{64})", "mac": "([0-9a-f]{64})"\}', re.DOTALL)


@dataclass(frozen=True)
class Last:
    """The last line of a log: its number, its SHA-256, and the size of the file that ends with it."""

    seq: int = 0
    digest: str = NOTHING_BEFORE
    size: int = 0


def key_file(paths: Paths) -> Path:
    return paths.state / "keys" / "audit.key"


def read_key(paths: Paths) -> bytes | None:
    """Return the key of this installation's logs, None while there is none.

    Raises StateError when the file does not hold a key.
    """
    text = files.read_text(key_file(paths))
    if text is None:
        return None
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise StateError(f"{key_file(paths)}: not a key of {KEY_BYTES} bytes in hexadecimal")
    return key


def _make_key(paths: Paths) -> bytes:
    files.ensure_dir(key_file(paths).parent)
    with files.locked(key_file(paths)):
        key = read_key(paths)
        if key is None:
            key = secrets.token_bytes(KEY_BYTES)
            files.write_text(key_file(paths), key.hex() + "\n", PRIVATE)
    return key


def key_of(key: bytes, log: str) -> bytes:
    """Derive the key of one log, so that a line of another log does not fit."""
    return hmac.new(key, f"audit log {log}".encode(), hashlib.sha256).digest()


def seal(key: bytes, text: str) -> str:
    """Return the HMAC of a text, in hexadecimal."""
    return hmac.new(key, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def ascii_only(text: str) -> str:
    """Escape what is not ASCII in JSON text: readers differ in what ends a line or turns it around."""
    return "".join(char if char.isascii() else json.dumps(char)[1:-1] for char in text)


def head_file(paths: Paths, log: str) -> Path:
    return paths.logs / f"{log}.head"


def read_head(path: Path, key: bytes) -> Last | None:
    """Return what the head file says; None when there is none, or it was not written with this key."""
    try:
        stored = json.loads(files.read_text(path) or "null")
        last = Last(int(stored["seq"]), str(stored["digest"]), int(stored["size"]))
        given = str(stored["mac"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return last if hmac.compare_digest(given.encode(), seal(key, _head_text(last)).encode()) else None


def _head_text(last: Last) -> str:
    return f"{last.seq} {last.digest} {last.size}"


def segments(paths: Paths, log: str) -> list[Path]:
    """Return the files of a log that were put aside when they were full, the oldest first."""
    numbered = {
        int(found[1]): path
        for path in paths.logs.glob(f"{log}.*.jsonl")
        if (found := re.fullmatch(rf"{re.escape(log)}\.(\d+)\.jsonl", path.name))
    }
    return [numbered[number] for number in sorted(numbered)]


class ChainedLog:
    """One audit log of an installation; processes that share it take turns."""

    def __init__(self, paths: Paths, log: str, largest: int = LARGEST) -> None:
        self.path = paths.logs / f"{log}.jsonl"
        self._paths = paths
        self._log = log
        self._largest = largest
        self._head = head_file(paths, log)

    def append(self, record: dict[str, Any], redact: Callable[[str], str] = str) -> None:
        """Add a record, which must not be empty, as the next line.

        Raises OSError or StateError when it cannot be written.
        """
        files.ensure_dir(self.path.parent)
        text = ascii_only(redact(json.dumps(record, ensure_ascii=False, default=str)))
        with files.locked(self._head):
            # Read each time: a response to an incident may have replaced the key.
            key = key_of(read_key(self._paths) or _make_key(self._paths), self._log)
            last = self._last(key)
            if last.size >= self._largest:
                self._put_aside()
                last = Last(last.seq, last.digest)
            start = f'{{"seq": {last.seq + 1}, {text[1:-1]}, "prev": "{last.digest}"'
            line = f'{start}, "mac": "{seal(key, start)}"}}'.encode()
            files.append_line(self.path, line.decode())
            digest = hashlib.sha256(line).hexdigest()
            self._write_head(key, Last(last.seq + 1, digest, last.size + len(line) + 1))

    def _last(self, key: bytes) -> Last:
        """Return what the next line follows.

        The head counts, so that lines that were cut off leave a gap; what stands in the
        file counts where there is no head, and where a crash kept the head from being written.
        """
        head = read_head(self._head, key)
        if head is None:
            self._set_unchained_aside()
        size = self.path.stat().st_size if self.path.exists() else 0
        if head is not None and size <= head.size:
            return Last(head.seq, head.digest, size)
        found = self._read_last(size)
        if head is not None and found.seq <= head.seq:
            return Last(head.seq, head.digest, size)
        return found

    def _read_last(self, size: int) -> Last:
        full = segments(self._paths, self._log)
        path = self.path if size else full[-1] if full else None
        if path is None:
            return Last()
        end = path.stat().st_size
        start = max(0, end - LONGEST_LINE)
        line = files.read_slice(path, start, end - start).removesuffix(b"\n").rpartition(b"\n")[2]
        found = LINE.fullmatch(line)
        return Last(int(found[1]) if found else 0, hashlib.sha256(line).hexdigest(), size)

    def _set_unchained_aside(self) -> None:
        """Keep what an earlier version wrote, as it is, under another name."""
        if self.path.exists() and not files.read_slice(self.path, 0, 8).startswith(b'{"seq": '):
            self.path.rename(self.path.with_suffix(".unchained"))

    def _put_aside(self) -> None:
        full = segments(self._paths, self._log)
        number = int(full[-1].name.split(".")[-2]) + 1 if full else 1
        self.path.rename(self.path.with_name(f"{self._log}.{number}.jsonl"))

    def _write_head(self, key: bytes, last: Last) -> None:
        """Write in place: the head is small, and a head that a crash kept back is made up for."""
        fields = {"seq": last.seq, "digest": last.digest, "size": last.size}
        text = json.dumps({**fields, "mac": seal(key, _head_text(last))}) + "\n"
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self._head, flags, PRIVATE)
        try:
            os.ftruncate(descriptor, os.pwrite(descriptor, text.encode(), 0))
        finally:
            os.close(descriptor)
