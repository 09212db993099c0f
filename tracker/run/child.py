"""The process in which an implementation module runs: ``python -m tracker.run.child SPEC``."""

from __future__ import annotations

import importlib.util
import json
import sys
import traceback
from pathlib import Path
from typing import Any

from tracker.api import Codebase
from tracker.errors import TrackerError
from tracker.model.snapshot import Change, plain


def main(spec_file: str) -> int:
    """Load the module, call ``implement(codebase)``, write the changes (or what went wrong) to the report."""
    spec: dict[str, Any] = json.loads(Path(spec_file).read_text(encoding="utf-8"))
    report = Path(spec["report"])
    changes: list[Change] = []
    error = ""
    try:
        implement = _function(Path(spec["module"]))
        implement(
            Codebase(
                Path(spec["codebase"]),
                plan_dir=Path(spec["plan_dir"]),
                repository=Path(spec["repository"]),
                paths=spec["paths"],
                deferred=spec["deferred"],
                changes=changes,
            )
        )
    except TrackerError as problem:
        error = f"{_place(problem, spec['module'])}{problem.message}"
        if problem.hint:
            error += f" ({problem.hint})"
    except BaseException as problem:  # noqa: BLE001 - whatever a plan raises is its failure, never ours
        traceback.print_exc()
        error = f"{_place(problem, spec['module'])}{type(problem).__name__}: {problem}"
    report.write_text(json.dumps({"changes": plain(changes), "error": error}), encoding="utf-8")
    if error:
        print(error, file=sys.stderr)  # noqa: T201 - the log of the run
    return 1 if error else 0


def _function(module: Path) -> Any:
    spec = importlib.util.spec_from_file_location("implementation", module)
    if spec is None or spec.loader is None:
        raise TrackerError(f"{module.name} cannot be loaded")
    loaded = importlib.util.module_from_spec(spec)
    sys.modules["implementation"] = loaded
    spec.loader.exec_module(loaded)
    function = getattr(loaded, "implement", None)
    if not callable(function):
        raise TrackerError(f"{module.name} has no function implement(codebase)")
    return function


def _place(problem: BaseException, module: str) -> str:
    frames = [frame for frame in traceback.extract_tb(problem.__traceback__) if frame.filename == module]
    return f"{Path(module).name}:{frames[-1].lineno}: " if frames else ""


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
