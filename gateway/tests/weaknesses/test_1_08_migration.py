"""Nothing brings a configuration of old up to date."""

from pathlib import Path

from gateway.tests.support import command, write_config


def test_there_is_no_migration(tmp_path: Path) -> None:
    write_config(tmp_path, {"channels": {"telegram": {"botToken": "123:plain"}}})
    assert command(tmp_path, "migrate").returncode == 2
