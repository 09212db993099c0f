"""Which controls a test is about: by its name (`test_auth_10_…`) or by how its docstring begins (`AUTH-10: …`).

As a pytest plugin, `-p gateway.tests.controls --control AUTH-10 --outcomes FILE` runs the tests of a control,
after the one that shows that the gateway works at all, and writes a line of JSON for each.
"""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
SMOKE = "test_smoke.py"
CONTROLS = (
    *("AUTH-10", "AUTH-11", "AUTH-12", "AUTH-13", "AUTH-14", "AUTH-15", "ORIG-01"),
    *("SAND-01", "SAND-02", "SAND-03", "SAND-04", "SAND-05"),
    *("FS-10", "FS-11", "FS-12"),
    *("DM-01", "DM-02", "DM-03", "DM-04"),
    *("ENC-01", "ENC-02", "ENC-03", "ENC-04"),
    *("CMD-01", "CMD-02", "CMD-03", "CMD-04"),
    *("AUD-01", "AUD-02", "AUD-03", "AUD-04"),
    *("MIG-01", "MIG-02", "DOC-01", "DOC-02", "TEST-01", "TEST-02"),
)
_NAMED = re.compile(r"test_([a-z]+)_(\d\d)(?:_|$)")
_CITED = re.compile(r"([A-Z]+-\d\d(?:, [A-Z]+-\d\d)*)[:.]")


def controls_of(name: str, docstring: str | None) -> set[str]:
    """Return the ids of the controls that a test function is about."""
    named = _NAMED.match(name)
    cited = _CITED.match((docstring or "").strip())
    ids = {f"{named[1].upper()}-{named[2]}"} if named else set()
    return ids | set(cited[1].split(", ") if cited else ())


@dataclass(frozen=True)
class Written:
    """A test as it is written; `file` is below this directory, `evasions` are ways of leaving it out."""

    file: str
    name: str
    controls: frozenset[str]
    asserts: bool
    evasions: tuple[str, ...]


def written_tests() -> Iterator[Written]:
    """Yield every test function of the suite."""
    for path in sorted(HERE.rglob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                words = [word for item in ast.walk(node) if (word := _last_word(item))]
                yield Written(
                    file=path.relative_to(HERE).as_posix(),
                    name=node.name,
                    controls=frozenset(controls_of(node.name, ast.get_docstring(node))),
                    asserts="raises" in words or any(isinstance(item, ast.Assert) for item in ast.walk(node)),
                    evasions=tuple(
                        word for word in words if word in {"skip", "skipif", "xfail", "importorskip"}
                    ),
                )


def _last_word(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else ""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--control", action="append", default=[], help="run the tests of this control")
    parser.addoption("--outcomes", help="file to which a line of JSON is added for each test")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of the chosen controls; the one that shows that the gateway works comes first."""
    chosen = set(config.getoption("--control"))
    if chosen:
        smoke = [item for item in items if item.path.name == SMOKE]
        items[:] = smoke + [item for item in items if item not in smoke and chosen & _controls(item)]


def _controls(item: pytest.Item) -> set[str]:
    function: Any = getattr(item, "function", None)
    return controls_of(item.name, getattr(function, "__doc__", None))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Write what became of a test; an expected failure counts as skipped."""
    report: pytest.TestReport = yield
    place = item.config.getoption("--outcomes")
    if place and (report.when == "call" or report.outcome != "passed"):
        line = {
            "test": f"{item.path.name}:{item.name}",
            "smoke": item.path.name == SMOKE,
            "outcome": "skipped" if hasattr(report, "wasxfail") else report.outcome,
        }
        with Path(place).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
    return report
