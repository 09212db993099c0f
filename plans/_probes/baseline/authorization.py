"""Pairing, scopes and roles."""

from __future__ import annotations

import json
from typing import Any

from _probes import trees
from _probes.devices import Device
from _probes.gateways import Gateway
from _probes.sessions import Answer
from _probes.targets import Target

FORWARDED = {"X-Forwarded-For": "203.0.113.9"}
"""From a peer that is no trusted proxy this makes a connection remote."""

READ_METHODS: dict[str, Any] = {
    "health": {},
    "status": {},
    "system-presence": {},
    "logs.tail": {},
    "channels.status": {},
    "sessions.list": {},
    "chat.history": {"sessionKey": "main"},
    "node.list": {},
}
"""Methods that operator.read may call, with params that are valid. All others must be refused to it."""


def denied(answer: Answer) -> bool:
    """Whether the refusal is one of authorization, not of params or of anything else."""
    text = answer.message.lower()
    return not answer.ok and (answer.code == "FORBIDDEN" or "scope" in text or "role" in text)


def holds_unknown_devices(remote: Target, operator: Target) -> None:
    """A remote device waits for approval, is let in after it, and gets a device token."""
    device = Device()
    request_id = ask_to_pair(remote, device)
    with operator.login() as approver:
        pending = approver.call("device.pair.list")["pending"]
        assert [entry["requestId"] for entry in pending if entry["deviceId"] == device.id] == [request_id]
        approver.call("device.pair.approve", {"requestId": request_id})
    with remote.login(device=device) as session:
        assert session.hello["auth"]["deviceToken"]


def ask_to_pair(target: Target, device: Device, **params: Any) -> str:
    """The request id that an unknown device gets."""
    session, answer = target.attempt(device=device, auth=target.auth, **params)
    with session:
        assert not answer.ok, "an unknown device was let in"
        assert answer.code == "NOT_PAIRED", f"{answer.code}: {answer.message}"
        assert session.close_code == 1008
        return str(answer.details["requestId"])


def pending_requests_expire(remote: Target, operator: Gateway, pending_s: float = 300) -> None:
    """A request that nobody approved in time cannot be approved any more."""
    device = Device()
    request_id = ask_to_pair(remote, device)
    operator.home.set_clock(pending_s + 60)
    with operator.login() as approver:
        listed = [entry["requestId"] for entry in approver.call("device.pair.list")["pending"]]
        assert request_id not in listed, "the pending request is still listed"
        assert not approver.ask("device.pair.approve", {"requestId": request_id}).ok


def enforces_scopes(target: Target) -> None:
    """A device with operator.read calls the read methods and no other, listed or not."""
    with target.login(scopes=["operator.read"]) as session:
        methods = session.hello["features"]["methods"]
        assert {"config.get", "chat.send", "tools.invoke"} <= set(methods), (
            "methods are missing from hello-ok"
        )
        for method in [*methods, "no.such.method"]:
            answer = session.ask(method, READ_METHODS.get(method, {}))
            if method in READ_METHODS:
                assert answer.ok, f"{method}: {answer.message}"
            else:
                assert denied(answer), f"{method}: {'served' if answer.ok else answer.message}"


def refused_methods_change_nothing(gateway: Gateway) -> None:
    kept = ("moltbot.json", "agents", "credentials", "exec-approvals.json")

    def durable() -> dict[str, str]:
        files = trees.contents(gateway.state)
        return {path: sha for path, sha in files.items() if path.split("/")[0] in kept}

    before = durable()
    enforces_scopes(gateway)
    assert durable() == before


def keeps_roles_apart(target: Target) -> None:
    """A node calls no operator method, an operator no node method."""
    with target.login(role="node", scopes=[], client_id="node-host", mode="node") as node:
        for method in ("status", "config.get", "chat.send"):
            assert denied(node.ask(method)), f"role node was served {method}"
    with target.login() as operator:
        result = {"id": "x", "nodeId": "x", "ok": True}
        assert denied(operator.ask("node.invoke.result", result)), "an operator was served node.invoke.result"


def filters_events_by_scope(target: Target) -> None:
    """While a device asks to pair, a client without the pairing scope hears nothing of it."""
    with (
        target.login(scopes=["operator.read"]) as reader,
        target.login(scopes=["operator.read", "operator.pairing"]) as pairing,
    ):
        session, _ = target.attempt(headers=FORWARDED, device=Device(), auth=target.auth)
        session.close()
        pairing.event("device.pair.requested")
        assert not reader.heard("device.pair.requested"), "a reader heard of the request"


def refuses_widening(target: Target) -> None:
    """A device paired for reading asks for more and is held; what it is paired for stays."""
    device = Device()
    with target.login(device=device, scopes=["operator.read"]):
        pass
    session, answer = target.attempt(device=device, auth=target.auth, scopes=["operator.admin"])
    with session:
        assert not answer.ok, "the device widened its own scopes"
        assert (answer.code, answer.details.get("reason")) == ("NOT_PAIRED", "scope-upgrade")
    with target.login() as operator:
        [entry] = [e for e in operator.call("device.pair.list")["paired"] if e["deviceId"] == device.id]
        assert "operator.admin" not in json.dumps(entry), f"paired list: {entry}"
