"""What a client is told when it was let in."""

import socket
from typing import TYPE_CHECKING, Any

from gateway._version import __version__
from gateway.protocol.schema.connect import PROTOCOL_VERSION
from gateway.server.broadcast import EVENTS
from gateway.server.methods.registry import METHODS

if TYPE_CHECKING:
    from gateway.server.ws_connection.connection import Session
    from gateway.server.ws_connection.handshake import Handshake


def hello(shake: "Handshake", session: "Session") -> dict[str, Any]:
    """Return the payload of the answer to `connect`."""
    gateway = shake.conn.gateway
    payload: dict[str, Any] = {
        "type": "hello-ok",
        "protocol": PROTOCOL_VERSION,
        "server": {
            "version": __version__,
            "commit": "unknown",
            "host": socket.gethostname(),
            "connId": session.conn_id,
        },
        "features": {"methods": sorted(METHODS), "events": list(EVENTS)},
        "snapshot": {
            "presence": gateway.presence(),
            "health": gateway.health(),
            "stateVersion": gateway.state_version,
            "uptimeMs": gateway.uptime_ms,
            "configPath": str(gateway.paths.config),
            "stateDir": str(gateway.paths.state),
            "sessionDefaults": {"mainKey": gateway.sessions.main_key},
        },
        "policy": {
            "maxPayload": gateway.config.limit("maxPayload"),
            "maxBufferedBytes": gateway.config.limit("maxBufferedBytes"),
            "tickIntervalMs": gateway.config.limit("tickIntervalMs"),
        },
    }
    if shake.device_token is not None:
        payload["auth"] = {
            "deviceToken": shake.device_token["token"],
            "role": session.role,
            "scopes": list(session.scopes),
            "issuedAtMs": shake.device_token["createdAtMs"],
        }
    return payload
