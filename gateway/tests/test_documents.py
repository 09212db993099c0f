"""What the documents say is so."""

import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.tests.support import ROOT, environment

HOME = ROOT / "gateway"
WEAKNESSES = (HOME / "KNOWN-WEAKNESSES.md").read_text(encoding="utf-8")
README = (HOME / "README.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| [^|]+ \| `([\w/.]+):(\w+)` \| `(\w+\.py):(\w+)` \|$", re.MULTILINE)


@pytest.mark.parametrize("row", ROW.findall(WEAKNESSES), ids=lambda row: row[3])
def test_a_listed_weakness_has_its_place_and_its_test(row: tuple[str, str, str, str]) -> None:
    file, function, test_file, test = row
    assert re.search(rf"def {function}\(", (HOME / file).read_text(encoding="utf-8"))
    source = (HOME / "tests/weaknesses" / test_file).read_text(encoding="utf-8")
    assert re.search(rf"def {test}\(", source)


def test_every_test_of_a_weakness_is_listed() -> None:
    listed = {(row[2], row[3]) for row in ROW.findall(WEAKNESSES)}
    rows = [line for line in WEAKNESSES.splitlines() if line.startswith("| ") and "`" in line]
    assert len(rows) == len(listed)
    found = {
        (path.name, name)
        for path in (HOME / "tests/weaknesses").glob("test_*.py")
        for name in re.findall(r"def (test_\w+)\(", path.read_text(encoding="utf-8"))
    }
    assert found == listed


def quick_start() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def test_the_quick_start_works(tmp_path: Path) -> None:
    assert len(quick_start()) > 8
    config = tmp_path / "state"
    config.mkdir()
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    env = environment(tmp_path, PATH=path)
    subprocess.run(
        [sys.executable, "-m", "gateway", "config", "set", "gateway.port", str(free_port())],
        cwd=ROOT,
        env=env,
        check=True,
        capture_output=True,
    )
    background = None
    try:
        for line in quick_start():
            if line.endswith(" run"):
                background = subprocess.Popen(
                    ["bash", "-c", f"exec {line}"], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True
                )
                assert background.stdout is not None
                assert background.stdout.readline().startswith("gateway ready ")
                continue
            done = subprocess.run(
                ["bash", "-c", line],
                cwd=ROOT,
                env=env,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 0, (line, done.stderr)
    finally:
        if background is not None:
            background.terminate()
            background.communicate(timeout=60)


def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_public_modules_say_what_they_are() -> None:
    for path in sorted(HOME.rglob("*.py")):
        if "tests" in path.parts or path.name.startswith("_"):
            continue
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        assert inspect.getdoc(importlib.import_module(name)), name
