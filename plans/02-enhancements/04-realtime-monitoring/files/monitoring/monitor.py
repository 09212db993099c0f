"""The monitor: every record passes the rules, and what they notice goes to the outbox."""

from typing import TYPE_CHECKING, Any

from gateway.config.config import Config
from gateway.errors import StartupRefused
from gateway.monitoring.alert import Finding
from gateway.monitoring.outbox import Outbox
from gateway.monitoring.rules import Commands, Failures, is_failure, weakened
from gateway.monitoring.sink import Sink

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway


class Monitor:
    """Looks at what is recorded, in the process and at once; it never refuses or delays anything."""

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway
        self._failures = Failures()
        self._commands = Commands()
        self.outbox = Outbox(gateway)

    def attempted(self, outcome: str, *, method: str, reason: str, client: str) -> None:
        """Look at an attempt to get in."""
        if outcome == "refused" and is_failure(method, reason):
            now = self._gateway.clock.monotonic()
            self._report(self._failures.noticed(self._gateway.config, now, client))

    def command(self, line: dict[str, Any]) -> None:
        """Look at a line of the record of commands."""
        self._report(self._commands.noticed(line))

    def configured(self, before: Config, after: Config) -> None:
        """Look at a change of the configuration; it is told to where alerts went before the change."""
        paths = tuple(dict.fromkeys(weakened(before, after)))
        if paths:
            message = "the configuration protects less than before"
            finding = Finding("config-weakened", "critical", message, paths, key=" ".join(paths))
            self._report(finding, Sink.configured(before))

    def token_reused(self, session_id: str) -> None:
        """Look at a replaced token that was shown again."""
        message = "a replaced token was shown: one of two holders is not the client"
        self._report(Finding("token-reuse", "critical", message, (session_id,)))

    def _report(self, finding: Finding | None, sink: Sink | None = None) -> None:
        if finding is not None:
            self.outbox.report(finding, sink or Sink.configured(self._gateway.config))


def refuse_unsigned_alerts(gateway: "Gateway") -> None:
    """Refuse to start with a sink that could not tell an alert from a forged one.

    Raises StartupRefused.
    """
    if gateway.config.get("monitoring.sink.url") and not gateway.config.get("monitoring.sink.secret"):
        raise StartupRefused(
            "monitoring.sink.url is set, and monitoring.sink.secret is not: alerts could not be signed",
            hint="set a secret that the sink knows, too",
        )
