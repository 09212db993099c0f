"""One WebSocket connection: bytes to messages, messages to bytes, and its end."""

import asyncio
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from websockets.frames import Frame, Opcode
from websockets.protocol import SEND_EOF, SERVER, Protocol, State
from websockets.typing import BytesLike

from gateway.protocol import frames
from gateway.server.http_message import HttpRequest
from gateway.server.ws_connection import message_handler

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway

READ_SIZE = 65_536
LONGEST_REASON = 120
POLICY = 1008
TLS_LINGER_SECONDS = 1.0


@dataclass
class Session:
    """What a client is after a successful handshake."""

    conn_id: str
    role: str
    scopes: tuple[str, ...]
    client: dict[str, Any]
    address: str
    auth_method: str
    device_id: str | None = None
    caps: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connected_at_ms: int = 0

    @property
    def node_id(self) -> str:
        return self.device_id or str(self.client.get("instanceId") or self.conn_id)


class WsConnection:
    """Owns the socket after the upgrade; `session` is None until the handshake succeeded."""

    def __init__(
        self,
        gateway: "Gateway",
        request: HttpRequest,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.gateway = gateway
        self.request = request
        self.client = request.client
        self.conn_id = str(uuid.uuid4())
        self.nonce = str(uuid.uuid4())
        self.session: Session | None = None
        self._reader = reader
        self._writer = writer
        self._limits = gateway.config.limit
        self._protocol = Protocol(SERVER, max_size=self._limits("preauthMaxPayload"))
        self._message = bytearray()
        self._half_closed = False
        self._handshake_timer: asyncio.TimerHandle | None = None
        self._close_timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(self._limits("maxInflight"))

    @property
    def open(self) -> bool:
        return self._protocol.state is State.OPEN

    async def run(self, early_data: bytes) -> None:
        """Serve the connection to its end."""
        loop = asyncio.get_running_loop()
        seconds = self.gateway.config.seconds_at("gateway.limits.handshakeTimeoutMs")
        self._handshake_timer = loop.call_later(seconds, self.close, POLICY, "handshake timeout")
        self.gateway.connections.add(self)
        self.send(frames.event("connect.challenge", {"nonce": self.nonce, "ts": self.gateway.clock.now_ms()}))
        try:
            if early_data:
                await self._receive(early_data)
            while data := await self._reader.read(READ_SIZE):
                await self._receive(data)
        except ConnectionError:
            pass
        finally:
            self._finish()

    async def _receive(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        received = self._protocol.events_received()
        self._flush()
        for frame in received:
            if self.open and isinstance(frame, Frame):
                await self._frame(frame)

    async def _frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.BINARY:
            self._fail(1003, "text frames only")
        elif frame.opcode in {Opcode.TEXT, Opcode.CONT}:
            if frame.fin and not self._message:
                await self._text(frame.data)
                return
            self._message += frame.data
            if frame.fin:
                message, self._message = self._message, bytearray()
                await self._text(message)

    async def _text(self, message: BytesLike) -> None:
        try:
            text = str(message, "utf-8")
        except UnicodeDecodeError:
            self._fail(1007, "invalid UTF-8")
            return
        if self.session is None:
            await message_handler.before_handshake(self, text)
            return
        await self._slots.acquire()
        task = asyncio.create_task(message_handler.after_handshake(self, self.session, text))
        self._tasks.add(task)
        task.add_done_callback(self._task_done)

    def _task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._slots.release()
        if not task.cancelled() and task.exception() is not None:
            self.gateway.journal.error("ws", "message handler failed", error=repr(task.exception()))
            self.close(1011, "internal error")

    def establish(self, session: Session) -> None:
        """Enter the state after the handshake: larger messages, no deadline."""
        self.session = session
        self._protocol.max_message_size = self._limits("maxPayload")
        if self._handshake_timer is not None:
            self._handshake_timer.cancel()

    def send(self, frame: dict[str, Any]) -> None:
        self.send_encoded(frames.encode(frame))

    def send_encoded(self, data: bytes, *, drop_if_slow: bool = False) -> None:
        """Send a text message, or close the connection when the client does not read what it was sent."""
        if not self.open:
            return
        buffered = self._writer.transport.get_write_buffer_size()
        if buffered and buffered + len(data) > self._limits("maxBufferedBytes"):
            if not drop_if_slow:
                self.close(POLICY, "slow consumer")
            return
        self._protocol.send_text(data)
        self._flush()

    def close(self, code: int, reason: str) -> None:
        """Start the closing handshake; the socket is dropped if the client does not finish it."""
        if not self.open:
            return
        self.gateway.journal.info("ws", "closing", conn=self.conn_id, code=code, reason=reason)
        self._protocol.send_close(code, reason.encode()[:LONGEST_REASON].decode("utf-8", "ignore"))
        self._flush()
        self._half_close()

    def _fail(self, code: int, reason: str) -> None:
        self._protocol.fail(code, reason)
        self._flush()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data is SEND_EOF:
                self._end_stream()
            elif not self._half_closed:
                self._writer.write(data)
        if self._protocol.close_expected() and self._close_timer is None:
            self._close_timer = asyncio.get_running_loop().call_later(
                self.gateway.config.seconds_at("gateway.limits.closeTimeoutMs"),
                self._writer.transport.abort,
            )

    def _end_stream(self) -> None:
        """End our side of TCP; TLS has no such half, so there the whole connection ends."""
        if self._writer.can_write_eof():
            self._half_close()
        else:
            wait = 0 if self._protocol.close_rcvd else TLS_LINGER_SECONDS
            asyncio.get_running_loop().call_later(wait, self._writer.close)

    def _half_close(self) -> None:
        if self._writer.can_write_eof() and not self._half_closed:
            self._half_closed = True
            self._writer.write_eof()

    def _finish(self) -> None:
        for timer in (self._handshake_timer, self._close_timer):
            if timer is not None:
                timer.cancel()
        for task in self._tasks:
            task.cancel()
        with suppress(OSError):
            self._protocol.receive_eof()
        self.gateway.left(self)
