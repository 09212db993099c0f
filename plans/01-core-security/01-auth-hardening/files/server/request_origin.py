"""Guards against pages of other sites: foreign Host and Origin headers, and credentials in URLs.

A page that a browser shows can reach a gateway on loopback. It cannot hide
where it comes from: the browser sends its Origin, and a name that was rebound
to 127.0.0.1 stays in the Host header (CWE-1385, DNS rebinding).
"""

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from gateway.errors import HttpRefusal
from gateway.security.auth_audit import REFUSED
from gateway.server.http_message import HttpRequest

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway

CREDENTIAL_KEYS = frozenset({"token", "password", "access_token", "api_key", "apikey", "secret"})


def _refuse(gateway: "Gateway", request: HttpRequest, status: int, reason: str) -> None:
    surface = "ws" if request.wants_websocket else "http"
    gateway.auth_audit.record(REFUSED, surface=surface, method="none", client=request.client, reason=reason)
    gateway.journal.warn("http", "refused", client=request.client.address, reason=reason)
    raise HttpRefusal(status, reason, (("Connection", "close"),))


def host_name(header: str) -> str:
    """Return the name in a Host header, without the port, in lower case."""
    if header.startswith("["):
        return header.partition("]")[0].strip("[").lower()
    return header.partition(":")[0].lower()


def is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


async def refuse_foreign_host(gateway: "Gateway", request: HttpRequest) -> None:
    """Let addresses, localhost and configured names pass: nobody can rebind those."""
    name = host_name(request.headers.get("host", ""))
    if not (
        is_address(name) or name == "localhost" or name in gateway.config.list_at("gateway.allowedHosts")
    ):
        _refuse(gateway, request, 403, "foreign Host header: list the name in gateway.allowedHosts")


async def refuse_foreign_origin(gateway: "Gateway", request: HttpRequest) -> None:
    """Let programs (no Origin), the gateway's own pages and listed origins pass."""
    origin = request.headers.get("origin")
    if origin is None:
        return
    scheme = "https" if gateway.config.flag_at("gateway.tls.enabled") else "http"
    own = f"{scheme}://{request.headers.get('host', '')}"
    if origin != own and origin not in gateway.config.list_at("gateway.controlUi.allowedOrigins"):
        _refuse(
            gateway,
            request,
            403,
            "foreign Origin header: list the origin in gateway.controlUi.allowedOrigins",
        )


async def refuse_credentials_in_url(gateway: "Gateway", request: HttpRequest) -> None:
    """Refuse what would end up in histories and in the logs of proxies."""
    if any(key.lower() in CREDENTIAL_KEYS for key, _ in parse_qsl(request.query, keep_blank_values=True)):
        _refuse(gateway, request, 400, "credentials in the URL: send an Authorization header")
