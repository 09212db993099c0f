"""Take each control out of a copy of the gateway, and see its check turn red.

Run from the repository: `python -m tests.ablation.ablate [CHECK …]`. The controls of the baseline leave the gateway
as found; those of the plans' critical checks leave the gateway after every plan that has an implementation. Exit 0
when every check is green on the untouched copy and red on each of its mutations, 1 when one is not, 2 when a
mutation no longer fits the code.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.ablation.controls import CONTROLS
from tests.ablation.hardened import delivered, hardened_copy
from tests.ablation.mutations import MUTATIONS, Mutation

REPOSITORY = Path(__file__).resolve().parents[2]
BASELINE = REPOSITORY / "plans/baseline.py"
TIMEOUT_S = 600
JOBS = 2


@dataclass(frozen=True)
class Verdict:
    """Outcomes of the tests that ran, and the reason of the first that was not passed."""

    outcomes: list[str]
    reason: str

    @property
    def green(self) -> bool:
        return bool(self.outcomes) and set(self.outcomes) == {"passed"}

    @property
    def red(self) -> bool:
        return "failed" in self.outcomes


def verify(codebase: Path, checks: Sequence[str], file: Path = BASELINE) -> Verdict:
    """Run a verification's tests of these checks against a codebase."""
    with tempfile.TemporaryDirectory() as scratch:
        results = Path(scratch) / "results.jsonl"
        results.touch()
        environment = os.environ | {
            "TRACKER_CODEBASE": str(codebase),
            "TRACKER_PLAN_DIR": str(file.parent),
            "TRACKER_ONLY": ",".join(checks),
            "TRACKER_RESULTS": str(results),
            "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'plans'}",
        }
        command = [sys.executable, "-m", "pytest", "-q", "-p", "tracker.verify.plugin"]
        command += ["-p", "no:cacheprovider", f"--timeout={TIMEOUT_S}", "--import-mode=importlib", str(file)]
        subprocess.run(
            command, cwd=REPOSITORY, env=environment, capture_output=True, timeout=TIMEOUT_S, check=False
        )
        lines = [json.loads(line) for line in results.read_text().splitlines()]
    outcomes = [line.get("outcome", "failed") for line in lines]
    reasons = [line["reason"] for line in lines if line.get("outcome") != "passed"]
    return Verdict(outcomes, reasons[0] if reasons else "")


def copy_of_gateway(directory: Path) -> Path:
    codebase = directory / "gateway"
    shutil.copytree(REPOSITORY / "gateway", codebase, ignore=shutil.ignore_patterns("tests"))
    return codebase


def survivors(whole: Path, files: Mapping[str, Path], mutations: Sequence[Mutation]) -> int:
    """Mutate copies of a gateway, see what its checks say, and count what they miss.

    A check that is not green on the whole gateway counts too. Raises ValueError where a mutation does not fit.
    """

    def untouched(check: str) -> Verdict:
        return verify(whole, [check], files[check])

    def ablate(mutation: Mutation) -> Verdict:
        with tempfile.TemporaryDirectory() as directory:
            codebase = Path(directory) / "gateway"
            shutil.copytree(whole, codebase)
            mutation.apply(codebase)
            return verify(codebase, [mutation.check], files[mutation.check])

    missed = 0
    checks = sorted({mutation.check for mutation in mutations})
    with ThreadPoolExecutor(JOBS) as pool:
        for check, verdict in zip(checks, pool.map(untouched, checks), strict=True):
            if not verdict.green:
                missed += 1
                sys.stdout.write(f"{check:9} NOT GREEN on the untouched copy: {verdict.reason}\n")
        for mutation, verdict in zip(mutations, pool.map(ablate, mutations), strict=True):
            missed += not verdict.red
            seen = (
                f"red: {verdict.reason}" if verdict.red else f"SURVIVED {mutation.path}: {verdict.outcomes}"
            )
            sys.stdout.write(f"{mutation.check:9} {seen[:140]}\n")
            sys.stdout.flush()
    return missed


def main(names: list[str]) -> int:
    """Run both tables, or what the names choose of them; the exit code."""
    unknown = set(names) - {mutation.check for mutation in [*MUTATIONS, *CONTROLS]}
    if unknown:
        sys.stderr.write(f"no mutation for {', '.join(sorted(unknown))}\n")
        return 2
    verifications = {check: plan.verification for plan in delivered(REPOSITORY) for check in plan.critical}
    of_baseline = [mutation for mutation in MUTATIONS if not names or mutation.check in names]
    of_plans = [mutation for mutation in CONTROLS if not names or mutation.check in names]
    ready = [mutation for mutation in of_plans if mutation.check in verifications]
    for check in sorted({mutation.check for mutation in of_plans} - set(verifications)):
        sys.stdout.write(f"{check:9} is not delivered yet\n")
    missed = 0
    try:
        if of_baseline:
            with tempfile.TemporaryDirectory() as directory:
                files = dict.fromkeys((mutation.check for mutation in of_baseline), BASELINE)
                missed += survivors(copy_of_gateway(Path(directory)), files, of_baseline)
        if ready:
            with tempfile.TemporaryDirectory() as directory:
                missed += survivors(hardened_copy(REPOSITORY, Path(directory)), verifications, ready)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    count = len(of_baseline) + len(ready)
    sys.stdout.write(f"{count} mutations, {missed} faults\n")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
