"""The pytest plugin of verifications: ``-p tracker.verify.plugin``.

It gives the marker ``check(id)``, the ``codebase`` fixture, and one JSON line per test in the file that
``TRACKER_RESULTS`` names. ``TRACKER_ONLY`` and ``TRACKER_WITHOUT`` (ids with commas) choose checks.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tracker.api import Codebase


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", "check(id): the check that this test proves")


@pytest.fixture(scope="session")
def codebase() -> Codebase:
    """The tree under test."""
    root = Path(os.environ.get("TRACKER_CODEBASE") or Path.cwd())
    deferred = [item for item in os.environ.get("TRACKER_DEFERRED", "").split(",") if item]
    plan_dir = Path(os.environ.get("TRACKER_PLAN_DIR") or Path.cwd())
    return Codebase(root, plan_dir=plan_dir, deferred=deferred)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of the checks that are asked for."""
    only = _ids("TRACKER_ONLY")
    without = _ids("TRACKER_WITHOUT") or set()
    kept: list[pytest.Item] = []
    dropped: list[pytest.Item] = []
    for item in items:
        ids = set(_checks(item))
        wanted = bool(ids - without) and (only is None or bool(ids & only))
        (kept if wanted else dropped).append(item)
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:  # noqa: ARG001 - pytest's signature
    """Write what became of the test, phase by phase."""
    outcome = yield
    report: pytest.TestReport = outcome.get_result()
    if report.when == "call" or report.outcome != "passed":
        _write(
            {
                "test": item.nodeid,
                "checks": _checks(item),
                "when": report.when,
                "outcome": "skipped" if hasattr(report, "wasxfail") and report.skipped else report.outcome,
                "reason": _reason(report),
                "seconds": round(report.duration, 3),
            }
        )


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """A file that cannot be collected is an error of all its checks."""
    if report.outcome == "failed":
        _write({"collect": report.nodeid, "reason": _last_line(report.longreprtext)})


def _checks(item: pytest.Item) -> list[str]:
    return [str(mark.args[0]) for mark in item.iter_markers("check") if mark.args]


def _reason(report: pytest.TestReport) -> str:
    if report.outcome == "skipped" and isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    if report.outcome == "passed":
        return ""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = str(crash.message) if crash is not None else report.longreprtext
    return _last_line(text) if crash is None else text.splitlines()[0][:500]


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].removeprefix("E").strip()[:500] if lines else ""


def _ids(variable: str) -> set[str] | None:
    text = os.environ.get(variable, "")
    return {item for item in text.split(",") if item} or None


def _write(line: dict[str, Any]) -> None:
    place = os.environ.get("TRACKER_RESULTS")
    if place:
        with Path(place).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
