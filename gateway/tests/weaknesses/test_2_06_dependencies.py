"""Nobody looks at what the gateway depends on."""

from pathlib import Path

from gateway.tests.support import command


def test_there_is_no_dependency_audit(tmp_path: Path) -> None:
    for name in ("deps", "dependencies", "supply-chain"):
        assert command(tmp_path, name).returncode == 2
