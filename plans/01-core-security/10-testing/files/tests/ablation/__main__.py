"""`python -m gateway.tests.ablation [--json] [CONTROL …]`: each control is missed when it is gone.

Exit 0 when the tests of the controls pass on an untouched copy, and each copy without one is found by that
control's own tests; 1 when not; 2 when an edit of the table does not fit the code.
"""

import argparse
import compileall
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gateway.tests.ablation.table import MUTATIONS, DoesNotFit, Mutation
from gateway.tests.controls import SMOKE, written_tests
from gateway.tests.support import ROOT

AT_ONCE = 2
SECONDS = 300


@dataclass(frozen=True)
class Verdict:
    """What the tests said of a copy: which failed, and why that is no proof (empty when it is one)."""

    control: str
    path: str
    failed: list[str]
    fault: str


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m gateway.tests.ablation", description=__doc__)
    parser.add_argument("controls", nargs="*", metavar="CONTROL", help="only these, by id")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(words)
    unknown = sorted(set(options.controls) - {mutation.control for mutation in MUTATIONS})
    if unknown:
        parser.error(f"the table has no edit for {', '.join(unknown)}")
    chosen = [each for each in MUTATIONS if not options.controls or each.control in options.controls]
    try:
        verdicts = ablate(chosen)
    except DoesNotFit as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(_as_json(verdicts) if options.json else _as_text(verdicts))
    return 1 if any(verdict.fault for verdict in verdicts) else 0


def ablate(mutations: Sequence[Mutation]) -> list[Verdict]:
    """Return the verdict on each copy; the first is on the untouched one. Raises DoesNotFit."""
    with tempfile.TemporaryDirectory(prefix="gateway-ablation-") as scratch:
        original = Path(scratch, "0")
        shutil.copytree(ROOT / "gateway", original / "gateway")
        (original / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n", encoding="utf-8")
        compileall.compile_dir(original, quiet=2)
        copies = []
        for number, mutation in enumerate(mutations, 1):
            copy = Path(scratch, str(number))
            shutil.copytree(original, copy)
            mutation.apply(copy / "gateway")
            copies.append(copy)
        controls = sorted({mutation.control for mutation in mutations})
        files: defaultdict[str, set[str]] = defaultdict(set)
        for test in written_tests():
            for control in test.controls:
                files[control].add(test.file)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            untouched = pool.submit(run, original, {control: files[control] for control in controls})
            wanted = [{mutation.control: files[mutation.control]} for mutation in mutations]
            lines = list(pool.map(run, copies, wanted))
            return [
                _untouched(untouched.result(), controls),
                *(_without(each, found) for each, found in zip(mutations, lines, strict=True)),
            ]


def run(copy: Path, controls: Mapping[str, set[str]]) -> list[dict[str, Any]]:
    """Run the tests of controls in a copy, up to the first that fails; returns what became of each.

    `controls` names the files in which their tests are: no other is imported.
    """
    outcomes = copy / "outcomes.jsonl"
    outcomes.touch()
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "-p",
        "pytest_asyncio.plugin",
    ]
    command += ["-c", "pytest.ini", "--rootdir", str(copy)]
    command += ["-p", "gateway.tests.controls", "--outcomes", str(outcomes)]
    files = [SMOKE, *sorted(set().union(*controls.values()))]
    command += [word for control in controls for word in ("--control", control)]
    hidden = ("PYTEST_", "TRACKER_", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    done = subprocess.run(
        [*command, *(f"gateway/tests/{file}" for file in files)],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    lines = [json.loads(line) for line in outcomes.read_text(encoding="utf-8").splitlines()]
    return lines or [{"test": done.stdout[-300:] + done.stderr[-300:], "smoke": True, "outcome": "failed"}]


def _common_fault(lines: list[dict[str, Any]]) -> str:
    broken = [line["test"] for line in lines if line["smoke"] and line["outcome"] != "passed"]
    skipped = [line["test"] for line in lines if line["outcome"] == "skipped"]
    if broken:
        return f"the copy does not work at all: {broken[0]}"
    if skipped:
        return f"not run: {', '.join(skipped)}"
    return "" if any(not line["smoke"] for line in lines) else "the control has no test"


def _failed(lines: list[dict[str, Any]]) -> list[str]:
    return [line["test"] for line in lines if line["outcome"] == "failed" and not line["smoke"]]


def _untouched(lines: list[dict[str, Any]], controls: Sequence[str]) -> Verdict:
    failed = _failed(lines)
    fault = f"red on the untouched copy: {failed[0]}" if failed else _common_fault(lines)
    return Verdict(", ".join(controls), "", failed, fault)


def _without(mutation: Mutation, lines: list[dict[str, Any]]) -> Verdict:
    failed = _failed(lines)
    fault = _common_fault(lines) or ("" if failed else "nothing noticed that it is gone")
    return Verdict(mutation.control, mutation.path, failed, fault)


def _as_json(verdicts: list[Verdict]) -> str:
    untouched, *copies = verdicts
    return (
        json.dumps({"untouched": untouched.fault, "copies": [asdict(copy) for copy in copies]}, indent=2)
        + "\n"
    )


def _as_text(verdicts: list[Verdict]) -> str:
    untouched, *copies = verdicts
    lines = [f"untouched  {untouched.fault or 'green'}"]
    lines += [
        f"{copy.control:9}  {copy.path}: {copy.fault or f'found by {copy.failed[0]}'}" for copy in copies
    ]
    found = sum(not copy.fault for copy in copies)
    return "\n".join([*lines, f"{found} of {len(copies)} found"]) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
