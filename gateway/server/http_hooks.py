"""Hooks: other programs wake the assistant or give it a task."""

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from gateway.errors import HttpRefusal
from gateway.protocol.schema.types import Text, record
from gateway.server.auth import same
from gateway.server.http_message import HttpRequest, HttpResponse, json_response

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway

TOKEN_HEADER = "x-moltbot-token"  # noqa: S105 - the name of a header

WAKE = record("text", text=Text(min=1), mode=Text(one_of=("now", "next-heartbeat")))
AGENT = record("message", message=Text(min=1), name=Text(min=1, max=200), sessionKey=Text(min=1, max=500))


def matches(name: str) -> Callable[["Gateway", str], bool]:
    """Return the path test of a hook, below `hooks.path` while hooks are enabled."""

    def test(gateway: "Gateway", path: str) -> bool:
        base = gateway.config.text_at("hooks.path").rstrip("/")
        return gateway.config.flag_at("hooks.enabled") and path == f"{base}/{name}"

    return test


def require_token(gateway: "Gateway", request: HttpRequest) -> None:
    expected = gateway.config.text_at("hooks.token")
    given = request.bearer or request.headers.get(TOKEN_HEADER) or request.query_value("token")
    if not expected or not given or not same(given, expected):
        gateway.journal.warn("hooks", "unauthorized", client=request.client.address)
        raise HttpRefusal(401, "Unauthorized", (("WWW-Authenticate", "Bearer"),))


async def wake(gateway: "Gateway", request: HttpRequest) -> HttpResponse:
    body = await request.json(gateway.config.limit("hookMaxBodyBytes"), WAKE)
    gateway.sessions.append(gateway.sessions.main_key, "system", body["text"])
    return json_response(200, {"ok": True, "mode": body.get("mode", "now")})


async def agent(gateway: "Gateway", request: HttpRequest) -> HttpResponse:
    body = await request.json(gateway.config.limit("hookMaxBodyBytes"), AGENT)
    run_id = str(uuid.uuid4())
    key = body.get("sessionKey") or gateway.sessions.main_key
    gateway.spawn(gateway.agent.run(key, body["message"], run_id, body.get("name", "hook")))
    return json_response(202, {"ok": True, "runId": run_id})
