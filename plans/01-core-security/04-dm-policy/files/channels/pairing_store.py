"""Pairing codes of strangers, and the senders that were approved, by channel."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.channels import pairing_codes, senders
from gateway.channels.pairing_audit import PairingAudit
from gateway.clock import Clock
from gateway.errors import GatewayError, UsageError
from gateway.paths import Paths
from gateway.state import files

TTL_MS = 3_600_000
MAX_PENDING = 3
MAX_WRONG = 10
LOCK_MS = 3_600_000
CHANNEL_NAME = r"[a-z][a-z0-9_-]{0,63}"


class ApprovalLocked(GatewayError):
    """Too many wrong codes were tried on the channel."""

    def __init__(self, channel: str, until_ms: int) -> None:
        until = datetime.fromtimestamp(until_ms / 1000, UTC).strftime("%H:%M UTC")
        super().__init__(
            f"approval on {channel} is locked until {until}: {MAX_WRONG} wrong codes were tried",
            hint="the codes that waited are void; their senders get new ones after that",
        )


@dataclass
class _Book:
    """What the pairing file holds."""

    requests: list[dict[str, Any]] = field(default_factory=list)
    wrong: int = 0
    wrong_since_ms: int = 0
    locked_until_ms: int = 0


class PairingStore:
    """One channel's pairing files; shared with other processes under a lock."""

    def __init__(self, paths: Paths, clock: Clock, channel: str) -> None:
        if not re.fullmatch(CHANNEL_NAME, channel):
            raise UsageError(f"channel must match {CHANNEL_NAME}, not {channel[:64]!r}")
        self.channel = channel
        self._clock = clock
        self._audit = PairingAudit(paths, clock)
        self._pending_path: Path = paths.credentials / f"{channel}-pairing.json"
        self._allow_path: Path = paths.credentials / f"{channel}-allowFrom.json"

    def _read(self) -> _Book:
        """Return what is in force now; call it under the lock."""
        stored = files.read_json(self._pending_path, {"requests": []})
        now = self._clock.now_ms()
        waiting = [request for request in stored["requests"] if request["createdAtMs"] > now - TTL_MS]
        book = _Book(
            [_without_code(request) for request in waiting],
            stored.get("wrong", 0),
            stored.get("wrongSinceMs", 0),
            stored.get("lockedUntilMs", 0),
        )
        if book.wrong_since_ms <= now - TTL_MS:
            book.wrong = 0
        if any("code" in request for request in stored["requests"]):
            self._write(book)
        return book

    def _write(self, book: _Book) -> None:
        value = {
            "version": 2,
            "requests": book.requests,
            "wrong": book.wrong,
            "wrongSinceMs": book.wrong_since_ms,
            "lockedUntilMs": book.locked_until_ms,
        }
        files.write_json(self._pending_path, value)

    def pending(self) -> list[dict[str, Any]]:
        """Return who waits since when, without anything of their codes."""
        if not self._pending_path.exists():
            return []
        with files.locked(self._pending_path):
            requests = self._read().requests
        return [
            {
                "id": request["id"],
                "createdAtMs": request["createdAtMs"],
                "expiresAtMs": request["createdAtMs"] + TTL_MS,
            }
            for request in requests
        ]

    def _stored_senders(self) -> list[str]:
        stored = files.read_json(self._allow_path, {"version": 1, "allowFrom": []})
        return [str(entry) for entry in stored["allowFrom"]]

    def allowed(self) -> list[str]:
        """Return the approved senders; an entry that does not name one lets nobody in."""
        return [entry for entry in self._stored_senders() if senders.fault(entry) is None]

    def wildcards(self) -> list[str]:
        """Return the stored entries that do not name one sender."""
        return [entry for entry in self._stored_senders() if senders.fault(entry) is not None]

    def request(self, sender: str) -> str | None:
        """Return a new code for a sender; None when one is pending, too many are, or approval is locked."""
        with files.locked(self._pending_path):
            book = self._read()
            known = any(request["id"] == sender for request in book.requests)
            locked = book.locked_until_ms > self._clock.now_ms()
            if known or locked or len(book.requests) >= MAX_PENDING:
                return None
            code = pairing_codes.new_code()
            kept = {"id": sender, **pairing_codes.sealed(code), "createdAtMs": self._clock.now_ms()}
            book.requests.append(kept)
            self._write(book)
            return code

    def approve(self, code: str) -> str | None:
        """Approve the sender that a code was given to; None for an unknown or expired code.

        Raises ApprovalLocked after too many of those.
        """
        with files.locked(self._pending_path):
            book = self._read()
            if book.locked_until_ms > self._clock.now_ms():
                raise ApprovalLocked(self.channel, book.locked_until_ms)
            found = next((request for request in book.requests if pairing_codes.matches(request, code)), None)
            if found is None:
                self._count_wrong(book)
                return None
            sender = str(found["id"])
            self._audit.record("approved", self.channel, sender)
            allowed = self._stored_senders()
            if sender not in allowed:
                files.write_json(self._allow_path, {"version": 1, "allowFrom": [*allowed, sender]})
            book.requests.remove(found)
            book.wrong = 0
            self._write(book)
            return sender

    def _count_wrong(self, book: _Book) -> None:
        """Remember a wrong code; the last that is tolerated voids the codes that wait."""
        now = self._clock.now_ms()
        self._audit.record("wrong-code", self.channel)
        if book.wrong == 0:
            book.wrong_since_ms = now
        book.wrong += 1
        if book.wrong >= MAX_WRONG:
            self._audit.record("locked", self.channel)
            book.requests, book.wrong, book.locked_until_ms = [], 0, now + LOCK_MS
        self._write(book)


def _without_code(request: dict[str, Any]) -> dict[str, Any]:
    """Seal a code that an earlier version stored as it was."""
    if "code" not in request:
        return request
    kept = {key: item for key, item in request.items() if key != "code"}
    return {**kept, **pairing_codes.sealed(request["code"])}
