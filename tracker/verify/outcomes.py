"""From tests to checks: a check passes when all its tests passed and at least one ran."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tracker.model.definitions import RESIDUAL, Check
from tracker.model.snapshot import ERROR, NOT_RUN, OPEN, PASSED, RED


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one check in one verification."""

    check: str
    outcome: str
    reason: str = ""
    seconds: float = 0


def from_lines(checks: Iterable[Check], lines: Iterable[str], *, ended: str = "") -> dict[str, Result]:
    """The outcome of each check from the plugin's lines.

    ``ended`` says why the verification did not come to its end, where it did not: then a check without a
    result is an error, not merely one that did not run.
    """
    tests: dict[str, dict[str, list[dict[str, Any]]]] = {}
    broken: list[str] = []
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if "collect" in entry:
            broken.append(f"{entry['collect']}: {entry['reason']}")
        for check in entry.get("checks", ()):
            tests.setdefault(check, {}).setdefault(entry["test"], []).append(entry)
    return {check.id: _result(check, tests.get(check.id, {}), broken, ended) for check in checks}


def _result(check: Check, tests: dict[str, list[dict[str, Any]]], broken: list[str], ended: str) -> Result:
    entries = [entry for test in tests.values() for entry in test]
    seconds = round(sum(float(entry["seconds"]) for entry in entries), 3)
    failed = [entry for entry in entries if entry["outcome"] == "failed"]
    if any(entry["when"] == "call" for entry in failed):
        reason = next(entry["reason"] for entry in failed if entry["when"] == "call")
        return Result(check.id, RED, reason, seconds)
    if failed:
        return Result(check.id, ERROR, failed[0]["reason"], seconds)
    if not entries:
        if broken or ended:
            return Result(check.id, ERROR, broken[0] if broken else ended, 0)
        return Result(check.id, NOT_RUN, "no test is marked with it", 0)
    skipped = [entry for entry in entries if entry["outcome"] == "skipped"]
    if skipped:
        return Result(check.id, NOT_RUN, skipped[0]["reason"], seconds)
    if ended:
        return Result(check.id, ERROR, ended, seconds)
    return Result(check.id, OPEN if check.kind == RESIDUAL else PASSED, "", seconds)
