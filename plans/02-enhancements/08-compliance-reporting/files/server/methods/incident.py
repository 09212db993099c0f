"""Containment of an incident by an operator."""

from typing import Any

from gateway.compliance.containment import contain
from gateway.compliance.incidents import DEVICE_THEFT, KINDS
from gateway.errors import ConfigError, RequestError
from gateway.protocol.schema.error_codes import INVALID_REQUEST
from gateway.protocol.schema.types import Text, record
from gateway.server.methods.registry import ADMIN, Call, method

CONTAIN = record("kind", kind=Text(one_of=KINDS), deviceId=Text(min=1, max=200))


@method("incident.contain", scope=ADMIN, params=CONTAIN)
async def contain_incident(call: Call) -> dict[str, Any]:
    """Replace the shared secret and end sessions; the answer is the only place that shows the new one."""
    kind, device_id = call.params["kind"], call.params.get("deviceId")
    if (kind == DEVICE_THEFT) != (device_id is not None):
        raise RequestError(INVALID_REQUEST, f"{DEVICE_THEFT} needs a deviceId, the others take none")
    try:
        done = contain(call.gateway, kind, device_id, call.session.auth_session)
    except ConfigError as error:
        raise RequestError(INVALID_REQUEST, f"invalid config: {error.message}") from None
    return {"kind": kind, "token": done.token, "revoked": done.revoked, "closed": done.closed}
