"""A client's side of the gateway protocol over one WebSocket."""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

from _probes.devices import Device
from _probes.wire import CLOSE, PING, PONG, TEXT, Buffered, Reply, encode_frame, read_frame, read_reply

PROTOCOL = 3


@dataclass(frozen=True)
class Answer:
    """What a request came to: a result, an error, or nothing but a closed connection (`code` is "")."""

    ok: bool
    payload: Any = None
    code: str = ""
    message: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    retry_after_ms: int | None = None
    frame: dict[str, Any] | None = None


class Refused(Exception):
    """The gateway answered a request with an error."""

    def __init__(self, method: str, answer: Answer) -> None:
        super().__init__(f"{method}: {answer.code or 'closed'}: {answer.message}")
        self.answer = answer


class UpgradeRefused(Exception):
    """The gateway answered the WebSocket upgrade with something else than 101."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"HTTP {reply.status}")
        self.reply = reply


class Session:
    """One WebSocket. `received` holds every message so far, `events` those that are events; `close_code` is
    None while it is open.

    A connection that ends without a close frame has close code 1006 (RFC 6455 section 7.1.5). `patience_s`
    is how long a wait lasts that names no time of its own.
    """

    def __init__(self, sock: socket.socket, request: bytes, patience_s: float = 8.0) -> None:
        self.sock = sock
        self.patience_s = patience_s
        self.stream = Buffered(sock)
        self.received: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.close_code: int | None = None
        self.close_reason = ""
        self.device: Device | None = None
        self.hello: dict[str, Any] = {}
        self._ids = itertools.count(1)
        self._answers: dict[str, dict[str, Any]] = {}
        sock.sendall(request)
        reply = self._upgrade_reply()
        if reply.status != 101:
            sock.close()
            raise UpgradeRefused(reply)
        self.upgrade = reply

    def _upgrade_reply(self) -> Reply:
        from _probes.wire import read_head

        status, headers = read_head(self.stream)
        if status in {101, 0}:
            return Reply(status, headers, b"")
        head = b"HTTP/1.1 %d x\r\n" % status
        head += b"".join(f"{name}: {value}\r\n".encode() for name, value in headers.items())
        self.stream.buffer[:0] = head + b"\r\n"
        return read_reply(self.stream)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Say goodbye and hang up, without waiting for the answer."""
        if self.close_code is None:
            with contextlib.suppress(OSError):
                self.sock.sendall(encode_frame(CLOSE, (1000).to_bytes(2)))
        self.sock.close()

    # Sending

    def send(self, message: Any) -> None:
        self.send_text(json.dumps(message))

    def send_text(self, text: str) -> None:
        """Send a text frame; a peer that has hung up already is found out by the next `receive`."""
        self.send_bytes(encode_frame(TEXT, text.encode()))

    def send_bytes(self, data: bytes) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.sock.sendall(data)

    # Receiving

    def receive(self, timeout: float | None = None) -> dict[str, Any] | None:
        """The next message; None when the connection has ended. Raises TimeoutError."""
        deadline = time.monotonic() + (self.patience_s if timeout is None else timeout)
        while self.close_code is None:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError("no message from the gateway")
            self.sock.settimeout(remaining)
            try:
                frame = read_frame(self.stream)
            except (EOFError, ConnectionError):
                self.close_code = 1006
                break
            if frame.opcode == CLOSE:
                self.close_code = int.from_bytes(frame.payload[:2]) if frame.payload else 1005
                self.close_reason = frame.payload[2:].decode("utf-8", "replace")
                self.send_bytes(encode_frame(CLOSE, frame.payload[:2]))
            elif frame.opcode == PING:
                self.send_bytes(encode_frame(PONG, frame.payload))
            elif frame.opcode == TEXT:
                message: dict[str, Any] = json.loads(frame.payload)
                self.received.append(message)
                if message.get("type") == "event":
                    self.events.append(message)
                return message
        return None

    def messages(self, timeout: float | None = None) -> Iterator[dict[str, Any]]:
        """All messages until the connection ends. Raises TimeoutError when it does not end in time."""
        deadline = time.monotonic() + (self.patience_s if timeout is None else timeout)
        while (message := self.receive(max(deadline - time.monotonic(), 0.01))) is not None:
            yield message

    def answer_to(self, request_id: str, timeout: float | None = None) -> Answer:
        """The response to a request sent before; one that came earlier is kept until it is asked for."""
        deadline = time.monotonic() + (self.patience_s if timeout is None else timeout)
        while request_id not in self._answers:
            message = self.receive(max(deadline - time.monotonic(), 0.01))
            if message is None:
                return Answer(ok=False)
            if message.get("type") == "res":
                self._answers[str(message.get("id"))] = message
        return read_answer(self._answers.pop(request_id))

    def event(
        self, name: str, timeout: float | None = None, *, after: int = 0, **fields: Any
    ) -> dict[str, Any]:
        """The payload of the first such event from the `after`-th on, past or to come. Raises TimeoutError.

        `fields` are members that its payload must have.
        """
        deadline = time.monotonic() + (self.patience_s if timeout is None else timeout)
        position = after
        while True:
            for event in self.events[position:]:
                payload = event.get("payload") or {}
                if event["event"] == name and fields.items() <= payload.items():
                    return dict(payload)
            position = len(self.events)
            if self.receive(max(deadline - time.monotonic(), 0.01)) is None:
                raise TimeoutError(f"closed ({self.close_code}) before the event {name}")

    def heard(self, name: str) -> list[dict[str, Any]]:
        """The payloads of all such events that arrived before the answer to a request sent now."""
        self.ask("health")
        return [event.get("payload") or {} for event in self.events if event["event"] == name]

    # Requests

    def request(self, method: str, params: Any = None) -> str:
        """Send a request and return its id, without waiting."""
        request_id = f"r{next(self._ids)}"
        message = {"type": "req", "id": request_id, "method": method}
        self.send(message if params is None else message | {"params": params})
        return request_id

    def ask(self, method: str, params: Any = None, timeout: float | None = None) -> Answer:
        return self.answer_to(self.request(method, {} if params is None else params), timeout)

    def call(self, method: str, params: Any = None, timeout: float | None = None) -> Any:
        """The result of a method. Raises Refused."""
        answer = self.ask(method, params, timeout)
        if not answer.ok:
            raise Refused(method, answer)
        return answer.payload

    def challenge(self) -> str:
        """The nonce of this connection."""
        return str(self.event("connect.challenge")["nonce"])

    def wait_closed(self, timeout: float | None = None) -> int | None:
        """Read to the end and return the close code; None when the connection stays open that long."""
        with contextlib.suppress(TimeoutError):
            for _ in self.messages(timeout):
                pass
        return self.close_code

    @property
    def scopes(self) -> list[str]:
        """What the gateway granted at login."""
        return list((self.hello.get("auth") or {}).get("scopes") or [])


