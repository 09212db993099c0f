"""Idempotency keys: the same key twice is one side effect."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway


class Dedupe:
    """Remembers the answers to recent keys, bounded in time and number."""

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway
        self._seen: dict[str, tuple[float, dict[str, Any]]] = {}

    def seen(self, key: str) -> dict[str, Any] | None:
        """Return the answer that was kept for a key."""
        oldest = self._gateway.clock.monotonic() - self._gateway.config.seconds_at(
            "gateway.limits.dedupeTtlMs"
        )
        while self._seen and next(iter(self._seen.values()))[0] <= oldest:
            del self._seen[next(iter(self._seen))]
        found = self._seen.get(key)
        return found[1] if found else None

    def keep(self, key: str, answer: dict[str, Any]) -> None:
        """Keep an answer; the oldest is forgotten when there are too many."""
        self._seen.pop(key, None)
        self._seen[key] = (self._gateway.clock.monotonic(), answer)
        while len(self._seen) > self._gateway.config.limit("dedupeMax"):
            del self._seen[next(iter(self._seen))]

    def forget(self, key: str) -> None:
        self._seen.pop(key, None)
