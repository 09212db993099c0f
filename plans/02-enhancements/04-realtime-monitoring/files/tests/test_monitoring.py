"""MON-01: what the rules notice, and how it is told."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.config.config import Config
from gateway.monitoring.rules import Commands, Failures, is_failure, weakened
from gateway.monitoring.sink import Sink
from gateway.tests.support import Booted, Device, command, dial, operator, write_config


def configured(**values: Any) -> Config:
    return Config(Path("moltbot.json"), None, values)


@pytest.mark.parametrize(
    ("method", "reason", "failure"),
    [
        ("token", "mismatch", True),
        ("token", "token mismatch", True),
        ("none", "too many failed attempts", True),
        ("token", "device signature invalid", True),
        ("token", "pairing required", False),
        ("token", "session expired: log in again", False),
        ("token", "protocol mismatch", False),
        ("none", "missing", False),
    ],
)
def test_mon_01_failures_are_wrong_credentials(method: str, reason: str, *, failure: bool) -> None:
    """MON-01: visits without a credential, pairing and expiry are no attacks."""
    assert is_failure(method, reason) is failure


def test_mon_01_failures_are_counted_over_all_clients() -> None:
    """MON-01: a burst, and a slow guess that stays below every limiter."""
    config, rule = configured(), Failures()
    burst = [rule.noticed(config, number, f"192.0.2.{number}") for number in range(10)]
    assert [finding.count for finding in burst if finding] == [10]
    rule = Failures()
    slow = [rule.noticed(config, number * 80.0, "192.0.2.1") for number in range(40)]
    assert [bool(finding) for finding in slow] == [False] * 39 + [True]


def test_mon_01_commands_nobody_allowed_are_unusual_once() -> None:
    """MON-01: the allowlist and operators make a command usual, and so does having been told of it."""
    rule = Commands()
    line = {"event": "attempt", "session": "main", "argv": ["/usr/bin/nc", "-l"], "decision": "refused"}
    found = rule.noticed({**line, "reason": "policy"})
    assert found is not None
    assert found.subjects == ("nc",)
    assert rule.noticed({**line, "reason": "policy"}) is None
    allowed = {**line, "argv": ["wc"], "decision": "allowed"}
    assert rule.noticed({**allowed, "reason": "approval"}) is None
    assert rule.noticed({"event": "end"}) is None


@pytest.mark.parametrize(
    ("before", "after", "paths"),
    [
        ({}, {"tools": {"exec": {"security": "full"}}}, ["tools.exec.security"]),
        ({"tools": {"exec": {"security": "full"}}}, {}, []),
        ({}, {"gateway": {"trustedProxies": ["192.0.2.1"]}}, ["gateway.trustedProxies"]),
        ({"monitoring": {"sink": {"url": "https://a"}}}, {}, ["monitoring.sink.url"]),
        ({}, {"logging": {"level": "debug"}}, []),
    ],
)
def test_mon_01_a_configuration_is_weaker_or_not(
    before: dict[str, Any], after: dict[str, Any], paths: list[str]
) -> None:
    """MON-01: only changes that protect less are told."""
    assert list(weakened(configured(**before), configured(**after))) == paths


def test_mon_01_the_signature_covers_time_and_body() -> None:
    """MON-01: as the documentation says, so that any sink can check it."""
    secret = secrets.token_hex(32)
    expected = hmac.new(secret.encode(), b"7.{}", hashlib.sha256).hexdigest()
    assert Sink("http://127.0.0.1", secret).sign("7", b"{}") == f"v1={expected}"


async def test_mon_01_administrators_are_told_and_nobody_else(start: Callable[..., Booted]) -> None:
    """MON-01: an attack is an event for those who can act."""
    gateway = start()
    async with operator(gateway) as boss, operator(gateway, scopes=["operator.read"]) as reader:
        for _ in range(10):
            async with dial(gateway) as client:
                await client.shake(Device(), auth={"token": secrets.token_hex(32)})
        told = await boss.event("security.event")
        assert (told["kind"], told["count"], told["subjectCount"]) == ("auth-failures", 10, 10)
        assert [alert["id"] for alert in (await boss.call("security.events"))["alerts"]] == [told["id"]]
        await reader.call("health")
        assert "security.event" not in {frame.get("event") for frame in reader.events}


def test_mon_01_a_sink_needs_a_secret(tmp_path: Path) -> None:
    """MON-01: alerts that nobody could tell from forged ones are not sent."""
    write_config(tmp_path, {"monitoring": {"sink": {"url": "https://sink.example/alerts"}}})
    done = command(tmp_path, "run", "--port", "0", GATEWAY_TOKEN=secrets.token_hex(32))
    assert done.returncode == 1
    assert "monitoring.sink.secret" in done.stderr
