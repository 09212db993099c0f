"""HTTP requests and responses as the routes see them."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from gateway.errors import HttpRefusal
from gateway.protocol.schema.types import Record
from gateway.server.net import Client

Header = tuple[str, str]


@dataclass
class HttpRequest:
    """One request; `headers` has lower-case names, the last of equal names wins."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    raw_headers: list[Header]
    client: Client
    read_body: Callable[[int], Awaitable[bytes]]

    @property
    def bearer(self) -> str | None:
        """The bearer credential of the Authorization header."""
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        return value.strip() or None if scheme.lower() == "bearer" else None

    def query_value(self, name: str) -> str | None:
        return parse_qs(self.query).get(name, [None])[0]

    @property
    def wants_websocket(self) -> bool:
        return "upgrade" in self.headers.get("connection", "").lower() and "upgrade" in self.headers

    async def json(self, limit: int, shape: Record) -> dict[str, Any]:
        """Read a JSON body of at most `limit` bytes.

        Raises HttpRefusal: 413 when it is larger, 400 when it does not have the shape.
        """
        body = await self.read_body(limit)
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            raise HttpRefusal(400, "the body is not JSON") from None
        problem = next(shape.problems(value), None)
        if problem is not None:
            raise HttpRefusal(400, str(problem))
        checked: dict[str, Any] = value
        return checked


@dataclass
class HttpResponse:
    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: list[Header] = field(default_factory=list)

    @property
    def reason(self) -> str:
        return HTTPStatus(self.status).phrase


def json_response(status: int, value: Any) -> HttpResponse:
    body = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    return HttpResponse(status, body, "application/json; charset=utf-8")


def html_response(text: str) -> HttpResponse:
    return HttpResponse(200, text.encode("utf-8", "replace"), "text/html; charset=utf-8")


def refusal_response(refusal: HttpRefusal) -> HttpResponse:
    kind = HTTPStatus(refusal.status).phrase.lower().replace(" ", "_")
    response = json_response(
        refusal.status, {"ok": False, "error": {"type": kind, "message": refusal.message}}
    )
    if refusal.status == 404:
        response = HttpResponse(404, b"Not Found")
    response.headers.extend(refusal.headers)
    return response
