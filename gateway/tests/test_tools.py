"""Tools: policy, approvals, and what each does."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from gateway.tests.support import Booted, Client, operator

NO_FILES: list[Any] = [{"path": "none"}, {"path": "a\0b"}, {"path": "notes"}, {}, [], {"path": "a", "b": 1}]
NO_COMMANDS: list[Any] = [{}, {"argv": []}, {"command": " "}, {"command": "id", "argv": ["id"]}]


async def use(client: Client, tool: str, args: Any, **extra: Any) -> dict[str, Any]:
    return await client.request("tools.invoke", {"tool": tool, "args": args, **extra})


async def test_files_are_written_and_read(gateway: Booted) -> None:
    async with operator(gateway) as client:
        written = await use(client, "write", {"path": "notes/a.txt", "content": "grüße"})
        assert written["payload"]["result"]["bytes"] == 7
        read = await use(client, "read", {"path": "notes/a.txt"})
        assert read["payload"]["result"]["content"] == "grüße"
        assert (gateway.state / "workspace/notes/a.txt").read_text() == "grüße"
        for wrong in NO_FILES:
            assert (await use(client, "read", wrong))["error"]["code"] == "INVALID_REQUEST"
        assert (await use(client, "fly", {}))["error"]["code"] == "INVALID_REQUEST"


async def test_policy_decides_which_tools_exist(start: Callable[..., Booted]) -> None:
    gateway = start({"tools": {"allow": ["re*", "write"], "deny": ["write"]}})
    async with operator(gateway) as client:
        assert "policy" in (await use(client, "write", {"path": "a", "content": ""}))["error"]["message"]
        assert "policy" in (await use(client, "exec", {"argv": ["id"]}))["error"]["message"]
        assert "policy" not in (await use(client, "read", {"path": "a"}))["error"]["message"]
    answer = gateway.http("POST", "/tools/invoke", json={"tool": "write", "args": {}})
    assert answer.status_code == 403


async def test_a_command_without_approval_does_not_run(start: Callable[..., Booted]) -> None:
    gateway = start({"tools": {"exec": {"approvalTimeoutMs": 100_000}}})
    async with operator(gateway) as client:
        waiting = await client.start("tools.invoke", {"tool": "exec", "args": {"argv": ["touch", "canary"]}})
        asked = await client.event("exec.approval.requested")
        assert asked["request"]["argv"] == ["touch", "canary"]
        gateway.clock.write_text("101")
        assert (await client.response(waiting))["error"]["details"]["reason"] == "timeout"
        waiting = await client.start("tools.invoke", {"tool": "exec", "args": {"argv": ["touch", "canary"]}})
        asked = await client.event("exec.approval.requested")
        await client.call("exec.approval.resolve", {"id": asked["id"], "decision": "deny"})
        assert (await client.response(waiting))["error"]["details"]["reason"] == "denied"
        again = await client.request("exec.approval.resolve", {"id": asked["id"], "decision": "allow-once"})
        assert not again["ok"]
    assert not (gateway.state / "workspace/canary").exists()


async def test_an_approval_holds_for_one_run_of_one_command(start: Callable[..., Booted]) -> None:
    gateway = start()
    async with operator(gateway) as client:
        asking = await client.start("exec.approval.request", {"argv": ["printf", "one"], "sessionKey": "s"})
        asked = await client.event("exec.approval.requested")
        await client.call("exec.approval.resolve", {"id": asked["id"], "decision": "allow-once"})
        granted = (await client.response(asking))["payload"]
        assert granted["decision"] == "allow-once"
        for args, session in (
            ({"argv": ["printf", "two"]}, "s"),
            ({"argv": ["printf", "one"], "cwd": "/"}, "s"),
            ({"argv": ["printf", "one"]}, "other"),
        ):
            answer = await use(client, "exec", {**args, "approvalId": granted["id"]}, sessionKey=session)
            assert answer["error"]["details"]["reason"] == "approval-mismatch"
        right = {"argv": ["printf", "one"], "approvalId": granted["id"]}
        ran = await use(client, "exec", right, sessionKey="s")
        assert ran["payload"]["result"]["stdout"] == "one"
        again = await use(client, "exec", right, sessionKey="s")
        assert again["error"]["details"]["reason"] == "approval-used"
        unknown = await use(client, "exec", {"argv": ["printf", "one"], "approvalId": "x"})
        assert unknown["error"]["details"]["reason"] == "approval-unknown"


async def test_allow_always_is_remembered(start: Callable[..., Booted]) -> None:
    gateway = start()
    async with operator(gateway) as client:
        waiting = await client.start("tools.invoke", {"tool": "exec", "args": {"argv": ["printf", "1"]}})
        asked = await client.event("exec.approval.requested")
        await client.call("exec.approval.resolve", {"id": asked["id"], "decision": "allow-always"})
        assert (await client.response(waiting))["ok"]
        assert (await use(client, "exec", {"argv": ["printf", "2"]}))["payload"]["result"]["stdout"] == "2"


@pytest.mark.parametrize(
    ("policy", "reason"),
    [({"security": "deny"}, "policy"), ({"ask": "off"}, "policy"), ({"security": "full"}, None)],
)
async def test_exec_follows_its_policy(
    start: Callable[..., Booted], policy: dict[str, str], reason: str | None
) -> None:
    gateway = start({"tools": {"exec": policy}})
    async with operator(gateway) as client:
        answer = await use(client, "exec", {"argv": ["printf", "x"]})
        if reason is None:
            assert answer["payload"]["result"]["stdout"] == "x"
        else:
            assert answer["error"]["details"]["reason"] == reason


async def test_exec_is_bounded(start: Callable[..., Booted]) -> None:
    gateway = start({"tools": {"exec": {"security": "full", "maxOutputBytes": 1024}}})
    async with operator(gateway) as client:
        loud = (await use(client, "exec", {"argv": ["seq", "100000"]}))["payload"]["result"]
        assert len(loud["stdout"]) == 1024
        assert loud["exitCode"] == 0
        slow = (await use(client, "exec", {"argv": ["sleep", "30"], "timeoutMs": 100}))["payload"]["result"]
        assert slow["timedOut"]
        failed = (await use(client, "exec", {"argv": ["grep", "x", "none"]}))["payload"]["result"]
        assert failed["exitCode"] == 2
        assert failed["stderr"]
        for wrong in NO_COMMANDS:
            assert (await use(client, "exec", wrong))["error"]["code"] == "INVALID_REQUEST"


async def test_only_web_addresses_are_fetched(gateway: Booted) -> None:
    async with operator(gateway) as client:
        for url in ("file:///etc/passwd", "gopher://x", "nonsense", "http://127.0.0.1:1/"):
            assert not (await use(client, "web_fetch", {"url": url}))["ok"]


async def test_tool_calls_can_be_repeated_safely(start: Callable[..., Booted]) -> None:
    gateway = start({"tools": {"exec": {"security": "full"}}})
    async with operator(gateway) as client:
        args = {"argv": ["date", "+%N"]}
        first = await use(client, "exec", args, idempotencyKey="1")
        second = await use(client, "exec", args, idempotencyKey="1")
        assert first["payload"] == second["payload"]


async def test_the_agent_uses_tools_within_policy(start: Callable[..., Booted]) -> None:
    gateway = start({"channels": {"test": {"allowFrom": ["bob"]}}, "tools": {"deny": ["write"]}})
    (gateway.state / "workspace/a").write_text("content of a")
    delivery = await asyncio.to_thread(gateway.inbound, "test", "bob", '/tool read {"path": "a"}')
    assert "content of a" in delivery["replies"][0]
    delivery = gateway.inbound("test", "bob", '/tool write {"path": "b", "content": ""}')
    assert "denied by policy" in delivery["replies"][0]
    assert "not JSON" in gateway.inbound("test", "bob", "/tool read {")["replies"][0]
