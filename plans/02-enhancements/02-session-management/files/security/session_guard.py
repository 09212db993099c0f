"""Against stolen, planted and piled-up sessions: replays end a family, a device has few, nobody mints scopes."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gateway.errors import Refusal, RequestError
from gateway.protocol.schema.error_codes import INVALID_REQUEST, UNAVAILABLE
from gateway.security.auth_session import AuthSession
from gateway.security.auth_sessions import EVICTED, Holder
from gateway.server import session_gate
from gateway.server.methods.registry import Call, has_scope

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway

REPLAYED = "replayed"


def replayed(gateway: "Gateway", session: AuthSession, address: str) -> None:
    """End a session of which a replaced token turned up, and raise the alarm.

    Either the client kept an old token or somebody copied it: nobody can tell
    which of the two holds the good one, so it is good for neither any more.
    """
    if session.ended is None:
        session_gate.end_sessions(gateway, [session], REPLAYED)
    gateway.journal.error("auth", "token reuse", session=session.id, device=session.device_id, client=address)
    gateway.events.emit(
        "auth.session.alert",
        {
            "kind": "token-reuse",
            "severity": "critical",
            "sessionId": session.id,
            "deviceId": session.device_id,
            "client": address,
            "ts": gateway.clock.now_ms(),
        },
    )


def make_room(gateway: "Gateway", holder: Holder) -> None:
    """Keep a device below its number of sessions: the one not used for longest makes room, or the new one waits.

    Raises Refusal where `gateway.auth.sessions.whenFull` says so.
    """
    if holder.device_id is None:
        return
    config = gateway.config
    sessions = gateway.auth_sessions.of_device(holder.device_id)
    surplus = sessions[config.number_at("gateway.auth.sessions.perDevice") - 1 :]
    if not surplus:
        return
    if config.text_at("gateway.auth.sessions.whenFull") == "refuse":
        raise Refusal(UNAVAILABLE, "too many sessions of this device: revoke one")
    session_gate.end_sessions(gateway, surplus, EVICTED)


def require_own_scopes(call: Call, scopes: Iterable[str]) -> None:
    """Let nobody hand out what they do not have (CVE-2026-32922).

    Raises RequestError.
    """
    for scope in scopes:
        if not has_scope(call.session.scopes, scope):
            raise RequestError(INVALID_REQUEST, f"missing scope: {scope}")


def require_scopes_of_request(call: Call, request_id: str) -> None:
    """Hold the approval of a device to the same rule. Raises RequestError."""
    for request in call.gateway.devices.pending():
        if request["requestId"] == request_id:
            require_own_scopes(call, request["scopes"])
