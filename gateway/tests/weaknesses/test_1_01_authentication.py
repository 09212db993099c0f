"""Authentication can be absent, weak, switched off, and tells an attacker too much."""

import json
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.tests.support import Booted, Device, boot, command, dial, operator, raw, write_config

CONTROL_UI = {"id": "control-ui", "version": "1", "platform": "web", "mode": "ui"}


@pytest.mark.parametrize("flags", [[], ["--auth", "none"]])
async def test_loopback_needs_no_secret(start: Callable[..., Booted], flags: list[str]) -> None:
    gateway = start(None, *flags, token=None)
    async with operator(gateway, with_device=False) as client:
        assert await client.call("config.get")
    call = {"tool": "write", "args": {"path": "a", "content": "b"}}
    assert gateway.http("POST", "/tools/invoke", json=call).status_code == 200


async def test_channels_and_the_page_ask_for_nothing(start: Callable[..., Booted]) -> None:
    gateway = start({"channels": {"x": {"allowFrom": ["bob"]}}})
    body = {"from": "bob", "text": "hi"}
    answer = gateway.http("POST", "/channels/x/inbound", json=body, headers={"Authorization": ""})
    assert answer.json()["accepted"]
    assert "version" in gateway.http("GET", "/", headers={"Authorization": ""}).text


@pytest.mark.parametrize("weak", ["a", "changeme", "a" * 32, "undefined"])
async def test_weak_secrets_are_accepted(start: Callable[..., Booted], weak: str) -> None:
    gateway = start(token=weak)
    async with operator(gateway, auth={"token": weak}) as client:
        assert await client.call("health")


@pytest.mark.parametrize("key", ["allowInsecureAuth", "dangerouslyDisableDeviceAuth"])
async def test_switches_in_the_configuration_drop_device_proof(
    start: Callable[..., Booted], key: str
) -> None:
    gateway = start({"gateway": {"controlUi": {key: True}}})
    async with operator(gateway, with_device=False, client=CONTROL_UI) as client:
        assert await client.call("config.get")


@pytest.mark.parametrize(
    "variable", ["GATEWAY_ALLOW_INSECURE_AUTH", "GATEWAY_DANGEROUSLY_DISABLE_DEVICE_AUTH"]
)
async def test_switches_in_the_environment_drop_device_proof(
    start: Callable[..., Booted], variable: str
) -> None:
    gateway = start(None, **{variable: "1"})
    async with operator(gateway, with_device=False, client=CONTROL_UI) as client:
        assert await client.call("config.get")


async def test_failures_tell_what_was_wrong(gateway: Booted) -> None:
    messages = set()
    for auth in ({"token": "wrong"}, {"password": "wrong"}, {}):
        async with dial(gateway) as client:
            messages.add((await client.shake(auth=auth))["error"]["message"])
    async with operator(gateway, device := Device()):
        pass
    async with dial(gateway) as client:
        messages.add((await client.shake(device, auth={"token": "wrong"}))["error"]["message"])
    assert len(messages) == 4


async def test_the_token_is_taken_from_a_url(gateway: Booted) -> None:
    answer = gateway.http("GET", f"/chat/main?token={gateway.token}", headers={"Authorization": ""})
    assert answer.status_code == 200


async def test_no_record_is_kept_of_attempts(start: Callable[..., Booted]) -> None:
    gateway = start()
    async with dial(gateway) as client:
        await client.shake(auth={"token": "wrong"})
    assert not list(gateway.state.rglob("*audit*"))


async def test_device_tokens_are_stored_as_they_are(start: Callable[..., Booted]) -> None:
    gateway = start()
    async with dial(gateway) as client:
        hello = await client.shake(Device(), auth={"token": gateway.token})
    token = hello["payload"]["auth"]["deviceToken"]
    assert token in (gateway.state / "devices/paired.json").read_text()


async def test_a_token_without_device_makes_itself_admin(gateway: Booted) -> None:
    async with operator(gateway, with_device=False, scopes=["operator.admin"]) as client:
        assert await client.call("device.pair.list")


@pytest.mark.parametrize("header", ["Origin: https://evil.example", "Origin: null"])
async def test_any_origin_may_connect(gateway: Booted, header: str) -> None:
    async with raw(gateway) as client:
        assert " 101 " in await client.upgrade(header)


async def test_any_host_may_be_named(gateway: Booted) -> None:
    async with dial(gateway, {"Origin": f"http://rebind.example:{gateway.port}"}) as client:
        assert client.nonce
    assert gateway.http("GET", "/", headers={"Host": "rebind.example"}).status_code == 200


async def test_the_password_is_on_disk(start: Callable[..., Booted]) -> None:
    password = "a password that is long enough for anybody 42"
    gateway = start({"gateway": {"auth": {"mode": "password", "password": password}}}, token=None)
    assert password in (gateway.state / "moltbot.json").read_text()


async def test_a_stolen_file_is_a_stolen_gateway(start: Callable[..., Booted]) -> None:
    gateway = start({"gateway": {"auth": {"token": secrets.token_hex(32)}}}, token=None)
    stolen = json.loads((gateway.state / "moltbot.json").read_text())["gateway"]["auth"]["token"]
    async with dial(gateway) as client:
        assert (await client.shake(auth={"token": stolen}))["ok"]


async def test_a_repaired_token_is_the_old_one(tmp_path: Path) -> None:
    write_config(tmp_path, {"gateway": {"auth": {"token": "weak"}}})
    report = json.loads(command(tmp_path, "security", "audit", "--json", "--fix").stdout)
    assert any("token" in line for line in report["fixed"])
    with boot(tmp_path, token=None) as gateway:
        async with dial(gateway) as client:
            assert (await client.shake(auth={"token": "weak"}))["ok"]


@pytest.mark.parametrize("key", ["allowInsecureAuth", "dangerouslyDisableDeviceAuth"])
def test_switches_are_warned_about_only(tmp_path: Path, key: str) -> None:
    write_config(tmp_path, {"gateway": {"controlUi": {key: True}}})
    report = json.loads(command(tmp_path, "security", "audit", "--json").stdout)
    assert any(key in finding["detail"] for finding in report["findings"])
