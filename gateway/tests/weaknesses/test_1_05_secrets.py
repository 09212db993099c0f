"""Secrets lie on disk as they are."""

import json
import secrets
from collections.abc import Callable

from gateway.tests.support import Booted, boot, operator

SECRET = secrets.token_hex(32)


async def test_secrets_are_in_the_configuration_and_its_backups(start: Callable[..., Booted]) -> None:
    gateway = start({"channels": {"x": {"botToken": SECRET}}})
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
