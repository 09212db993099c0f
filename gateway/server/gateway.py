"""The gateway of one process: what its parts share, and what they do together."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.agent.agent import Agent
from gateway.agent.auth_profiles import AuthProfiles
from gateway.agent.sessions import Sessions
from gateway.channels.inbound import Channels
from gateway.clock import Clock
from gateway.config.config import Config
from gateway.devices.registry import Devices
from gateway.logging_ import Journal
from gateway.paths import Paths
from gateway.server.auth import resolve_auth
from gateway.server.broadcast import Broadcaster
from gateway.server.dedupe import Dedupe
from gateway.server.nodes import Nodes
from gateway.server.ws_connection.connection import Session, WsConnection
from gateway.tools.approvals import Approvals

if TYPE_CHECKING:
    from gateway.server.ws_connection.handshake import Handshake

GRACE_SECONDS = 2.0


class Gateway:
    """Everything that lives as long as the process; opens no socket and no file by itself."""

    def __init__(self, paths: Paths, config: Config, clock: Clock, journal: Journal) -> None:
        self.paths = paths
        self.config = config
        self.clock = clock
        self.journal = journal
        self.auth = resolve_auth(config)
        self.connections: set[WsConnection] = set()
        self.state_version = {"presence": 0, "health": 0}
        self.events = Broadcaster(self)
        self.dedupe = Dedupe(self)
        self.devices = Devices(self)
        self.nodes = Nodes(self)
        self.sessions = Sessions(self)
        self.auth_profiles = AuthProfiles(paths)
        self.approvals = Approvals(self)
        self.agent = Agent(self)
        self.channels = Channels(self)
        self._started = time.monotonic()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._drained = asyncio.Event()

    @property
    def uptime_ms(self) -> int:
        return round((time.monotonic() - self._started) * 1000)

    def spawn(self, work: Any) -> None:
        """Run a coroutine to its end, or to the end of the gateway."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.journal.error("gateway", "background work failed", error=repr(task.exception()))

    def use_config(self, config: Config) -> None:
        """Put a new configuration in force; what belongs to the listening port stays until a restart."""
        for key in ("port", "mode", "bind", "customBindHost", "auth", "tls", "remote", "trustedProxies"):
            config.override(f"gateway.{key}", self.config.get(f"gateway.{key}"))
        config.override("gateway.limits", self.config.get("gateway.limits"))
        self.config = config
        self.apply_logging()

    def apply_logging(self) -> None:
        """Set the log up as configured, and tell it every secret it must not show."""
        file = self.config.text_at("logging.file")
        self.journal.configure(
            Path(file) if file else None,
            self.config.text_at("logging.level"),
            redact=self.config.text_at("logging.redactSensitive") != "off",
        )
        self.journal.redact.learn(*self.config.secrets(), self.auth.token, self.auth.password)

    def health(self) -> dict[str, Any]:
        return {
            "ok": True,
            "ts": self.clock.now_ms(),
            "uptimeMs": self.uptime_ms,
            "channels": self.channels.summary(),
        }

    def presence(self) -> list[dict[str, Any]]:
        return [
            {
                "connId": session.conn_id,
                "clientId": session.client["id"],
                "mode": session.client["mode"],
                "role": session.role,
                "ip": session.address,
                "deviceId": session.device_id,
                "ts": session.connected_at_ms,
            }
            for session in (conn.session for conn in self.connections)
            if session is not None
        ]

    def admit(self, shake: "Handshake") -> Session:
        """Return the session of a client that passed the handshake."""
        params = shake.params
        return Session(
            conn_id=shake.conn.conn_id,
            role=shake.role,
            scopes=shake.scopes,
            client=params["client"],
            address=shake.conn.client.address,
            auth_method=shake.auth.method,
            device_id=shake.device["id"] if shake.device else None,
            caps=params.get("caps") or [],
            commands=params.get("commands") or [],
            connected_at_ms=self.clock.now_ms(),
        )

    def arrived(self, conn: WsConnection, session: Session) -> None:
        self.journal.info(
            "ws",
            "connected",
            conn=conn.conn_id,
            client=session.address,
            role=session.role,
            method=session.auth_method,
        )
        self._presence_changed()

    def left(self, conn: WsConnection) -> None:
        self.connections.discard(conn)
        if not self.connections:
            self._drained.set()
        if conn.session is None:
            return
        self.journal.info("ws", "disconnected", conn=conn.conn_id)
        self.nodes.left(conn)
        self._presence_changed()

    def _presence_changed(self) -> None:
        self.state_version["presence"] += 1
        self.events.emit(
            "presence",
            {"presence": self.presence()},
            drop_if_slow=True,
            stateVersion=dict(self.state_version),
        )

    async def tick(self) -> None:
        """Tell every client at each interval that the gateway lives."""
        while True:
            await asyncio.sleep(self.config.seconds_at("gateway.limits.tickIntervalMs"))
            self.events.emit("tick", {"ts": self.clock.now_ms()}, drop_if_slow=True)

    async def stop(self, reason: str) -> None:
        """Say goodbye to every client and end what still runs."""
        self.events.emit("shutdown", {"reason": reason, "restartExpectedMs": None})
        for conn in list(self.connections):
            conn.close(1012, "service restart")
        if self.connections:
            self._drained.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._drained.wait(), GRACE_SECONDS)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
