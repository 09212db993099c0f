"""From an HTTP upgrade request to a WebSocket connection (RFC 6455 §4.2)."""

import asyncio
from typing import TYPE_CHECKING

import h11
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHandshake
from websockets.http11 import Request
from websockets.server import ServerProtocol

from gateway.errors import HttpRefusal
from gateway.server.http_message import HttpRequest
from gateway.server.ws_connection.connection import WsConnection

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway


async def serve_websocket(
    gateway: "Gateway",
    request: HttpRequest,
    head: h11.Request,
    *,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    early_data: bytes,
) -> None:
    """Answer 101 and serve the connection to its end; compression is never negotiated.

    Raises HttpRefusal when the request is not a valid upgrade.
    """
    if head.http_version != b"1.1":
        raise HttpRefusal(505, "WebSocket needs HTTP/1.1")
    if head.method != b"GET":
        raise HttpRefusal(405, "WebSocket needs GET", (("Allow", "GET"),))
    try:
        shaped = Request(path=request.path, headers=Headers(request.raw_headers))
    except InvalidHandshake:
        raise HttpRefusal(400, "a header field has characters that are not allowed") from None
    answer = ServerProtocol().accept(shaped)
    if answer.status_code != 101:
        raise HttpRefusal(answer.status_code, "not a valid WebSocket upgrade", (("Upgrade", "websocket"),))
    writer.write(answer.serialize())
    await WsConnection(gateway, request, reader, writer).run(early_data)
