"""Where sessions meet the doors: what a token opens, what a connection may go on doing, and the end of both."""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from gateway.errors import SessionExpired, StateError, Unauthorized
from gateway.protocol.frames import Request
from gateway.security import session_guard
from gateway.security.auth_session import AuthSession
from gateway.security.auth_sessions import EVICTED, EXPIRED, Holder
from gateway.server.methods.registry import Method, has_scope

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway
    from gateway.server.ws_connection.connection import Session, WsConnection
    from gateway.server.ws_connection.handshake import Handshake

SWEEP_SECONDS = 0.25
POLICY = 1008


def resume(gateway: "Gateway", token: str, address: str, device_id: str | None = None) -> AuthSession | None:
    """Return the session that a token opens, None when it opens none.

    With a device, only that device's session. Raises SessionExpired for the
    right token of a session whose time is over.
    """
    found = gateway.auth_sessions.find(token, device_id)
    if found is None or device_id not in {None, found[0].device_id}:
        return None
    session, kept = found
    if kept is not session.token:
        gateway.journal.warn("auth", "a replaced token was shown", session=session.id, client=address)
        session_guard.replayed(gateway, session, address)
        return None
    if session.ended is None and gateway.auth_sessions.is_over(session):
        end_sessions(gateway, [session], EXPIRED)
    if session.ended == EXPIRED:
        raise SessionExpired
    if session.ended is not None:
        return None
    gateway.auth_sessions.touch(session)
    return session


def fits(session: AuthSession, role: str, scopes: Iterable[str]) -> bool:
    """Tell whether the session covers a role and scopes."""
    return session.role == role and all(has_scope(session.scopes, scope) for scope in scopes)


async def open_session(shake: "Handshake") -> None:
    """Give who logged in with a secret a new session; who showed the token of one that is enough has it."""
    gateway, held = shake.conn.gateway, shake.auth_session
    if held is not None and fits(held, shake.role, shake.scopes):
        return
    holder = Holder(
        device_id=shake.device["id"] if shake.device else None,
        role=shake.role,
        scopes=shake.scopes,
        client=shake.params["client"]["id"],
        address=shake.conn.client.address,
    )
    session_guard.make_room(gateway, holder)
    shake.auth_session, shake.issued = gateway.auth_sessions.open(holder)
    gateway.journal.redact.learn(shake.issued)
    end_sessions(gateway, gateway.auth_sessions.surplus(), EVICTED)


def require_live_session(
    conn: "WsConnection", session: "Session", _request: Request, _method: Method | None
) -> None:
    """Look at the session again with each frame: what it grants now counts, not what it granted once."""
    held = session.auth_session
    if held.ended == EXPIRED or conn.gateway.auth_sessions.is_over(held):
        raise SessionExpired
    if held.ended is not None or not fits(held, session.role, session.scopes):
        raise Unauthorized("session ended or changed")
    conn.gateway.auth_sessions.touch(held)


def end_sessions(gateway: "Gateway", sessions: Iterable[AuthSession], reason: str) -> None:
    """End sessions and close their connections, once the answer that is on its way has left."""
    ended = list(sessions)
    if not ended:
        return
    gateway.auth_sessions.end(ended, reason)
    for session in ended:
        note(gateway, reason, session)
        for conn in connections_of(gateway, session):
            asyncio.get_running_loop().call_soon(conn.end, POLICY, f"session {reason}")


def connections_of(gateway: "Gateway", session: AuthSession) -> list["WsConnection"]:
    """Return the connections that the session is used on."""
    return [
        conn
        for conn in gateway.connections
        if conn.session is not None and conn.session.auth_session is session
    ]


def note(gateway: "Gateway", what: str, session: AuthSession, by: str | None = None) -> None:
    """Put what happened to a session on record: in the log, and chained in logs/session-audit.jsonl."""
    gateway.journal.info("auth", f"session {what}", session=session.id, device=session.device_id, by=by)
    line = {
        "tsMs": gateway.clock.now_ms(),
        "event": what,
        "sessionId": session.id,
        "deviceId": session.device_id,
        "role": session.role,
        "scopes": list(session.scopes),
        **({"by": by} if by else {}),
    }
    try:
        gateway.session_audit.append(line)
    except (OSError, StateError) as error:
        gateway.journal.error("auth", "session not recorded", error=str(error))


def closed(gateway: "Gateway", conn: "WsConnection") -> None:
    """Forget a session that has no token: nobody can come back to it."""
    if conn.session is not None and conn.session.auth_session.device_id is None:
        gateway.auth_sessions.end([conn.session.auth_session], "closed")


async def watch(gateway: "Gateway") -> None:
    """End sessions when their time is over, also while they are connected and silent."""
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        try:
            end_sessions(gateway, gateway.auth_sessions.over(), EXPIRED)
        except (OSError, StateError) as error:
            gateway.journal.error("auth", "sessions not saved", error=str(error))


def replace_token(gateway: "Gateway", session: AuthSession | None, holder: Holder) -> tuple[AuthSession, str]:
    """Give a session, or without one the holder, a new token; the old one is good no more."""
    if session is None:
        session, token = gateway.auth_sessions.open(holder)
    else:
        session.scopes = holder.scopes
        token = gateway.auth_sessions.rotate(session)
    gateway.journal.redact.learn(token)
    return session, token or ""
