"""Commands leave a trace, and without one they do not run."""

import json
import shlex
from collections.abc import Callable
from typing import Any

from gateway.tests.support import Booted, Device, command, operator


def lines(gateway: Booted) -> list[dict[str, Any]]:
    text = (gateway.state / "logs" / "command-audit.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


async def execute(client: Any, *argv: str, key: str = "main", **args: Any) -> dict[str, Any]:
    call = {"tool": "exec", "args": {"argv": list(argv), **args}, "sessionKey": key}
    answer: dict[str, Any] = await client.request("tools.invoke", call)
    return answer


async def test_clog_01_a_command_is_recorded_before_it_runs_and_when_it_ended(
    start: Callable[..., Booted],
) -> None:
    """CLOG-01: who, what, where, why, and what came of it."""
    gateway, device = start({"tools": {"exec": {"security": "full"}}}), Device()
    log = gateway.state / "logs" / "command-audit.jsonl"
    async with operator(gateway, device) as client:
        shown = (await execute(client, "cat", str(log)))["payload"]["result"]["stdout"]
        await execute(client, "sleep", "9", timeoutMs=100)
    begun, ended, slow, cut = lines(gateway)
    assert [json.loads(line)["id"] for line in shown.splitlines()] == [begun["id"]]
    assert begun["argv"] == ["cat", str(log)]
    assert begun["actor"]["deviceId"] == device.id
    assert (begun["decision"], begun["reason"], begun["sandbox"]) == ("allowed", "full", False)
    assert begun["session"] == "agent:main:main"
    assert (ended["id"], ended["exitCode"], ended["timedOut"]) == (begun["id"], 0, False)
    assert (cut["id"], cut["timedOut"]) == (slow["id"], True)
    assert cut["durationMs"] >= 100


async def test_clog_01_refused_commands_are_recorded_with_the_reason(start: Callable[..., Booted]) -> None:
    """CLOG-01: also what policy, tools or the shape of the command refused."""
    gateway = start({"tools": {"exec": {"ask": "off"}}})
    async with operator(gateway) as client:
        await execute(client, "sleep", "1")
        await execute(client, "no-such-program-here")
        patch = {"raw": "{tools: {deny: ['exec']}}"}
        current = await client.call("config.get")
        await client.call("config.patch", {**patch, "baseHash": current["hash"]})
        await execute(client, "head", "/dev/null")
    decided = [(line["decision"], line["reason"]) for line in lines(gateway)]
    assert decided[0] == ("refused", "policy")
    assert decided[1][0] == "refused"
    assert decided[2] == ("refused", "tool denied by policy: exec")
    assert lines(gateway)[2]["argv"] == ["head", "/dev/null"]


async def test_clog_01_what_cannot_be_recorded_does_not_run(start: Callable[..., Booted]) -> None:
    """CLOG-01: no record, no command."""
    gateway = start({"tools": {"exec": {"security": "full"}}})
    log = gateway.state / "logs" / "command-audit.jsonl"
    log.mkdir(parents=True)
    async with operator(gateway) as client:
        answer = await execute(client, "touch", str(gateway.home / "ran"))
        assert answer["error"]["code"] == "UNAVAILABLE"
        assert not (gateway.home / "ran").exists()
        log.rmdir()
        assert (await execute(client, "touch", str(gateway.home / "ran")))["ok"]
    assert (gateway.home / "ran").exists()


async def test_clog_01_the_peer_behind_a_message_is_named(start: Callable[..., Booted]) -> None:
    """CLOG-01: a command that a message asked for names its sender."""
    config = {
        "channels": {"telegram": {"dmPolicy": "allowlist", "allowFrom": ["alice"]}},
        "tools": {"exec": {"security": "deny"}},
    }
    gateway = start(config)
    gateway.inbound("telegram", "alice", f"/tool exec {json.dumps({'command': shlex.join(['head', 'x'])})}")
    (line,) = lines(gateway)
    assert line["actor"] == {"surface": "channel", "channel": "telegram", "sender": "alice"}
    assert (line["command"], line["sandbox"]) == ("head x", True) or line["argv"] == ["head", "x"]


async def test_clog_01_the_record_is_chained_and_long_commands_are_cut(start: Callable[..., Booted]) -> None:
    """CLOG-01: what a command says cannot break its line, and `audit verify` covers it."""
    gateway = start({"tools": {"exec": {"security": "full"}}})
    async with operator(gateway) as client:
        await execute(client, "echo", 'token=abc"def', "secret=x\\", "\n")
        await execute(client, "true", *["x" * 1000] * 100)
    odd, _, long, _ = lines(gateway)
    assert odd["argv"][3] == "\n"
    assert "abc" not in odd["argv"][1]
    assert sum(map(len, long["argv"])) <= 32_768
    assert len(long["argvSha256"]) == 64
    assert command(gateway.home, "audit", "verify").returncode == 0
