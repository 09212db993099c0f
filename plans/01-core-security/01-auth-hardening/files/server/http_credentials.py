"""What an HTTP client must show before a route works for it."""

import base64
import binascii
from typing import TYPE_CHECKING

from gateway.errors import HttpRefusal
from gateway.security.auth_audit import ACCEPTED, REFUSED
from gateway.server.auth import AuthResult, authenticate
from gateway.server.http_message import HttpRequest

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway

CHALLENGE = (("WWW-Authenticate", "Bearer"), ("WWW-Authenticate", 'Basic realm="gateway"'))
HOOK_HEADER = "x-moltbot-token"


def presented_secret(request: HttpRequest) -> str | None:
    """Return the secret of the Authorization header: a bearer, or the password of Basic, which browsers send."""
    if request.bearer:
        return request.bearer
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2] or None
    except (binascii.Error, UnicodeDecodeError):
        return None


async def require_gateway_secret(gateway: "Gateway", request: HttpRequest) -> None:
    """Ask for the gateway's secret.

    Raises HttpRefusal.
    """
    given = {gateway.auth.mode: presented_secret(request)}
    _judge(gateway, request, await authenticate(gateway, given), "http")


async def require_hook_secret(gateway: "Gateway", request: HttpRequest) -> None:
    """Ask for the hooks' own secret.

    Raises HttpRefusal.
    """
    given = {"token": request.bearer or request.headers.get(HOOK_HEADER)}
    _judge(gateway, request, await authenticate(gateway, given, hook=True), "hooks")


async def anybody(_gateway: "Gateway", _request: HttpRequest) -> None:
    """Ask for nothing: liveness only."""


def _judge(gateway: "Gateway", request: HttpRequest, result: AuthResult, surface: str) -> None:
    outcome = ACCEPTED if result.ok else REFUSED
    gateway.auth_audit.record(
        outcome, surface=surface, method=result.method, client=request.client, reason=result.reason
    )
    if not result.ok:
        gateway.journal.warn(surface, "unauthorized", client=request.client.address, reason=result.reason)
        raise HttpRefusal(401, "Unauthorized", CHALLENGE)
