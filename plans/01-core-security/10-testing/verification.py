"""The gateway's suite, run from outside: on copies without a control, without a network, three times."""

from __future__ import annotations

import ast
import compileall
import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from _probes.host import needs
from _probes.netns import unshare_command

from tracker.api import Codebase, check

PHASE = Path(__file__).resolve().parents[1]
OWN = "TEST-01"
ABLATION = "gateway.tests.ablation"
RUNS = 3
PLUGINS = ("pytest_asyncio.plugin", "pytest_timeout")
SETTINGS = "[pytest]\nasyncio_mode = auto\nfilterwarnings = error\ntimeout = 300\n"
HOLLOW = """

import pytest as _pytest


@_pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    if {control!r} in (pyfuncitem.function.__doc__ or "") or {name!r} in pyfuncitem.name:
        {instead}
"""


def checks_of_phase() -> list[dict[str, Any]]:
    """The checks of the phase as its plans define them."""
    found: list[dict[str, Any]] = []
    for plan in sorted(PHASE.glob("*/PLAN.md")):
        found += yaml.safe_load(plan.read_text(encoding="utf-8").split("---\n")[1])["checks"]
    return found


def run(
    codebase: Path, words: Sequence[str], seconds: float, prefix: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Run a module of the gateway's suite from the directory above the codebase."""
    hidden = ("PYTEST_", "TRACKER_", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    return subprocess.run(
        [*prefix, sys.executable, "-m", *words],
        cwd=codebase.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


@pytest.fixture(scope="module")
def compiled(codebase: Codebase, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the codebase with its bytecode, which copies of it keep."""
    copy = tmp_path_factory.mktemp("compiled") / "gateway"
    shutil.copytree(codebase.root, copy)
    compileall.compile_dir(copy, quiet=2)
    return copy


def copy_of(compiled: Path, directory: Path) -> Path:
    """A copy that may be written to, in a directory with settings of its own."""
    copy = directory / "gateway"
    shutil.copytree(compiled, copy)
    (directory / "pytest.ini").write_text(SETTINGS)
    return copy


def ablated(codebase: Path, *controls: str) -> tuple[int, dict[str, Any]]:
    """Exit code and answer of the gateway's own ablation."""
    done = run(codebase, [ABLATION, "--json", *controls], 300)
    assert done.stdout.startswith("{"), (done.stderr or done.stdout).strip().splitlines()[-1:]
    answer: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, answer


@check("TEST-01")
def test_each_critical_control_is_missed(compiled: Path, tmp_path: Path) -> None:
    needs("bwrap")
    copy = copy_of(compiled, tmp_path)
    code, answer = ablated(copy)
    critical = {each["id"] for each in checks_of_phase() if each.get("critical")} - {OWN}
    assert {each["control"] for each in answer["copies"]} >= critical
    assert [each for each in answer["copies"] if each["fault"] or not each["failed"]] == []
    assert answer["untouched"] == ""
    assert code == 0
    for each in answer["copies"]:
        assert not each["path"].startswith("tests/"), each
        assert (copy / each["path"]).is_file(), each


@check("TEST-01")
@pytest.mark.parametrize(
    "instead",
    ["return True", '_pytest.skip("left out")', '_pytest.xfail("expected")'],
    ids=["hollow", "skip", "xfail"],
)
def test_a_hollow_test_is_not_taken_for_one(compiled: Path, tmp_path: Path, instead: str) -> None:
    copy = copy_of(compiled, tmp_path)
    with (copy / "tests/conftest.py").open("a", encoding="utf-8") as file:
        file.write(HOLLOW.format(control="ORIG-01", name="orig_01", instead=instead))
    code, answer = ablated(copy, "ORIG-01")
    assert code == 1
    assert all(each["fault"] for each in answer["copies"])
    assert bool(answer["untouched"]) == (instead != "return True")


@check("TEST-02")
def test_the_suite_is_offline_and_repeatable(compiled: Path, tmp_path: Path) -> None:
    needs("bwrap", "netns")
    unnamed = {each["id"] for each in checks_of_phase()} - asserted(compiled)
    assert sorted(unnamed) == []
    copies = []
    for number in range(RUNS):
        (tmp_path / str(number)).mkdir()
        copies.append(copy_of(compiled, tmp_path / str(number)))
    with ThreadPoolExecutor(RUNS) as pool:
        first, *others = pool.map(
            lambda copy: suite(copy, copy.parent / "outcomes.xml", "gateway/tests"), copies
        )
    for found in (first, *others):
        assert {test: outcome for test, outcome in found.items() if outcome == "failed"} == {}
        assert sorted(first.items() ^ found.items()) == []
    assert len(first) > len(checks_of_phase())


@check("TEST-02")
def test_an_unsteady_or_online_test_shows(compiled: Path, tmp_path: Path) -> None:
    needs("netns")
    assert asserted(compiled), "no test of the suite names a control"
    copy = copy_of(compiled, tmp_path)
    test = copy / "tests/test_unsteady.py"
    test.write_text(
        '"""Two ways to depend on the world."""\n\nimport socket\nfrom pathlib import Path\n\n\n'
        "def test_online() -> None:\n"
        '    socket.create_connection(("192.0.2.1", 9), 5)\n\n\n'
        "def test_once() -> None:\n"
        f"    Path({str(tmp_path / 'seen')!r}).mkdir()\n"
    )
    first, second = (suite(copy, tmp_path / f"{n}.xml", "gateway/tests/test_unsteady.py") for n in range(2))
    assert list(first.values()) == ["passed", "failed"]
    assert list(second.values()) == ["failed", "failed"]


def asserted(codebase: Path) -> set[str]:
    """The ids that tests name and about which they assert something."""
    found: set[str] = set()
    for path in (codebase / "tests").rglob("test_*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            asserts = [item for item in ast.walk(node) if isinstance(item, ast.Assert)]
            raises = "raises" in {item.attr for item in ast.walk(node) if isinstance(item, ast.Attribute)}
            if node.name.startswith("test_") and (asserts or raises):
                named = re.match(r"test_([a-z]+)_(\d\d)_", node.name)
                cited = re.match(r"[A-Z]+-\d\d(, [A-Z]+-\d\d)*[:.]", ast.get_docstring(node) or "")
                found |= {f"{named[1].upper()}-{named[2]}"} if named else set()
                found |= set(re.findall(r"[A-Z]+-\d\d", cited[0])) if cited else set()
    return found


def suite(copy: Path, report: Path, tests: str) -> dict[str, str]:
    """Outcome by test, in a network namespace that has a loopback interface and no route."""
    script = 'ip link set lo up && test -z "$(ip route)" && exec "$@"'
    words = ["pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={copy.parent}", f"--junitxml={report}"]
    words += [word for plugin in PLUGINS for word in ("-p", plugin)]
    words += ["-c", str(copy.parent / "pytest.ini"), tests]
    prefix = [*unshare_command(), "sh", "-c", script, "offline", "env", "PYTEST_DISABLE_PLUGIN_AUTOLOAD=1"]
    done = run(copy, words, 400, prefix)
    assert report.exists(), (done.stderr or done.stdout).strip().splitlines()[-1:]
    found: dict[str, str] = {}
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - written by pytest just now
        failed = case.find("failure") is not None or case.find("error") is not None
        outcome = "failed" if failed else "passed" if case.find("skipped") is None else "skipped"
        found[f"{case.get('classname')}::{case.get('name')}"] = outcome
    return dict(sorted(found.items()))
