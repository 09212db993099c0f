"""How the gateway is, and who is connected."""

from typing import Any

from gateway._version import __version__
from gateway.protocol.schema.types import Flag, record
from gateway.server.methods.registry import READ, Call, method


@method("health", scope=READ, params=record(probe=Flag()))
async def health(call: Call) -> dict[str, Any]:
    return call.gateway.health()


@method("status", scope=READ)
async def status(call: Call) -> dict[str, Any]:
    gateway = call.gateway
    return {
        "version": __version__,
        "uptimeMs": gateway.uptime_ms,
        "clients": len(gateway.presence()),
        "sessions": len(gateway.sessions.index()),
        "configPath": str(gateway.paths.config),
        "stateDir": str(gateway.paths.state),
    }


@method("system-presence", scope=READ)
async def system_presence(call: Call) -> dict[str, Any]:
    return {"presence": call.gateway.presence()}


@method("channels.status", scope=READ, params=record(probe=Flag()))
async def channels_status(call: Call) -> dict[str, Any]:
    return {"ts": call.gateway.clock.now_ms(), "channels": call.gateway.channels.status()}
