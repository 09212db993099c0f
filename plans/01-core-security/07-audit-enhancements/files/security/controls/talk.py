"""A client that says exactly what a probe wants to be said."""

import base64
import http.client
import itertools
import json
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateway._version import __version__
from gateway.protocol.schema.connect import PROTOCOL_VERSION
from gateway.server.ws_connection.device_proof import device_id_of, encode_base64url, signed_text

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from websockets.sync.client import ClientConnection

PATIENCE = 20.0
_numbers = itertools.count(secrets.randbelow(1 << 14) << 8)


def fresh_address() -> str:
    """Return a loopback address that no probe came from, so that limits by address do not mix them."""
    number = next(_numbers)
    return f"127.{64 + (number >> 16) % 64}.{number >> 8 & 0xFF}.{1 + number % 250}"


@dataclass(frozen=True)
class Device:
    """A device that nobody knows yet."""

    key: "Ed25519PrivateKey"

    @classmethod
    def new(cls) -> "Device":
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(Ed25519PrivateKey.generate())

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    @property
    def id(self) -> str:
        return device_id_of(self.public)

    def proof(self, params: dict[str, Any], nonce: str) -> dict[str, Any]:
        """Return the `device` object of `connect` for the other parameters."""
        device = {
            "id": self.id,
            "publicKey": encode_base64url(self.public),
            "signedAt": int(time.time() * 1000),
            "nonce": nonce,
        }
        signed = self.key.sign(signed_text({**params, "device": device}, nonce).encode())
        return {**device, "signature": encode_base64url(signed)}


@dataclass
class Talk:
    """A WebSocket connection; `answer` is the response to `connect`."""

    socket: "ClientConnection"
    nonce: str
    events: list[dict[str, Any]] = field(default_factory=list)
    answer: dict[str, Any] = field(default_factory=dict)
    _ids: Iterator[int] = field(default_factory=itertools.count)

    def send(self, method: str, params: Any = None) -> str:
        request_id = f"a{next(self._ids)}"
        self.socket.send(
            json.dumps({"type": "req", "id": request_id, "method": method, "params": params or {}})
        )
        return request_id

    def response(self, request_id: str) -> dict[str, Any]:
        """Return the response to a request; one that says `closed` when the connection ended first."""
        from websockets.exceptions import ConnectionClosed

        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                frame: dict[str, Any] = json.loads(self.socket.recv(max(0.0, deadline - time.monotonic())))
            except ConnectionClosed:
                return {"ok": False, "closed": self.close_code, "error": {}}
            if frame.get("type") == "event":
                self.events.append(frame)
            elif frame.get("id") == request_id:
                return frame

    def ask(self, method: str, params: Any = None) -> dict[str, Any]:
        return self.response(self.send(method, params))

    def event(self, name: str, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait for an event that fits and return its payload. Raises TimeoutError."""
        deadline = time.monotonic() + PATIENCE
        while True:
            for frame in self.events:
                if frame["event"] == name and fits(frame["payload"]):
                    return dict(frame["payload"])
            self.events = [json.loads(self.socket.recv(max(0.0, deadline - time.monotonic())))]

    def connect(
        self,
        secret: str | None,
        *,
        device: Device | None = None,
        scopes: tuple[str, ...] = ("operator.admin",),
        role: str = "operator",
        protocol: int = PROTOCOL_VERSION,
        tamper: str = "",
        nonce: str | None = None,
    ) -> dict[str, Any]:
        """Send `connect`. `tamper` spoils the device's signature, `nonce` replaces the server's."""
        params: dict[str, Any] = {
            "minProtocol": protocol,
            "maxProtocol": protocol,
            "client": {"id": "probe", "version": __version__, "platform": "linux", "mode": "probe"},
            "role": role,
            "scopes": list(scopes),
            **({} if secret is None else {"auth": {"token": secret}}),
        }
        if device is not None:
            params["device"] = device.proof(params, nonce or self.nonce)
            if tamper:
                params["device"]["signature"] = params["device"]["signature"][::-1]
        self.answer = self.ask("connect", params)
        return self.answer

    @property
    def close_code(self) -> int | None:
        return self.socket.close_code

    def closed(self, seconds: float = PATIENCE) -> int | None:
        """Wait for the end and return the close code; None when the connection stays open."""
        from websockets.exceptions import ConnectionClosed

        with suppress(TimeoutError, ConnectionClosed):
            while True:
                self.socket.recv(seconds)
        return self.socket.close_code


@contextmanager
def talk(port: int, headers: dict[str, str] | None = None, source: str | None = None) -> Iterator[Talk]:
    """Open a connection and take the challenge. Raises InvalidHandshake or OSError."""
    from websockets.sync.client import connect

    sock = socket.create_connection(
        ("127.0.0.1", port), PATIENCE, source_address=(source or fresh_address(), 0)
    )
    with connect(
        f"ws://127.0.0.1:{port}/",
        sock=sock,
        additional_headers=headers or {},
        open_timeout=PATIENCE,
        close_timeout=0.2,
        compression=None,
        proxy=None,
    ) as connection:
        challenge = json.loads(connection.recv(PATIENCE))
        yield Talk(connection, challenge["payload"]["nonce"])


def upgrade_status(port: int, headers: dict[str, str]) -> int:
    """Ask for a WebSocket with these headers and return the HTTP status."""
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    lines = {
        "Host": f"127.0.0.1:{port}",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
    } | headers
    return http_status(port, "GET", "/", lines)[0]


def http_status(
    port: int, method: str, path: str, headers: dict[str, str], body: bytes = b"", source: str | None = None
) -> tuple[int, bytes]:
    """Send one request with exactly these headers; returns the status (0: the peer hung up) and the body."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", port, PATIENCE, source_address=(source or fresh_address(), 0)
    )
    try:
        connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        if body:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        response = connection.getresponse()
        return response.status, b"" if response.status == 101 else response.read()
    except (http.client.HTTPException, ConnectionError):
        return 0, b""
    finally:
        connection.close()
