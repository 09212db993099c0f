"""HTTP/1.1 on a raw connection: bounded, with deadlines, and the door to WebSocket."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import h11

from gateway.errors import HttpRefusal
from gateway.server.guards import REQUEST_GUARDS
from gateway.server.http_message import HttpRequest, HttpResponse, refusal_response
from gateway.server.net import resolve_client
from gateway.server.routes import dispatch
from gateway.server.ws_connection.upgrade import serve_websocket

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway

READ_SIZE = 65_536
STANDARD_HEADERS: list[tuple[str, str]] = [("Cache-Control", "no-store")]


class HttpConnection:
    """Serves the requests of one connection, one after the other."""

    def __init__(
        self, gateway: "Gateway", reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._gateway = gateway
        self._reader = reader
        self._writer = writer
        self._timeout = gateway.config.seconds_at("gateway.limits.handshakeTimeoutMs")
        self._h11 = h11.Connection(
            h11.SERVER, max_incomplete_event_size=gateway.config.limit("maxHeaderBytes")
        )
        self._linger = False
        self._peer = str(writer.get_extra_info("peername")[0])

    async def run(self) -> None:
        """Serve until the client leaves, asks for WebSocket, breaks the rules or is too slow."""
        try:
            while await self._one_request():
                pass
        except (ConnectionError, TimeoutError):
            pass
        finally:
            await self._hang_up()

    async def _one_request(self) -> bool:
        try:
            async with asyncio.timeout(self._timeout):
                head = await self._next_request()
        except h11.RemoteProtocolError as error:
            await self._answer_broken(error.error_status_hint)
            return False
        if head is None:
            return False
        try:
            request = self._understand(head)
            await self._check(request)
            if request.wants_websocket:
                await serve_websocket(
                    self._gateway,
                    request,
                    head,
                    reader=self._reader,
                    writer=self._writer,
                    early_data=self._h11.trailing_data[0],
                )
                return False
            response = await dispatch(self._gateway, request)
        except HttpRefusal as refusal:
            response = refusal_response(refusal)
        except h11.RemoteProtocolError as error:
            await self._answer_broken(error.error_status_hint)
            return False
        except (ConnectionError, TimeoutError):
            raise
        except Exception as error:  # noqa: BLE001 - one request must not end the server
            self._gateway.journal.error("http", "request failed", error=repr(error))
            response = refusal_response(HttpRefusal(500, "internal error"))
        return await self._send(response)

    async def _next_request(self) -> h11.Request | None:
        while True:
            event = self._h11.next_event()
            if event is h11.NEED_DATA:
                self._h11.receive_data(await self._reader.read(READ_SIZE))
            elif isinstance(event, h11.Request):
                return event
            else:
                return None

    def _understand(self, head: h11.Request) -> HttpRequest:
        target = head.target.decode("ascii", "replace")
        path, _, query = target.partition("?")
        raw = [(name.decode("ascii"), value.decode("latin-1")) for name, value in head.headers]
        headers = dict(raw)
        client = resolve_client(self._peer, headers, self._gateway.config.list_at("gateway.trustedProxies"))
        return HttpRequest(
            head.method.decode("ascii"), path, query, headers, raw, client, read_body=self._read_body
        )

    async def _check(self, request: HttpRequest) -> None:
        for guard in REQUEST_GUARDS:
            await guard(self._gateway, request)

    async def _read_body(self, limit: int) -> bytes:
        body = bytearray()
        if self._h11.they_are_waiting_for_100_continue:
            self._writer.write(
                self._h11.send(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue"))
            )
        async with asyncio.timeout(self._timeout):
            while True:
                event = self._h11.next_event()
                if event is h11.NEED_DATA:
                    self._h11.receive_data(await self._reader.read(READ_SIZE))
                elif isinstance(event, h11.Data):
                    body += event.data
                    if len(body) > limit:
                        raise HttpRefusal(413, f"the body is larger than {limit} bytes")
                else:
                    return bytes(body)

    async def _send(self, response: HttpResponse) -> bool:
        """Send the response; tell whether the connection can be used again."""
        self._linger = True
        complete = self._h11.their_state is h11.DONE or self._nothing_more_comes()
        headers = [*response.headers, *STANDARD_HEADERS, ("Content-Type", response.content_type)]
        headers.append(("Content-Length", str(len(response.body))))
        if not complete:
            headers.append(("Connection", "close"))
        self._put(response.status, response.reason, headers, response.body)
        async with asyncio.timeout(self._timeout):
            await self._writer.drain()
        if not complete or self._h11.our_state is not h11.DONE:
            return False
        self._h11.start_next_cycle()
        return True

    def _nothing_more_comes(self) -> bool:
        with suppress(h11.RemoteProtocolError):
            return isinstance(self._h11.next_event(), h11.EndOfMessage)
        return False

    def _put(self, status: int, reason: str, headers: list[tuple[str, str]], body: bytes) -> None:
        head = h11.Response(status_code=status, headers=headers, reason=reason.encode("ascii"))
        for event in (head, h11.Data(data=body), h11.EndOfMessage()):
            self._writer.write(self._h11.send(event) or b"")

    async def _answer_broken(self, status: int) -> None:
        if self._h11.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            self._linger = True
            response = refusal_response(HttpRefusal(status, "the request is malformed or too large"))
            self._put(
                status,
                response.reason,
                [("Connection", "close"), ("Content-Length", str(len(response.body)))],
                response.body,
            )

    async def _hang_up(self) -> None:
        """Close; a client that is still sending gets the answer first instead of a reset."""
        with suppress(OSError, TimeoutError, RuntimeError):
            async with asyncio.timeout(self._gateway.config.seconds_at("gateway.limits.closeTimeoutMs")):
                await self._writer.drain()
                if self._linger and self._writer.can_write_eof():
                    self._writer.write_eof()
                    while await self._reader.read(READ_SIZE):
                        pass
        self._writer.close()
        with suppress(OSError, TimeoutError):
            await asyncio.wait_for(self._writer.wait_closed(), 1)
