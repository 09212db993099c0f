"""Who is let in, as what, and what it may do and see."""

import json
import secrets
from collections.abc import Callable
from typing import Any

import pytest

from gateway.tests.support import REMOTE, Booted, Device, dial, operator

READ_METHODS = {
    "health",
    "status",
    "system-presence",
    "logs.tail",
    "channels.status",
    "sessions.list",
    "chat.history",
    "node.list",
}


@pytest.mark.parametrize("mode", ["token", "password"])
async def test_a_wrong_secret_never_gets_in(start: Callable[..., Booted], mode: str) -> None:
    right = secrets.token_hex(32)
    gateway = start({"gateway": {"auth": {"mode": mode, mode: right}}}, token=None)
    for wrong in ["", "wrong", right[:-1], right + "x", right.upper(), None, [right]]:
        async with dial(gateway) as client:
            answer = await client.shake(auth={mode: wrong})
            assert not answer["ok"]
            assert await client.closed() == 1008
            assert client.events == []
    async with dial(gateway) as client:
        assert (await client.shake(auth={mode: right}))["ok"]


async def test_a_device_proves_its_key_over_the_nonce(gateway: Booted) -> None:
    device, auth = Device(), {"token": gateway.token}

    def broken(change: dict[str, Any]) -> Device:
        class Broken(Device):
            def prove(self, params: dict[str, Any], nonce: str | None, signed_at: int) -> dict[str, Any]:
                return super().prove(params, nonce, signed_at) | change

        return Broken()

    other = Device()
    faults: list[tuple[Device, dict[str, Any]]] = [
        (broken({"signature": "AAAA"}), {}),
        (broken({"id": other.id}), {}),
        (broken({"publicKey": "AAAA"}), {}),
        (broken({"nonce": "another"}), {}),
        (device, {"skew_ms": 11 * 60_000}),
        (device, {"skew_ms": -11 * 60_000}),
    ]
    for who, options in faults:
        async with dial(gateway) as client:
            answer = await client.shake(who, auth=auth, **options)
            assert answer["error"]["code"] in {"INVALID_REQUEST", "UNAUTHORIZED"}
            assert await client.closed() == 1008
    async with dial(gateway) as client:
        client.nonce, right = "another nonce", client.nonce
        assert not (await client.shake(device, auth=auth))["ok"]
        assert right != client.nonce
    async with dial(gateway) as client:
        assert (await client.shake(device, auth=auth))["ok"]


async def test_nonces_differ_and_a_recorded_connect_is_worthless(gateway: Booted) -> None:
    nonces = set()
    for _ in range(20):
        async with dial(gateway) as client:
            nonces.add(client.nonce)
    assert len(nonces) == 20
    async with dial(gateway) as client:
        recorded: list[Any] = []
        send = client.socket.send

        async def record(message: Any) -> None:
            recorded.append(message)
            await send(message)

        client.socket.send = record  # type: ignore[method-assign, assignment]
        assert (await client.shake(Device(), auth={"token": gateway.token}))["ok"]
    async with dial(gateway) as client:
        await client.socket.send(recorded[0])
        assert not (await client.receive())["ok"]


async def test_a_remote_device_waits_for_an_operator(start: Callable[..., Booted]) -> None:
    gateway = start()
    auth, device = {"token": gateway.token}, Device()
    async with operator(gateway) as boss:
        async with dial(gateway, REMOTE) as client:
            answer = await client.shake(device, auth=auth)
            assert answer["error"]["code"] == "NOT_PAIRED"
            request_id = answer["error"]["details"]["requestId"]
            assert await client.closed() == 1008
        asked = await boss.event("device.pair.requested")
        assert asked["requestId"] == request_id
        assert [entry["requestId"] for entry in (await boss.call("device.pair.list"))["pending"]] == [
            request_id
        ]
        await boss.call("device.pair.approve", {"requestId": request_id})
        async with dial(gateway, REMOTE) as client:
            hello = await client.shake(device, auth=auth)
            token = hello["payload"]["auth"]["deviceToken"]
            assert len(token) == 32
        async with dial(gateway, REMOTE) as client:
            assert (await client.shake(device, auth={"token": token}))["ok"]
        async with dial(gateway, REMOTE) as client:
            answer = await client.shake(Device(), auth=auth)
            request_id = answer["error"]["details"]["requestId"]
        gateway.clock.write_text("301")
        late = await boss.request("device.pair.approve", {"requestId": request_id})
        assert not late["ok"]


async def test_forwarding_headers_of_a_stranger_grant_nothing(gateway: Booted) -> None:
    for headers in ({"X-Forwarded-For": "127.0.0.1"}, {"X-Real-IP": "127.0.0.1"}):
        async with dial(gateway, headers) as client:
            answer = await client.shake(Device(), auth={"token": gateway.token})
            assert answer["error"]["code"] == "NOT_PAIRED"
    assert "untrusted" in gateway.log()


