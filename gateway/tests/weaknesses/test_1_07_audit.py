"""The audit looks for a fixed list, and no record is kept that could be verified."""

import secrets
from pathlib import Path
from typing import Any

import pytest

from gateway.tests.support import command, write_config

STRONG = {"token": secrets.token_hex(32)}


@pytest.mark.parametrize(
    ("unsafe", "key"),
    [
        ({"gateway": {"auth": STRONG}, "tools": {"exec": {"security": "full"}}}, "tools.exec"),
        ({"gateway": {"auth": STRONG, "trustedProxies": ["0.0.0.0/0"]}}, "trustedProxies"),
    ],
)
def test_unsafe_settings_are_missed(tmp_path: Path, unsafe: dict[str, Any], key: str) -> None:
    write_config(tmp_path, unsafe)
    assert key not in command(tmp_path, "security", "audit", "--json").stdout


def test_there_is_no_audit_log_to_verify(tmp_path: Path) -> None:
    assert command(tmp_path, "audit", "verify").returncode == 2
