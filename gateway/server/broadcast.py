"""Events to connected clients."""

from typing import TYPE_CHECKING, Any

from gateway.protocol import frames
from gateway.server.methods.registry import APPROVALS, OPERATOR, PAIRING, has_scope

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway
    from gateway.server.ws_connection.connection import WsConnection

# The scope that a client needs to be told; None is everybody who is connected.
EVENTS: dict[str, str | None] = {
    "connect.challenge": None,
    "tick": None,
    "shutdown": None,
    "presence": None,
    "health": None,
    "chat": None,
    "node.invoke.request": None,
    "exec.approval.requested": APPROVALS,
    "exec.approval.resolved": APPROVALS,
    "device.pair.requested": PAIRING,
    "device.pair.resolved": PAIRING,
}


class Broadcaster:
    """Numbers events and sends each to the clients that may see it."""

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway
        self._seq = 0

    def emit(
        self,
        name: str,
        payload: Any,
        *,
        only: "WsConnection | None" = None,
        drop_if_slow: bool = False,
        **extra: Any,
    ) -> None:
        """Send an event to everybody who may see it, or to one connection."""
        self._seq += 1
        data = frames.encode(frames.event(name, payload, seq=self._seq, **extra))
        scope = EVENTS[name]
        for conn in list(self._gateway.connections):
            session = conn.session
            if session is None or (only is not None and conn is not only):
                continue
            if scope is None or (session.role == OPERATOR and has_scope(session.scopes, scope)):
                conn.send_encoded(data, drop_if_slow=drop_if_slow)
