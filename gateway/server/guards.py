"""What every HTTP request passes, WebSocket upgrades included, before it is looked at."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from gateway.errors import HttpRefusal
from gateway.server.http_message import HttpRequest

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway

Guard = Callable[["Gateway", HttpRequest], Awaitable[None]]


async def bound_headers(gateway: "Gateway", request: HttpRequest) -> None:
    """Refuse more header fields, or more bytes in them, than the limits."""
    most, largest = gateway.config.limit("maxHeaders"), gateway.config.limit("maxHeaderBytes")
    if len(request.raw_headers) > most:
        raise HttpRefusal(431, f"more than {most} header fields", (("Connection", "close"),))
    if sum(len(name) + len(value) for name, value in request.raw_headers) > largest:
        raise HttpRefusal(431, f"more than {largest} bytes of header fields", (("Connection", "close"),))


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
