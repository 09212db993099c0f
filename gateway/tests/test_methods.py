"""What methods do."""

import json
import os
import secrets
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.tests.support import Booted, Device, boot, dial, operator


async def test_chat_is_idempotent(start: Callable[..., Booted]) -> None:
    gateway = start()
    async with operator(gateway) as client:
        send = {"sessionKey": "main", "message": "hello", "idempotencyKey": "once"}
        first = await client.call("chat.send", send)
        while (await client.event("chat"))["state"] != "final":
            pass
        second = await client.call("chat.send", send)
        assert first["runId"] == second["runId"] == "once"
        assert second["status"] == "ok"
        messages = (await client.call("chat.history", {"sessionKey": "main"}))["messages"]
        assert [message["text"] for message in messages] == ["hello", "echo: hello"]
        gateway.clock.write_text("301")
        assert (await client.call("chat.send", send))["status"] == "started"


async def test_sessions_are_listed_and_reset(start: Callable[..., Booted]) -> None:
    gateway = start()
    async with operator(gateway) as client:
        for key in ("main", "work"):
            await client.call("chat.send", {"sessionKey": key, "message": "m", "idempotencyKey": key})
            while (await client.event("chat"))["state"] != "final":
                pass
        listed = (await client.call("sessions.list"))["sessions"]
        assert {entry["key"] for entry in listed} == {"agent:main:main", "agent:main:work"}
        await client.call("sessions.reset", {"key": "work"})
        assert (await client.call("chat.history", {"sessionKey": "work"}))["messages"] == []
        assert (await client.call("chat.history", {"sessionKey": "main", "limit": 1}))["messages"]


async def test_the_configuration_is_patched_under_its_hash(start: Callable[..., Booted]) -> None:
    gateway = start({"channels": {"telegram": {"dmPolicy": "disabled"}}})
    file = gateway.state / "moltbot.json"
    async with operator(gateway) as client:
        shown = await client.call("config.get")
        before = file.read_text()
        for params in (
            {"raw": "{session: {dmScope: 'per-peer'}}"},
            {"raw": "{session: {dmScope: 'per-peer'}}", "baseHash": "0" * 64},
            {"raw": "{session: {dmScope: 'nobody'}}", "baseHash": shown["hash"]},
            {"raw": "{sessions: {}}", "baseHash": shown["hash"]},
            {"raw": "[]", "baseHash": shown["hash"]},
            {"raw": "{", "baseHash": shown["hash"]},
        ):
            assert (await client.request("config.patch", params))["error"]["code"] == "INVALID_REQUEST"
            assert file.read_text() == before
        assert not gateway.inbound("telegram", "bob", "hi")["accepted"]
        patch = {"raw": "{channels: {telegram: {dmPolicy: null, allowFrom: ['bob']}}}"}
        done = await client.call("config.patch", {**patch, "baseHash": shown["hash"]})
        assert done["restart"] == {"required": False, "paths": []}
        assert gateway.inbound("telegram", "bob", "hi")["accepted"]
        assert file.with_name("moltbot.json.bak").read_text() == before
        port = await client.call("config.patch", {"raw": "{gateway: {port: 7}}", "baseHash": done["hash"]})
        assert port["restart"] == {"required": True, "paths": ["gateway.port"]}


async def test_a_killed_gateway_leaves_a_whole_configuration(tmp_path: Path) -> None:
    with boot(tmp_path, {"tools": {"allow": ["exec"]}}) as gateway:
        async with operator(gateway) as client:
            base = (await client.call("config.get"))["hash"]
            for number in range(5):
                patch = {"raw": json.dumps({"tools": {"allow": [str(number)]}}), "baseHash": base}
                base = (await client.call("config.patch", patch))["hash"]
            await client.start("config.patch", {"raw": '{"tools": {"allow": ["last"]}}', "baseHash": base})
            os.kill(gateway.process.pid, signal.SIGKILL)
            gateway.process.wait()
    stored = json.loads((tmp_path / "state/moltbot.json").read_text())
    assert stored["tools"]["allow"] in (["4"], ["last"])
    with boot(tmp_path) as again:
        assert again.http("GET", "/health").status_code == 200


