"""Attacks on a booted gateway, and what its administrators and a webhook hear of them."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.server
import json
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from _probes import addresses, clock, gateways
from _probes.canaries import canary
from _probes.devices import Device
from _probes.gateways import Gateway
from _probes.sessions import Session
from _probes.targets import Target
from _probes.weak import weak_server

from tracker.api import Codebase, check

SECONDS_TO_ALERT = 5.0
FAILURES = 5000
FLOODERS = 1000
QUEUE = 5
FORWARDED = {"X-Forwarded-For": "203.0.113.9"}


@dataclass
class Webhook:
    """A sink that keeps what it is sent; `status` is its answer."""

    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    status: int = 204
    refused: int = 0
    secret: str = field(default_factory=gateways.random_secret)

    def __post_init__(self) -> None:
        webhook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if webhook.status < 300:
                    webhook.received.append(
                        ({name.lower(): value for name, value in self.headers.items()}, body)
                    )
                else:
                    webhook.refused += 1
                self.send_response(webhook.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    @property
    def settings(self) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.server.server_port}/alerts"
        return {"url": url, "secret": self.secret, "queueMax": QUEUE}

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)

    def alerts(self, kind: str = "") -> list[dict[str, Any]]:
        """What it was sent, each with a signature that holds."""
        for headers, body in list(self.received):
            assert self.holds(headers, body), "an alert is not signed"
        found = [json.loads(body) for _, body in list(self.received)]
        return [alert for alert in found if kind in {"", alert["kind"]}]

    def holds(self, headers: dict[str, str], body: bytes) -> bool:
        stamp = headers.get("x-gateway-timestamp", "")
        digest = hmac.new(self.secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(headers.get("x-gateway-signature", ""), f"v1={digest}")


def until(holds: Callable[[], Any], seconds: float = SECONDS_TO_ALERT) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    sink = Webhook()
    yield sink
    sink.close()


@contextlib.contextmanager
def watched(codebase: Codebase, webhook: Webhook, **config: Any) -> Iterator[Gateway]:
    with gateways.boot(codebase.root, {"monitoring": {"sink": webhook.settings}, **config}) as gateway:
        yield gateway


def guess(target: Target, source: str, *, over_http: bool = False) -> None:
    """One attempt with a wrong secret."""
    if over_http:
        target.http("POST", "/tools/invoke", bearer=secrets.token_hex(32), body={}, source=source)
        return
    session, _ = target.attempt(source=source, device=Device(), auth={"token": secrets.token_hex(32)})
    session.close()


def patch(session: Session, changes: dict[str, Any]) -> None:
    base = session.call("config.get")["hash"]
    session.call("config.patch", {"raw": json.dumps(changes), "baseHash": base})


def run(session: Session, *argv: str) -> bool:
    """Whether a command was run."""
    return session.ask("tools.invoke", {"tool": "exec", "args": {"argv": list(argv)}}).ok


def told(session: Session, kind: str, since: float, within: float = SECONDS_TO_ALERT) -> dict[str, Any]:
    """The event that an administrator hears, in time."""
    left = max(within - (time.monotonic() - since), 0.05)
    try:
        alert = session.event("security.event", left, kind=kind)
    except TimeoutError:
        raise AssertionError(f"no security.event of {kind} within {within:g} s") from None
    assert alert["count"] >= 1
    assert {"id", "severity", "message", "subjects", "ts"} <= alert.keys()
    return alert


def hears_of_guessing(target: Target, within: float = SECONDS_TO_ALERT) -> None:
    """30 failures from 3 addresses, on both surfaces, and an administrator who is told."""
    with target.login() as boss:
        sources = [addresses.fresh() for _ in range(3)]
        started = time.monotonic()
        for number in range(30):
            guess(target, sources[number % 3], over_http=number % 2 == 0)
        ended = time.monotonic()
        assert ended - started < 10
        alert = told(boss, "auth-failures", ended, within)
        assert alert["count"] >= 10


@check("MON-01")
def test_an_attack_raises_a_signed_alert(codebase: Codebase, webhook: Webhook) -> None:
    with gateways.boot(codebase.root, {}) as gateway:
        hears_of_guessing(gateway)
    with watched(codebase, webhook) as gateway:
        hears_of_guessing(gateway)
        assert until(lambda: webhook.alerts("auth-failures")), "the sink was not told of guessing"
        with gateway.login() as boss, gateway.login(scopes=["operator.read", "operator.pairing"]) as reader:
            patch(boss, {"tools": {"exec": {"ask": "off"}}})
            told(boss, "config-weakened", time.monotonic())
            assert until(lambda: webhook.alerts("config-weakened")), "the sink was not told of the weakening"
            assert "tools.exec.ask" in webhook.alerts("config-weakened")[0]["subjects"]

            assert not run(boss, "/usr/bin/base64", "/etc/hostname"), "an unlisted program was run"
            told(boss, "command-unusual", time.monotonic())
            assert until(lambda: webhook.alerts("command-unusual")), "the sink was not told of the command"
            assert not reader.heard("security.event"), "a client without the admin scope was told"
            assert not reader.ask("security.events").ok

            kinds = {alert["kind"] for alert in boss.call("security.events")["alerts"]}
            assert {"auth-failures", "config-weakened", "command-unusual"} <= kinds
        headers, body = webhook.received[0]
        assert abs(time.time() - int(headers["x-gateway-timestamp"])) < 60
        assert not webhook.holds(headers, body + b" "), "the signature does not cover the body"
        later = headers | {"x-gateway-timestamp": str(int(headers["x-gateway-timestamp"]) + 1)}
        assert not webhook.holds(later, body), "the signature does not cover the time"
    with weak_server() as stand_in, pytest.raises(AssertionError, match=r"no security\.event"):
        hears_of_guessing(stand_in, 0.5)


@check("MON-01")
def test_a_replayed_token_raises_an_alert(codebase: Codebase, webhook: Webhook) -> None:
    device = Device()
    with watched(codebase, webhook) as gateway, gateway.login() as boss:
        if "auth.session.alert" not in boss.hello["features"]["events"]:
            return  # The guard of sessions was put off: a replaced token is refused, and nothing tells of it.
        with gateway.login(device=device) as session:
            old = session.hello["auth"]["deviceToken"]
            session.call("auth.sessions.rotate")
        assert not webhook.alerts()
        again, answer = gateway.attempt(device=device, auth={"token": old})
        with again:
            assert not answer.ok
        told(boss, "token-reuse", time.monotonic())
        assert until(lambda: webhook.alerts("token-reuse"))
        assert old not in json.dumps(webhook.alerts())


@check("MON-01")
def test_where_alerts_go_cannot_be_changed_in_silence(codebase: Codebase, webhook: Webhook) -> None:
    with watched(codebase, webhook) as gateway, gateway.login() as boss:
        patch(boss, {"monitoring": {"sink": {"url": "http://127.0.0.1:9/elsewhere"}}})
        assert until(lambda: webhook.alerts("config-weakened")), "the sink that was removed was not told"


@check("MON-02")
def test_a_flood_is_one_alert_with_a_count(codebase: Codebase, webhook: Webhook) -> None:
    with watched(codebase, webhook) as gateway, gateway.login() as boss:
        sources = [addresses.fresh() for _ in range(FLOODERS)]
        flood(gateway, sources)
        assert until(webhook.alerts)
        [listed] = [a for a in boss.call("security.events")["alerts"] if a["kind"] == "auth-failures"]
        assert listed["count"] == FAILURES, f"{listed['count']} of {FAILURES} were counted"
        first = len(webhook.alerts())
        assert first <= 2
        with clock.moved(gateway.home, 3600):
            assert until(lambda: any(alert["count"] == FAILURES for alert in webhook.alerts()))
            time.sleep(0.6)
            sent, heard = webhook.alerts(), boss.heard("security.event")
        assert first < len(sent) <= 3, f"{len(sent)} alerts were posted"
        assert len(heard) <= 3, f"{len(heard)} events were sent"
        assert len({alert["id"] for alert in sent}) == 1
        assert sent[-1]["subjectCount"] == FLOODERS
        assert len(sent[-1]["subjects"]) <= 10


def flood(gateway: Gateway, sources: list[str]) -> None:
    """5,000 wrong secrets over HTTP, five from each address, on a few connections at a time."""
    each = FAILURES // len(sources)
    faults: list[BaseException] = []

    def some(mine: list[str]) -> None:
        try:
            for source in mine:
                with gateway.connect(source=source) as sock:
                    stream = wire_reader(sock)
                    for _ in range(each):
                        head = (
                            f"GET / HTTP/1.1\r\nHost: {gateway.authority}\r\n"
                            f"Authorization: Bearer {secrets.token_hex(32)}\r\n\r\n"
                        )
                        sock.sendall(head.encode())
                        assert stream() in {401, 429}
        except BaseException as fault:  # noqa: BLE001 - shown by the test's own thread
            faults.append(fault)

    threads = [threading.Thread(target=some, args=(sources[start::4],)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults, faults


def wire_reader(sock: Any) -> Callable[[], int]:
    """Read one response after the other from a connection that is kept: the status of each."""
    buffer = bytearray()

    def read() -> int:
        while b"\r\n\r\n" not in buffer:
            # A delayed acknowledgement would hold back the rest of each response.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            data = sock.recv(65536)
            assert data, "the gateway hung up"
            buffer.extend(data)
        head, _, _ = bytes(buffer).partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in lines[1:])
        size = len(head) + 4 + int(fields["content-length"])
        while len(buffer) < size:
            buffer.extend(sock.recv(65536))
        del buffer[:size]
        return int(lines[0].split()[1])

    return read


@check("MON-02")
def test_alerts_have_no_private_content(codebase: Codebase, webhook: Webhook) -> None:
    word = canary()
    with watched(codebase, webhook, tools={"exec": {"ask": "off"}}) as gateway, gateway.login() as boss:
        run(boss, "/usr/bin/base64", f"--wrap={word}", f"/home/{word}")
        for _ in range(12):
            session, _ = gateway.attempt(device=Device(), auth={"token": f"{word}{secrets.token_hex(24)}"})
            session.close()
        patch(boss, {"tools": {"exec": {"security": "full"}}, "channels": {"x": {"botToken": word}}})
        assert until(lambda: {"command-unusual", "auth-failures", "config-weakened"} <= kinds(webhook))
        everything = json.dumps(
            [webhook.alerts(), boss.heard("security.event"), boss.call("security.events")]
        )
        assert word not in everything, "private content is in an alert"
        assert "base64" in everything, "the alert does not name the program"


def kinds(webhook: Webhook) -> set[str]:
    return {alert["kind"] for alert in webhook.alerts()}


@check("MON-02")
def test_a_sink_that_is_down_gets_its_alerts_later(codebase: Codebase, webhook: Webhook) -> None:
    webhook.status = 503
    with watched(codebase, webhook) as gateway, gateway.login() as boss:
        for number in range(QUEUE + 3):
            patch(
                boss,
                {"gateway": {"trustedProxies": [f"192.0.2.{number}"]}, "tools": {"allow": [f"t{number}"]}},
            )
            patch(boss, {"tools": {"deny": [f"d{number}"]}})
            patch(boss, {"tools": {"deny": []}, "monitoring": {"failures": 11 + number}})
        assert until(lambda: webhook.refused)
        for moved in (10, 20, 30):
            gateway.home.set_clock(moved)
            time.sleep(0.4)
            state = boss.call("security.events")["sink"]
            assert 0 < state["queued"] <= QUEUE, state
            assert state["delivered"] == 0, state
        assert not webhook.received
        webhook.status = 204
        gateway.home.set_clock(62)
        assert until(lambda: boss.call("security.events")["sink"]["queued"] == 0), "not delivered later"
        assert webhook.alerts(), "nothing arrived"


@check("MON-02")
def test_ten_minutes_of_normal_use_are_silent(codebase: Codebase, webhook: Webhook) -> None:
    config = {"gateway": {"limits": {"authAttempts": 5}}, "channels": {"telegram": {}}}
    with watched(codebase, webhook, **config) as gateway, gateway.login() as boss:
        device = Device()
        for minute in range(10):
            gateway.home.set_clock(60 * minute)
            use(gateway, boss, device, minute)
        gateway.home.set_clock(600)
        time.sleep(0.6)
        state = boss.call("security.events")
        assert state["alerts"] == [], state["alerts"]
        assert not boss.heard("security.event")
        assert not webhook.received
        assert state["sink"]["configured"] is True

        for _ in range(12):
            guess(gateway, addresses.fresh(), over_http=True)
        assert until(lambda: webhook.alerts("auth-failures")), "the gateway is silent in an attack, too"


def use(gateway: Gateway, boss: Session, device: Device, minute: int) -> None:
    """What a household does in a minute: chats, tools, a mistyped secret, a new phone, a setting."""
    with gateway.login(device=device) as client:
        client.call("status")
        client.call("chat.history", {"sessionKey": "main"})
        key = f"k{minute}"
        client.call("chat.send", {"sessionKey": "main", "message": "hello", "idempotencyKey": key})
        client.call("auth.sessions.rotate")
    assert run(boss, "/usr/bin/wc", "-l", "/dev/null"), "a listed program was not run"
    gateway.inbound("telegram", f"friend-{minute}", "hello")
    assert gateway.http("GET", "/").status == 401
    if minute % 3 == 0:
        guess(gateway, addresses.fresh(), over_http=minute % 2 == 0)
    if minute % 4 == 1:
        session, answer = gateway.attempt(headers=FORWARDED, device=Device(), auth=gateway.auth)
        with session:
            assert answer.code == "NOT_PAIRED"
    if minute % 5 == 2:
        patch(boss, {"logging": {"level": "debug" if minute % 2 else "info"}})
    if minute % 5 == 4:
        asked = boss.request(
            "tools.invoke", {"tool": "exec", "args": {"argv": ["/usr/bin/id", f"-{'ugG'[minute % 3]}"]}}
        )
        approval = boss.event("exec.approval.requested")
        boss.call("exec.approval.resolve", {"id": approval["id"], "decision": "allow-once"})
        assert boss.answer_to(asked).ok
        boss.events.clear()
