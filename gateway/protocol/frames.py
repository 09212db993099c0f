"""Frames: one JSON object in one text message."""

import json
from dataclasses import dataclass
from typing import Any

from gateway.errors import RequestError
from gateway.protocol.schema.error_codes import INVALID_REQUEST
from gateway.protocol.schema.types import Record, Shape, Text, record

NO_ID = "invalid"

REQUEST = record(
    "type",
    "id",
    "method",
    type=Text(one_of=("req",)),
    id=Text(min=1, max=200),
    method=Text(min=1, max=200),
    params=Shape(),
)


@dataclass(frozen=True)
class Request:
    id: str
    method: str
    params: Any


class BadFrame(RequestError):
    """A message that is not a request; `frame_id` is what the answer names, if it had one."""

    def __init__(self, message: str, frame_id: str | None) -> None:
        super().__init__(INVALID_REQUEST, f"invalid request frame: {message}")
        self.frame_id = frame_id


def parse_request(text: str) -> Request:
    """Parse a client's message.

    Raises BadFrame when it is anything but a request frame.
    """
    try:
        value = json.loads(text)
    except ValueError:
        raise BadFrame("not JSON", None) from None
    problem = next(REQUEST.problems(value), None)
    if problem is not None:
        frame_id = value.get("id") if isinstance(value, dict) else None
        usable = isinstance(frame_id, str) and 0 < len(frame_id) <= 200
        raise BadFrame(str(problem), frame_id if usable else None)
    return Request(value["id"], value["method"], value.get("params"))


def check_params(method: str, shape: Record, params: Any) -> dict[str, Any]:
    """Return the parameters of a request, {} when it has none.

    Raises RequestError naming the first fault.
    """
    value = {} if params is None else params
    problem = next(shape.problems(value), None)
    if problem is not None:
        raise RequestError(INVALID_REQUEST, f"invalid {method} params: {problem}")
    checked: dict[str, Any] = value
    return checked


def encode(frame: dict[str, Any]) -> bytes:
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def response(request_id: str, payload: Any) -> dict[str, Any]:
    return {"type": "res", "id": request_id, "ok": True, "payload": payload}


def failure(request_id: str, error: RequestError) -> dict[str, Any]:
    return {"type": "res", "id": request_id, "ok": False, "error": error.shape()}


def event(name: str, payload: Any, **extra: Any) -> dict[str, Any]:
    return {"type": "event", "event": name, "payload": payload, **extra}
