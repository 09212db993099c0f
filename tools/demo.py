"""The main job on a scratch copy, live: every plan that has an implementation, from as-found to what it earns.

The clone that this is started in stays as it is. Exit 0 also where this host cannot run some checks: they are named.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tracker.cli.progress import Lines
from tracker.model.numbers import points
from tracker.service import Service

HERE = Path(__file__).resolve().parent.parent


def main() -> int:
    """Run the demonstration; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--no-tui", action="store_true", help="do not offer the TUI")
    parser.add_argument(
        "--strict",
        action="store_true",
        help="a check that did not run, or a red stretch check, is a failure too",
    )
    options = parser.parse_args()
    copy = scratch_copy()
    service = Service.open(copy)
    before = service.snapshot()
    measured = before.score is not None and before.score.measured
    print(f"A scratch copy of this repository: {copy}")
    print(f"Score as found: {points(before.score.points) if before.score and measured else 'not measured'}")
    print(f"Plans: {before.total}; each is carried out, proved against the booted gateway, and committed.\n")
    with Lines() as lines:
        report = service.run(all_plans=True, jobs=options.jobs, observer=lines)
    print(f"\n{service.root / 'STATE.md'}\n")
    print((service.root / "STATE.md").read_text(encoding="utf-8"))
    for check, reason in sorted(report.not_run.items()):
        print(f"this host could not run {check}: {reason}")
    for check, reason in sorted(report.red.items()):
        print(f"{check} is red, a stretch check: {reason}")
    real = {
        ref: reason
        for ref, reason in report.failed.items()
        if not _only_not_run(service, ref, report.not_run)
    }
    for ref, reason in real.items():
        print(f"{ref} did not land: {reason}\n  log {report.logs[ref]}")
    if report.points is not None and report.of is not None:
        start = "" if report.before is None else f"{points(report.before)} → "
        print(
            f"Score {start}{points(report.points)} of {points(report.of)}, measured; {len(report.landed)} plans landed."
        )
    print(f"The copy is kept: {copy}")
    print(f"  {HERE / '.venv/bin/tracker'} -C {copy}")
    terminal = sys.stdin.isatty() and sys.stdout.isatty() and not options.no_tui
    if terminal and input("Open the TUI on it? [Y/n] ").strip().lower() in ("", "y", "yes"):
        subprocess.run([sys.executable, "-m", "tracker", "-C", str(copy)], check=False)
    lacking = bool(report.not_run or report.red) and options.strict
    return 1 if real or report.broken or lacking else 0


def scratch_copy() -> Path:
    """A clone of what is committed here, with a committer of its own, trusted by this process."""
    os.environ["TRACKER_TRUST"] = "1"
    copy = Path(tempfile.mkdtemp(prefix="tracker-demo-")) / HERE.name
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", str(HERE), str(copy)], check=True)
    for key, value in (
        ("user.name", "Demo"),
        ("user.email", "demo@example.org"),
        ("commit.gpgsign", "false"),
    ):
        subprocess.run(["git", "-C", str(copy), "config", key, value], check=True)
    branch = subprocess.run(
        ["git", "-C", str(copy), "symbolic-ref", "-q", "HEAD"], capture_output=True, check=False
    )
    if branch.returncode:
        subprocess.run(["git", "-C", str(copy), "switch", "-q", "-c", "demo"], check=True)
    return copy


def _only_not_run(service: Service, ref: str, not_run: dict[str, str]) -> bool:
    """Whether a plan failed only because this host cannot run some of its checks."""
    ids = {check.id for check in service.snapshot().plan(ref).checks}
    reasons = service.reasons()
    return bool(ids & set(not_run)) and not any(check in reasons and check not in not_run for check in ids)


if __name__ == "__main__":
    raise SystemExit(main())
