"""Nodes: connected machines that run commands for the gateway."""

import asyncio
import uuid
from typing import TYPE_CHECKING, Any

from gateway.errors import RequestError
from gateway.protocol.schema.error_codes import AGENT_TIMEOUT, INVALID_REQUEST, UNAVAILABLE
from gateway.server.methods.registry import NODE

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway
    from gateway.server.ws_connection.connection import WsConnection


class Nodes:
    """Sends commands to connected nodes and waits for what they answer."""

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway
        self._waiting: dict[str, tuple[WsConnection, asyncio.Future[dict[str, Any]]]] = {}

    def connected(self) -> dict[str, "WsConnection"]:
        """Return the connections of nodes by node id."""
        return {
            conn.session.node_id: conn
            for conn in self._gateway.connections
            if conn.session is not None and conn.session.role == NODE
        }

    async def invoke(self, node_id: str, command: str, params: Any, seconds: float) -> dict[str, Any]:
        """Run a command on a node.

        Raises RequestError when it is not connected, does not offer the command or does not answer.
        """
        conn = self.connected().get(node_id)
        if conn is None or conn.session is None:
            raise RequestError(UNAVAILABLE, "node not connected", retryable=True)
        if conn.session.commands and command not in conn.session.commands:
            raise RequestError(INVALID_REQUEST, "the node does not offer this command")
        request_id = str(uuid.uuid4())
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = (conn, future)
        payload = {"id": request_id, "nodeId": node_id, "command": command, "params": params}
        try:
            self._gateway.events.emit("node.invoke.request", payload, only=conn)
            result = await self._gateway.clock.wait(future, seconds)
        finally:
            del self._waiting[request_id]
        if result is None:
            raise RequestError(AGENT_TIMEOUT, "node invoke timed out", retryable=True)
        return result

    def answer(self, conn: "WsConnection", request_id: str, result: dict[str, Any]) -> bool:
        """Take a node's answer; tell whether that node was asked."""
        asked, future = self._waiting.get(request_id, (None, None))
        if asked is not conn or future is None or future.done():
            return False
        future.set_result(result)
        return True

    def left(self, conn: "WsConnection") -> None:
        """Fail what a node that disconnected was asked."""
        for asked, future in self._waiting.values():
            if asked is conn and not future.done():
                future.set_result({"ok": False, "error": {"message": "node disconnected"}})
