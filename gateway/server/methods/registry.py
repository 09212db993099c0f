"""The methods clients can call, and who may call which."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.errors import RequestError
from gateway.protocol.schema.error_codes import INVALID_REQUEST
from gateway.protocol.schema.types import Record, record

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway
    from gateway.server.ws_connection.connection import Session, WsConnection

READ = "operator.read"
WRITE = "operator.write"
ADMIN = "operator.admin"
APPROVALS = "operator.approvals"
PAIRING = "operator.pairing"

OPERATOR = "operator"
NODE = "node"
ROLES = (OPERATOR, NODE)


@dataclass(frozen=True)
class Call:
    """One request as its handler sees it."""

    gateway: "Gateway"
    conn: "WsConnection"
    session: "Session"
    params: dict[str, Any]


Handler = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True)
class Method:
    name: str
    scope: str
    role: str
    params: Record
    handler: Handler


METHODS: dict[str, Method] = {}


def method(
    name: str, *, scope: str = ADMIN, role: str = OPERATOR, params: Record | None = None
) -> Callable[[Handler], Handler]:
    """Register the handler of a method."""

    def register(handler: Handler) -> Handler:
        METHODS[name] = Method(name, scope, role, params or record(), handler)
        return handler

    return register


def find_method(name: str) -> Method | None:
    return METHODS.get(name)


def has_scope(scopes: tuple[str, ...], wanted: str) -> bool:
    """Tell whether the scopes grant `wanted`: admin grants all, write grants read."""
    return ADMIN in scopes or wanted in scopes or (wanted == READ and WRITE in scopes)


def authorize_method(role: str, scopes: tuple[str, ...], name: str, found: Method | None) -> None:
    """Refuse a method the role or the scopes do not grant; one that is not listed needs admin.

    Raises RequestError.
    """
    if role != (found.role if found else OPERATOR):
        raise RequestError(INVALID_REQUEST, f"unauthorized role: {role}")
    wanted = found.scope if found else ADMIN
    if role == OPERATOR and not has_scope(scopes, wanted):
        raise RequestError(INVALID_REQUEST, f"missing scope: {wanted}", details={"method": name[:80]})
