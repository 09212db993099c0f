"""Tools, used by a client."""

from typing import Any

from gateway.protocol.schema.types import Shape, Text, record
from gateway.server.methods.registry import WRITE, Call, method
from gateway.server.methods.sessions import SESSION_KEY
from gateway.tools.service import ToolCall, invoke_tool

INVOKE = record(
    "tool",
    tool=Text(min=1, max=200),
    args=Shape(),
    sessionKey=SESSION_KEY,
    idempotencyKey=Text(min=1, max=200),
)


@method("tools.invoke", scope=WRITE, params=INVOKE)
async def invoke(call: Call) -> dict[str, Any]:
    params, dedupe = call.params, call.gateway.dedupe
    key = f"tool:{params['idempotencyKey']}" if "idempotencyKey" in params else None
    known = dedupe.seen(key) if key else None
    if known is not None:
        return known
    tool_call = ToolCall(params["tool"], params.get("args"), params.get("sessionKey", "main"))
    answer = {"tool": params["tool"], "result": await invoke_tool(call.gateway, tool_call)}
    if key:
        dedupe.keep(key, answer)
    return answer
