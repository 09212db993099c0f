"""Approvals of commands, asked for and given."""

from typing import Any

from gateway.errors import RequestError
from gateway.protocol.schema.error_codes import INVALID_REQUEST
from gateway.protocol.schema.types import Integer, Text, record
from gateway.server.methods.registry import APPROVALS, Call, method
from gateway.server.methods.sessions import SESSION_KEY
from gateway.tools.approvals import DECISIONS
from gateway.tools.exec_tool import COMMAND_FIELDS, Command

REQUEST = record(**COMMAND_FIELDS, sessionKey=SESSION_KEY, timeoutMs=Integer(min=1, max=600_000))
RESOLVE = record("id", "decision", id=Text(min=1, max=200), decision=Text(one_of=DECISIONS))


@method("exec.approval.request", scope=APPROVALS, params=REQUEST)
async def request(call: Call) -> dict[str, Any]:
    """Ask the operators for a command; answers when they decided or the time is over."""
    key = call.gateway.sessions.canonical(call.params.get("sessionKey", "main"))
    command = Command.from_args(call.gateway, call.params, key)
    approval = await call.gateway.approvals.ask(command.describe(), call.params.get("timeoutMs"))
    return {
        "id": approval.id,
        "decision": approval.decision,
        "createdAtMs": approval.created_at_ms,
        "expiresAtMs": approval.expires_at_ms,
    }


@method("exec.approval.resolve", scope=APPROVALS, params=RESOLVE)
async def resolve(call: Call) -> dict[str, Any]:
    if not call.gateway.approvals.resolve(call.params["id"], call.params["decision"]):
        raise RequestError(INVALID_REQUEST, "unknown, expired or already resolved approval id")
    return {"ok": True}
