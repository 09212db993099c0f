"""Guessing until it stops: in a row, at once, on every surface, behind proxies, from very many clients."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import json
import secrets
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from _probes import addresses, gateways, netns, proc, wire
from _probes.devices import Device
from _probes.gateways import Gateway, random_secret
from _probes.host import needs
from _probes.sessions import Answer, Session, connect_params
from _probes.targets import Target
from _probes.weak import weak_server

from tracker.api import Codebase, check

sys.path.insert(0, str(Path(__file__).parent))
import commands
from flawed import FEW, LOCKOUT_MS, PER_CLIENT, PROXIES, flawed_server

POLICY_VIOLATION = 1008
AT_ONCE = 100
CLIENTS = 12_000
BYTES_A_CLIENT = (32 << 20) // 50_000
WAKE = {"text": "rate probe"}


def configuration(**limits: int) -> dict[str, Any]:
    return {
        "gateway": {"trustedProxies": list(PROXIES), "limits": limits},
        "hooks": {"enabled": True, "token": random_secret()},
    }


@pytest.fixture(scope="module")
def gateway(codebase: Codebase) -> Iterator[Gateway]:
    with gateways.boot(codebase.root, configuration()) as running:
        yield running


@dataclasses.dataclass(frozen=True)
class Told:
    """What a client was told, on whichever surface: "in", "refused" or "locked", with the time to wait."""

    outcome: str
    retry_ms: int | None = None


Try = Callable[[Target, str | None, str], Told]
"""Shows a secret (None is the right one) from an address."""


def by_websocket(target: Target, secret: str | None, source: str) -> Told:
    auth = target.auth if secret is None else dict.fromkeys(target.auth, secret)
    session, answer = target.attempt(source=source, device=Device(), auth=auth)
    with session:
        return judge_websocket(session, answer)


def judge_websocket(session: Session, answer: Answer) -> Told:
    if answer.ok:
        return Told("in")
    assert session.close_code == POLICY_VIOLATION, f"refused, and closed with {session.close_code}"
    if answer.code == "RATE_LIMITED":
        return Told("locked", answer.retry_after_ms)
    assert answer.code == "UNAUTHORIZED", f"{answer.code}: {answer.message}"
    return Told("refused")


def by_device_token(target: Target, secret: str | None, source: str) -> Told:
    device = Device()
    with target.login(device=device, scopes=["operator.read"]) as paired:
        token = paired.hello["auth"]["deviceToken"]
    auth = {"token": secret or token}
    session, answer = target.attempt(source=source, device=device, auth=auth, scopes=["operator.read"])
    with session:
        return judge_websocket(session, answer)


def judge_http(reply: wire.Reply) -> Told:
    if reply.status == 401:
        return Told("refused")
    if reply.status != 429:
        assert 200 <= reply.status < 300, f"HTTP {reply.status} {reply.text}"
        return Told("in")
    error = json.loads(reply.body)["error"]
    assert error["code"] == "RATE_LIMITED", error
    wait_s = int(reply.headers["retry-after"])
    assert 0 <= wait_s * 1000 - error["retryAfterMs"] < 1000, f"two waits: {wait_s} s and {error}"
    return Told("locked", error["retryAfterMs"])


def by_bearer(target: Target, secret: str | None, source: str, **headers: str) -> Told:
    bearer = secret or target.token
    return judge_http(target.http("GET", "/", bearer=bearer, source=source, headers=headers))


def by_basic(target: Target, secret: str | None, source: str) -> Told:
    pair = base64.b64encode(f"x:{secret or target.token}".encode()).decode()
    return judge_http(target.http("GET", "/", headers={"Authorization": f"Basic {pair}"}, source=source))


def by_hook(target: Target, secret: str | None, source: str) -> Told:
    bearer = secret or target.hook_token
    return judge_http(target.http("POST", "/hooks/wake", bearer=bearer, body=WAKE, source=source))


HTTP_DOORS: dict[str, Try] = {"bearer": by_bearer, "basic": by_basic, "hooks": by_hook}
DOORS: dict[str, Try] = {"websocket": by_websocket, "device token": by_device_token, **HTTP_DOORS}


def wrong() -> str:
    return secrets.token_hex(32)


def fail(target: Target, door: Try, source: str, times: int) -> None:
    for number in range(times):
        told = door(target, wrong(), source)
        assert told.outcome == "refused", f"wrong secret number {number + 1}: {told}"


def assert_locked(told: Told, where: str) -> int:
    assert told.outcome == "locked", f"{where}: {told} after {PER_CLIENT} failures"
    assert told.retry_ms is not None, f"{where}: not told when to try again"
    assert 0 < told.retry_ms <= LOCKOUT_MS, f"{where}: told to wait {told.retry_ms} ms"
    return told.retry_ms


# RATE-01: five, then none


def five_and_no_more(target: Target, door: Try) -> tuple[str, int]:
    """Five wrong secrets lock one client out, the right one included, and nobody else: who, and how long."""
    source = addresses.fresh()
    fail(target, door, source, PER_CLIENT)
    wait_ms = assert_locked(door(target, None, source), "the right secret")
    assert_locked(door(target, wrong(), source), "a wrong secret")
    assert door(target, None, addresses.fresh()).outcome == "in", "another client is locked out too"
    return source, wait_ms


def a_success_ends_the_series(target: Target, door: Try) -> None:
    source = addresses.fresh()
    for _ in range(3):
        fail(target, door, source, PER_CLIENT - 1)
        assert door(target, None, source).outcome == "in", "locked before the limit"


@check("RATE-01")
def test_five_failures_lock_a_client_out_and_the_lock_ends_on_time(gateway: Gateway) -> None:
    source, wait_ms = five_and_no_more(gateway, by_websocket)
    home = gateway.home
    try:
        home.set_clock(3600, 0)
        assert_locked(by_websocket(gateway, None, source), "with the wall clock an hour on")
        home.set_clock(wait_ms / 1000 - 3)
        left = assert_locked(by_websocket(gateway, None, source), "three seconds before the end")
        assert left <= 3000, f"attempts while locked prolong the lock to {left} ms"
        home.set_clock(wait_ms / 1000)
        assert by_websocket(gateway, None, source).outcome == "in", "still locked when the time is over"
        fail(gateway, by_websocket, source, PER_CLIENT - 1)
    finally:
        home.set_clock(0)


@check("RATE-01")
def test_failures_are_forgotten_after_five_minutes_and_by_a_success(gateway: Gateway) -> None:
    a_success_ends_the_series(gateway, by_websocket)
    source = addresses.fresh()
    fail(gateway, by_websocket, source, PER_CLIENT - 1)
    try:
        gateway.home.set_clock(LOCKOUT_MS / 1000)
        fail(gateway, by_websocket, source, PER_CLIENT - 1)
        assert by_websocket(gateway, None, source).outcome == "in"
    finally:
        gateway.home.set_clock(0)


@check("RATE-01")
def test_a_locked_client_costs_no_signature_and_no_secret(gateway: Gateway) -> None:
    """Its bad device proof is answered like its right secret: nothing is looked at."""
    source, _ = five_and_no_more(gateway, by_websocket)
    broken = Device().proof("another nonce", token=gateway.token or "", scopes=["operator.admin"])
    session, answer = gateway.attempt(source=source, auth=gateway.auth, proof=broken)
    with session:
        assert_locked(judge_websocket(session, answer), "a bad proof")


def websockets_at_once(target: Target, source: str, auths: Sequence[dict[str, Any]]) -> Counter[str]:
    """All connections stand and were challenged before the first `connect` is sent."""
    with contextlib.ExitStack() as stack:
        sessions = [stack.enter_context(target.open(source=source)) for _ in auths]
        requests = []
        for session, auth in zip(sessions, auths, strict=True):
            params = connect_params(session.challenge(), device=Device(), auth=auth)
            requests.append({"type": "req", "id": "c", "method": "connect", "params": params})
        for session, request in zip(sessions, requests, strict=True):
            session.send(request)
        told = Counter[str]()
        for session in sessions:
            answer = session.answer_to("c", 20)
            told[answer.code or ("in" if answer.ok else "closed")] += 1
        return told


def judge_at_once(told: Counter[str]) -> None:
    assert told["UNAUTHORIZED"] <= PER_CLIENT, f"more were verified than the limit allows: {dict(told)}"
    assert told["UNAUTHORIZED"] + told["RATE_LIMITED"] == AT_ONCE, f"unexpected answers: {dict(told)}"


@check("RATE-01")
def test_a_hundred_at_once_are_not_more_than_five(gateway: Gateway) -> None:
    told = websockets_at_once(gateway, addresses.fresh(), [{"token": wrong()} for _ in range(AT_ONCE)])
    judge_at_once(told)
    with weak_server() as weak, pytest.raises(AssertionError):
        judge_at_once(websockets_at_once(weak, addresses.fresh(), [{"token": wrong()}] * AT_ONCE))


@check("RATE-01")
def test_a_hundred_passwords_at_once_are_not_more_than_five(codebase: Codebase) -> None:
    """Passwords are verified in threads, beside the event loop; right ones at once wait for each other."""
    password = random_secret()
    with gateways.boot(codebase.root, {}, password=password) as running:
        told = websockets_at_once(running, addresses.fresh(), [{"password": wrong()} for _ in range(AT_ONCE)])
        judge_at_once(told)
        right = websockets_at_once(running, addresses.fresh(), [{"password": password}] * 12)
        assert right == {"in": 12}, f"right passwords at the same time: {dict(right)}"


@check("RATE-01")
def test_a_gateway_without_a_limit_is_caught() -> None:
    with weak_server() as weak:
        for probe in (five_and_no_more, a_success_ends_the_series):
            with pytest.raises(AssertionError):
                probe(weak, by_websocket)
    with flawed_server("never forgives") as weak, pytest.raises(AssertionError):
        a_success_ends_the_series(weak, by_bearer)
    with flawed_server("everybody is one") as weak, pytest.raises(AssertionError):
        five_and_no_more(weak, by_bearer)


# RATE-02: one limiter, whichever door, whichever spelling, however many


def one_budget(target: Target, doors: dict[str, Try]) -> None:
    """Failures are spread over the doors; the last one locks all of them."""
    source = addresses.fresh()
    order = list(doors.values())
    for number in range(PER_CLIENT):
        fail(target, order[number % len(order)], source, 1)
    for name, door in doors.items():
        assert_locked(door(target, None, source), name)


def each_door_forgives(target: Target, doors: dict[str, Try]) -> None:
    for door in doors.values():
        a_success_ends_the_series(target, door)


@check("RATE-02")
def test_all_doors_share_one_budget(gateway: Gateway) -> None:
    one_budget(gateway, DOORS)
    for name, door in DOORS.items():
        source = addresses.fresh()
        fail(gateway, door, source, PER_CLIENT)
        assert_locked(by_websocket(gateway, None, source), f"WebSocket after {name}")
        assert gateway.http("GET", "/health", source=source).status == 200, "liveness is locked too"
    each_door_forgives(gateway, DOORS)


def one_client(target: Target, *spellings: str) -> None:
    """Addresses, as a trusted proxy names them, that must be counted as one client; others are not touched."""
    for number in range(PER_CLIENT):
        hop = spellings[number % len(spellings)]
        told = by_bearer(target, wrong(), PROXIES[0], **{"X-Forwarded-For": hop})
        assert told.outcome == "refused", f"{hop}: {told}"
    for hop in spellings:
        told = by_bearer(target, None, PROXIES[0], **{"X-Forwarded-For": hop})
        assert_locked(told, hop)


def spellings_are_one(target: Target) -> None:
    ours = secrets.randbelow(1 << 16)
    one_client(target, f"::ffff:127.0.{ours >> 8}.{ours & 255}", f"127.0.{ours >> 8}.{ours & 255}")
    one_client(target, *(f"2001:db8:0:{ours:x}::{number}" for number in (1, 2, "a:b:c")))
    next_network = {"X-Forwarded-For": f"2001:db8:1:{ours:x}::1"}
    assert by_bearer(target, None, PROXIES[0], **next_network).outcome == "in", "the next /64 is locked too"


def only_the_right_hop_counts(target: Target) -> None:
    """What a client writes on the left, or without a trusted proxy at all, does not make it another client."""
    client, source = f"203.0.113.{secrets.randbelow(200)}", addresses.fresh()
    for number in range(PER_CLIENT):
        chain = f"198.51.100.{number}, {client}" + (f", {PROXIES[1]}" if number % 2 else "")
        told = by_bearer(target, wrong(), PROXIES[0], **{"X-Forwarded-For": chain})
        assert told.outcome == "refused", f"{chain}: {told}"
    told = by_bearer(target, None, PROXIES[0], **{"X-Forwarded-For": f"198.51.100.99, {client}"})
    assert_locked(told, "a client that invents hops")
    neighbour = by_bearer(target, None, PROXIES[0], **{"X-Forwarded-For": f"{client}, 203.0.113.251"})
    assert neighbour.outcome == "in", "the hop on the left was locked out by somebody else"
    for number in range(PER_CLIENT):
        by_bearer(target, wrong(), source, **{"X-Forwarded-For": f"198.51.100.{number}"})
    told = by_bearer(target, None, source, **{"X-Forwarded-For": "198.51.100.77"})
    assert_locked(told, "a client that plays proxy")
    victim = by_bearer(target, None, PROXIES[0], **{"X-Forwarded-For": "198.51.100.1"})
    assert victim.outcome == "in", "a client locked somebody else out"


@check("RATE-02")
def test_a_client_has_one_key_and_does_not_choose_it(gateway: Gateway) -> None:
    spellings_are_one(gateway)
    only_the_right_hop_counts(gateway)


@check("RATE-02")
def test_real_sockets_of_ipv6_and_of_ipv4_on_a_common_port(codebase: Codebase) -> None:
    needs("netns")
    inside = ("192.0.2.1", "192.0.2.2", "2001:db8:5::1", "2001:db8:5::2", "2001:db8:6::1")
    config: dict[str, Any] = {
        "gateway": {
            "bind": "custom",
            "customBindHost": "::",
            "tls": {"enabled": True},
            "trustedProxies": ["192.0.2.2"],
        }
    }
    with (
        netns.network(*(f"{address}/64" if ":" in address else f"{address}/24" for address in inside)) as net,
        gateways.boot(codebase.root, config, prefix=net.prefix) as running,
    ):
        four = dataclasses.replace(running, host="192.0.2.1", dial=net.dial)
        fail(four, by_bearer, "192.0.2.1", PER_CLIENT)
        assert_locked(by_bearer(four, None, "192.0.2.1"), "IPv4 on a socket of IPv6")
        proxied = by_bearer(four, None, "192.0.2.2", **{"X-Forwarded-For": "192.0.2.1"})
        assert_locked(proxied, "the same client behind a proxy")
        six = dataclasses.replace(running, host="2001:db8:5::1", dial=net.dial)
        for number in range(PER_CLIENT):
            fail(six, by_bearer, f"2001:db8:5::{1 + number % 2}", 1)
        assert_locked(by_bearer(six, None, "2001:db8:5::2"), "the other address of a /64")
        assert by_bearer(six, None, "2001:db8:6::1").outcome == "in"


def flood(target: Target, clients: int) -> None:
    """One failure of each of so many clients, over one connection of a trusted proxy."""
    with wire.dial(target.host, target.port, source=PROXIES[0]) as sock:
        sock.settimeout(30)
        stream = wire.Buffered(sock)
        for start in range(0, clients, 100):
            batch = b"".join(
                wire.head_bytes(
                    "GET",
                    "/",
                    {
                        "Host": target.authority,
                        "Authorization": "Bearer wrong",
                        "X-Forwarded-For": f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}",
                    },
                )
                for number in range(start, start + 100)
            )
            sock.sendall(batch)
            for _ in range(100):
                assert wire.read_reply(stream).status == 401


def judge_growth(clients: int, grown: int) -> None:
    most = clients * BYTES_A_CLIENT
    assert grown < most, f"{clients} clients took {grown >> 10} KiB; 32 MiB for 50,000 is {most >> 10} KiB"


@check("RATE-02")
def test_clients_are_remembered_in_little_memory(codebase: Codebase) -> None:
    config = configuration() | {"logging": {"level": "error"}}
    with gateways.boot(codebase.root, config) as running:
        flood(running, 500)
        before = proc.rss_bytes(running.pid)
        flood(running, CLIENTS)
        judge_growth(CLIENTS, proc.rss_bytes(running.pid) - before)
        last = {"X-Forwarded-For": "10.0.46.223"}
        for _ in range(PER_CLIENT - 1):
            by_bearer(running, wrong(), PROXIES[0], **last)
        assert_locked(by_bearer(running, None, PROXIES[0], **last), "a client among many")
    with pytest.raises(AssertionError):
        judge_growth(CLIENTS, CLIENTS * 1024)


def locks_outlast_a_flood(target: Target) -> None:
    """More clients than are remembered fail after one was locked out."""
    locked, nearly = "198.18.0.1", "198.18.0.2"
    for hop, times in ((locked, PER_CLIENT), (nearly, PER_CLIENT - 1)):
        for _ in range(times):
            by_bearer(target, wrong(), PROXIES[0], **{"X-Forwarded-For": hop})
    flood(target, FEW * 2)
    assert_locked(by_bearer(target, None, PROXIES[0], **{"X-Forwarded-For": locked}), "after the flood")
    told = by_bearer(target, wrong(), PROXIES[0], **{"X-Forwarded-For": nearly})
    assert told.outcome == "refused", "the table does not forget the oldest: it is not bounded"


@check("RATE-02")
def test_a_flood_of_clients_does_not_push_a_lock_out(codebase: Codebase) -> None:
    config = configuration(authMaxClients=FEW) | {"logging": {"level": "error"}}
    with gateways.boot(codebase.root, config) as running:
        locks_outlast_a_flood(running)


@check("RATE-02")
def test_limiters_with_a_flaw_are_caught() -> None:
    probes: dict[str, Callable[[Target], None]] = {
        "a budget for each door": lambda target: one_budget(target, HTTP_DOORS),
        "spellings": spellings_are_one,
        "left-most hop": only_the_right_hop_counts,
        "locks are evicted": locks_outlast_a_flood,
        "never forgives": lambda target: each_door_forgives(target, HTTP_DOORS),
    }
    for flaw, probe in probes.items():
        with flawed_server("") as sound:
            probe(sound)
        with flawed_server(flaw) as weak, pytest.raises(AssertionError):
            probe(weak)


# CLOG-01: no record, no command


@check("CLOG-01")
def test_every_command_is_recorded_before_it_runs(codebase: Codebase) -> None:
    needs("bwrap")
    with gateways.boot(codebase.root, commands.configuration()) as running:
        expected = commands.ten_calls(running, running.state / "logs" / commands.LOG)
        lines = commands.lines_of(running.state / "logs")
        commands.judge_records(lines, expected)
        assert commands.verify(running) == 0, "the chain does not hold"
        for number in range(len(lines)):
            with pytest.raises(AssertionError):
                commands.judge_records(lines[:number] + lines[number + 1 :], expected)
        path = running.state / "logs" / commands.LOG
        path.write_text(path.read_text().replace('"refused"', '"allowed"', 1))
        assert commands.verify(running) == 1, "a changed decision is not noticed"


@check("CLOG-01")
def test_what_cannot_be_recorded_does_not_run(codebase: Codebase) -> None:
    needs("netns")
    with gateways.new_home(commands.configuration()) as home:
        token = random_secret()
        prefix = commands.on_a_small_disk(home)
        with (
            gateways.running(codebase.root, home, token=token, prefix=prefix) as running,
            running.login() as session,
        ):
            logs = Path(f"/proc/{running.pid}/root{home.state}/logs")
            target = home.workspace
            with commands.filled(logs):
                ran, refused = commands.run_until_refused(session, target)
            commands.judge_traces(ran, refused, commands.lines_of(logs))
            again = str(target / "trace-again")
            assert commands.invoke(session, ["/usr/bin/touch", again]).ok, "refused with room on the disk"
            commands.judge_traces([*ran, again], refused, commands.lines_of(logs))
            for path in logs.iterdir():
                (home.state / "logs" / path.name).write_bytes(path.read_bytes())
            assert commands.verify(running) == 0, "the full disk broke the chain"
            with pytest.raises(AssertionError):
                commands.judge_traces([*ran, "/unrecorded"], refused, commands.lines_of(logs))
            with pytest.raises(AssertionError):
                commands.judge_traces(ran, [again], commands.lines_of(logs))
