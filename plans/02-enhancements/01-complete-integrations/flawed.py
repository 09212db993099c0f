"""HTTP doors with a limiter that has exactly one flaw, or none: each probe must tell which."""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import json
import socket
import threading
from collections import OrderedDict
from collections.abc import Iterator

from _probes import wire
from _probes.gateways import random_secret
from _probes.targets import Target

PER_CLIENT = 5
LOCKOUT_MS = 300_000
PROXIES = ("127.0.9.1", "127.0.9.2")
FEW = 1000


class FlawedServer:
    """HTTP doors with a limiter that has exactly one flaw, or none."""

    def __init__(self, flaw: str, listener: socket.socket) -> None:
        self.flaw = flaw
        self.token, self.hook_token = random_secret(), random_secret()
        self._listener = listener
        self._failures: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def serve(self) -> None:
        while True:
            try:
                sock, (peer, _) = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connection, args=(sock, peer), daemon=True).start()

    def _connection(self, sock: socket.socket, peer: str) -> None:
        stream = wire.Buffered(sock)
        with sock, contextlib.suppress(OSError, EOFError):
            while True:
                line, headers = self._request(stream)
                status, body = self._answer(peer, line, headers)
                head = f"HTTP/1.1 {status} x\r\nContent-Length: {len(body)}\r\nRetry-After: 300\r\n\r\n"
                sock.sendall(head.encode() + body)

    def _request(self, stream: wire.Buffered) -> tuple[str, dict[str, str]]:
        while b"\r\n\r\n" not in stream.buffer:
            if not stream.fill():
                raise EOFError
        head, _, rest = bytes(stream.buffer).partition(b"\r\n\r\n")
        stream.buffer[:] = rest
        line, *fields = head.decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in fields)}
        stream.take(int(headers.get("content-length", "0")))
        return line, headers

    def _answer(self, peer: str, line: str, headers: dict[str, str]) -> tuple[int, bytes]:
        hook = "/hooks" in line
        shown = headers.get("authorization", "").removeprefix("Bearer ")
        if shown.startswith("Basic "):
            shown = base64.b64decode(shown[6:]).decode().partition(":")[2]
        key = self._key(peer, headers.get("x-forwarded-for", ""))
        if self.flaw == "a budget for each door":
            key += line.split()[1] + headers.get("authorization", "")[:6]
        with self._lock:
            if self._failures.get(key, 0) >= PER_CLIENT:
                error = {"code": "RATE_LIMITED", "retryAfterMs": LOCKOUT_MS}
                return 429, json.dumps({"error": error}).encode()
            if shown == (self.hook_token if hook else self.token):
                if self.flaw != "never forgives":
                    self._failures.pop(key, None)
                return 200, b"{}"
            self._failures[key] = self._failures.pop(key, 0) + 1
            if len(self._failures) > FEW:
                locks = self.flaw == "locks are evicted"
                oldest = next(each for each, count in self._failures.items() if locks or count < PER_CLIENT)
                del self._failures[oldest]
            return 401, b"{}"

    def _key(self, peer: str, forwarded: str) -> str:
        hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
        if self.flaw == "everybody is one":
            return "everybody"
        if self.flaw == "left-most hop":
            return hops[0] if hops else peer
        chosen = peer
        while chosen in PROXIES and hops:
            chosen = hops.pop()
        if self.flaw == "spellings":
            return chosen
        address = ipaddress.ip_address(chosen)
        if isinstance(address, ipaddress.IPv6Address):
            return str(address.ipv4_mapped or address.packed[:8].hex())
        return str(address)


@contextlib.contextmanager
def flawed_server(flaw: str) -> Iterator[Target]:
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        server = FlawedServer(flaw, listener)
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        try:
            yield Target(
                "127.0.0.1", listener.getsockname()[1], token=server.token, hook_token=server.hook_token
            )
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
