"""Rules: from what the gateway records to findings."""

from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import Any

from gateway.config.config import Config
from gateway.monitoring.alert import Finding

TOO_MANY = "too many failed attempts"
HOUR_SECONDS = 3600.0
MOST_PROGRAMS = 10_000
EXPECTED = frozenset({"allowlist", "approval"})
"""Why a command passes that an operator has allowed, once or for good."""


def is_failure(method: str, reason: str) -> bool:
    """Tell whether a refused attempt showed a wrong credential.

    Pairing, expired sessions and visits without a credential are part of ordinary days.
    """
    if reason == TOO_MANY:
        return True
    wrong = reason.endswith("mismatch") and reason != "protocol mismatch"
    return method != "none" and (wrong or reason.startswith("device "))


class Failures:
    """Failed attempts over all clients together: each client alone stays below the limiter."""

    def __init__(self) -> None:
        self._attempts: deque[tuple[float, str]] = deque()

    def noticed(self, config: Config, now: float, client: str) -> Finding | None:
        """Count one failure at `now` (monotonic seconds); return a finding when there are too many."""
        burst, slow = config.number_at("monitoring.failures"), config.number_at("monitoring.failuresPerHour")
        self._attempts.append((now, client))
        while len(self._attempts) > max(burst, slow):
            self._attempts.popleft()
        in_window = self._since(now - config.seconds_at("monitoring.failuresWindowMs"))
        in_hour = self._since(now - HOUR_SECONDS)
        if len(in_window) < burst and len(in_hour) < slow:
            return None
        clients = in_window if len(in_window) >= burst else in_hour
        return Finding(
            "auth-failures",
            "critical",
            "secrets are being guessed",
            tuple(dict.fromkeys(clients)),
            count=len(clients),
        )

    def _since(self, moment: float) -> list[str]:
        return [client for time, client in self._attempts if time >= moment]


class Commands:
    """Programs that nobody allowed and that a session has not used before."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def noticed(self, line: dict[str, Any]) -> Finding | None:
        """Look at a line of the record of commands."""
        if line.get("event") != "attempt":
            return None
        program = _program(line)
        known = (str(line.get("session")), program)
        expected = line.get("decision") == "allowed" and line.get("reason") in EXPECTED
        seen = known in self._known
        self._known[known] = None
        self._known.move_to_end(known)
        if len(self._known) > MOST_PROGRAMS:
            self._known.popitem(last=False)
        if expected or seen:
            return None
        message = (
            f"a command that nobody allowed was {'run' if line.get('decision') == 'allowed' else 'refused'}"
        )
        return Finding("command-unusual", "warn", message, (program,))


def _program(line: dict[str, Any]) -> str:
    """Return the name of the program; its arguments are private."""
    words = line.get("argv") or str(line.get("command") or "").split()
    name = str(line.get("executable") or (words[0] if words else ""))
    return name.rpartition("/")[2][:64] or "?"


FROM_SAFE_TO_WEAK: dict[str, tuple[Any, ...]] = {
    "agents.defaults.sandbox.mode": ("all", "non-main", "off"),
    "agents.defaults.sandbox.workspaceAccess": ("none", "ro", "rw"),
    "gateway.bind": ("loopback", "auto", "custom", "tailnet", "lan"),
    "gateway.tls.enabled": (True, False),
    "gateway.tls.minVersion": ("1.3", "1.2"),
    "hooks.enabled": (False, True),
    "logging.redactSensitive": ("tools", "off"),
    "session.dmScope": ("per-channel-peer", "per-peer", "main"),
    "tools.exec.ask": ("always", "on-miss", "off"),
    "tools.exec.security": ("deny", "allowlist", "full"),
}
"""Values in the order in which they let more happen."""

MORE_IS_WEAKER = (
    "gateway.limits.authAttempts",
    "gateway.auth.sessions.maxAgeMs",
    "gateway.auth.sessions.idleMs",
    "monitoring.failures",
    "monitoring.failuresPerHour",
    "monitoring.quietMs",
)
LESS_IS_WEAKER = (
    "gateway.limits.authWindowMs",
    "gateway.limits.authLockoutMs",
    "monitoring.failuresWindowMs",
)
LISTS_THAT_ADMIT = (
    "gateway.trustedProxies",
    "gateway.allowedHosts",
    "gateway.controlUi.allowedOrigins",
    "tools.exec.safeBins",
    "tools.allow",
)
LISTS_THAT_DENY = ("tools.deny",)
WATCHED = ("monitoring.sink.url", "monitoring.sink.secret")
"""Where alerts go: any change of what was set is told to where they went so far."""


def weakened(before: Config, after: Config) -> Iterator[str]:
    """Yield the path of each setting that protects less than before."""
    for path, order in FROM_SAFE_TO_WEAK.items():
        old, new = before.get(path), after.get(path)
        if old in order and new in order and order.index(new) > order.index(old):
            yield path
    yield from (path for path in MORE_IS_WEAKER if after.number_at(path) > before.number_at(path))
    yield from (path for path in LESS_IS_WEAKER if after.number_at(path) < before.number_at(path))
    yield from (path for path in LISTS_THAT_ADMIT if set(after.list_at(path)) - set(before.list_at(path)))
    yield from (path for path in LISTS_THAT_DENY if set(before.list_at(path)) - set(after.list_at(path)))
    yield from (path for path in WATCHED if before.get(path) and before.get(path) != after.get(path))
