"""The audit looks for a fixed list, says it repaired what it did not, and keeps no record."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.tests.support import boot, command, dial, write_config


def audit(home: Path, *flags: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(command(home, "security", "audit", "--json", *flags).stdout)
    return report


@pytest.mark.parametrize(
    "unsafe",
    [
        {"tools": {"exec": {"security": "full"}}},
        {"agents": {"defaults": {"sandbox": {"mode": "off"}}}},
        {"channels": {"x": {"allowFrom": ["*"]}}},
        {"hooks": {"enabled": True, "token": "short"}},
        {"gateway": {"auth": {"mode": "none"}}},
    ],
)
def test_unsafe_settings_are_missed(tmp_path: Path, unsafe: dict[str, Any]) -> None:
    write_config(tmp_path, unsafe).chmod(0o600)
    assert audit(tmp_path)["findings"] == []


async def test_a_repaired_token_is_the_old_one(tmp_path: Path) -> None:
    write_config(tmp_path, {"gateway": {"auth": {"token": "weak"}}}).chmod(0o600)
    assert any("token" in line for line in audit(tmp_path, "--fix")["fixed"])
    with boot(tmp_path, token=None) as gateway:
        async with dial(gateway) as client:
            assert (await client.shake(auth={"token": "weak"}))["ok"]


def test_there_is_no_audit_log_to_verify(tmp_path: Path) -> None:
    assert command(tmp_path, "audit", "verify").returncode == 2
