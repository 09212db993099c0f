"""``make ladder``: what every plan changes, measured: its checks before and after it, and the baseline after it.

On a scratch copy of what is committed here, or on one where the whole programme has run already. What a plan shows
after it is what it landed with; everything after all plans is what the run closed with; the rest is verified here.
Writes docs/ladder.md (outcomes only, no times, no places) and docs/STATE.hardened.md.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tools.demo import scratch_copy
from tracker.git import worktrees
from tracker.git.plumbing import git
from tracker.model import events as ev
from tracker.model import progress as pg
from tracker.model import snapshot as sn
from tracker.model.definitions import Definitions, Plan
from tracker.model.describe import counts
from tracker.model.numbers import points
from tracker.service import Service
from tracker.service.checking import baseline_job, job_of, run_jobs
from tracker.verify.outcomes import Result
from tracker.verify.runner import Job

HERE = Path(__file__).resolve().parent.parent
PAGE = HERE / "docs" / "ladder.md"
HARDENED = HERE / "docs" / "STATE.hardened.md"
QUALITY = {
    "ruff check": ["-m", "ruff", "check", "gateway"],
    "ruff format --check": ["-m", "ruff", "format", "--check", "gateway"],
    "mypy --strict": ["-m", "mypy", "-p", "gateway"],
    "its own tests": ["-m", "pytest", "-q", "-n", "2", "gateway/tests"],
}
Outcomes = dict[str, str]


@dataclass
class Rung:
    """One plan that landed: its checks just before it and as it landed, and the baseline after it."""

    plan: Plan
    commit: str
    after: Outcomes
    before: Outcomes = field(default_factory=dict)
    baseline: Outcomes = field(default_factory=dict)

    @property
    def faults(self) -> Iterator[str]:
        """What is not as it has to be."""
        ref = self.plan.ref
        for check in self.plan.checks:
            if self.before.get(check.id) not in (sn.RED, sn.ERROR):
                yield f"{check.id} is {self.before.get(check.id)} before {ref}"
            if self.after.get(check.id) != sn.PASSED:
                yield f"{check.id} is {self.after.get(check.id)} after {ref}"
        for check_id, outcome in self.baseline.items():
            if outcome not in (sn.PASSED, sn.OPEN):
                yield f"{check_id} is {outcome} after {ref}"


def main() -> int:
    """Climb the ladder; 1 where a rung is not as it has to be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("copy", nargs="?", help="a copy on which every plan has run, instead of a new one")
    options = parser.parse_args()
    os.environ["TRACKER_TRUST"] = "1"
    service = Service.open(Path(options.copy) if options.copy else scratch_copy())
    print(f"scratch copy: {service.root}", flush=True)
    if not options.copy:
        service.run(all_plans=True, jobs=options.jobs, observer=_tell)
    known, events = service.repository.load()[:2]
    rungs = _rungs(service.root, known, events)
    found = _measure(service.root, known, rungs, options.jobs)
    closing = next(event.data["checks"] for event in reversed(events) if event.kind == ev.VERIFIED)
    quality = _quality(service.root)
    wrong = [fault for rung in rungs for fault in rung.faults]
    landed = {rung.plan.ref for rung in rungs}
    wrong += [f"{plan.ref} has not landed" for plan in known.plans if plan.ref not in landed]
    missing = {check.id for check in known.checks}.difference(closing)
    wrong += [f"{check} was not measured after everything" for check in sorted(missing)]
    wrong += [f"the hardened tree: {name}: {said}" for name, said in quality.items() if said]
    PAGE.write_text(_page(known, rungs, {"as found": found, "after everything": closing}, quality), "utf-8")
    HARDENED.write_text((service.root / "STATE.md").read_text("utf-8"), "utf-8")
    for line in wrong:
        print(f"WRONG {line}")
    print(f"wrote {PAGE.relative_to(HERE)}; {len(wrong)} things are not as they have to be")
    return 1 if wrong else 0


def _rungs(root: Path, known: Definitions, events: Sequence[ev.Event]) -> list[Rung]:
    """The landings, in their order, by the trailers of their commits."""
    log = git(root, "log", "--reverse", "--format=%H %(trailers:key=Plan,valueonly,separator=%x20)")
    commits = {words[1]: words[0] for words in map(str.split, log.splitlines()) if len(words) == 2}
    shown = {event.plan: event.data["checks"] for event in events if event.kind == ev.LANDED}
    plans = {plan.ref: plan for plan in known.plans}
    return [Rung(plans[ref], commit, shown.get(ref, {})) for ref, commit in commits.items()]


