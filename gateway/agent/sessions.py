"""Conversations: an index of sessions and one transcript file for each."""

import json
import re
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.paths import AGENT_ID
from gateway.state import files

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway

MAIN_KEY = f"agent:{AGENT_ID}:main"


class Sessions:
    """The sessions of the agent, read from disk at each use."""

    main_key = MAIN_KEY

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway

    @property
    def index_path(self) -> Path:
        return self._gateway.paths.sessions / "sessions.json"

    def canonical(self, key: str) -> str:
        """Return the full form of a session key."""
        return key if key.startswith("agent:") else f"agent:{AGENT_ID}:{key}"

    def is_main(self, key: str) -> bool:
        return self.canonical(key) == MAIN_KEY

    def for_peer(self, channel: str, peer: str) -> str:
        """Return the session of a direct message, by `session.dmScope`."""
        scope = self._gateway.config.text_at("session.dmScope")
        name = re.sub(r"[^\w@.+-]", "_", peer)
        if scope == "per-peer":
            return f"agent:{AGENT_ID}:dm:{name}"
        if scope == "per-channel-peer":
            return f"agent:{AGENT_ID}:{channel}:dm:{name}"
        return MAIN_KEY

    def index(self) -> dict[str, dict[str, Any]]:
        index: dict[str, dict[str, Any]] = files.read_json(self.index_path, {})
        return index

    def session_id(self, key: str) -> str | None:
        entry = self.index().get(self.canonical(key))
        return str(entry["sessionId"]) if entry else None

    def _path(self, session_id: str) -> Path:
        return self._gateway.paths.sessions / f"{session_id}.jsonl"

    def _touch(self, key: str, session_id: str | None = None) -> str:
        index = self.index()
        key = self.canonical(key)
        entry = index.get(key, {})
        session_id = session_id or entry.get("sessionId") or str(uuid.uuid4())
        index[key] = {**entry, "sessionId": session_id, "updatedAt": self._gateway.clock.now_ms()}
        files.write_json(self.index_path, index)
        return session_id

    def append(self, key: str, role: str, text: str, **extra: Any) -> None:
        """Add a message to the session's transcript."""
        session_id = self._touch(key)
        message = {"role": role, "text": text, "ts": self._gateway.clock.now_ms(), **extra}
        files.append_line(self._path(session_id), json.dumps(message, ensure_ascii=False))

    def history(self, key: str, limit: int) -> list[dict[str, Any]]:
        """Return the last messages of a session, as many as fit the reply."""
        session_id = self.session_id(key)
        text = files.read_text(self._path(session_id)) if session_id else None
        lines = (text or "").split("\n")[:-1][-limit:]
        room = self._gateway.config.limit("historyMaxBytes")
        kept: list[dict[str, Any]] = []
        for line in reversed(lines):
            room -= len(line.encode("utf-8", "replace"))
            if room < 0:
                break
            kept.append(json.loads(line))
        return kept[::-1]

    def reset(self, key: str) -> str:
        """Start the session anew; the old transcript stays on disk."""
        return self._touch(key, str(uuid.uuid4()))
