"""The handshake: steps that each accept or refuse a `connect` request, in order."""

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateway.errors import Refusal
from gateway.protocol import frames
from gateway.protocol.frames import Request
from gateway.protocol.schema.connect import CONNECT, CONTROL_UI, PROTOCOL_VERSION
from gateway.protocol.schema.error_codes import INVALID_REQUEST, NOT_PAIRED
from gateway.server.auth import AuthResult, authorize, failure_message
from gateway.server.methods.registry import ADMIN, OPERATOR, ROLES
from gateway.server.ws_connection import device_proof
from gateway.server.ws_connection.hello import hello

if TYPE_CHECKING:
    from gateway.server.ws_connection.connection import WsConnection


@dataclass
class Handshake:
    """What is known of a client while it shakes hands."""

    conn: "WsConnection"
    params: dict[str, Any]
    role: str = OPERATOR
    scopes: tuple[str, ...] = ()
    device: dict[str, Any] | None = None
    auth: AuthResult = field(default_factory=lambda: AuthResult(ok=False, method="none"))
    device_token: dict[str, Any] | None = None

    @property
    def credentials(self) -> dict[str, Any]:
        return dict(self.params.get("auth") or {})


async def negotiate_protocol(shake: Handshake) -> None:
    low, high = shake.params["minProtocol"], shake.params["maxProtocol"]
    if not low <= PROTOCOL_VERSION <= high:
        details = {"expectedProtocol": PROTOCOL_VERSION}
        raise Refusal(INVALID_REQUEST, "protocol mismatch", close_code=1002, details=details)


async def settle_role(shake: Handshake) -> None:
    role = shake.params.get("role") or OPERATOR
    if role not in ROLES:
        raise Refusal(INVALID_REQUEST, "invalid role")
    requested = tuple(dict.fromkeys(shake.params.get("scopes") or ()))
    shake.role = role
    shake.scopes = requested or ((ADMIN,) if role == OPERATOR else ())


def _switch(shake: Handshake, key: str, variable: str) -> bool:
    return shake.conn.gateway.config.flag_at(f"gateway.controlUi.{key}") or os.environ.get(variable) == "1"


async def prove_device(shake: Handshake) -> None:
    """Check the device's signature; say when a device may be missing."""
    conn, gateway = shake.conn, shake.conn.gateway
    is_control_ui = shake.params["client"]["id"] == CONTROL_UI
    no_device_auth = is_control_ui and _switch(
        shake, "dangerouslyDisableDeviceAuth", "GATEWAY_DANGEROUSLY_DISABLE_DEVICE_AUTH"
    )
    bypass = no_device_auth or (
        is_control_ui and _switch(shake, "allowInsecureAuth", "GATEWAY_ALLOW_INSECURE_AUTH")
    )
    shake.device = None if no_device_auth else shake.params.get("device")
    if shake.device is None:
        given = shake.credentials.get("token") or shake.credentials.get("password")
        if is_control_ui and not bypass:
            raise Refusal(INVALID_REQUEST, "control ui requires a device identity (HTTPS or localhost)")
        if not given and gateway.auth.mode != "none":
            raise Refusal(NOT_PAIRED, "device identity required")
        return
    fault = device_proof.fault(
        shake.params,
        nonce=conn.nonce,
        nonce_required=not conn.client.local,
        now_ms=gateway.clock.now_ms(),
    )
    if fault is not None:
        raise Refusal(INVALID_REQUEST, fault)


async def check_credentials(shake: Handshake) -> None:
    """Accept the shared secret, or the token that was issued to the device."""
    gateway = shake.conn.gateway
    shake.auth = authorize(gateway.auth, shake.credentials)
    token = shake.credentials.get("token")
    if not shake.auth.ok and shake.device is not None and token:
        if gateway.devices.token_matches(shake.device["id"], shake.role, token):
            shake.auth = AuthResult(ok=True, method="device-token")
        elif gateway.devices.has_token(shake.device["id"], shake.role):
            raise Refusal(INVALID_REQUEST, "unauthorized: device token mismatch")
    if not shake.auth.ok:
        raise Refusal(INVALID_REQUEST, failure_message(shake.auth))


async def require_pairing(shake: Handshake) -> None:
    """Let in devices that an operator approved; a local one is approved at first sight."""
    gateway, device = shake.conn.gateway, shake.device
    if device is None:
        return
    gap = gateway.devices.pairing_gap(device["id"], device["publicKey"], shake.role, shake.scopes)
    if gap is not None:
        silent = gap == "not-paired" and shake.conn.client.local
        request = gateway.devices.request_pairing(shake, silent=silent)
        if not silent:
            raise Refusal(
                NOT_PAIRED,
                "pairing required",
                details={"requestId": request["requestId"], "reason": gap},
            )
        gateway.devices.approve(request["requestId"])
    shake.device_token = gateway.devices.ensure_token(device["id"], shake.role, shake.scopes)
    gateway.journal.redact.learn(shake.device_token["token"])


Step = Callable[[Handshake], Awaitable[None]]

HANDSHAKE_STEPS: list[Step] = [
    negotiate_protocol,
    settle_role,
    prove_device,
    check_credentials,
    require_pairing,
]


async def shake_hands(conn: "WsConnection", request: Request) -> None:
    """Run the steps and answer hello-ok.

    Raises Refusal or RequestError when the client is not let in.
    """
    if request.method != "connect":
        raise Refusal(INVALID_REQUEST, "invalid handshake: first request must be connect")
    params = frames.check_params("connect", CONNECT, request.params)
    shake = Handshake(conn, params)
    for step in HANDSHAKE_STEPS:
        await step(shake)
    if not conn.open:
        return
    session = conn.gateway.admit(shake)
    conn.establish(session)
    conn.send(frames.response(request.id, hello(shake, session)))
    conn.gateway.arrived(conn, session)
