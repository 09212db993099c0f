"""What every HTTP request passes, WebSocket upgrades included, before it is looked at."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from gateway.errors import HttpRefusal
from gateway.server.http_message import HttpRequest

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway

Guard = Callable[["Gateway", HttpRequest], Awaitable[None]]


async def bound_headers(gateway: "Gateway", request: HttpRequest) -> None:
    """Refuse more header fields than the limit."""
    limit = gateway.config.limit("maxHeaders")
    if len(request.raw_headers) > limit:
        raise HttpRefusal(431, f"more than {limit} header fields", (("Connection", "close"),))


async def warn_of_forwarding(gateway: "Gateway", request: HttpRequest) -> None:
    """Say that a proxy is not trusted, and how it would be."""
    if request.client.untrusted_forwarding:
        gateway.journal.warn(
            "ws",
            "forwarding headers from an untrusted address: the client is treated as remote; "
            "a proxy must be listed in gateway.trustedProxies",
            peer=request.client.peer,
        )


REQUEST_GUARDS: list[Guard] = [
    bound_headers,
    warn_of_forwarding,
]
