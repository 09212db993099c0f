"""Strangers can be let in by configuration, by guessing, and see what others said."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.tests.support import Booted, command, operator, write_config


@pytest.mark.parametrize(
    "channels",
    [
        {"x": {"dmPolicy": "open"}},
        {"x": {"dm": {"policy": "open"}}},
        {"x": {}, "defaults": {"dmPolicy": "open"}},
        {"x": {"allowFrom": ["*"]}},
        {"x": {"dm": {"allowFrom": [" * "]}}},
    ],
)
async def test_strangers_are_heard(start: Callable[..., Booted], channels: object) -> None:
    gateway = start({"channels": channels})
    assert gateway.inbound("x", "stranger", "hi")["accepted"]


async def test_an_open_account_is_heard(start: Callable[..., Booted]) -> None:
    gateway = start({"channels": {"x": {"accounts": {"a": {"dmPolicy": "open"}}}}})
    assert gateway.inbound("x", "stranger", "hi", accountId="a")["accepted"]


async def test_a_patch_opens_a_channel(start: Callable[..., Booted]) -> None:
    gateway = start({"channels": {"x": {}}})
    async with operator(gateway) as client:
        base = (await client.call("config.get"))["hash"]
        patch = {"raw": "{channels: {x: {dmPolicy: 'open'}}}", "baseHash": base}
        assert (await client.call("config.patch", patch))["ok"]
    assert gateway.inbound("x", "stranger", "hi")["accepted"]


async def test_codes_can_be_guessed_without_end(start: Callable[..., Booted]) -> None:
    gateway = start({"channels": {"x": {}}})
    code = gateway.inbound("x", "eve", "hi")["replies"][0].split("Pairing code: ")[1][:8]
    for _ in range(5):
        assert command(gateway.home, "pairing", "approve", "x", "AAAAAAAA").returncode == 1
    done = command(gateway.home, "pairing", "approve", "x", code)
    assert done.returncode == 0, "no acknowledgement is asked for either"
    assert gateway.inbound("x", "eve", "hi")["accepted"]


async def test_codes_are_stored_as_they_are(start: Callable[..., Booted]) -> None:
    gateway = start({"channels": {"x": {}}})
    code = gateway.inbound("x", "eve", "hi")["replies"][0].split("Pairing code: ")[1][:8]
    assert code in (gateway.state / "credentials/x-pairing.json").read_text()


async def test_peers_share_a_session(start: Callable[..., Booted]) -> None:
    gateway = start({"channels": {"x": {"allowFrom": ["alice", "bob"]}}})
    gateway.inbound("x", "alice", "my secret is 4711")
    assert "4711" in gateway.inbound("x", "bob", "/history")["replies"][0]


def test_an_open_channel_is_warned_about_only(tmp_path: Path) -> None:
    write_config(tmp_path, {"channels": {"x": {"dmPolicy": "open"}}})
    assert "channels.dm.open" in command(tmp_path, "security", "audit", "--json").stdout
