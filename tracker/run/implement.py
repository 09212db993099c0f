"""Carrying out one plan's implementation in its worktree."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tracker import process
from tracker.model.definitions import Plan
from tracker.model.snapshot import Change
from tracker.run.confine import confined


@dataclass(frozen=True, slots=True)
class Implemented:
    """What an implementation did. ``reason`` says why it failed; empty where it did not."""

    changes: tuple[Change, ...] = ()
    reason: str = ""
    seconds: float = 0


def implement(
    plan: Plan,
    worktree: Path,
    *,
    codebase: str,
    deferred: tuple[str, ...],
    log: Path,
    timeout: float,
    python: str = "",
    on_output: Callable[[str], None] | None = None,
    cancelled: threading.Event | None = None,
) -> Implemented:
    """Run the plan's module or command once. Failures are data: nothing is raised for them."""
    plan_dir = worktree / plan.path
    with tempfile.TemporaryDirectory(prefix="tracker-") as scratch:
        report = Path(scratch) / "report.json"
        extra = {
            "TRACKER_PLAN": plan.ref,
            "TRACKER_PLAN_FILE": str(plan_dir / "PLAN.md"),
            "TRACKER_CODEBASE": str(worktree / codebase),
            "TRACKER_DEFERRED": ",".join(deferred),
            "GIT_CEILING_DIRECTORIES": str(worktree.parent),
        }
        if plan.implementation.kind == "module":
            spec = Path(scratch) / "spec.json"
            spec.write_text(
                json.dumps(
                    {
                        "module": str(plan_dir / plan.implementation.value),
                        "codebase": str(worktree / codebase),
                        "plan_dir": str(plan_dir),
                        "repository": str(worktree),
                        "paths": list(plan.paths),
                        "deferred": list(deferred),
                        "report": str(report),
                    }
                ),
                encoding="utf-8",
            )
            command = [python or process.interpreter(), "-P", "-m", "tracker.run.child", str(spec)]
        else:
            command = ["/bin/sh", "-c", plan.implementation.value]
        ended = process.run(
            confined(command, writable=[worktree, Path(scratch)], fixed=[worktree / ".git"]),
            cwd=worktree,
            env=process.clean_environment(Path(scratch), extra),
            log=log,
            timeout=timeout,
            on_output=on_output,
            cancelled=cancelled,
        )
        changes, error = _report(report)
    reason = ended.reason or error
    if not reason and ended.code:
        reason = f"exit status {ended.code}"
    return Implemented(changes, reason, round(ended.seconds, 3))


def _report(place: Path) -> tuple[tuple[Change, ...], str]:
    try:
        data = json.loads(place.read_text(encoding="utf-8"))
        return tuple(Change(**change) for change in data["changes"]), str(data["error"])
    except (OSError, ValueError, KeyError, TypeError):
        return (), ""
