"""`security`: look for unsafe settings, and repair them."""

import argparse
from dataclasses import asdict
from typing import Any

from gateway.cli.options import common
from gateway.cli.output import show, show_json
from gateway.clock import Clock
from gateway.config.config import Config
from gateway.paths import Paths
from gateway.security.audit import SEVERITIES, Subject, audit
from gateway.security.fix import fix
from gateway.server.auth import resolve_auth

HELP = "audit the configuration and the state directory"


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    command = actions.add_parser("audit", help="list unsafe settings", parents=[common()])
    command.add_argument("--json", action="store_true", help="print JSON")
    command.add_argument("--fix", action="store_true", help="repair what can be repaired first")


def _subject(paths: Paths) -> Subject:
    config = Config.load(paths.config)
    return Subject(paths, config, resolve_auth(config))


def run(arguments: argparse.Namespace) -> int:
    paths = Paths.resolve(arguments.state_dir, arguments.config)
    fixed = fix(_subject(paths)) if arguments.fix else None
    findings = audit(_subject(paths))
    summary = {name: sum(found.severity == name for found in findings) for name in SEVERITIES}
    if arguments.json:
        report: dict[str, Any] = {
            "ts": Clock.from_environment().now_ms(),
            "summary": summary,
            "findings": [asdict(found) for found in findings],
        }
        show_json(report if fixed is None else {**report, "fixed": fixed})
    else:
        for line in fixed or ():
            show(f"fixed     {line}")
        for found in findings:
            show(f"{found.severity:9} {found.checkId}: {found.title}\n          {found.detail}")
            show(f"          fix: {found.remediation}")
        show(", ".join(f"{count} {name}" for name, count in summary.items()))
    return 1 if summary["critical"] else 0
