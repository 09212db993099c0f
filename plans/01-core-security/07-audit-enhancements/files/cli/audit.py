"""`audit`: prove that the audit logs are as they were written."""

import argparse
from typing import Any

from gateway.cli.options import common
from gateway.cli.output import show, show_json
from gateway.paths import Paths
from gateway.security.audit_verify import Verdict, verify_all

HELP = "prove that the audit logs are as they were written"


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    command = actions.add_parser(
        "verify", help="read every audit log and name the first bad entry", parents=[common()]
    )
    command.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    verdicts = verify_all(Paths.resolve(arguments.state_dir, arguments.config))
    ok = all(verdict.fault is None for verdict in verdicts)
    if arguments.json:
        show_json({"ok": ok, "logs": [_report(verdict) for verdict in verdicts]})
        return 0 if ok else 1
    if not verdicts:
        show("there is no audit log yet")
    for verdict in verdicts:
        if verdict.fault is not None:
            show(f"{verdict.log}: BROKEN after {verdict.entries} good entries\n  {verdict.fault}")
        else:
            note = "" if verdict.head else "; without its head, a cut at the end would not show"
            show(f"{verdict.log}: {verdict.entries} entries, unbroken{note}")
    return 0 if ok else 1


def _report(verdict: Verdict) -> dict[str, Any]:
    fault = verdict.fault
    return {
        "log": verdict.log,
        "ok": fault is None,
        "entries": verdict.entries,
        "head": verdict.head,
        **({} if fault is None else {"firstBad": {**vars(fault), "message": str(fault)}}),
    }
