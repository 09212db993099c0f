"""Load on a booted gateway: round trips of logged-in clients, each with one request at a time, and handshakes."""

from __future__ import annotations

import itertools
import json
import selectors
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _probes import proc
from _probes.gateways import Gateway
from _probes.sessions import Session
from _probes.wire import CLOSE, TEXT, encode_frame

HANDSHAKERS = 4
SETTLING_LOOKS, SETTLING_SECONDS = 20, 0.3
_keys = itertools.count(1)


@dataclass(frozen=True)
class Sample:
    """What one round has shown: latencies in seconds, the round's length, the gateway's processor time."""

    latencies: tuple[float, ...]
    seconds: float
    cpu_seconds: float

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    @property
    def p99(self) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]

    @property
    def cpu_each(self) -> float:
        """Processor seconds of the gateway for one request."""
        return self.cpu_seconds / len(self.latencies)


@dataclass(frozen=True)
class Asked:
    """One request, and what is in the message that ends its round trip."""

    frame: bytes
    last: tuple[bytes, ...]


def health(_session: int) -> Asked:
    """`health`, whose round trip ends with the response."""
    name = f"h{next(_keys)}"
    return _asked({"type": "req", "id": name, "method": "health", "params": {}}, b'"type":"res"', name)


def chat_send(session: int) -> Asked:
    """`chat.send` to a conversation of the client's own, whose round trip ends with the assistant's last event."""
    name = f"c{next(_keys)}"
    params = {"sessionKey": f"bench-{session}", "message": "How long does this take?", "idempotencyKey": name}
    request = {"type": "req", "id": name, "method": "chat.send", "params": params}
    return _asked(request, b'"state":"final"', name)


def _asked(request: dict[str, Any], *last: bytes | str) -> Asked:
    marks = tuple(mark if isinstance(mark, bytes) else f'"{mark}"'.encode() for mark in last)
    return Asked(encode_frame(TEXT, json.dumps(request).encode()), marks)


def round_trips(
    gateway: Gateway, sessions: Sequence[Session], ask: Callable[[int], Asked], seconds: float
) -> Sample:
    """Let every session ask again as soon as it has its answer, for so long.

    Raises RuntimeError when a request is refused or a connection ends: then the figures mean nothing.
    """
    latencies: list[float] = []
    patience = gateway.patience_s
    with selectors.DefaultSelector() as selector:
        cpu, start = cpu_seconds(gateway.pid), time.perf_counter()
        waiting: dict[int, tuple[Asked, float]] = {}
        for number, session in enumerate(sessions):
            session.sock.settimeout(0)
            selector.register(session.sock, selectors.EVENT_READ, number)
            waiting[number] = _send(session, ask(number))
        while waiting:
            ready = selector.select(patience)
            if not ready:
                raise RuntimeError(f"no answer within {patience:g} s")
            for key, _ in ready:
                number, session = key.data, sessions[key.data]
                if not session.stream.fill():
                    raise RuntimeError("the gateway hung up on an authenticated client")
                for message in _messages(session.stream.buffer):
                    if not _ends(message, waiting.get(number)):
                        continue
                    now = time.perf_counter()
                    latencies.append(now - waiting.pop(number)[1])
                    if now - start < seconds:
                        waiting[number] = _send(session, ask(number))
        passed, cpu = time.perf_counter() - start, cpu_seconds(gateway.pid) - cpu
    for session in sessions:
        session.sock.settimeout(session.patience_s)
    return Sample(tuple(latencies), passed, cpu)


def handshakes(gateway: Gateway, seconds: float) -> Sample:
    """Connections made, upgraded and closed by a few clients at once, for so long."""
    over = threading.Event()

    def client() -> list[float]:
        taken = []
        while not over.is_set():
            start = time.perf_counter()
            session = gateway.open()
            taken.append(time.perf_counter() - start)
            session.close()
        return taken

    with ThreadPoolExecutor(HANDSHAKERS) as pool:
        cpu, start = cpu_seconds(gateway.pid), time.perf_counter()
        clients = [pool.submit(client) for _ in range(HANDSHAKERS)]
        over.wait(seconds)
        over.set()
        latencies = [latency for done in clients for latency in done.result()]
        passed, cpu = time.perf_counter() - start, cpu_seconds(gateway.pid) - cpu
    return Sample(tuple(latencies), passed, cpu)


def resident_bytes(gateway: Gateway) -> tuple[int, int]:
    """Resident memory of the gateway, and of it with all that it has started, once both stand still."""
    before = (0, 0)
    for _ in range(SETTLING_LOOKS):
        children = sum(proc.rss_bytes(pid) for pid in proc.descendants(gateway.pid))
        now = (own := proc.rss_bytes(gateway.pid), own + children)
        if now == before:
            break
        before = now
        time.sleep(SETTLING_SECONDS)
    return before


def cpu_seconds(pid: int) -> float:
    """Processor time that the living threads of the process have used so far (proc(5), in nanoseconds there)."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text(encoding="ascii").split()[0]) for task in tasks) / 1e9


def _send(session: Session, asked: Asked) -> tuple[Asked, float]:
    start = time.perf_counter()
    session.sock.sendall(asked.frame)
    return asked, start


def _ends(message: bytes, waiting: tuple[Asked, float] | None) -> bool:
    if waiting is None:
        return False
    if b'"ok":false' in message[:300]:
        raise RuntimeError(f"the gateway refused: {message[:300].decode('utf-8', 'replace')}")
    return all(mark in message for mark in waiting[0].last)


def _messages(buffer: bytearray) -> Iterator[bytes]:
    """Take the whole text messages out of what has been read; the rest stays (RFC 6455 section 5.2).

    Lighter than `_probes.wire.read_frame`, because the client must not be what is measured.
    """
    at = 0
    while len(buffer) - at >= 2:
        size, body = buffer[at + 1], at + 2
        if size == 126:
            size, body = int.from_bytes(buffer[at + 2 : at + 4]), at + 4
        elif size == 127:
            size, body = int.from_bytes(buffer[at + 2 : at + 10]), at + 10
        if len(buffer) < body + size:
            break
        opcode = buffer[at] & 0x0F
        if opcode == CLOSE:
            raise RuntimeError("the gateway closed an authenticated client's connection")
        if opcode == TEXT:
            yield bytes(buffer[body : body + size])
        at = body + size
    del buffer[:at]
