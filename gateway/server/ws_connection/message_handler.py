"""Messages of one connection: the handshake first, requests after it."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from gateway.errors import Refusal, RequestError
from gateway.protocol import frames
from gateway.protocol.frames import BadFrame, Request
from gateway.protocol.schema.error_codes import INVALID_REQUEST, UNAVAILABLE
from gateway.server.methods.registry import Call, Method, authorize_method, find_method
from gateway.server.ws_connection.handshake import shake_hands

if TYPE_CHECKING:
    from gateway.server.ws_connection.connection import Session, WsConnection

FrameGuard = Callable[["WsConnection", "Session", Request, Method | None], None]


def refuse_second_connect(
    _conn: "WsConnection", _session: "Session", request: Request, _method: Method | None
) -> None:
    if request.method == "connect":
        raise Refusal(INVALID_REQUEST, "connect is only valid as the first request")


def require_scope(_conn: "WsConnection", session: "Session", request: Request, method: Method | None) -> None:
    authorize_method(session.role, session.scopes, request.method, method)


FRAME_GUARDS: list[FrameGuard] = [
    refuse_second_connect,
    require_scope,
]


async def before_handshake(conn: "WsConnection", text: str) -> None:
    """Serve the first message: nothing but a valid `connect` gets further."""
    frame_id = None
    try:
        request = frames.parse_request(text)
        frame_id = request.id
        await shake_hands(conn, request)
    except BadFrame as bad:
        refuse(conn, bad.frame_id, Refusal(bad.code, bad.message, reason="invalid request frame"))
    except Refusal as refusal:
        refuse(conn, frame_id, refusal)
    except RequestError as error:
        refuse(conn, frame_id, Refusal(error.code, error.message, reason="invalid connect"))
    except Exception as error:  # noqa: BLE001 - one client must not end the server
        conn.gateway.journal.error("ws", "handshake failed", conn=conn.conn_id, error=repr(error))
        refuse(conn, frame_id, Refusal(UNAVAILABLE, "internal error", close_code=1011))


def refuse(conn: "WsConnection", frame_id: str | None, refusal: Refusal) -> None:
    """Answer, log and close a connection that is refused."""
    conn.gateway.journal.warn(
        "ws",
        "refused",
        conn=conn.conn_id,
        client=conn.client.address,
        code=refusal.code,
        reason=refusal.message,
    )
    if frame_id is not None:
        conn.send(frames.failure(frame_id, refusal))
    conn.close(refusal.close_code, refusal.reason)


async def after_handshake(conn: "WsConnection", session: "Session", text: str) -> None:
    """Serve one request of a client that shook hands; it always gets an answer."""
    try:
        request = frames.parse_request(text)
    except BadFrame as bad:
        conn.send(frames.failure(bad.frame_id or frames.NO_ID, bad))
        return
    started = time.monotonic()
    try:
        payload = await serve(conn, session, request)
    except Refusal as refusal:
        refuse(conn, request.id, refusal)
        return
    except RequestError as error:
        outcome, frame = error.code, frames.failure(request.id, error)
    except Exception as error:  # noqa: BLE001 - one client must not end the server
        conn.gateway.journal.error("ws", "request failed", method=request.method, error=repr(error))
        broken = RequestError(UNAVAILABLE, "internal error", retryable=True)
        outcome, frame = broken.code, frames.failure(request.id, broken)
    else:
        outcome, frame = "ok", frames.response(request.id, payload)
    conn.send(frame)
    conn.gateway.journal.info(
        "ws",
        "request",
        conn=conn.conn_id,
        method=request.method,
        outcome=outcome,
        ms=round((time.monotonic() - started) * 1000),
    )


async def serve(conn: "WsConnection", session: "Session", request: Request) -> object:
    """Run the guards and the handler of one request.

    Raises RequestError when the request is refused.
    """
    method = find_method(request.method)
    for guard in FRAME_GUARDS:
        guard(conn, session, request, method)
    if method is None:
        raise RequestError(INVALID_REQUEST, f"unknown method: {request.method[:80]}")
    params = frames.check_params(request.method, method.params, request.params)
    return await method.handler(Call(conn.gateway, conn, session, params))
