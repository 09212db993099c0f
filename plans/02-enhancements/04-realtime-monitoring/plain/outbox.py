"""The way out: each finding is an alert, told to clients with the admin scope and posted to the sink, once."""

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

from gateway.monitoring.alert import Alert, Finding
from gateway.monitoring.sink import Sink

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway

RECENT = 200
RECENT_MS = 3_600_000


class Outbox:
    """Tells clients with the admin scope and the sink."""

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway
        self._recent: deque[Alert] = deque(maxlen=RECENT)
        self._waiting: asyncio.Queue[tuple[Alert, Sink]] = asyncio.Queue()

    def report(self, finding: Finding, sink: Sink | None) -> None:
        """Make an alert of a finding."""
        now = self._gateway.clock.now_ms()
        alert = Alert(finding.kind, finding.severity, finding.message, now, now)
        alert.add(finding, now, count=finding.count)
        self._recent.append(alert)
        self._gateway.events.emit("security.event", self._payload(alert), drop_if_slow=True)
        most = self._gateway.config.number_at("monitoring.sink.queueMax")
        if sink is not None and self._waiting.qsize() < most:
            self._waiting.put_nowait((alert, sink))

    def _payload(self, alert: Alert) -> dict[str, Any]:
        payload = alert.payload() | {"ts": self._gateway.clock.now_ms()}
        payload["subjects"] = [self._gateway.journal.redact(subject) for subject in payload["subjects"]]
        return payload

    def recent(self) -> list[dict[str, Any]]:
        """Return the alerts of the last hour."""
        since = self._gateway.clock.now_ms() - RECENT_MS
        return [self._payload(alert) for alert in self._recent if alert.last_at_ms >= since]

    def state(self) -> dict[str, Any]:
        """Return how the delivery to the sink goes."""
        return {
            "configured": Sink.configured(self._gateway.config) is not None,
            "queued": self._waiting.qsize(),
        }

    async def run(self) -> None:
        """Post each alert as it comes."""
        while True:
            alert, sink = await self._waiting.get()
            fault = await sink.post(self._payload(alert), self._gateway.clock.now_ms())
            if fault:
                self._gateway.journal.error("monitor", "the sink did not take an alert", reason=fault)
