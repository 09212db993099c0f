"""A stand-in that has none of the gateway's defences: each probe must fail against it."""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

from _probes.targets import Target
from _probes.wire import TEXT, Buffered, encode_frame, read_frame

METHODS = [
    "health",
    "status",
    "chat.history",
    "chat.send",
    "config.get",
    "tools.invoke",
    "node.invoke.result",
]


class WeakServer:
    """Says yes to everything, tells everybody everything, and hangs up on nobody."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._sockets: list[socket.socket] = []
        self._clients: list[socket.socket] = []
        self._lock = threading.Lock()
        self._runs = itertools.count(1)

    def serve(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connection, args=(sock,), daemon=True).start()

    def hang_up(self) -> None:
        for sock in self._sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _connection(self, sock: socket.socket) -> None:
        self._sockets.append(sock)
        stream = Buffered(sock)
        with contextlib.suppress(OSError, EOFError):
            while b"\r\n\r\n" not in stream.buffer:
                if not stream.fill():
                    return
            head, _, rest = bytes(stream.buffer).partition(b"\r\n\r\n")
            stream.buffer[:] = rest
            if b"upgrade: websocket" not in head.lower():
                body = b'{"ok": true, "token": "x"}'
                sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
                return
            sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
            self._clients.append(sock)
            self._send(
                sock, {"type": "event", "event": "connect.challenge", "payload": {"nonce": "0", "ts": 0}}
            )
            while True:
                frame = read_frame(stream)
                with contextlib.suppress(ValueError):
                    self._answer(sock, json.loads(frame.payload))

    def _answer(self, sock: socket.socket, message: Any) -> None:
        request = message if isinstance(message, dict) else {}
        response = {"type": "res", "id": request.get("id", "?"), "ok": True}
        self._send(sock, response | {"payload": self._payload(request)})
        if request.get("method") == "connect":
            event = {"type": "event", "event": "device.pair.requested", "payload": {"requestId": "1"}}
            for other in list(self._clients):
                with contextlib.suppress(OSError):
                    self._send(other, event)

    def _payload(self, request: dict[str, Any]) -> dict[str, Any]:
        params = request.get("params")
        params = params if isinstance(params, dict) else {}
        return {
            "type": "hello-ok",
            "protocol": params.get("maxProtocol", 3),
            "features": {"methods": METHODS, "events": []},
            "auth": {"deviceToken": "0" * 32, "role": params.get("role"), "scopes": params.get("scopes")},
            "policy": {"maxPayload": 1 << 40, "maxBufferedBytes": 1 << 40, "tickIntervalMs": 1000},
            "runId": f"run-{next(self._runs)}",
            "messages": [],
            "hash": "0",
            "result": {"exitCode": 0, "stdout": "", "stderr": ""},
        }

    def _send(self, sock: socket.socket, message: dict[str, Any]) -> None:
        with self._lock:
            sock.sendall(encode_frame(TEXT, json.dumps(message).encode(), mask=False))


@contextlib.contextmanager
def weak_server() -> Iterator[Target]:
    """The stand-in on a free port, and how to reach it."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        server = WeakServer(listener)
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        try:
            yield Target(
                "127.0.0.1",
                listener.getsockname()[1],
                token="0" * 64,
                password="0" * 64,
                hook_token="0" * 64,
                patience_s=0.4,
            )
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            server.hang_up()
