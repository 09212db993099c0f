"""POST /channels/<id>/inbound: a direct message as a chat service would deliver it."""

import re
from typing import TYPE_CHECKING

from gateway.channels.inbound import Inbound
from gateway.errors import HttpRefusal
from gateway.protocol.schema.types import Text, record
from gateway.server.http_message import HttpRequest, HttpResponse, json_response
from gateway.server.net import is_loopback

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway

PATH = re.compile(r"/channels/([a-z][a-z0-9_-]{0,63})/inbound")

_from = Text(min=1, max=500)
BODY = record("from", "text", **{"from": _from}, text=Text(min=1), accountId=Text(min=1, max=64))


def matches(_gateway: "Gateway", path: str) -> bool:
    return PATH.fullmatch(path) is not None


async def inbound(gateway: "Gateway", request: HttpRequest) -> HttpResponse:
    found = PATH.fullmatch(request.path)
    if not is_loopback(request.client.peer):
        raise HttpRefusal(403, "only channels on this machine deliver here")
    body = await request.json(gateway.config.limit("hookMaxBodyBytes"), BODY)
    message = Inbound(found[1] if found else "", body["from"], body["text"], body.get("accountId"))
    if not gateway.channels.configured(message.channel, message.account):
        raise HttpRefusal(404, "unknown or disabled channel")
    delivery = await gateway.channels.receive(message)
    shown = {
        "accepted": delivery.accepted,
        "reason": delivery.reason,
        "sessionKey": delivery.session_key,
        "runId": delivery.run_id,
        "replies": delivery.replies,
    }
    return json_response(200, {key: item for key, item in shown.items() if item not in (None, "")})
