"""Failed attempts run out, on every surface, for every spelling of a client."""

import asyncio
import gc
import os
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import Clock
from gateway.security.client_key import client_key
from gateway.security.rate_limit import GATEWAY_SECRET, HOOK_SECRET, AttemptLimiter, TooManyAttempts
from gateway.server.net import forwarding, resolve_client
from gateway.tests.support import Booted, Device, dial, fresh_address

LOCKOUT_MS = 300_000
HOOKS = {"hooks": {"enabled": True, "token": secrets.token_hex(32)}}
PROXY = "127.0.9.1"


@pytest.fixture
def clock_file(tmp_path: Path) -> Path:
    return tmp_path / "clock"


@pytest.fixture
def limiter(clock_file: Path) -> AttemptLimiter:
    return AttemptLimiter(Clock(clock_file), attempts=5, window_s=300, lockout_s=300, most_clients=1000)


def move(clock_file: Path, offsets: str) -> None:
    clock_file.write_text(offsets)


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def fail(limiter: AttemptLimiter, address: str, times: int = 1, secret: bytes = GATEWAY_SECRET) -> None:
    for _ in range(times):
        async with limiter.attempt(address, secret) as attempt:
            attempt.failed()


async def succeed(limiter: AttemptLimiter, address: str, secret: bytes = GATEWAY_SECRET) -> None:
    async with limiter.attempt(address, secret) as attempt:
        attempt.succeeded()


async def connect(gateway: Booted, token: str | None, source: str, **extra: Any) -> dict[str, Any]:
    async with dial(gateway, source=source) as client:
        answer = await client.shake(Device(), auth={"token": token}, **extra)
        if not answer["ok"]:
            assert await client.closed() == 1008
        return answer


async def test_rate_01_the_sixth_attempt_is_refused_with_the_right_secret(
    start: Callable[..., Booted],
) -> None:
    """RATE-01: the lock holds for its time, for one client, and is told with a time."""
    gateway, source = start(), fresh_address()
    for number in range(5):
        answer = await connect(gateway, f"{number:064}", source)
        assert answer["error"]["code"] == "UNAUTHORIZED"
    error = (await connect(gateway, gateway.token, source))["error"]
    assert (error["code"], error["retryable"]) == ("RATE_LIMITED", True)
    assert 0 < error["retryAfterMs"] <= LOCKOUT_MS
    assert (await connect(gateway, gateway.token, fresh_address()))["ok"]
    gateway.clock.write_text(f"{error['retryAfterMs'] / 1000}")
    assert (await connect(gateway, gateway.token, source))["ok"]


async def test_rate_01_a_success_ends_the_series(limiter: AttemptLimiter) -> None:
    """RATE-01: four failures and a success are no failures."""
    for _ in range(5):
        await fail(limiter, "192.0.2.1", 4)
        await succeed(limiter, "192.0.2.1")


async def test_rate_01_old_failures_leave_the_window(limiter: AttemptLimiter, clock_file: Path) -> None:
    """RATE-01: the window slides; the wall clock does not move it."""
    await fail(limiter, "192.0.2.1", 4)
    move(clock_file, "301 301")
    await fail(limiter, "192.0.2.1", 4)
    move(clock_file, "100000 302")
    await fail(limiter, "192.0.2.1")
    with pytest.raises(TooManyAttempts):
        await succeed(limiter, "192.0.2.1")


async def test_rate_01_attempts_at_the_same_time_share_the_places(limiter: AttemptLimiter) -> None:
    """RATE-01: of a hundred at once five are looked at; the others wait, and find the lock."""
    looked_at = refused = 0

    async def one() -> None:
        nonlocal looked_at, refused
        try:
            async with limiter.attempt("192.0.2.1") as attempt:
                looked_at += 1
                await asyncio.sleep(0)
                attempt.failed()
        except TooManyAttempts:
            refused += 1

    await asyncio.gather(*(one() for _ in range(100)))
    assert (looked_at, refused) == (5, 95)


async def test_rate_01_right_secrets_at_the_same_time_all_pass(limiter: AttemptLimiter) -> None:
    """RATE-01: who waits for a place gets it when the others were right, or hung up."""
    passed = 0

    async def one(number: int) -> None:
        nonlocal passed
        async with limiter.attempt("192.0.2.1") as attempt:
            await asyncio.sleep(0)
            if number % 2:
                attempt.succeeded()
            passed += 1

    await asyncio.gather(*(one(number) for number in range(50)))
    assert passed == 50


async def test_rate_01_a_cancelled_attempt_gives_its_place_back(limiter: AttemptLimiter) -> None:
    """RATE-01: a client that hangs up in the middle does not lock itself out."""

    async def hang() -> None:
        async with limiter.attempt("192.0.2.1"):
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(hang()) for _ in range(5)]
    await asyncio.sleep(0)
    waiting = asyncio.create_task(succeed(limiter, "192.0.2.1"))
    for task in tasks:
        task.cancel()
    await asyncio.wait_for(waiting, 5)


