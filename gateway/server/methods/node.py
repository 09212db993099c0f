"""Commands on nodes: asked by operators, answered by nodes."""

from typing import Any

from gateway.errors import RequestError
from gateway.protocol.schema.error_codes import INVALID_REQUEST, UNAVAILABLE
from gateway.protocol.schema.types import Flag, Integer, Shape, Text, record
from gateway.server.methods.registry import NODE, READ, WRITE, Call, method

DEFAULT_TIMEOUT_MS = 30_000

_id = Text(min=1, max=200)
INVOKE = record(
    "nodeId",
    "command",
    "idempotencyKey",
    nodeId=_id,
    command=_id,
    params=Shape(),
    timeoutMs=Integer(min=1, max=600_000),
    idempotencyKey=_id,
)
RESULT = record(
    "id",
    "nodeId",
    "ok",
    id=_id,
    nodeId=_id,
    ok=Flag(),
    payload=Shape(),
    error=record(code=Text(max=200), message=Text(max=1000)),
)


@method("node.list", scope=READ)
async def list_nodes(call: Call) -> dict[str, Any]:
    nodes = call.gateway.nodes.connected()
    return {
        "nodes": [
            {"nodeId": node_id, "caps": conn.session.caps, "commands": conn.session.commands}
            for node_id, conn in nodes.items()
            if conn.session is not None
        ]
    }


@method("node.invoke", scope=WRITE, params=INVOKE)
async def invoke(call: Call) -> dict[str, Any]:
    params = call.params
    key = f"node:{params['idempotencyKey']}"
    known = call.gateway.dedupe.seen(key)
    if known is not None:
        return known
    seconds = params.get("timeoutMs", DEFAULT_TIMEOUT_MS) / 1000
    result = await call.gateway.nodes.invoke(
        params["nodeId"], params["command"], params.get("params"), seconds
    )
    if not result["ok"]:
        error = result.get("error") or {}
        raise RequestError(UNAVAILABLE, error.get("message", "node command failed"), details={"node": error})
    answer = {
        "ok": True,
        "nodeId": params["nodeId"],
        "command": params["command"],
        "payload": result.get("payload"),
    }
    call.gateway.dedupe.keep(key, answer)
    return answer


@method("node.invoke.result", role=NODE, params=RESULT)
async def invoke_result(call: Call) -> dict[str, Any]:
    if call.params["nodeId"] != call.session.node_id:
        raise RequestError(INVALID_REQUEST, "nodeId mismatch")
    if not call.gateway.nodes.answer(call.conn, call.params["id"], call.params):
        raise RequestError(INVALID_REQUEST, "unknown invoke id")
    return {"ok": True}


@method("node.event", role=NODE, params=record("event", event=_id, payload=Shape()))
async def event(call: Call) -> dict[str, Any]:
    call.gateway.journal.info("nodes", "event", node=call.session.node_id, name=call.params["event"])
    return {"ok": True}


@method("skills.bins", role=NODE)
async def skills_bins(call: Call) -> dict[str, Any]:
    return {"bins": call.gateway.config.list_at("tools.exec.safeBins")}
