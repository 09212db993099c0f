"""WebSocket and HTTP/1.1 on a bare socket, with every rule of RFC 6455 breakable on purpose."""

from __future__ import annotations

import base64
import os
import socket
import struct
from dataclasses import dataclass, field

TEXT, BINARY, CLOSE, PING, PONG, CONTINUATION = 0x1, 0x2, 0x8, 0x9, 0xA, 0x0
DEFAULT_TIMEOUT_S = 8.0


@dataclass(frozen=True)
class Reply:
    """One HTTP response; `status` is 0 when the peer closed without one."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


@dataclass(frozen=True)
class Frame:
    opcode: int
    payload: bytes
    fin: bool = True


@dataclass
class Buffered:
    """A socket with a read buffer, so that bytes behind a response head are not lost."""

    sock: socket.socket
    buffer: bytearray = field(default_factory=bytearray)

    def fill(self) -> bool:
        """Read once; False at the end of the stream, however it ended."""
        try:
            data = self.sock.recv(65536)
        except TimeoutError:
            raise
        except OSError:
            return False
        self.buffer += data
        return bool(data)

    def take(self, count: int) -> bytes:
        while len(self.buffer) < count:
            if not self.fill():
                raise EOFError
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        return data


def dial(
    host: str, port: int, *, source: str | None = None, timeout: float = DEFAULT_TIMEOUT_S
) -> socket.socket:
    """A connected TCP socket, bound to the source address if one is given."""
    return socket.create_connection((host, port), timeout, (source, 0) if source else None)


def encode_frame(opcode: int, payload: bytes, *, fin: bool = True, mask: bool = True, rsv: int = 0) -> bytes:
    """A frame as a client sends it (RFC 6455 section 5.2); `mask=False` and `rsv` make it a wrong one."""
    head = bytearray([(0x80 if fin else 0) | rsv << 4 | opcode])
    masked = 0x80 if mask else 0
    if len(payload) < 126:
        head.append(masked | len(payload))
    elif len(payload) < 1 << 16:
        head += struct.pack("!BH", masked | 126, len(payload))
    else:
        head += struct.pack("!BQ", masked | 127, len(payload))
    if not mask:
        return bytes(head) + payload
    key = os.urandom(4)
    return bytes(head) + key + apply_mask(payload, key)


def apply_mask(payload: bytes, key: bytes) -> bytes:
    """XOR with the repeated 4-byte key, as one big integer because a loop over a megabyte is slow."""
    size = len(payload)
    stretched = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload) ^ int.from_bytes(stretched)).to_bytes(size) if size else b""


def read_frame(stream: Buffered) -> Frame:
    """The next frame. Raises EOFError at the end of the stream, TimeoutError when none comes."""
    first, second = stream.take(2)
    size = second & 0x7F
    if size == 126:
        (size,) = struct.unpack("!H", stream.take(2))
    elif size == 127:
        (size,) = struct.unpack("!Q", stream.take(8))
    key = stream.take(4) if second & 0x80 else b""
    payload = stream.take(size)
    return Frame(first & 0x0F, apply_mask(payload, key) if key else payload, bool(first & 0x80))


def upgrade_request(host: str, path: str = "/", headers: dict[str, str] | None = None) -> bytes:
    """The opening handshake of RFC 6455 section 4.1; `headers` add to or replace the usual ones."""
    lines = {
        "Host": host,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Version": "13",
    } | (headers or {})
    return head_bytes("GET", path, lines)


def head_bytes(method: str, path: str, headers: dict[str, str]) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "surrogateescape")


def read_head(stream: Buffered) -> tuple[int, dict[str, str]]:
    """Status and headers (names in lower case) of a response; status 0 if the peer closed first."""
    while b"\r\n\r\n" not in stream.buffer:
        if not stream.fill():
            return 0, {}
    head, _, rest = bytes(stream.buffer).partition(b"\r\n\r\n")
    stream.buffer[:] = rest
    status_line, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return int(status_line.split(" ")[1]), {name.lower(): value.strip() for name, _, value in pairs}


def read_reply(stream: Buffered) -> Reply:
    """A whole response: by Content-Length, by chunks, or up to the end of the stream."""
    status, headers = read_head(stream)
    try:
        body = _read_body(stream, headers)
    except EOFError:
        body = bytes(stream.buffer)
    return Reply(status, headers, body)


def _read_body(stream: Buffered, headers: dict[str, str]) -> bytes:
    if "content-length" in headers:
        return stream.take(int(headers["content-length"]))
    if headers.get("transfer-encoding", "").lower() != "chunked":
        while stream.fill():
            pass
        return bytes(stream.buffer)
    body = b""
    while size := int(_read_line(stream), 16):
        body += stream.take(size)
        stream.take(2)
    return body


def _read_line(stream: Buffered) -> bytes:
    while b"\r\n" not in stream.buffer:
        if not stream.fill():
            raise EOFError
    line, _, rest = bytes(stream.buffer).partition(b"\r\n")
    stream.buffer[:] = rest
    return line


def drain(sock: socket.socket) -> bytes:
    """All that still comes, up to the end of the stream. Raises TimeoutError when it does not end."""
    stream = Buffered(sock)
    while stream.fill():
        pass
    return bytes(stream.buffer)
