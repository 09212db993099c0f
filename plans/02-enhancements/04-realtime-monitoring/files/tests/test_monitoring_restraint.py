"""MON-02: alerts are few, private and bounded."""

import secrets
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.config.config import Config
from gateway.monitoring.alert import Finding
from gateway.monitoring.outbox import Outbox
from gateway.monitoring.sink import Sink


class World:
    """What an outbox needs of a gateway."""

    def __init__(self, **monitoring: Any) -> None:
        self.now = 0.0
        self.told: list[dict[str, Any]] = []
        self.config = Config(Path("moltbot.json"), None, {"monitoring": monitoring})
        self.clock = SimpleNamespace(now_ms=lambda: int(self.now * 1000), monotonic=lambda: self.now)
        self.journal = SimpleNamespace(
            warn=lambda *_, **__: None, error=lambda *_, **__: None, redact=lambda text: text
        )
        self.events = SimpleNamespace(emit=lambda _name, payload, **_: self.told.append(payload))
        gateway: Any = self
        self.outbox = Outbox(gateway)


FINDING = Finding("auth-failures", "critical", "guessed", ("192.0.2.1",), count=10)


async def test_mon_02_what_repeats_itself_is_told_with_a_count() -> None:
    """MON-02: once at first, then ever less often, and the count misses nothing."""
    world = World()
    for _ in range(1000):
        world.outbox.report(FINDING, None)
    assert [alert["count"] for alert in world.told] == [10]
    world.now = 61
    world.outbox._update()
    assert [alert["count"] for alert in world.told] == [10, 1009]
    assert world.told[0]["id"] == world.told[1]["id"]
    world.now = 300
    world.outbox._update()
    world.outbox.report(FINDING, None)
    assert world.told[2]["id"] != world.told[0]["id"]


async def test_mon_02_the_queue_is_bounded_and_delivers_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """MON-02: a sink that is down costs the oldest alerts, and not memory; what waits is delivered."""
    world = World(sink={"queueMax": 3})
    taken: list[str] = []
    down = True

    async def post(_sink: Sink, payload: dict[str, Any], _now_ms: int) -> str:
        if not down:
            taken.append(payload["subjects"][0])
        return "down" if down else ""

    monkeypatch.setattr(Sink, "post", post)
    sink = Sink("http://127.0.0.1:1", secrets.token_hex(32))
    for number in range(10):
        world.outbox.report(
            Finding("config-weakened", "critical", "weak", (f"p{number}",), f"p{number}"), sink
        )
    await world.outbox._deliver()
    state = world.outbox.state()
    assert (state["queued"], state["dropped"], state["delivered"]) == (3, 7, 0)
    down = False
    await world.outbox._deliver()
    assert taken == []
    world.now += 2
    await world.outbox._deliver()
    assert taken == ["p7", "p8", "p9"]
    assert world.outbox.state()["queued"] == 0