def _measure(root: Path, known: Definitions, rungs: Sequence[Rung], parallel: int) -> Outcomes:
    """Fill in what the rungs lack, each verification against a worktree of its own; every check as found."""
    scratch = Path(tempfile.mkdtemp(prefix="tracker-ladder-"))
    places: dict[str, Path] = {}

    def at(commit: str) -> Path:
        commit = git(root, "rev-parse", commit)
        if commit not in places:
            places[commit] = worktrees.add(root, scratch / commit[:12], commit).place
        return places[commit]

    def named(name: str, job: Job) -> Job:
        return dataclasses.replace(job, name=name, log=scratch / f"{name}.log")

    log, project, start = scratch / "log", known.project, f"{rungs[0].commit}^"
    jobs = [named("found baseline", baseline_job(project, at(start), log))]
    jobs += [named(f"found {plan.ref}", job_of(plan, project, at(start), log)) for plan in known.plans]
    for rung in rungs:
        ref = rung.plan.ref
        jobs.append(named(f"before {ref}", job_of(rung.plan, project, at(f"{rung.commit}^"), log)))
        jobs.append(named(f"after {ref}", baseline_job(project, at(rung.commit), log)))
    print(f"{len(jobs)} verifications, logs in {scratch}", flush=True)
    found = run_jobs(jobs, parallel=parallel, observer=_tell, cancelled=None)
    for rung in rungs:
        rung.before = _outcomes(found[f"before {rung.plan.ref}"])
        rung.baseline = _outcomes(found[f"after {rung.plan.ref}"])
        print(f"{rung.plan.ref}: {counts(rung.before)} → {counts(rung.after)}; {counts(rung.baseline)}")
    for place in places.values():
        worktrees.discard(root, place)
    everything = [results for name, results in found.items() if name.startswith("found ")]
    return {check: outcome for results in everything for check, outcome in _outcomes(results).items()}


def _outcomes(results: dict[str, Result]) -> Outcomes:
    return {check: result.outcome for check, result in results.items()}


def _quality(root: Path) -> dict[str, str]:
    """Linter, formatter, types and the gateway's own suite on the hardened tree: the last words of what fails."""
    said = {}
    for name, command in QUALITY.items():
        done = subprocess.run(
            [sys.executable, *command], cwd=root, capture_output=True, text=True, check=False
        )
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()] or ["nothing"]
        said[name] = lines[-1] if done.returncode else ""
        print(f"hardened tree, {name}: {lines[-1]}", flush=True)
    return said


def _page(
    known: Definitions, rungs: Sequence[Rung], ends: dict[str, Outcomes], quality: dict[str, str]
) -> str:
    worth = {check.id: check.points for check in known.checks}
    lines = [
        "# The ladder",
        "",
        "Measured by `make ladder` on a scratch copy: each plan's checks against the code just before it and as it",
        "landed, the baseline after it, and the whole catalogue at both ends.",
        "",
        "| Where | Score | Outcomes |",
        "|-------|------:|----------|",
    ]
    for name, outcomes in ends.items():
        score = sum(worth.get(check, 0) for check, outcome in outcomes.items() if outcome == sn.PASSED)
        lines.append(f"| {name} | {points(score)} | {counts(outcomes)} |")
    lines += ["", f"Plans landed: {len(rungs)} of {len(known.plans)}.", ""]
    lines += ["| Plan | Check | Before | After |", "|------|-------|--------|-------|"]
    for rung in rungs:
        lines += [
            f"| {rung.plan.ref} | {check.id} | {rung.before.get(check.id)} | {rung.after.get(check.id)} |"
            for check in rung.plan.checks
        ]
        lines.append(f"| {rung.plan.ref} | baseline | | {counts(rung.baseline)} |")
    lines += ["", "## The hardened tree", "", "| What | |", "|------|-|"]
    lines += [f"| {name} | {'FAILS' if said else 'passes'} |" for name, said in quality.items()]
    return "\n".join(lines) + "\n"


def _tell(progress: pg.Progress) -> None:
    if progress.kind in (pg.LANDED, pg.FAILED, pg.SKIPPED, pg.CLOSING, pg.VERIFYING):
        print(f"{progress.plan} {progress.kind} {progress.text}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
