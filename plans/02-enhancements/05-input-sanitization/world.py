"""An Internet of its own, to be run in a network namespace: names, a public server, and canaries on loopback.

`python world.py EVENTS PUBLIC PORT`: every query and every connection is a line of JSON in EVENTS; `ready` on
stdout when all of it listens.
"""

from __future__ import annotations

import gzip
import json
import socket
import socketserver
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

EVENTS, PUBLIC, PORT = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
LOOPBACK, LOOPBACK_6 = "127.0.0.1", "::1"
SECRET = "the canary's secret"
BIG = 3_000_000
A, AAAA = 1, 28

_lock = threading.Lock()
_asked: dict[str, int] = {}


def note(**event: Any) -> None:
    with _lock, EVENTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(event) + "\n")


def addresses(name: str, kind: int) -> list[str]:
    """What a name resolves to; `rebind` is public when it is asked for the first time, and never again."""
    if kind == AAAA:
        return {"six.test": [LOOPBACK_6], "mapped.test": [f"::ffff:{LOOPBACK}"]}.get(name, [])
    if name.startswith("rebind"):
        with _lock:
            _asked[name] = _asked.get(name, 0) + 1
            return [PUBLIC if _asked[name] == 1 else LOOPBACK]
    return {
        "good.test": [PUBLIC],
        "both.test": [PUBLIC, LOOPBACK],
        "both-reversed.test": [LOOPBACK, PUBLIC],
        "inner.test": [LOOPBACK],
        "private.test": [PUBLIC, "10.0.0.1"],
    }.get(name, [])


class Names(socketserver.BaseRequestHandler):
    """DNS over UDP (RFC 1035): one question, answers that may not be kept."""

    def handle(self) -> None:
        query, sock = self.request
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode())
            at += 1 + query[at]
        (kind,) = struct.unpack_from("!H", query, at + 1)
        name = ".".join(labels).lower()
        found = addresses(name, kind) if kind in {A, AAAA} else []
        note(server="dns", name=name, kind=kind, answer=found)
        family = socket.AF_INET if kind == A else socket.AF_INET6
        records = b"".join(
            struct.pack("!HHHIH", 0xC00C, kind, 1, 0, len(packed)) + packed
            for packed in (socket.inet_pton(family, address) for address in found)
        )
        head = query[:2] + struct.pack("!HHHHH", 0x8180, 1, len(found), 0, 0)
        sock.sendto(head + query[12 : at + 5] + records, self.client_address)


class Public(BaseHTTPRequestHandler):
    """Pages, redirects wherever one likes, and bodies without an end."""

    def do_GET(self) -> None:
        note(server="public", path=self.path, host=self.headers.get("Host"))
        url = urlsplit(self.path)
        if url.path == "/to":
            self._answer(302, b"", Location=parse_qs(url.query)["u"][0])
        elif url.path.startswith("/chain/") and url.path != "/chain/0":
            self._answer(302, b"", Location=f"/chain/{int(url.path[7:]) - 1}")
        elif url.path == "/big":
            self._answer(200, b"x" * BIG)
        elif url.path == "/bomb":
            self._answer(200, gzip.compress(bytes(50 * BIG)), **{"Content-Encoding": "gzip"})
        else:
            self._answer(200, b"a public page")

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            return

    def log_message(self, *_words: Any) -> None:
        return


class Canary(ThreadingHTTPServer):
    """Nobody may come here; who connects is noted before a byte is read."""

    daemon_threads = True

    def get_request(self) -> tuple[Any, Any]:
        connection, peer = super().get_request()
        note(server="canary", address=self.server_address[0])
        return connection, peer


class Canary6(Canary):
    address_family = socket.AF_INET6


class Secret(Public):
    def do_GET(self) -> None:
        self._answer(200, SECRET.encode())


def serve(server: socketserver.BaseServer) -> None:
    threading.Thread(target=server.serve_forever, daemon=True).start()


def main() -> None:
    serve(socketserver.ThreadingUDPServer((LOOPBACK, 53), Names))
    # An HTTP server looks up its own name when it is made: the names come first.
    serve(ThreadingHTTPServer((PUBLIC, PORT), Public))
    serve(Canary((LOOPBACK, PORT), Secret))
    serve(Canary6((LOOPBACK_6, PORT), Secret))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main()
