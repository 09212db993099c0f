"""Nobody is let in by configuration, by guessing or unnoticed, and peers stay apart."""

import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.tests.support import Booted, command, operator, settings_audit, write_config

OPEN = "open"
WILDCARDS = [
    "*",
    " * ",
    "\uff0a",
    "\ufe61",
    ".*",
    "^.+$",
    "[a-z]+",
    "(bob|eve)",
    "\\d+",
    "",
    "  ",
    "\u200b",
    ".",
]
TOKEN = {"GATEWAY_TOKEN": secrets.token_hex(32)}


def code_in(delivery: dict[str, Any]) -> str:
    """Return the code that a stranger was told."""
    code: str = delivery["replies"][0].split("Pairing code: ")[1][:8]
    return code


def critical(home: Path) -> list[str]:
    """Return the critical findings of the audit."""
    report = json.loads(settings_audit(home, **TOKEN).stdout)
    return [found["checkId"] for found in report["findings"] if found["severity"] == "critical"]


@pytest.mark.parametrize(
    ("channels", "path"),
    [
        ({"defaults": {"dmPolicy": OPEN}}, "channels.defaults.dmPolicy"),
        ({"x": {"dmPolicy": "OPEN"}}, "channels.x.dmPolicy"),
        ({"x": {"dm": {"policy": " Open "}}}, "channels.x.dm.policy"),
        ({"x": {"accounts": {"a": {"dmPolicy": OPEN}}}}, "channels.x.accounts.a.dmPolicy"),
        ({"x": {"accounts": {"a": {"dm": {"policy": OPEN}}}}}, "channels.x.accounts.a.dm.policy"),
        ({"x": {"$include": "open.json5"}}, "channels.x.dmPolicy"),
    ],
)
def test_an_open_policy_is_refused_wherever_it_stands(tmp_path: Path, channels: object, path: str) -> None:
    """DM-01: the start is refused with the path, and the audit names it."""
    config = write_config(tmp_path, {"channels": channels})
    (config.parent / "open.json5").write_text("{dmPolicy: 'open'}")
    started = command(tmp_path, "run", "--port", "0", **TOKEN)
    assert started.returncode == 1
    assert path in started.stderr
    assert critical(tmp_path) == ["channels.dm.open"]


async def test_a_patch_cannot_open_a_channel(start: Callable[..., Booted]) -> None:
    """DM-01, DM-02: the file stays as it was."""
    gateway = start({"channels": {"x": {}}})
    file = gateway.state / "moltbot.json"
    async with operator(gateway) as client:
        before = file.read_bytes()
        for patch in ({"dmPolicy": "open"}, {"allowFrom": ["*"]}, {"dm": {"allowFrom": ["\uff0a"]}}):
            base = (await client.call("config.get"))["hash"]
            params = {"raw": json.dumps({"channels": {"x": patch}}), "baseHash": base}
            error = (await client.request("config.patch", params))["error"]
            assert error["code"] == "INVALID_REQUEST"
            assert "channels.x." in error["message"]
        assert file.read_bytes() == before


@pytest.mark.parametrize("entry", WILDCARDS)
def test_a_wildcard_is_refused(tmp_path: Path, entry: str) -> None:
    """DM-02: an entry that could let in more than one sender is a fault with a path."""
    write_config(tmp_path, {"channels": {"x": {"dm": {"allowFrom": ["bob", entry]}}}})
    checked = command(tmp_path, "config", "validate")
    assert checked.returncode == 1
    assert "channels.x.dm.allowFrom[1]" in checked.stderr


def test_ordinary_ids_are_no_wildcards(tmp_path: Path) -> None:
    """DM-02: what chat services use as ids stays valid."""
    ids = ["+491701234567", "@alice", "a.b+c@example.org", "12-34@g.us", "@bob:example.org", "Zoë", "u#1234"]
    write_config(tmp_path, {"channels": {"x": {"allowFrom": ids}}})
    checked = command(tmp_path, "config", "validate")
    assert checked.returncode == 0, checked.stderr


async def test_a_stored_wildcard_lets_nobody_in(start: Callable[..., Booted]) -> None:
    """DM-02: neither a stranger nor one who calls himself like the wildcard is heard."""
    gateway = start({"channels": {"x": {}}})
    stored = gateway.state / "credentials" / "x-allowFrom.json"
    stored.parent.mkdir(exist_ok=True)
    stored.write_text(json.dumps({"version": 1, "allowFrom": [*WILDCARDS, "bob"]}))
    assert not gateway.inbound("x", "stranger", "hi")["accepted"]
    assert not gateway.inbound("x", "*", "hi")["accepted"]
    assert gateway.inbound("x", "Bob", "hi")["accepted"]
    assert not gateway.inbound("x", "\uff22ob", "hi")["accepted"], "a look-alike is somebody else"
    assert set(critical(gateway.home)) == {"channels.dm.wildcard"}


