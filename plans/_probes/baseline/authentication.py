"""Secrets, device proofs, challenges and hooks."""

from __future__ import annotations

import json
import time
from typing import Any

from _probes import trees
from _probes.devices import Device, base64url
from _probes.gateways import Gateway, Start
from _probes.sessions import connect_params
from _probes.targets import Target

REFUSALS = {1008, 1009}
MINUTE_MS = 60_000


def judge_refused_start(start: Start, *, port_open: bool, reason: str) -> None:
    """The process ended with an error that names the reason, and nobody listens."""
    assert start.exit_code not in {None, 0}, f"exit {start.exit_code}"
    assert not start.served, "it said that it was ready"
    assert not port_open, "the port is open"
    assert any(word in start.stderr.lower() for word in reason.split("|")), f"no reason in: {start.stderr}"
    assert "Traceback" not in start.stderr, "a traceback instead of a reason"


def wrong_secrets(secret: str) -> list[Any]:
    """What is near the secret, or far from any."""
    return ["w" * 64, "", secret[:-1], secret + "0", secret.upper(), "x" * (1 << 20), None, [secret]]


def refuses_wrong_secrets(target: Target) -> None:
    """No wrong secret opens anything, with a device key or without one, each from its own address."""
    [(kind, secret)] = target.auth.items()
    for wrong in wrong_secrets(secret):
        for device in (None, Device()):
            session, answer = target.attempt(device=device, auth={kind: wrong})
            with session:
                shown = f"{kind} {str(wrong)[:8]!r}… ({'no ' if device is None else ''}device)"
                assert not answer.ok, f"{shown} was accepted"
                assert session.close_code in REFUSALS, f"{shown}: close {session.close_code}"
                told = {event["event"] for event in session.events} - {"connect.challenge"}
                assert not told, f"{shown} got events {told}"
    with target.login() as session:
        assert session.ask("health").ok


def proves_device_identity(target: Target) -> None:
    """Each wrong proof is refused, and the right one accepted, with the right token in all of them."""
    token = target.token or ""
    scopes = ["operator.admin"]

    def attempt(session_proof: Any) -> tuple[bool, int | None]:
        with target.open() as session:
            nonce = session.challenge()
            device = Device()
            proof = session_proof(device, nonce, device.proof(nonce, token=token, scopes=scopes))
            params = connect_params(nonce, device=device, auth=target.auth, scopes=scopes, proof=proof)
            answer = session.ask("connect", params)
            if answer.ok:
                return True, None
            return False, session.wait_closed()

    now = int(time.time() * 1000)

    def signed(minutes: int) -> Any:
        moment = now + minutes * MINUTE_MS
        return lambda device, nonce, _: device.proof(nonce, token=token, scopes=scopes, signed_at_ms=moment)

    wrong: dict[str, Any] = {
        "wrong signature": lambda _d, _n, proof: proof | {"signature": base64url(bytes(64))},
        "another key's signature": lambda device, nonce, proof: (
            proof | {"signature": Device().proof(nonce, token=token, scopes=scopes)["signature"]}
        ),
        "another nonce signed": lambda device, nonce, proof: (
            device.proof("00000000-0000-4000-8000-000000000000", token=token, scopes=scopes)
            | {"nonce": nonce}
        ),
        "other scopes signed": lambda device, nonce, _: device.proof(
            nonce, token=token, scopes=["operator.read"]
        ),
        "foreign id": lambda _d, _n, proof: proof | {"id": Device().id},
        "signed 11 min ago": signed(-11),
        "signed in 11 min": signed(11),
        "truncated key": lambda device, _n, proof: (
            proof | {"publicKey": base64url(device.raw_public_key[:31])}
        ),
    }
    for name, make in wrong.items():
        accepted, code = attempt(make)
        assert not accepted, f"{name} was accepted"
        assert code == 1008, f"{name}: close {code}"
    accepted, _ = attempt(lambda _d, _n, proof: proof)
    assert accepted, "the right proof was refused"


def challenges_are_unique(target: Target, count: int = 200) -> None:
    nonces = []
    for _ in range(count):
        with target.open() as session:
            nonces.append(session.challenge())
    assert len(set(nonces)) == count, "a nonce came twice"
    assert all(len(nonce.replace("-", "")) * 4 >= 128 for nonce in nonces), "a nonce is short"


def refuses_replayed_connect(target: Target) -> None:
    """A recorded `connect` that was good once opens nothing on another connection."""
    with target.open() as session:
        params = connect_params(session.challenge(), device=Device(), auth=target.auth)
        assert session.ask("connect", params).ok
    with target.open() as session:
        session.challenge()
        assert not session.ask("connect", params).ok, "a replayed connect was accepted"
        assert session.wait_closed() == 1008


def hooks_need_their_own_bearer(target: Target) -> None:
    """Without the hook secret nothing is enqueued; the gateway's own secret is not it."""
    body = {"message": "hook-canary", "sessionKey": "hook-probe"}
    for bearer in (None, "w" * 64, target.token):
        reply = target.http("POST", "/hooks/agent", bearer=bearer, body=body)
        assert reply.status == 401, f"wrong bearer: HTTP {reply.status}"
    reply = target.http("GET", "/hooks/agent", bearer=target.hook_token)
    assert reply.status == 405, f"GET: HTTP {reply.status}"
    reply = target.http("GET", "/hooks/", bearer=target.hook_token)
    assert reply.status == 404, f"unknown path: HTTP {reply.status}"
    assert "agent" not in reply.text.lower(), "the answer lists what is there"


def refused_hooks_enqueue_nothing(gateway: Gateway) -> None:
    with gateway.login() as session:
        before = session.call("sessions.list")["count"], trees.contents(gateway.state / "agents")
        hooks_need_their_own_bearer(gateway)
        chats = session.heard("chat")
        assert not chats, f"a run was started: {json.dumps(chats)}"
        assert (session.call("sessions.list")["count"], trees.contents(gateway.state / "agents")) == before
    good = {"message": "hello", "sessionKey": "hook-probe"}
    assert gateway.http("POST", "/hooks/agent", bearer=gateway.hook_token, body=good).status == 202
