"""Approval of devices, and the tokens they were given."""

from typing import Any

from gateway.errors import RequestError
from gateway.protocol.schema.error_codes import INVALID_REQUEST
from gateway.protocol.schema.types import Many, Text, record
from gateway.server.methods.registry import PAIRING, ROLES, Call, method

_id = Text(min=1, max=200)
BY_REQUEST = record("requestId", requestId=_id)
BY_DEVICE = record("deviceId", "role", deviceId=_id, role=Text(one_of=ROLES))
ROTATE = record(
    "deviceId",
    "role",
    deviceId=_id,
    role=Text(one_of=ROLES),
    scopes=Many(item=_id, max=100),
)


@method("device.pair.list", scope=PAIRING)
async def list_devices(call: Call) -> dict[str, Any]:
    return {"pending": call.gateway.devices.pending(), "paired": call.gateway.devices.paired()}


@method("device.pair.approve", scope=PAIRING, params=BY_REQUEST)
async def approve(call: Call) -> dict[str, Any]:
    request_id = call.params["requestId"]
    device = call.gateway.devices.approve(request_id)
    if device is None:
        raise RequestError(INVALID_REQUEST, "unknown requestId")
    shown = {key: device[key] for key in ("deviceId", "roles", "scopes", "approvedAtMs")}
    return {"requestId": request_id, "device": shown}


@method("device.pair.reject", scope=PAIRING, params=BY_REQUEST)
async def reject(call: Call) -> dict[str, Any]:
    request_id = call.params["requestId"]
    if not call.gateway.devices.reject(request_id):
        raise RequestError(INVALID_REQUEST, "unknown requestId")
    return {"requestId": request_id}


@method("device.token.rotate", scope=PAIRING, params=ROTATE)
async def rotate(call: Call) -> dict[str, Any]:
    device_id = call.params["deviceId"]
    token = call.gateway.devices.rotate(device_id, call.params["role"], call.params.get("scopes"))
    if token is None:
        raise RequestError(INVALID_REQUEST, "unknown deviceId or role")
    return {
        "deviceId": device_id,
        "role": token["role"],
        "token": token["token"],
        "scopes": token["scopes"],
        "rotatedAtMs": token["createdAtMs"],
    }


@method("device.token.revoke", scope=PAIRING, params=BY_DEVICE)
async def revoke(call: Call) -> dict[str, Any]:
    device_id, role = call.params["deviceId"], call.params["role"]
    revoked = call.gateway.devices.revoke(device_id, role)
    if revoked is None:
        raise RequestError(INVALID_REQUEST, "unknown deviceId or role")
    return {"deviceId": device_id, "role": role, "revokedAtMs": revoked}
