"""`security`: look for unsafe settings, try the controls out, repair what can be repaired."""

import argparse
import sys
from dataclasses import asdict
from typing import Any

from gateway.cli.options import common
from gateway.cli.output import show, show_json
from gateway.clock import Clock
from gateway.paths import Paths
from gateway.security.audit import audit, by_severity, failures
from gateway.security.controls.registry import OUTCOMES, Result
from gateway.security.controls.run import score, try_all
from gateway.security.fix import Repair, fix
from gateway.security.subject import SEVERITIES, Finding, examine

HELP = "audit the installation: its settings, its files and what its controls do when they are tried"


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    command = actions.add_parser(
        "audit", help="list unsafe settings and controls that do not hold", parents=[common()]
    )
    command.add_argument("--json", action="store_true", help="print JSON, with the evidence of each control")
    command.add_argument(
        "--without-controls", action="store_true", help="look at settings and files only, start nothing"
    )
    command.add_argument("--fix", action="store_true", help="repair what can be repaired first")


def run(arguments: argparse.Namespace) -> int:
    paths = Paths.resolve(arguments.state_dir, arguments.config)
    repair = fix(paths) if arguments.fix else None
    subject = examine(paths)
    if subject.refused:
        reasons = subject.unreadable or f"{paths.config}: {'; '.join(map(str, subject.problems))}"
        sys.stderr.write(f"gateway: the configuration is refused: {reasons}\n")
    results = [] if arguments.without_controls else try_all(subject)
    findings = by_severity([*audit(subject), *failures(results)])
    summary = {name: sum(found.severity == name for found in findings) for name in SEVERITIES}
    if arguments.json:
        show_json(_report(findings, results, summary, repair))
    else:
        _print(findings, results, summary, repair)
    return 1 if summary["critical"] or (repair is not None and repair.failed) else 0


def _report(
    findings: list[Finding], results: list[Result], summary: dict[str, int], repair: Repair | None
) -> dict[str, Any]:
    report: dict[str, Any] = {
        "ts": Clock.from_environment().now_ms(),
        "summary": summary,
        "findings": [asdict(found) for found in findings],
        **({"score": score(results)} if results else {}),
        "controls": [
            {
                "control": result.control.name,
                "title": result.control.title,
                "outcome": result.outcome,
                "points": result.points,
                "of": result.control.points,
                "critical": result.control.critical,
                "evidence": [asdict(seen) for seen in result.evidence],
                **({"reason": result.reason} if result.reason else {}),
            }
            for result in results
        ],
    }
    if repair is not None:
        report["fixed"] = repair.done
        report["notFixed"] = repair.failed
        report["newSecrets"] = repair.made
        report["backup"] = str(repair.backup) if repair.backup else None
    return report


def _print(
    findings: list[Finding], results: list[Result], summary: dict[str, int], repair: Repair | None
) -> None:
    if repair is not None:
        _print_repair(repair)
    for found in findings:
        show(f"{found.severity:9} {found.checkId}: {found.title}\n          {found.detail}")
        show(f"          fix: {found.remediation}")
    show(", ".join(f"{count} {name}" for name, count in summary.items()))
    if not results:
        return
    counts = {name: sum(result.outcome == name for result in results) for name in OUTCOMES}
    for result in results:
        if result.outcome == "not-run":
            show(f"not-run   {result.control.name}: {result.reason}")
    earned = score(results)
    shown = ", ".join(f"{count} {name}" for name, count in counts.items())
    show(f"controls: {shown}; {earned['points']:g} of {earned['of']:g} points")


def _print_repair(repair: Repair) -> None:
    for line in repair.done:
        show(f"fixed     {line}")
    for line in repair.failed:
        show(f"NOT FIXED {line}")
    for key, secret in repair.made.items():
        show(f"          {key} is now {secret} (shown once; the gateway keeps a verifier of it)")
    if repair.made:
        show("          a gateway that is running takes it at its next start")
    if repair.backup:
        show(f"          the configuration as it was: {repair.backup}")
