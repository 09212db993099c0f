"""What a probe attacks: a place to connect to and the secrets that open it."""

from __future__ import annotations

import contextlib
import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from socket import socket
from typing import Any

from _probes import addresses, wire
from _probes.devices import Device
from _probes.sessions import Answer, Refused, Session, connect_params

Dialler = Callable[[str, int, str | None], socket]


def dial_directly(host: str, port: int, source: str | None) -> socket:
    return wire.dial(host, port, source=source)


@dataclass
class Target:
    """A gateway, or a stand-in for one, as seen from the network."""

    host: str
    port: int
    token: str | None = None
    password: str | None = None
    hook_token: str | None = None
    tls: ssl.SSLContext | None = None
    dial: Dialler = field(default=dial_directly)
    patience_s: float = 8.0

    @property
    def authority(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def auth(self) -> dict[str, Any]:
        """The credential as `connect` carries it."""
        pairs = {"token": self.token, "password": self.password}
        return {name: value for name, value in pairs.items() if value is not None}

    def connect(self, *, source: str | None = None, tls: ssl.SSLContext | None = None) -> socket:
        """A TCP or TLS connection, from a fresh loopback address unless the source is given."""
        loopback = self.host.startswith("127.")
        plain = self.dial(self.host, self.port, source or (addresses.fresh() if loopback else None))
        context = tls or self.tls
        return context.wrap_socket(plain, server_hostname=self.host) if context else plain

    def open(
        self, *, source: str | None = None, headers: dict[str, str] | None = None, path: str = "/"
    ) -> Session:
        """An upgraded WebSocket that has not logged in. Raises UpgradeRefused."""
        sock = self.connect(source=source)
        return Session(sock, wire.upgrade_request(self.authority, path, headers), self.patience_s)

    def attempt(
        self,
        *,
        source: str | None = None,
        headers: dict[str, str] | None = None,
        device: Device | None = None,
        auth: dict[str, Any] | None = None,
        **params: Any,
    ) -> tuple[Session, Answer]:
        """One `connect`, whatever comes of it; after a refusal the session is read to its end."""
        session = self.open(source=source, headers=headers)
        values = connect_params(session.challenge(), device=device, auth=auth, **params)
        answer = session.ask("connect", values)
        if answer.ok:
            session.hello = answer.payload
        else:
            session.wait_closed()
        return session, answer

    def login(
        self,
        *,
        source: str | None = None,
        headers: dict[str, str] | None = None,
        device: Device | None = None,
        auth: dict[str, Any] | None = None,
        **params: Any,
    ) -> Session:
        """A session that is logged in, with a fresh device and the right secret. Raises Refused."""
        device = device or Device()
        session, answer = self.attempt(
            source=source, headers=headers, device=device, auth=self.auth if auth is None else auth, **params
        )
        if not answer.ok:
            session.close()
            raise Refused("connect", answer)
        session.device = device
        return session

    def http(
        self,
        method: str,
        path: str,
        *,
        bearer: str | None = None,
        body: Any = None,
        headers: dict[str, str] | None = None,
        source: str | None = None,
    ) -> wire.Reply:
        """One HTTP request on its own connection; a body that is not bytes is sent as JSON."""
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        lines = {"Host": self.authority, "Connection": "close"}
        if bearer is not None:
            lines["Authorization"] = f"Bearer {bearer}"
        if data or method == "POST":
            lines |= {"Content-Type": "application/json", "Content-Length": str(len(data))}
        with self.connect(source=source) as sock:
            sock.settimeout(self.patience_s)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                sock.sendall(wire.head_bytes(method, path, lines | (headers or {})) + data)
            return wire.read_reply(wire.Buffered(sock))

    def inbound(self, channel: str, sender: str, text: str) -> dict[str, Any]:
        """A direct message through the test channel. Raises AssertionError unless the gateway took it."""
        body = {"from": sender, "text": text}
        reply = self.http(
            "POST", f"/channels/{channel}/inbound", bearer=self.token or self.password, body=body
        )
        assert reply.status == 200, f"inbound: HTTP {reply.status} {reply.text}"
        result: dict[str, Any] = json.loads(reply.body)
        return result