def read_answer(message: dict[str, Any]) -> Answer:
    error = message.get("error") or {}
    return Answer(
        ok=message.get("ok") is True,
        payload=message.get("payload"),
        code=error.get("code", ""),
        message=error.get("message", ""),
        details=error.get("details") or {},
        retry_after_ms=error.get("retryAfterMs"),
        frame=message,
    )


def connect_params(
    nonce: str,
    *,
    device: Device | None,
    auth: dict[str, Any] | None,
    role: str = "operator",
    scopes: list[str] | None = None,
    client_id: str = "cli",
    mode: str = "cli",
    protocol: tuple[int, int] = (PROTOCOL, PROTOCOL),
    proof: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The params of `connect`. `proof` replaces the device's own signature by another one."""
    granted = ["operator.admin"] if scopes is None else scopes
    params: dict[str, Any] = {
        "minProtocol": protocol[0],
        "maxProtocol": protocol[1],
        "client": {"id": client_id, "version": "1.0.0", "platform": "linux", "mode": mode},
        "role": role,
        "scopes": granted,
    }
    if auth is not None:
        params["auth"] = auth
    token = (auth or {}).get("token")
    if proof is not None:
        params["device"] = proof
    elif device is not None:
        params["device"] = device.proof(
            nonce,
            token=token if isinstance(token, str) else "",
            role=role,
            scopes=granted,
            client_id=client_id,
            mode=mode,
        )
    return params
