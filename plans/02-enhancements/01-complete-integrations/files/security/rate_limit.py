"""Limits failed authentication attempts: few for each client, counted across every surface.

An attempt takes one of the client's places before its credential is looked at,
so that attempts at the same time cannot get around the limit. The last failure
of a series locks the client out; a success ends the series.
"""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from gateway.clock import Clock
from gateway.security.client_key import client_key

if TYPE_CHECKING:
    from gateway.config.config import Config

GATEWAY_SECRET, HOOK_SECRET = b"g", b"h"
SECRETS = (GATEWAY_SECRET, HOOK_SECRET)
FORGOTTEN_AT_ONCE = 64


class TooManyAttempts(Exception):
    """The client is locked out for `retry_after_ms` more milliseconds."""

    def __init__(self, retry_after_ms: int) -> None:
        super().__init__(f"too many failed attempts, locked for {retry_after_ms} ms")
        self.retry_after_ms = retry_after_ms


@dataclass
class Attempt:
    """What came of an attempt; one that ends without a word (no credential, hung up) counts for nothing."""

    ok: bool | None = None

    def succeeded(self) -> None:
        self.ok = True

    def failed(self) -> None:
        self.ok = False


@dataclass
class _Flight:
    """Attempts of one client that are being looked at, and those that wait for a place."""

    taken: int = 0
    settled: asyncio.Event = field(default_factory=asyncio.Event)

    def settle(self) -> None:
        self.taken -= 1
        self.settled.set()
        self.settled = asyncio.Event()


class AttemptLimiter:
    """Counts failures in a sliding window, on the monotonic clock.

    `attempts` failures within `window_s` seconds lock a client out for
    `lockout_s`. At most `most_clients` are remembered: for a new one the least
    recently failed is forgotten, never one that is locked out.
    """

    def __init__(
        self, clock: Clock, *, attempts: int, window_s: float, lockout_s: float, most_clients: int
    ) -> None:
        self._clock = clock
        self._attempts = attempts
        self._window_s = window_s
        self._lockout_s = lockout_s
        self._most_clients = most_clients
        # Both are in the order of their last change, so what is over is always at the front.
        self._failures: dict[bytes, tuple[float, ...]] = {}
        self._locked: dict[bytes, float] = {}
        self._flights: dict[bytes, _Flight] = {}

    @classmethod
    def configured(cls, config: "Config", clock: Clock) -> "AttemptLimiter":
        """Return the limiter that `gateway.limits` describes."""
        return cls(
            clock,
            attempts=config.limit("authAttempts"),
            window_s=config.seconds_at("gateway.limits.authWindowMs"),
            lockout_s=config.seconds_at("gateway.limits.authLockoutMs"),
            most_clients=config.limit("authMaxClients"),
        )

    @property
    def remembered(self) -> int:
        """How many entries are kept, failures and locks."""
        return len(self._failures) + len(self._locked)

    @asynccontextmanager
    async def attempt(self, address: str, secret: bytes = GATEWAY_SECRET) -> AsyncIterator[Attempt]:
        """Hold one of the client's places while its credential is looked at.

        `secret` is what the credential may be good for: all kinds count
        together, and a success clears failures of its own kind only, so that
        whoever knows one secret cannot use it to guess another. Waits while
        the client's other attempts hold all places. Raises TooManyAttempts.
        """
        client = client_key(address)
        flight = await self._take_place(client)
        attempt = Attempt()
        try:
            yield attempt
        finally:
            if attempt.ok is not None:
                self._failures.pop(secret + client, None) if attempt.ok else self._fail(client, secret)
            flight.settle()
            if not flight.taken:
                self._flights.pop(client, None)

    async def _take_place(self, client: bytes) -> _Flight:
        while True:
            self._refuse_locked(client)
            flight = self._flights.setdefault(client, _Flight())
            if self._failed(client) + flight.taken < self._attempts:
                flight.taken += 1
                return flight
            await flight.settled.wait()

    def _refuse_locked(self, client: bytes) -> None:
        now = self._clock.monotonic()
        until = self._locked.get(client)
        if until is None and len(self._locked) >= self._most_clients:
            # Nobody can be remembered any more, so a client not seen before cannot be counted.
            until = next(iter(self._locked.values()))
        if until is None:
            return
        if until > now:
            raise TooManyAttempts(math.ceil((until - now) * 1000))
        self._unlock(now)

    def _unlock(self, now: float) -> None:
        over = []
        for client, until in self._locked.items():
            if until > now:
                break
            over.append(client)
        for client in over:
            del self._locked[client]

    def _failed(self, client: bytes) -> int:
        oldest = self._clock.monotonic() - self._window_s
        return sum(
            moment > oldest for secret in SECRETS for moment in self._failures.get(secret + client, ())
        )

    def _fail(self, client: bytes, secret: bytes) -> None:
        now = self._clock.monotonic()
        if self._failed(client) + 1 >= self._attempts:
            for kind in SECRETS:
                self._failures.pop(kind + client, None)
            self._locked[client] = now + self._lockout_s
        else:
            before = self._failures.pop(secret + client, ())
            recent = (moment for moment in before if moment > now - self._window_s)
            self._failures[secret + client] = (*recent, now)
        self._make_room(now)

    def _make_room(self, now: float) -> None:
        """Forget what is over; where that is not enough, also who failed longest ago, some at once."""
        self._unlock(now)
        crowded = self.remembered > self._most_clients
        some = min(FORGOTTEN_AT_ONCE, (len(self._failures) + 1) // 2)
        over = [
            key
            for key, moments in islice(self._failures.items(), some)
            if crowded or moments[-1] <= now - self._window_s
        ]
        for key in over:
            del self._failures[key]
