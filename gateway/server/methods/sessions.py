"""Sessions and their transcripts."""

from typing import Any

from gateway.protocol.schema.types import Integer, Text, record
from gateway.server.methods.registry import ADMIN, READ, Call, method

DEFAULT_SESSIONS = 100
DEFAULT_MESSAGES = 200

SESSION_KEY = Text(min=1, max=500)


@method("sessions.list", scope=READ, params=record(limit=Integer(min=1, max=1000)))
async def list_sessions(call: Call) -> dict[str, Any]:
    sessions = call.gateway.sessions
    newest = sorted(sessions.index().items(), key=lambda item: item[1]["updatedAt"], reverse=True)
    shown = newest[: call.params.get("limit", DEFAULT_SESSIONS)]
    return {
        "path": str(sessions.index_path),
        "count": len(newest),
        "sessions": [{"key": key, **entry} for key, entry in shown],
    }


@method(
    "chat.history",
    scope=READ,
    params=record("sessionKey", sessionKey=SESSION_KEY, limit=Integer(min=1, max=1000)),
)
async def history(call: Call) -> dict[str, Any]:
    sessions, key = call.gateway.sessions, call.params["sessionKey"]
    return {
        "sessionKey": sessions.canonical(key),
        "sessionId": sessions.session_id(key),
        "messages": sessions.history(key, call.params.get("limit", DEFAULT_MESSAGES)),
    }


@method("sessions.reset", scope=ADMIN, params=record("key", key=SESSION_KEY))
async def reset(call: Call) -> dict[str, Any]:
    sessions = call.gateway.sessions
    key = sessions.canonical(call.params["key"])
    return {"ok": True, "key": key, "sessionId": sessions.reset(key)}
