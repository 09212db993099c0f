"""The way out: one alert for what repeats itself, told again with its count, and kept while the sink is down."""

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateway.monitoring.alert import Alert, Finding
from gateway.monitoring.sink import Sink

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway

LOOK_SECONDS = 0.25
LONGEST_QUIET_SECONDS = 3600.0
FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 1.0, 30.0
RECENT = 200
RECENT_MS = 3_600_000
MOST_ACTIVE = 1000


@dataclass
class Active:
    """An alert that is still going on; `told` is the count that was sent, `due` when more may be."""

    alert: Alert
    sink: Sink | None
    told: int
    due: float
    quiet: float


@dataclass
class Delivery:
    alert: Alert
    sink: Sink


@dataclass
class Delivered:
    """Numbers for `security.events`."""

    delivered: int = 0
    dropped: int = 0
    fault: str = ""
    retry_at: float = 0.0
    wait: float = field(default=FIRST_RETRY_SECONDS)


class Outbox:
    """Tells clients with the admin scope at once and the sink as soon as it takes it."""

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway
        self._active: dict[str, Active] = {}
        self._spool: deque[Delivery] = deque()
        self._recent: deque[Alert] = deque(maxlen=RECENT)
        self._numbers = Delivered()
        self._wake = asyncio.Event()

    def report(self, finding: Finding, sink: Sink | None) -> None:
        """Make an alert of a finding, or add it to the one that is going on."""
        gateway = self._gateway
        key, now = f"{finding.kind} {finding.key}", gateway.clock.now_ms()
        active = self._active.get(key)
        if active is not None:
            active.alert.add(finding, now, count=1)
            return
        alert = Alert(finding.kind, finding.severity, finding.message, now, now)
        alert.add(finding, now, count=finding.count)
        quiet = gateway.config.seconds_at("monitoring.quietMs")
        if len(self._active) >= MOST_ACTIVE:
            self._active.pop(next(iter(self._active)))
        self._active[key] = Active(alert, sink, 0, 0.0, quiet)
        self._recent.append(alert)
        gateway.journal.warn("monitor", alert.message, kind=alert.kind, alert=alert.id)
        self._tell(self._active[key])

    def _tell(self, active: Active) -> None:
        """Send an alert with its present count; the next time not before twice the time has passed."""
        active.told = active.alert.count
        active.due = self._gateway.clock.monotonic() + active.quiet
        active.quiet = min(active.quiet * 2, LONGEST_QUIET_SECONDS)
        self._gateway.events.emit("security.event", self._payload(active.alert), drop_if_slow=True)
        if active.sink is not None and all(item.alert is not active.alert for item in self._spool):
            self._keep(Delivery(active.alert, active.sink))

    def _keep(self, delivery: Delivery) -> None:
        """Queue a delivery; what was queued first gives way when there are too many."""
        while len(self._spool) >= self._gateway.config.number_at("monitoring.sink.queueMax"):
            self._spool.popleft()
            self._numbers.dropped += 1
        self._spool.append(delivery)
        self._wake.set()

    def _payload(self, alert: Alert) -> dict[str, Any]:
        payload = alert.payload() | {"ts": self._gateway.clock.now_ms()}
        payload["subjects"] = [self._gateway.journal.redact(subject) for subject in payload["subjects"]]
        return payload

    def recent(self) -> list[dict[str, Any]]:
        """Return the alerts of the last hour, with their present counts."""
        since = self._gateway.clock.now_ms() - RECENT_MS
        return [self._payload(alert) for alert in self._recent if alert.last_at_ms >= since]

    def state(self) -> dict[str, Any]:
        """Return how the delivery to the sink goes."""
        numbers = self._numbers
        return {
            "configured": Sink.configured(self._gateway.config) is not None,
            "queued": len(self._spool),
            "delivered": numbers.delivered,
            "dropped": numbers.dropped,
            "fault": numbers.fault,
        }

    async def run(self) -> None:
        """Deliver and update for as long as the gateway lives."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), LOOK_SECONDS)
            self._wake.clear()
            self._update()
            await self._deliver()

    def _update(self) -> None:
        """Tell again what went on since, with its count; forget what did not."""
        now = self._gateway.clock.monotonic()
        for key, active in list(self._active.items()):
            if now < active.due:
                continue
            if active.alert.count > active.told:
                self._tell(active)
            else:
                del self._active[key]

    async def _deliver(self) -> None:
        gateway, numbers = self._gateway, self._numbers
        while self._spool and gateway.clock.monotonic() >= numbers.retry_at:
            delivery = self._spool[0]
            payload = self._payload(delivery.alert)
            fault = await delivery.sink.post(payload, gateway.clock.now_ms())
            if fault:
                if not numbers.fault:
                    gateway.journal.error("monitor", "the sink takes no alerts", reason=fault)
                numbers.fault = fault
                numbers.retry_at = gateway.clock.monotonic() + numbers.wait
                numbers.wait = min(numbers.wait * 2, LONGEST_RETRY_SECONDS)
                return
            numbers.fault, numbers.wait = "", FIRST_RETRY_SECONDS
            numbers.delivered += 1
            with suppress(ValueError):
                self._spool.remove(delivery)
