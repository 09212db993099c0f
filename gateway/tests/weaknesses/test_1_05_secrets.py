"""Secrets lie on disk as they are."""

import json
from collections.abc import Callable

from gateway.tests.support import Booted, boot, dial, operator

SECRET = "canary-secret-0123456789-abcdefghijklmnopqrstuv"


async def test_secrets_are_in_the_configuration_and_its_backups(start: Callable[..., Booted]) -> None:
    gateway = start({"hooks": {"token": SECRET}})
    async with operator(gateway) as client:
        shown = await client.call("config.get")
        assert SECRET in json.dumps(shown)
        patch = {"raw": json.dumps({"models": {"providers": {"p": {"apiKey": SECRET[::-1]}}}})}
        await client.call("config.patch", {**patch, "baseHash": shown["hash"]})
    assert SECRET[::-1] in (gateway.state / "moltbot.json").read_text()
    assert SECRET in (gateway.state / "moltbot.json.bak").read_text()


async def test_credentials_of_providers_stay_plain(start: Callable[..., Booted]) -> None:
    gateway = start()
    profiles = gateway.state / "agents/main/agent/auth-profiles.json"
    gateway.stop()
    profile = {"type": "api_key", "provider": "p", "key": SECRET}
    profiles.write_text(json.dumps({"version": 1, "profiles": {"p:default": profile}}))
    with boot(gateway.home):
        assert SECRET in profiles.read_text()


async def test_a_stolen_file_is_a_stolen_gateway(start: Callable[..., Booted]) -> None:
    gateway = start({"gateway": {"auth": {"token": SECRET}}})
    stolen = json.loads((gateway.state / "moltbot.json").read_text())["gateway"]["auth"]["token"]
    async with dial(gateway) as client:
        assert (await client.shake(auth={"token": stolen}))["ok"]
