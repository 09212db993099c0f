"""The tools an agent or an operator can use, and the policy that says which."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from gateway.errors import RequestError
from gateway.protocol.frames import check_params
from gateway.protocol.schema.error_codes import INVALID_REQUEST
from gateway.protocol.schema.types import Record
from gateway.tools import exec_tool, file_tools, web

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway


@dataclass(frozen=True)
class ToolCall:
    tool: str
    args: Any
    session_key: str


@dataclass(frozen=True)
class Tool:
    params: Record
    run: Callable[["Gateway", dict[str, Any], str], Awaitable[dict[str, Any]]]


TOOLS: dict[str, Tool] = {
    "exec": Tool(exec_tool.PARAMS, exec_tool.run),
    "read": Tool(file_tools.READ_PARAMS, file_tools.read),
    "write": Tool(file_tools.WRITE_PARAMS, file_tools.write),
    "web_fetch": Tool(web.PARAMS, web.fetch),
}


class UnknownTool(RequestError):
    pass


class ToolDenied(RequestError):
    pass


def allowed_by_policy(gateway: "Gateway", name: str) -> bool:
    """Tell whether `tools.allow` and `tools.deny` let a tool be used; deny wins."""
    allow, deny = gateway.config.list_at("tools.allow"), gateway.config.list_at("tools.deny")
    if any(fnmatchcase(name, pattern) for pattern in deny):
        return False
    return not allow or any(fnmatchcase(name, pattern) for pattern in allow)


async def invoke_tool(gateway: "Gateway", call: ToolCall) -> dict[str, Any]:
    """Use a tool in a session.

    Raises RequestError when it is unknown, denied, given wrong arguments or fails.
    """
    tool = TOOLS.get(call.tool)
    if tool is None:
        raise UnknownTool(INVALID_REQUEST, f"unknown tool: {call.tool[:80]}; known: {', '.join(TOOLS)}")
    if not allowed_by_policy(gateway, call.tool):
        raise ToolDenied(INVALID_REQUEST, f"tool denied by policy: {call.tool}")
    args = check_params(call.tool, tool.params, call.args)
    key = gateway.sessions.canonical(call.session_key)
    gateway.journal.info("tools", "invoke", tool=call.tool, session=key)
    return await tool.run(gateway, args, key)