async def test_sending_to_a_channel_is_idempotent(start: Callable[..., Booted]) -> None:
    gateway = start({"channels": {"signal": {}}})
    async with operator(gateway) as client:
        send = {"channel": "signal", "to": "+1", "message": "m", "idempotencyKey": "k"}
        assert await client.call("send", send) == await client.call("send", send)
        assert not (await client.request("send", {**send, "channel": "x", "idempotencyKey": "l"}))["ok"]
        history = await client.call("chat.history", {"sessionKey": "outbox:signal"})
        assert len(history["messages"]) == 1


async def test_a_node_is_asked_and_answers(start: Callable[..., Booted]) -> None:
    gateway = start()
    machine = Device()
    ask: dict[str, Any] = {"nodeId": machine.id, "command": "camera.snap", "idempotencyKey": "1"}
    async with operator(gateway) as boss:
        assert (await boss.request("node.invoke", ask))["error"]["code"] == "UNAVAILABLE"
        async with operator(gateway, machine, role="node", commands=["camera.snap"]) as node:
            assert [entry["nodeId"] for entry in (await boss.call("node.list"))["nodes"]] == [machine.id]
            request_id = await boss.start("node.invoke", ask)
            asked = await node.event("node.invoke.request")
            result = {"id": asked["id"], "nodeId": machine.id, "ok": True, "payload": {"jpg": 1}}
            assert not (await node.request("node.invoke.result", {**result, "nodeId": "other"}))["ok"]
            await node.call("node.invoke.result", result)
            assert (await boss.response(request_id))["payload"]["payload"] == {"jpg": 1}
            assert not (await node.request("node.invoke.result", result))["ok"]
            unknown = await boss.request("node.invoke", {**ask, "command": "rm", "idempotencyKey": "2"})
            assert unknown["error"]["code"] == "INVALID_REQUEST"
            slow = {**ask, "idempotencyKey": "3", "timeoutMs": 50}
            assert (await boss.request("node.invoke", slow))["error"]["code"] == "AGENT_TIMEOUT"


async def test_the_log_is_tailed_in_bounds(gateway: Booted) -> None:
    async with operator(gateway) as client:
        first = await client.call("logs.tail", {"limit": 1})
        assert len(first["lines"]) == 1
        json.loads(first["lines"][0])
        await client.call("health")
        more = await client.call("logs.tail", {"cursor": first["cursor"]})
        assert any('"method": "health"' in line for line in more["lines"])
        assert sum(map(len, (await client.call("logs.tail", {"maxBytes": 100}))["lines"])) <= 100
        assert (await client.call("logs.tail", {"cursor": 10**9}))["reset"]


async def test_credentials_never_reach_the_log(start: Callable[..., Booted]) -> None:
    hook, wrong, argument = (secrets.token_hex(32) for _ in range(3))
    gateway = start({"hooks": {"enabled": True, "token": hook}})
    async with dial(gateway) as client:
        hello = await client.shake(Device(), auth={"token": gateway.token})
        device_token = hello["payload"]["auth"]["deviceToken"]
        await client.request("tools.invoke", {"tool": "read", "args": {"path": argument}})
        await client.request("tools.invoke", {"tool": "exec", "args": {"argv": ["head", argument]}})
        gateway.http("POST", f"/hooks/wake?token={hook}", json={"text": "m"}, headers={"Authorization": ""})
        gateway.http("POST", "/hooks/wake", json={"text": "m"}, headers={"Authorization": f"Bearer {wrong}"})
        gateway.http("GET", f"/chat/main?token={wrong}", headers={"Authorization": ""})
        tail = json.dumps(await client.call("logs.tail"))
    _, stderr = gateway.stop()
    for canary in (gateway.token, hook, wrong, argument, device_token):
        assert canary
        assert canary not in gateway.log() + tail + stderr
