"""POST /tools/invoke: a tool without a WebSocket client."""

from typing import TYPE_CHECKING

from gateway.errors import HttpRefusal, RequestError
from gateway.protocol.schema.error_codes import INVALID_REQUEST
from gateway.protocol.schema.types import Shape, Text, record
from gateway.server.auth import authorize_bearer
from gateway.server.http_message import HttpRequest, HttpResponse, json_response
from gateway.tools.service import ToolCall, ToolDenied, UnknownTool, invoke_tool

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway

BODY = record("tool", tool=Text(min=1, max=200), args=Shape(), sessionKey=Text(min=1, max=500))


def matches(gateway: "Gateway", path: str) -> bool:
    return path == "/tools/invoke" and gateway.config.flag_at("gateway.http.toolsInvoke")


def require_gateway_credential(gateway: "Gateway", request: HttpRequest) -> None:
    result = authorize_bearer(gateway.auth, request.bearer)
    if not result.ok:
        gateway.journal.warn("http", "unauthorized", client=request.client.address, reason=result.reason)
        raise HttpRefusal(401, "Unauthorized", (("WWW-Authenticate", "Bearer"),))


async def invoke(gateway: "Gateway", request: HttpRequest) -> HttpResponse:
    body = await request.json(gateway.config.limit("toolsMaxBodyBytes"), BODY)
    call = ToolCall(body["tool"], body.get("args"), body.get("sessionKey", "main"))
    try:
        result = await invoke_tool(gateway, call)
    except RequestError as error:
        shown = {"ok": False, "error": {"type": error.code, "message": error.message}}
        return json_response(_status(error), shown)
    return json_response(200, {"ok": True, "result": result})


def _status(error: RequestError) -> int:
    if isinstance(error, UnknownTool):
        return 404
    if isinstance(error, ToolDenied) or "reason" in (error.details or {}):
        return 403
    return 400 if error.code == INVALID_REQUEST else 503
