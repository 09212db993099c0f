"""One verification: a plan's checks, or the project's own, against one tree."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tracker import process
from tracker.model.definitions import Check, Verification
from tracker.model.snapshot import ERROR, NOT_RUN, PASSED, RED
from tracker.verify.outcomes import Result, from_lines

_INI = "[pytest]\naddopts =\nfilterwarnings = default\n"


@dataclass(frozen=True, slots=True)
class Job:
    """What to verify. ``root`` is the tree under test, ``plan_dir`` the directory of the verification in it."""

    name: str
    root: Path
    plan_dir: Path
    codebase: str
    verification: Verification
    checks: tuple[Check, ...]
    timeout: float
    log: Path
    python: str = ""
    deferred: tuple[str, ...] = ()
    only: tuple[str, ...] = field(default=())


def verify(
    job: Job,
    *,
    exclusive: bool | None = None,
    on_output: Callable[[str], None] | None = None,
    cancelled: threading.Event | None = None,
) -> dict[str, Result]:
    """Run the job's checks; a result for each of them. Failures are data: this does not raise for them.

    ``exclusive`` True runs only the checks that have to run alone, False only the others, None all.
    """
    chosen = tuple(
        check
        for check in job.checks
        if (not job.only or check.id in job.only) and (exclusive is None or check.exclusive == exclusive)
    )
    if not chosen:
        return {}
    results: dict[str, Result] = {}
    with tempfile.TemporaryDirectory(prefix="tracker-") as scratch:
        # What a verification starts as root may give root up, and still has to reach its own files in here.
        Path(scratch).chmod(0o711)
        if job.verification.file:
            in_pytest = [check for check in chosen if check.id not in dict(job.verification.commands)]
            results |= _pytest(job, in_pytest, Path(scratch), on_output, cancelled)
        for check_id, command in job.verification.commands:
            if any(check.id == check_id for check in chosen):
                results[check_id] = _command(
                    job, check_id, command, scratch=Path(scratch), on_output=on_output, cancelled=cancelled
                )
    for check in chosen:
        results.setdefault(check.id, Result(check.id, NOT_RUN, "there is no verification for it yet"))
    return results


def _pytest(
    job: Job,
    checks: Sequence[Check],
    scratch: Path,
    on_output: Callable[[str], None] | None,
    cancelled: threading.Event | None,
) -> dict[str, Result]:
    file = job.plan_dir / job.verification.file
    if not file.is_file():
        return _all(checks, ERROR, f"{job.verification.file}: no such file")
    results = scratch / "results.jsonl"
    results.touch()
    ini = scratch / "pytest.ini"
    ini.write_text(_INI, encoding="utf-8")
    command = [
        job.python or process.interpreter(),
        "-P",
        "-m",
        "pytest",
        "-c",
        str(ini),
        f"--rootdir={job.root}",
        f"--confcutdir={job.root / 'plans'}",
        "--import-mode=importlib",
        "-p",
        "tracker.verify.plugin",
        "-p",
        "no:cacheprovider",
        "-q",
        "--no-header",
        "--tb=short",
        "-ra",
        str(file),
    ]
    env = _environment(job, scratch, [check.id for check in checks]) | {"TRACKER_RESULTS": str(results)}
    ended = process.run(
        process.limited(command),
        cwd=job.root,
        env=env,
        log=job.log,
        timeout=job.timeout,
        on_output=on_output,
        cancelled=cancelled,
    )
    reason = ended.reason
    if not reason and ended.code not in (0, 1, 2, 5):
        reason = f"pytest ended with status {ended.code}; see the log"
    return from_lines(checks, results.read_text(encoding="utf-8").splitlines(), ended=reason)


def _command(
    job: Job,
    check: str,
    command: str,
    *,
    scratch: Path,
    on_output: Callable[[str], None] | None,
    cancelled: threading.Event | None,
) -> Result:
    ended = process.run(
        process.limited(["/bin/sh", "-c", command]),
        cwd=job.root / job.codebase,
        env=_environment(job, scratch, [check]),
        log=job.log,
        timeout=job.timeout,
        on_output=on_output,
        cancelled=cancelled,
    )
    seconds = round(ended.seconds, 3)
    if ended.reason:
        return Result(check, ERROR, ended.reason, seconds)
    if ended.code == 0:
        return Result(check, PASSED, "", seconds)
    return Result(check, RED, f"exit status {ended.code}: {command}", seconds)


def _environment(job: Job, scratch: Path, only: Iterable[str]) -> dict[str, str]:
    return process.clean_environment(
        scratch,
        {
            "GIT_CEILING_DIRECTORIES": str(job.root.parent),
            "TRACKER_CODEBASE": str(job.root / job.codebase),
            "TRACKER_PLAN_DIR": str(job.plan_dir),
            "TRACKER_DEFERRED": ",".join(job.deferred),
            "TRACKER_ONLY": ",".join(only),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONPATH": os.pathsep.join([str(job.root / "plans")]),
        },
    )


def _all(checks: Iterable[Check], outcome: str, reason: str) -> dict[str, Result]:
    return {check.id: Result(check.id, outcome, reason) for check in checks}
