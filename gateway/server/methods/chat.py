"""Messages to the assistant, and from it to channels."""

import uuid
from typing import Any

from gateway.errors import RequestError
from gateway.protocol.schema.error_codes import INVALID_REQUEST
from gateway.protocol.schema.types import Integer, Text, record
from gateway.server.methods.registry import WRITE, Call, method
from gateway.server.methods.sessions import SESSION_KEY

IDEMPOTENCY_KEY = Text(min=1, max=200)

CHAT_SEND = record(
    "sessionKey",
    "message",
    "idempotencyKey",
    sessionKey=SESSION_KEY,
    message=Text(min=1),
    idempotencyKey=IDEMPOTENCY_KEY,
    timeoutMs=Integer(min=1, max=600_000),
)
SEND = record(
    "channel",
    "to",
    "message",
    "idempotencyKey",
    channel=Text(min=1, max=64),
    to=Text(min=1, max=500),
    message=Text(min=1),
    accountId=Text(min=1, max=64),
    idempotencyKey=IDEMPOTENCY_KEY,
)


@method("chat.send", scope=WRITE, params=CHAT_SEND)
async def chat_send(call: Call) -> dict[str, Any]:
    """Start a run; the answer comes as a `chat` event."""
    run_id = call.params["idempotencyKey"]
    key = f"chat:{run_id}"
    known = call.gateway.dedupe.seen(key)
    if known is not None:
        return known
    call.gateway.dedupe.keep(key, {"runId": run_id, "status": "in_flight"})
    call.gateway.spawn(_run(call, key, run_id))
    return {"runId": run_id, "status": "started"}


async def _run(call: Call, key: str, run_id: str) -> None:
    try:
        await call.gateway.agent.run(call.params["sessionKey"], call.params["message"], run_id)
    except BaseException:
        call.gateway.dedupe.forget(key)
        raise
    call.gateway.dedupe.keep(key, {"runId": run_id, "status": "ok"})


@method("send", scope=WRITE, params=SEND)
async def send(call: Call) -> dict[str, Any]:
    """Send a message to a peer; it is kept in the channel's outbox session."""
    params = call.params
    key = f"send:{params['idempotencyKey']}"
    known = call.gateway.dedupe.seen(key)
    if known is not None:
        return known
    channel = params["channel"]
    if not call.gateway.channels.configured(channel, params.get("accountId")):
        raise RequestError(INVALID_REQUEST, f"unknown or disabled channel: {channel}")
    message_id = str(uuid.uuid4())
    call.gateway.sessions.append(
        f"outbox:{channel}", "assistant", params["message"], to=params["to"], messageId=message_id
    )
    answer = {"runId": params["idempotencyKey"], "messageId": message_id, "channel": channel}
    call.gateway.dedupe.keep(key, answer)
    return answer