async def test_a_trusted_proxy_names_the_client(start: Callable[..., Booted]) -> None:
    gateway = start({"gateway": {"trustedProxies": ["127.0.0.1"]}})
    async with operator(gateway) as boss:
        async with dial(gateway, REMOTE, "127.0.0.1") as client:
            answer = await client.shake(Device(), auth={"token": gateway.token})
            assert answer["error"]["code"] == "NOT_PAIRED"
        assert (await boss.event("device.pair.requested"))["remoteIp"] == "203.0.113.9"


async def test_every_method_enforces_its_scope(start: Callable[..., Booted]) -> None:
    gateway = start({})
    device = Device()
    async with operator(gateway, device, scopes=["operator.read"]) as client:
        before = sorted(str(path) for path in gateway.state.rglob("*"))
        async with dial(gateway) as other:
            hello = await other.shake(Device(), auth={"token": gateway.token})
        params = {"chat.history": {"sessionKey": "main"}}
        for method in hello["payload"]["features"]["methods"]:
            answer = await client.request(method, params.get(method))
            assert answer["ok"] == (method in READ_METHODS), (method, answer)
        answer = await client.request("no.such.method")
        assert "missing scope" in answer["error"]["message"]
        assert sorted(str(path) for path in gateway.state.rglob("*")) == before


async def test_roles_do_not_mix(gateway: Booted) -> None:
    async with operator(gateway, Device(), role="node") as node:
        for method in ("health", "status", "config.get"):
            assert "unauthorized role" in (await node.request(method))["error"]["message"]
        assert (await node.call("skills.bins"))["bins"]
    async with operator(gateway) as boss:
        result = {"id": "1", "nodeId": "1", "ok": True}
        assert "unauthorized role" in (await boss.request("node.invoke.result", result))["error"]["message"]


async def test_events_reach_only_their_scope(start: Callable[..., Booted]) -> None:
    gateway = start()
    async with (
        operator(gateway, Device(), scopes=["operator.read"]) as reader,
        operator(gateway, Device(), scopes=["operator.pairing"]) as pairer,
    ):
        async with dial(gateway, REMOTE) as client:
            await client.shake(Device(), auth={"token": gateway.token})
        await pairer.event("device.pair.requested")
        await reader.call("health")
        assert "device.pair.requested" not in {frame["event"] for frame in reader.events}


async def test_a_device_cannot_widen_what_it_was_given(start: Callable[..., Booted]) -> None:
    gateway = start()
    device, auth = Device(), {"token": gateway.token}
    async with operator(gateway, device, scopes=["operator.read"]):
        pass
    paired = gateway.state / "devices/paired.json"
    before = paired.read_text()
    for wider, reason in (
        ({"scopes": ["operator.admin"]}, "scope-upgrade"),
        ({"role": "node"}, "role-upgrade"),
    ):
        async with dial(gateway) as client:
            answer = await client.shake(device, auth=auth, **wider)
            assert answer["error"]["code"] == "NOT_PAIRED"
            assert answer["error"]["details"]["reason"] == reason
    assert paired.read_text() == before


async def test_device_tokens_are_rotated_and_revoked(start: Callable[..., Booted]) -> None:
    gateway = start()
    device = Device()
    async with dial(gateway) as client:
        hello = await client.shake(device, auth={"token": gateway.token})
        first = hello["payload"]["auth"]["deviceToken"]
        where = {"deviceId": device.id, "role": "operator"}
        second = (await client.call("device.token.rotate", where))["token"]
        listed = await client.call("device.pair.list")
        assert second not in json.dumps(listed)
    for token, welcome in ((first, False), (second, True)):
        async with dial(gateway) as client:
            assert (await client.shake(device, auth={"token": token}))["ok"] == welcome
    async with operator(gateway) as boss:
        await boss.call("device.token.revoke", where)
        assert not (await boss.request("device.token.revoke", where))["ok"]
    async with dial(gateway) as client:
        assert not (await client.shake(device, auth={"token": second}))["ok"]


async def test_devices_survive_a_restart(start: Callable[..., Booted], tmp_path: Any) -> None:
    from gateway.tests.support import boot

    device = Device()
    with boot(tmp_path / "same", {}) as first:
        async with dial(first) as client:
            hello = await client.shake(device, auth={"token": first.token})
            token = hello["payload"]["auth"]["deviceToken"]
    with boot(tmp_path / "same", token=first.token) as second:
        async with dial(second, REMOTE) as client:
            assert (await client.shake(device, auth={"token": token}))["ok"]


async def test_a_control_page_needs_a_device(gateway: Booted) -> None:
    page = {"id": "control-ui", "version": "1", "platform": "web", "mode": "ui"}
    async with dial(gateway) as client:
        answer = await client.shake(client=page, auth={"token": gateway.token})
        assert not answer["ok"]
    async with dial(gateway) as client:
        assert (await client.shake(Device(), client=page, auth={"token": gateway.token}))["ok"]
