"""HTTP routes: tried in order, each with what it wants to see before it works."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.errors import HttpRefusal
from gateway.server import http_channels, http_hooks, http_tools, http_ui
from gateway.server.http_message import HttpRequest, HttpResponse, json_response

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway

Handler = Callable[["Gateway", HttpRequest], Awaitable[HttpResponse]]
Check = Callable[["Gateway", HttpRequest], None]


def anybody(_gateway: "Gateway", _request: HttpRequest) -> None:
    """Ask for no credential."""


@dataclass(frozen=True)
class Route:
    """`matches` looks at the path only; `largest_body` names a limit of the configuration."""

    name: str
    method: str
    matches: Callable[["Gateway", str], bool]
    handler: Handler
    credential: Check = anybody
    largest_body: str | None = None


async def liveness(_gateway: "Gateway", _request: HttpRequest) -> HttpResponse:
    return json_response(200, {"ok": True})


ROUTES: list[Route] = [
    Route("health", "GET", lambda _gateway, path: path == "/health", liveness),
    Route(
        "hooks.wake",
        "POST",
        http_hooks.matches("wake"),
        http_hooks.wake,
        credential=http_hooks.require_token,
        largest_body="hookMaxBodyBytes",
    ),
    Route(
        "hooks.agent",
        "POST",
        http_hooks.matches("agent"),
        http_hooks.agent,
        credential=http_hooks.require_token,
        largest_body="hookMaxBodyBytes",
    ),
    Route(
        "tools.invoke",
        "POST",
        http_tools.matches,
        http_tools.invoke,
        credential=http_tools.require_gateway_credential,
        largest_body="toolsMaxBodyBytes",
    ),
    Route(
        "channels.inbound",
        "POST",
        http_channels.matches,
        http_channels.inbound,
        largest_body="hookMaxBodyBytes",
    ),
    Route("ui.index", "GET", http_ui.matches_index, http_ui.index),
    Route(
        "ui.chat",
        "GET",
        http_ui.matches_chat,
        http_ui.chat,
        credential=http_ui.require_gateway_credential,
    ),
]


async def dispatch(gateway: "Gateway", request: HttpRequest) -> HttpResponse:
    """Serve a request by the first route that matches its path.

    Raises HttpRefusal: 404, 405, 413 or what the route refuses.
    """
    for route in ROUTES:
        if not route.matches(gateway, request.path):
            continue
        if request.method != route.method:
            raise HttpRefusal(405, f"only {route.method} is served here", (("Allow", route.method),))
        if route.largest_body is not None:
            refuse_large(request, gateway.config.limit(route.largest_body))
        route.credential(gateway, request)
        response = await route.handler(gateway, request)
        gateway.journal.info(
            "http", "request", route=route.name, status=response.status, client=request.client.address
        )
        return response
    raise HttpRefusal(404, "Not Found")


def refuse_large(request: HttpRequest, limit: int) -> None:
    length = request.headers.get("content-length", "0")
    if int(length) > limit:
        raise HttpRefusal(413, f"the body is larger than {limit} bytes")
