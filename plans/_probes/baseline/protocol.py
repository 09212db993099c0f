"""Handshake, frames and RFC 6455 rules."""

from __future__ import annotations

from typing import Any

from _probes import trees, wire
from _probes.devices import Device
from _probes.gateways import Gateway
from _probes.sessions import Session
from _probes.targets import Target

POLICY_VIOLATION, PROTOCOL_ERROR, INVALID_DATA, TOO_BIG = 1008, 1002, 1007, 1009


def serves_nothing_before_connect(target: Target) -> None:
    """A first frame that is no `connect` gets an error if it has an id, and the connection ends."""
    firsts = ['{"type":"req","id":"h1","method":"health","params":{}}', "[1,2,3]", "42", "not json"]
    for first in firsts:
        with target.open() as session:
            session.challenge()
            session.send_text(first)
            code = session.wait_closed()
            answers = [m for m in session.received if m.get("type") == "res"]
            assert not any(answer.get("ok") for answer in answers), f"{first} was served"
            assert code == POLICY_VIOLATION, f"{first}: close {code}"
            if "h1" in first:
                assert [(a["id"], a["error"]["code"]) for a in answers] == [("h1", "INVALID_REQUEST")]


def refuses_second_connect(target: Target) -> None:
    with target.login() as session:
        answer = session.ask("connect", {"minProtocol": 3, "maxProtocol": 3})
        assert not answer.ok, "a second connect was served"
        assert answer.code == "INVALID_REQUEST"
        code = session.wait_closed()
        assert code == POLICY_VIOLATION, f"after a second connect: close {code}"
    with target.login() as session:
        assert session.ask("health").ok


def negotiates_protocol_and_role(target: Target) -> None:
    """A range without the server's version, and an unknown role, are refused; a range around it is served."""
    session, answer = target.attempt(device=Device(), auth=target.auth, protocol=(99, 99))
    with session:
        assert not answer.ok, "protocol 99 was accepted"
        assert (answer.code, session.close_code) == ("INVALID_REQUEST", PROTOCOL_ERROR)
        expected = answer.details["expectedProtocol"]
    session, answer = target.attempt(device=Device(), auth=target.auth, role="root")
    with session:
        assert not answer.ok, "role root was accepted"
        assert session.close_code == POLICY_VIOLATION
    with target.login(protocol=(1, 99)) as session:
        assert session.hello["protocol"] == expected


def malformed_frames() -> list[dict[str, Any]]:
    """Twenty frames that a strict schema refuses."""

    def request(method: str, params: Any, **extra: Any) -> dict[str, Any]:
        return {"type": "req", "id": "bad", "method": method, "params": params} | extra

    send = {"sessionKey": "main", "message": "malformed", "idempotencyKey": "malformed"}
    return [
        {"type": "req", "method": "health"},
        {"type": "req", "id": 7, "method": "health"},
        {"type": "req", "id": "", "method": "health"},
        {"type": "req", "id": None, "method": "health"},
        {"type": "req", "id": "bad"},
        {"type": "req", "id": "bad", "method": ""},
        {"type": "req", "id": "bad", "method": 5},
        {"type": "request", "id": "bad", "method": "health"},
        {"id": "bad", "method": "health"},
        {"type": "res", "id": "bad", "ok": True},
        {"type": "event", "event": "tick"},
        request("health", {}, extra=1),
        request("chat.send", [send]),
        request("chat.send", send | {"unknown": 1}),
        request("chat.send", send | {"message": 5}),
        request("chat.send", {"sessionKey": "main", "message": "no key"}),
        request("chat.send", send | {"sessionKey": ""}),
        request("chat.history", {"sessionKey": "main", "limit": "ten"}),
        request("exec.approval.resolve", {"id": "x", "decision": "maybe"}),
        request("health", "text"),
    ]


def checks_every_frame(target: Target) -> None:
    """Each malformed frame is refused on a socket that then still serves."""
    with target.login() as session:
        for frame in malformed_frames():
            session.send(frame)
            answer = _next_response(session)
            assert answer is not None, f"{frame}: connection closed"
            assert answer["ok"] is False, f"{frame} was served"
            assert answer["error"]["code"] == "INVALID_REQUEST", f"{frame}: {answer['error']}"
        assert session.ask("health").ok


def changes_nothing_on_bad_frames(gateway: Gateway) -> None:
    """History and files are after twenty malformed frames what they were before."""
    with gateway.login() as session:
        session.call("chat.send", {"sessionKey": "main", "message": "first", "idempotencyKey": "proto-03"})
        session.event("chat", state="final")
        before = _history(session), _durable(gateway)
        checks_every_frame(gateway)
        assert (_history(session), _durable(gateway)) == before


def contains_protocol_violations(target: Target) -> None:
    """A frame that breaks RFC 6455 ends its own connection with the right code, and no other."""
    cases = {
        "invalid UTF-8": (wire.encode_frame(wire.TEXT, b"\xff\xfe{}"), {INVALID_DATA}),
        "unmasked": (wire.encode_frame(wire.TEXT, b"{}", mask=False), {PROTOCOL_ERROR}),
        "reserved opcode": (wire.encode_frame(0x3, b"{}"), {PROTOCOL_ERROR}),
        "long ping": (wire.encode_frame(wire.PING, b"x" * 126), {PROTOCOL_ERROR}),
    }
    with target.login() as witness:
        for name, (frame, codes) in cases.items():
            with target.open() as session:
                session.challenge()
                session.send_bytes(frame)
                code = session.wait_closed()
                assert code in codes, f"{name}: close {code}"
        assert witness.ask("health").ok


def _next_response(session: Session) -> dict[str, Any] | None:
    while (message := session.receive()) is not None:
        if message.get("type") == "res":
            return message
    return None


def _history(session: Session) -> Any:
    return session.call("chat.history", {"sessionKey": "main"})["messages"]


def _durable(gateway: Gateway) -> dict[str, str]:
    """Configuration and transcripts; records of attempts may grow."""
    files = trees.contents(gateway.state)
    return {
        path: sha
        for path, sha in files.items()
        if path == "moltbot.json" or (path.endswith(".jsonl") and path.startswith("agents/"))
    }
