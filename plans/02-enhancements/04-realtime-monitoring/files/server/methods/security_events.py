"""What the monitor has noticed."""

from typing import Any

from gateway.server.methods.registry import ADMIN, Call, method


@method("security.events", scope=ADMIN)
async def events(call: Call) -> dict[str, Any]:
    """Return the alerts of the last hour and how their delivery goes; new ones come as `security.event`."""
    outbox = call.gateway.monitor.outbox
    return {"alerts": outbox.recent(), "sink": outbox.state()}