async def test_strangers_reach_no_agent(start: Callable[..., Booted]) -> None:
    """DM-03: a code and nothing else, which is not stored as it is."""
    gateway = start({"channels": {"x": {}}})
    first = gateway.inbound("x", "eve", "hi")
    assert not first["accepted"]
    assert gateway.inbound("x", "eve", "hi")["replies"] == []
    assert sum(bool(gateway.inbound("x", name, "hi")["replies"]) for name in "abcd") == 2
    async with operator(gateway) as client:
        assert (await client.call("sessions.list"))["count"] == 0
    for file in gateway.state.rglob("*"):
        assert not file.is_file() or code_in(first) not in file.read_text()
    assert code_in(first) not in command(gateway.home, "pairing", "list", "x", "--json").stdout


def approve(gateway: Booted, code: str, *flags: str) -> int:
    """Return the exit code of an approval."""
    clock = {"GATEWAY_TEST_CLOCK": str(gateway.clock)}
    return command(gateway.home, "pairing", "approve", "x", code, *flags, **clock).returncode


async def test_a_code_works_once_and_for_an_hour(start: Callable[..., Booted]) -> None:
    """DM-03."""
    gateway = start({"channels": {"x": {}}})
    late, used = (code_in(gateway.inbound("x", name, "hi")) for name in ("late", "used"))
    assert approve(gateway, used.lower(), "--acknowledge") == 0
    assert approve(gateway, used, "--acknowledge") == 1
    gateway.clock.write_text("3601")
    assert approve(gateway, late, "--acknowledge") == 1
    assert not gateway.inbound("x", "late", "hi")["accepted"]


async def test_wrong_codes_lock_the_approval(start: Callable[..., Booted]) -> None:
    """DM-03: ten wrong codes void the codes that wait; an hour later there are new ones."""
    gateway = start({"channels": {"x": {}, "y": {}}})
    code = code_in(gateway.inbound("x", "eve", "hi"))
    for _ in range(10):
        assert approve(gateway, "AAAAAAAA", "--acknowledge") == 1
    assert approve(gateway, code, "--acknowledge") == 1
    assert gateway.inbound("x", "eve", "hi")["replies"] == [], "a code that could not be used"
    assert gateway.inbound("y", "eve", "hi")["replies"]
    gateway.clock.write_text("3601")
    assert approve(gateway, code, "--acknowledge") == 1
    again = code_in(gateway.inbound("x", "eve", "hi"))
    assert approve(gateway, again, "--acknowledge") == 0
    assert gateway.inbound("x", "eve", "hi")["accepted"]


async def test_codes_of_old_still_work(start: Callable[..., Booted]) -> None:
    """DM-03: a code that an earlier version stored as it was is sealed, and can be approved."""
    gateway = start({"channels": {"x": {}}})
    stored = gateway.state / "credentials" / "x-pairing.json"
    code_in(gateway.inbound("x", "bob", "hi"))
    created = json.loads(stored.read_text())["requests"][0]["createdAtMs"]
    old = {"id": "alice", "code": "ABCDEFGH", "createdAtMs": created}
    stored.write_text(json.dumps({"version": 1, "requests": [old]}))
    assert "alice" in command(gateway.home, "pairing", "list", "x").stdout
    assert "ABCDEFGH" not in stored.read_text()
    assert approve(gateway, "ABCD-EFGH", "--acknowledge") == 0


async def test_an_approval_is_acknowledged_and_recorded(start: Callable[..., Booted]) -> None:
    """DM-04: without the flag nothing is written; with it the sender is let in, and a line says so."""
    gateway = start({"channels": {"x": {}}})
    code = code_in(gateway.inbound("x", "bob", "hi"))
    before = {file: file.read_bytes() for file in gateway.state.rglob("*") if file.is_file()}
    assert approve(gateway, code) == 2
    assert {file: file.read_bytes() for file in gateway.state.rglob("*") if file.is_file()} == before
    assert approve(gateway, code, "--acknowledge") == 0
    assert gateway.inbound("x", "bob", "hi")["accepted"]
    [line] = (gateway.state / "logs" / "pairing-audit.jsonl").read_text().splitlines()
    record = json.loads(line)
    assert (record["event"], record["channel"], record["sender"]) == ("approved", "x", "bob")
    assert code not in line


async def test_peers_do_not_see_each_other(start: Callable[..., Booted]) -> None:
    """DM-04: nor does a peer whose id only looks the same in a session's name."""
    names = ["alice", "a/b", "a_b", "a b"]
    gateway = start({"channels": {"x": {"allowFrom": names}, "y": {"allowFrom": names}}})
    keys = {gateway.inbound("x", name, f"secret of {name}")["sessionKey"] for name in names}
    keys.add(gateway.inbound("y", "alice", "hi")["sessionKey"])
    assert len(keys) == len(names) + 1
    for name in names:
        seen = gateway.inbound("x", name, "/history")["replies"][0]
        assert [other for other in names if f"secret of {other}\n" in seen] == [name]
