"""Sizes, times and slow readers."""

from __future__ import annotations

import contextlib
import selectors
import socket
import time
import zlib
from dataclasses import dataclass

from _probes import addresses, proc, wire
from _probes.gateways import Gateway
from _probes.sessions import Session
from _probes.targets import Target
from _probes.wire import CONTINUATION, TEXT, encode_frame

MIB = 1 << 20
TOO_BIG, PROTOCOL_ERROR = 1009, 1002


def caps_inbound_payload(target: Target) -> None:
    """One large frame, endless fragments, and a deflate bomb end the connection that sent them."""
    single = [encode_frame(TEXT, b'"' + b"x" * (513 * 1024))]
    fragments = [encode_frame(TEXT, b'"' + b"x" * 61439, fin=False)]
    fragments += [encode_frame(CONTINUATION, b"x" * 61440, fin=False)] * 9
    for name, frames in {"513 KiB frame": single, "fragments": fragments}.items():
        with target.login() as session:
            code = _send_until_refused(session, frames)
            assert code == TOO_BIG, f"{name}: close {code}"
    offer = {"Sec-WebSocket-Extensions": "permessage-deflate"}
    with target.login(headers=offer) as session:
        code = _send_until_refused(session, [_deflate_bomb()])
        negotiated = "permessage-deflate" in session.upgrade.headers.get("sec-websocket-extensions", "")
        assert code == (TOO_BIG if negotiated else PROTOCOL_ERROR), f"deflate bomb: close {code}"


def holds_memory_under_large_payloads(gateway: Gateway, limit: int = 20 * MIB) -> None:
    before = proc.rss_bytes(gateway.pid)
    caps_inbound_payload(gateway)
    assert proc.rss_bytes(gateway.pid) - before < limit


