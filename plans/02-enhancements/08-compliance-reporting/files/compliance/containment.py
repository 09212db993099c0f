"""Containment of an incident in a running gateway: credentials replaced, sessions ended, at once."""

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.compliance.incidents import DEVICE_THEFT
from gateway.config import config as configuration
from gateway.security.auth_sessions import REVOKED
from gateway.server import session_gate
from gateway.server.auth import resolve_auth

if TYPE_CHECKING:
    from gateway.security.auth_session import AuthSession
    from gateway.server.gateway import Gateway

TOKEN_BYTES = 32


@dataclass(frozen=True)
class Contained:
    """What was done. `token` is the new shared secret; it is told once."""

    token: str
    revoked: int
    closed: int


def contain(gateway: "Gateway", kind: str, device_id: str | None, caller: "AuthSession") -> Contained:
    """Replace the shared secret, and end all sessions but the caller's, with their tokens and connections.

    With `device-theft` only the sessions of that device end; the shared secret
    changes all the same, because the device may know it.
    Raises ConfigError when the configuration cannot be written.
    """
    token = _rotate(gateway)
    stolen = device_id if kind == DEVICE_THEFT else None
    ended = [
        session
        for session in gateway.auth_sessions.live()
        if session is not caller and stolen in {None, session.device_id}
    ]
    closed = sum(len(session_gate.connections_of(gateway, session)) for session in ended)
    session_gate.end_sessions(gateway, ended, REVOKED)
    gateway.journal.warn("incident", "contained", kind=kind, revoked=len(ended), closed=closed)
    return Contained(token, len(ended), closed)


def _rotate(gateway: "Gateway") -> str:
    token = secrets.token_hex(TOKEN_BYTES)
    gateway.journal.redact.learn(token)
    config = configuration.Config.load(gateway.paths.config)
    configuration.write(config.patched({"gateway": {"auth": {"mode": "token", "token": token}}}))
    written = configuration.Config.load(gateway.paths.config)
    gateway.config.override("gateway.auth", written.get("gateway.auth"))
    gateway.auth = resolve_auth(written)
    return token