async def test_rate_02_surfaces_share_the_budget(start: Callable[..., Booted]) -> None:
    """RATE-02: whatever was guessed where, the fifth failure locks every surface."""
    gateway, source = start(HOOKS), fresh_address()
    wrong = {"Authorization": f"Bearer {secrets.token_hex(32)}"}
    for path, body in (("/tools/invoke", {"tool": "read"}), ("/hooks/wake", {"text": "x"})) * 2:
        assert gateway.http("POST", path, json=body, headers=wrong, source=source).status_code == 401
    assert (await connect(gateway, secrets.token_hex(32), source))["error"]["code"] == "UNAUTHORIZED"
    right = {"Authorization": f"Bearer {HOOKS['hooks']['token']}"}
    reply = gateway.http("POST", "/hooks/wake", json={"text": "x"}, headers=right, source=source)
    assert reply.status_code == 429
    assert reply.json()["error"]["code"] == "RATE_LIMITED"
    assert 0 < int(reply.headers["Retry-After"]) <= LOCKOUT_MS // 1000
    assert gateway.http("GET", "/", source=source).status_code == 429
    assert (await connect(gateway, gateway.token, source))["error"]["code"] == "RATE_LIMITED"
    assert gateway.http("GET", "/health", source=source).status_code == 200


async def test_rate_02_one_secret_does_not_help_to_guess_another(limiter: AttemptLimiter) -> None:
    """RATE-02: who knows the hooks' secret cannot clear failures with the gateway's."""
    await fail(limiter, "192.0.2.1", 4)
    await succeed(limiter, "192.0.2.1", HOOK_SECRET)
    await fail(limiter, "192.0.2.1")
    with pytest.raises(TooManyAttempts):
        await succeed(limiter, "192.0.2.1", HOOK_SECRET)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("127.0.0.11", "::ffff:127.0.0.11", True),
        ("127.0.0.11", "::ffff:7f00:b", True),
        ("2001:db8::1", "2001:db8:0:0:ffff::2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("[2001:db8::1]:443", "2001:0DB8::0001", True),
        ("192.0.2.1:4711", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
def test_rate_02_a_client_has_one_key(one: str, other: str, *, same: bool) -> None:
    """RATE-02: spellings, ports and the free half of an IPv6 address make no new client."""
    assert (client_key(one) == client_key(other)) is same


@pytest.mark.parametrize(
    ("peer", "hops", "address"),
    [
        ("192.0.2.9", "203.0.113.1", "192.0.2.9"),
        (PROXY, "203.0.113.1", "203.0.113.1"),
        (f"::ffff:{PROXY}", "203.0.113.1", "203.0.113.1"),
        (PROXY, "198.51.100.7, 203.0.113.1", "203.0.113.1"),
        (PROXY, f"198.51.100.7, 203.0.113.1, {PROXY}", "203.0.113.1"),
        (PROXY, "198.51.100.7, nonsense", PROXY),
        (PROXY, "[2001:db8::1]:443", "2001:db8::1"),
        (PROXY, "", PROXY),
    ],
)
def test_rate_02_the_right_most_untrusted_hop_counts(peer: str, hops: str, address: str) -> None:
    """RATE-02: what a client writes into X-Forwarded-For itself does not choose its key."""
    headers = {"host": "127.0.0.1", "x-forwarded-for": hops}
    assert resolve_client(peer, headers, [PROXY]).address == address


def test_rate_02_lines_of_a_header_are_one_list() -> None:
    """RATE-02: a proxy that adds a line instead of a hop is understood."""
    raw = [("x-forwarded-for", "a"), ("host", "h"), ("x-forwarded-for", "b")]
    assert forwarding(raw) == {"x-forwarded-for": "a,b"}


async def test_rate_02_memory_is_bounded_and_locked_clients_stay(limiter: AttemptLimiter) -> None:
    """RATE-02: a flood of clients pushes out old failures, and no lock."""
    await fail(limiter, "192.0.2.1", 5)
    for number in range(3000):
        await fail(limiter, f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 4)
    assert limiter.remembered <= 1000
    with pytest.raises(TooManyAttempts):
        await succeed(limiter, "192.0.2.1")


async def test_rate_02_a_hundred_thousand_clients_fit_into_32_mib() -> None:
    """RATE-02: the default table, more than full; the lock is still there."""
    limiter = AttemptLimiter(Clock(), attempts=5, window_s=300, lockout_s=300, most_clients=100_000)
    await fail(limiter, "192.0.2.1", 5)
    gc.collect()
    before = resident_bytes()
    for number in range(101_000):
        await fail(limiter, f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert resident_bytes() - before < 32 << 20
    with pytest.raises(TooManyAttempts):
        await succeed(limiter, "192.0.2.1")


async def test_rate_02_a_table_full_of_locks_lets_no_stranger_guess(
    limiter: AttemptLimiter, clock_file: Path
) -> None:
    """RATE-02: who cannot be counted is not let try, until the first lock ends."""
    for number in range(1000):
        await fail(limiter, f"10.0.{number >> 8}.{number & 255}", 5)
    with pytest.raises(TooManyAttempts):
        await fail(limiter, "192.0.2.1")
    move(clock_file, "301")
    await succeed(limiter, "192.0.2.1")


@pytest.fixture
async def places(limiter: AttemptLimiter) -> AsyncIterator[AsyncExitStack]:
    """All places of a client, taken."""
    async with AsyncExitStack() as stack:
        for _ in range(5):
            await stack.enter_async_context(limiter.attempt("192.0.2.1"))
        yield stack


async def test_rate_01_a_client_waits_only_for_itself(
    limiter: AttemptLimiter, places: AsyncExitStack
) -> None:
    """RATE-01: a client whose places are taken keeps nobody else waiting."""
    assert places is not None
    await asyncio.wait_for(succeed(limiter, "192.0.2.2"), 5)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(succeed(limiter, "192.0.2.1"), 0.05)
