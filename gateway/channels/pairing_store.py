"""Pairing codes of strangers, and the senders that were approved, by channel."""

import re
import secrets
from pathlib import Path
from typing import Any

from gateway.clock import Clock
from gateway.errors import UsageError
from gateway.paths import Paths
from gateway.state import files

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
CODE_LENGTH = 8
TTL_MS = 3_600_000
MAX_PENDING = 3
CHANNEL_NAME = r"[a-z][a-z0-9_-]{0,63}"


class PairingStore:
    """One channel's pairing files; shared with other processes under a lock."""

    def __init__(self, paths: Paths, clock: Clock, channel: str) -> None:
        if not re.fullmatch(CHANNEL_NAME, channel):
            raise UsageError(f"channel must match {CHANNEL_NAME}, not {channel[:64]!r}")
        self.channel = channel
        self._clock = clock
        self._pending_path: Path = paths.credentials / f"{channel}-pairing.json"
        self._allow_path: Path = paths.credentials / f"{channel}-allowFrom.json"

    def _read(self) -> list[dict[str, Any]]:
        stored = files.read_json(self._pending_path, {"version": 1, "requests": []})
        oldest = self._clock.now_ms() - TTL_MS
        return [request for request in stored["requests"] if request["createdAtMs"] > oldest]

    def _write(self, requests: list[dict[str, Any]]) -> None:
        files.write_json(self._pending_path, {"version": 1, "requests": requests})

    def pending(self) -> list[dict[str, Any]]:
        return self._read()

    def allowed(self) -> list[str]:
        """Return the approved senders."""
        stored = files.read_json(self._allow_path, {"version": 1, "allowFrom": []})
        return [str(entry) for entry in stored["allowFrom"]]

    def request(self, sender: str) -> str | None:
        """Return a new code for a sender; None when one is pending or too many are."""
        with files.locked(self._pending_path):
            requests = self._read()
            known = any(request["id"] == sender for request in requests)
            if known or len(requests) >= MAX_PENDING:
                return None
            taken = {request["code"] for request in requests}
            code = next(code for code in iter(_new_code, "") if code not in taken)
            requests.append({"id": sender, "code": code, "createdAtMs": self._clock.now_ms()})
            self._write(requests)
            return code

    def approve(self, code: str) -> str | None:
        """Approve the sender that a code was given to; None for an unknown or expired code."""
        with files.locked(self._pending_path):
            requests = self._read()
            wanted = code.strip().upper()
            found = next((request for request in requests if request["code"] == wanted), None)
            if found is None:
                return None
            sender = str(found["id"])
            allowed = self.allowed()
            if sender not in allowed:
                files.write_json(self._allow_path, {"version": 1, "allowFrom": [*allowed, sender]})
            self._write([request for request in requests if request is not found])
            return sender


def _new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
