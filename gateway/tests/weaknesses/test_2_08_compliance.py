"""There is no evidence to show, and no drill to practise."""

from pathlib import Path

from gateway.tests.support import command


def test_there_is_no_export_and_no_drill(tmp_path: Path) -> None:
    assert command(tmp_path, "compliance", "export").returncode == 2
    assert command(tmp_path, "incident", "drill").returncode == 2
