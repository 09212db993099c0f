"""The sessions of clients: listed, rotated, revoked."""

from typing import Any

from gateway.errors import RequestError
from gateway.protocol.schema.error_codes import INVALID_REQUEST
from gateway.protocol.schema.types import Flag, Text, record
from gateway.security.auth_session import AuthSession
from gateway.security.auth_sessions import REVOKED
from gateway.security.session_guard import require_own_scopes
from gateway.server import session_gate
from gateway.server.methods.registry import PAIRING, Call, method

_id = Text(min=1, max=200)
LIST = record(deviceId=_id)
ROTATE = record(sessionId=_id)
REVOKE = record(sessionId=_id, deviceId=_id, others=Flag())


@method("auth.sessions.list", scope=PAIRING, params=LIST)
async def list_sessions(call: Call) -> dict[str, Any]:
    """Return who is logged in, and on how many connections; `current` is the caller."""
    wanted = call.params.get("deviceId")
    return {
        "sessions": [
            {
                **session.describe(),
                "connections": len(session_gate.connections_of(call.gateway, session)),
                "current": session is call.session.auth_session,
            }
            for session in call.gateway.auth_sessions.live()
            if wanted in {None, session.device_id}
        ]
    }


@method("auth.sessions.rotate", scope=PAIRING, params=ROTATE)
async def rotate(call: Call) -> dict[str, Any]:
    """Replace the token of the caller's session, or of another; its connections stay."""
    session = _one(call, call.params.get("sessionId"))
    if session.token is None:
        raise RequestError(INVALID_REQUEST, "a session without a device has no token")
    require_own_scopes(call, session.scopes)
    token = call.gateway.auth_sessions.rotate(session)
    call.gateway.journal.redact.learn(token)
    session_gate.note(call.gateway, "rotated", session, by=call.session.auth_session.id)
    return {
        "sessionId": session.id,
        "token": token,
        "scopes": list(session.scopes),
        "rotatedAtMs": session.token.issued_at_ms,
        "expiresAtMs": session.expires_at_ms,
    }


@method("auth.sessions.revoke", scope=PAIRING, params=REVOKE)
async def revoke(call: Call) -> dict[str, Any]:
    """End one session, all of a device, or all but the caller's."""
    if len(call.params) != 1:
        raise RequestError(INVALID_REQUEST, "say one of sessionId, deviceId and others")
    sessions = call.gateway.auth_sessions
    if "sessionId" in call.params:
        ended = [_one(call, call.params["sessionId"])]
    elif "deviceId" in call.params:
        ended = sessions.of_device(call.params["deviceId"])
    else:
        ended = [each for each in sessions.live() if each is not call.session.auth_session]
    session_gate.end_sessions(call.gateway, ended, REVOKED)
    return {"revoked": [session.id for session in ended]}


def _one(call: Call, session_id: str | None) -> AuthSession:
    if session_id is None:
        return call.session.auth_session
    for session in call.gateway.auth_sessions.live():
        if session.id == session_id:
            return session
    raise RequestError(INVALID_REQUEST, "unknown sessionId")
