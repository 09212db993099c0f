"""``make ladder``: what every plan changes, measured: its checks before and after it, and the baseline after it.

On a scratch copy of what is committed here. Writes docs/ladder.md (outcomes only, no times, no places) and
docs/STATE.hardened.md.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.demo import scratch_copy
from tracker.git import worktrees
from tracker.git.plumbing import git
from tracker.model import progress as pg
from tracker.model import snapshot as sn
from tracker.model.definitions import BASELINE, Plan
from tracker.model.numbers import points
from tracker.service import Service
from tracker.service.checking import baseline_job, job_of, run_jobs
from tracker.verify.outcomes import Result

HERE = Path(__file__).resolve().parent.parent
PAGE = HERE / "docs" / "ladder.md"
HARDENED = HERE / "docs" / "STATE.hardened.md"
QUALITY = {
    "ruff": ["-m", "ruff", "check", "gateway"],
    "mypy --strict": ["-m", "mypy", "gateway"],
    "its own tests": ["-m", "pytest", "-q", "-n", "2", "gateway/tests"],
}
Outcomes = dict[str, Result]


def main() -> int:
    """Climb the ladder; 1 where a rung is not as it has to be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    service = Service.open(scratch_copy())
    start = git(service.root, "rev-parse", "HEAD")
    print(f"scratch copy: {service.root}")
    report = service.run(all_plans=True, jobs=options.jobs, observer=_tell)
    ladder = Ladder(service, options.jobs)
    wrong: list[str] = [f"{ref} did not land: {reason}" for ref, reason in report.failed.items()]
    rows: list[str] = []
    for ref, commit in report.landed.items():
        plan = next(item for item in service.repository.load().definitions.plans if item.ref == ref)
        before = ladder.plan(plan, f"{commit}^")
        after = ladder.plan(plan, commit)
        baseline = ladder.baseline(commit)
        print(f"{ref}: {_counts(before)} → {_counts(after)}; baseline {_counts(baseline)}", flush=True)
        for check in plan.checks:
            rows.append(f"| {ref} | {check.id} | {before[check.id].outcome} | {after[check.id].outcome} |")
            if before[check.id].outcome == sn.PASSED:
                wrong.append(f"{check.id} passes before {ref}")
            if after[check.id].outcome != sn.PASSED:
                wrong.append(f"{check.id} is {after[check.id].outcome} after {ref}: {after[check.id].reason}")
        red = [check for check, result in baseline.items() if result.outcome not in (sn.PASSED, sn.OPEN)]
        wrong += [f"{check} is {baseline[check].outcome} after {ref}" for check in red]
        rows.append(f"| {ref} | baseline | | {_counts(baseline)} |")
    ends = [("as found", ladder.all(start)), ("after everything", ladder.all("HEAD"))]
    quality = _quality(service.root)
    wrong += [f"the hardened tree: {name}: {said}" for name, (passed, said) in quality.items() if not passed]
    page = _page(rows, ends, service, list(report.landed))
    page += "\n## The hardened tree\n\n| What | |\n|------|-|\n"
    page += "".join(
        f"| {name} | {'passes' if passed else 'FAILS'} |\n" for name, (passed, _) in quality.items()
    )
    PAGE.write_text(page, encoding="utf-8")
    HARDENED.write_text((service.root / "STATE.md").read_text(encoding="utf-8"), encoding="utf-8")
    for line in wrong:
        print(f"WRONG {line}")
    print(f"wrote {PAGE.relative_to(HERE)}; {len(wrong)} rungs are not as they have to be")
    return 1 if wrong else 0


class Ladder:
    """Verifications of any commit of the scratch copy."""

    def __init__(self, service: Service, jobs: int) -> None:
        self._service = service
        self._jobs = jobs
        self._known = service.repository.load().definitions
        self._logs = Path(tempfile.mkdtemp(prefix="tracker-ladder-"))
        self._worktree = worktrees.add(service.root, self._logs / "tree", "HEAD")

    def plan(self, plan: Plan, commit: str) -> Outcomes:
        """The plan's checks against the code of the commit, with the plan as it is now."""
        place = self._at(commit)
        job = job_of(plan, self._known.project, place, self._logs / f"{plan.ref}.log")
        return run_jobs([job], parallel=1, observer=pg.silent, cancelled=None)[plan.ref]

    def baseline(self, commit: str) -> Outcomes:
        """The project's own checks against the commit."""
        job = baseline_job(self._known.project, self._at(commit), self._logs / "baseline.log")
        return run_jobs([job], parallel=1, observer=pg.silent, cancelled=None)[BASELINE]

    def all(self, commit: str) -> Outcomes:
        """Every check against the commit."""
        place = self._at(commit)
        jobs = [baseline_job(self._known.project, place, self._logs / "baseline.log")]
        jobs += [
            job_of(plan, self._known.project, place, self._logs / f"{plan.ref}.log")
            for plan in self._known.plans
            if plan.checks
        ]
        found = run_jobs(jobs, parallel=self._jobs, observer=pg.silent, cancelled=None)
        return {check: result for results in found.values() for check, result in results.items()}

    def _at(self, commit: str) -> Path:
        worktrees.reset(self._worktree, git(self._service.root, "rev-parse", commit))
        return self._worktree.place


def _quality(root: Path) -> dict[str, tuple[bool, str]]:
    """Linter, types and the gateway's own suite on the hardened tree: whether each passes, and its last words."""
    result = {}
    for name, command in QUALITY.items():
        done = subprocess.run(
            [sys.executable, *command], cwd=root, capture_output=True, text=True, check=False
        )
        last = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()][-1:]
        result[name] = (done.returncode == 0, last[0] if last else "")
        print(f"hardened tree, {name}: {result[name]}", flush=True)
    return result


def _page(
    rows: Sequence[str], ends: Sequence[tuple[str, Outcomes]], service: Service, landed: Sequence[str]
) -> str:
    worth = {check.id: check.points for check in service.repository.load().definitions.checks}
    lines = [
        "# The ladder",
        "",
        "Measured by `make ladder` on a scratch copy: each plan's checks against the code just before it and just",
        "after it, the baseline after it, and the whole catalogue at both ends.",
        "",
        "| Where | Score | Outcomes |",
        "|-------|------:|----------|",
    ]
    for name, outcomes in ends:
        score = sum(worth[check] for check, result in outcomes.items() if result.outcome == sn.PASSED)
        lines.append(f"| {name} | {points(score)} | {_counts(outcomes)} |")
    lines += [
        "",
        f"Plans landed: {len(landed)}.",
        "",
        "| Plan | Check | Before | After |",
        "|------|-------|--------|-------|",
    ]
    return "\n".join([*lines, *rows]) + "\n"


def _counts(outcomes: Outcomes) -> str:
    found = [result.outcome for result in outcomes.values()]
    return ", ".join(f"{found.count(outcome)} {outcome}" for outcome in sn.OUTCOMES if outcome in found)


def _tell(progress: pg.Progress) -> None:
    if progress.kind in (pg.LANDED, pg.FAILED, pg.SKIPPED, pg.CLOSING):
        print(f"{progress.plan} {progress.kind} {progress.text}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