def _deflate_bomb() -> bytes:
    """50 MiB of zeros as one compressed text frame (RFC 7692: RSV1, without the empty last block)."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = b"".join(packer.compress(bytes(MIB)) for _ in range(50)) + packer.flush(zlib.Z_SYNC_FLUSH)
    return encode_frame(TEXT, data.removesuffix(b"\x00\x00\xff\xff"), rsv=0b100)


def _send_until_refused(session: Session, frames: list[bytes]) -> int | None:
    """The close code; the rest stays unsent when the peer hangs up in the middle."""
    for frame in frames:
        session.send_bytes(frame)
    return session.wait_closed()


def cuts_unfinished_handshakes(target: Target, timeout_s: float) -> None:
    """Silence, dripping headers and an upgrade without `connect` all end within the timeout and a second."""
    upgrade = wire.upgrade_request(target.authority)
    openings = {"silence": b"", "header drip": b"GET / HTTP/1.1\r\n", "no connect": upgrade}
    deadline = time.monotonic() + timeout_s + 1
    waiting = {}
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as selector:
        for name, opening in openings.items():
            sock = stack.enter_context(target.connect())
            sock.sendall(opening)
            sock.settimeout(0)
            selector.register(sock, selectors.EVENT_READ, name)
            waiting[name] = sock
        next_drip = time.monotonic() + 0.5
        while waiting and time.monotonic() < deadline:
            for key, _ in selector.select(max(0, min(deadline, next_drip) - time.monotonic())):
                if _at_end(waiting[key.data]):
                    selector.unregister(key.fileobj)
                    del waiting[key.data]
            if "header drip" in waiting and time.monotonic() >= next_drip:
                next_drip += 0.5
                with contextlib.suppress(OSError):
                    waiting["header drip"].sendall(b"X-Drip: 1\r\n")
    assert not waiting, f"still open after {timeout_s + 1} s: {', '.join(waiting)}"


def _at_end(sock: socket.socket) -> bool:
    """Whether the peer has closed, or said that it does (a close frame with 1008 at the end of the data)."""
    try:
        while data := sock.recv(65536):
            if b"\x03\xf0" in data[-125:]:
                return True
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


@dataclass(frozen=True)
class SlowConsumer:
    """What became of a client that stopped reading while `sent_bytes` of events were on their way."""

    dropped: bool
    close_code: int | None
    sent_bytes: int
    received_bytes: int
    rss_growth: int
    witness_events: int
    events: int


def judge_slow_consumer(seen: SlowConsumer, max_buffered: int) -> None:
    assert seen.dropped, "the slow consumer is still connected"
    assert seen.close_code in {1006, 1008}, f"close {seen.close_code}"
    assert seen.received_bytes < seen.sent_bytes, "everything was buffered for the slow consumer"
    assert seen.rss_growth < 2 * max_buffered, f"memory grew by {seen.rss_growth / MIB:.1f} MiB"
    assert seen.witness_events == seen.events, "another client missed events"


def watch_slow_consumer(gateway: Gateway, max_buffered: int, *, volume: int = 12 * MIB) -> SlowConsumer:
    """Stop reading on one connection, and let another cause `volume` bytes of chat events.

    The client's receive buffer is small, and the volume larger than a kernel's send buffer (it grows to 4 MiB
    and more), so that what cannot be sent stays with the gateway.
    """
    text = "x" * 128 * 1024
    rounds = volume // len(text) + 1
    with gateway.login() as witness, _reader_of_little(gateway) as slow:
        for number in range(4):
            _chat(witness, f"warm-{number}", text)
        slow.heard("chat")
        before = len(slow.received)
        rss = proc.rss_bytes(gateway.pid)
        heard_before = _finals(witness)
        sent = 0
        for number in range(rounds):
            sent += _chat(witness, f"load-{number}", text)
        growth = proc.rss_bytes(gateway.pid) - rss
        code = slow.wait_closed()
        return SlowConsumer(
            dropped=code is not None,
            close_code=code,
            sent_bytes=sent,
            received_bytes=sum(len(str(message)) for message in slow.received[before:]),
            rss_growth=growth,
            witness_events=_finals(witness) - heard_before,
            events=rounds,
        )


def _chat(session: Session, key: str, text: str) -> int:
    """One run; the bytes of events it caused."""
    mark = len(session.events)
    session.call("chat.send", {"sessionKey": "main", "message": text, "idempotencyKey": key})
    session.event("chat", after=mark, runId=key, state="final")
    return sum(len(str(event)) for event in session.events[mark:])


def _finals(session: Session) -> int:
    return sum(
        event["event"] == "chat" and event["payload"].get("state") == "final" for event in session.events
    )


def _reader_of_little(gateway: Gateway) -> Session:
    """A session with the smallest receive buffer that the kernel gives."""
    from _probes.devices import Device
    from _probes.sessions import connect_params

    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.bind((addresses.fresh(), 0))
    plain.settimeout(gateway.patience_s)
    plain.connect((gateway.host, gateway.port))
    session = Session(plain, wire.upgrade_request(gateway.authority), gateway.patience_s)
    params = connect_params(session.challenge(), device=Device(), auth=gateway.auth)
    assert session.ask("connect", params).ok
    return session


def bounds_responses_headers_and_bodies(target: Target) -> None:
    with target.login() as session:
        for method, params in (
            ("chat.history", {"sessionKey": "main", "limit": 10**6}),
            ("logs.tail", {"maxBytes": 10**8}),
        ):
            answer = session.ask(method, params)
            assert (answer.ok, answer.code) == (False, "INVALID_REQUEST"), f"{method}: {answer.code}"
    many = {f"X-Header-{number}": "x" for number in range(500)}
    status = target.http("GET", "/health", headers=many).status
    assert status == 431, f"500 headers: HTTP {status}"
    large = {"message": "x" * 300 * 1024}
    status = target.http("POST", "/hooks/agent", bearer=target.hook_token, body=large).status
    assert status == 413, f"300 KiB body: HTTP {status}"
