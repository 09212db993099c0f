"""Take each baseline control out of a copy of the gateway, and see its check turn red.

Run from the repository: `python -m tests.ablation.ablate [CHECK …]`. Exit 0 when every check is green on the
untouched copy and red on its own mutation, 1 when one is not, 2 when a mutation no longer fits the code.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.ablation.mutations import MUTATIONS, Mutation

REPOSITORY = Path(__file__).resolve().parents[2]
TIMEOUT_S = 120
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


def verify(codebase: Path, checks: list[str]) -> Verdict:
    """Run the baseline's tests of these checks against a codebase."""
    with tempfile.TemporaryDirectory() as scratch:
        results = Path(scratch) / "results.jsonl"
        results.touch()
        environment = os.environ | {
            "TRACKER_CODEBASE": str(codebase),
            "TRACKER_ONLY": ",".join(checks),
            "TRACKER_RESULTS": str(results),
            "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'plans'}",
        }
        command = [sys.executable, "-m", "pytest", "-q", "-p", "tracker.verify.plugin"]
        command += [
            "-p",
            "no:cacheprovider",
            "--import-mode=importlib",
            str(REPOSITORY / "plans/baseline.py"),
        ]
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


def ablate(mutation: Mutation) -> Verdict:
    with tempfile.TemporaryDirectory() as directory:
        codebase = copy_of_gateway(Path(directory))
        mutation.apply(codebase)
        return verify(codebase, [mutation.check])


def main(names: list[str]) -> int:
    unknown = set(names) - {mutation.check for mutation in MUTATIONS}
    if unknown:
        sys.stderr.write(f"no mutation for {', '.join(sorted(unknown))}\n")
        return 2
    chosen = [mutation for mutation in MUTATIONS if not names or mutation.check in names]
    with tempfile.TemporaryDirectory() as directory:
        untouched = verify(copy_of_gateway(Path(directory)), [mutation.check for mutation in chosen])
    sys.stdout.write(f"untouched: {'green' if untouched.green else f'NOT GREEN: {untouched.reason}'}\n")
    survivors = 0
    try:
        with ThreadPoolExecutor(JOBS) as pool:
            for mutation, verdict in zip(chosen, pool.map(ablate, chosen), strict=True):
                survivors += not verdict.red
                seen = f"red: {verdict.reason}" if verdict.red else f"SURVIVED: {verdict.outcomes}"
                sys.stdout.write(f"{mutation.check:9} {seen[:140]}\n")
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{len(chosen) - survivors} of {len(chosen)} mutations found\n")
    return 0 if untouched.green and not survivors else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
