"""`incident`: respond to an incident by its playbook, and practise that."""

import argparse
import dataclasses
from typing import Any

from gateway.cli.options import common
from gateway.cli.output import show, show_json
from gateway.client import Target, call
from gateway.compliance.drills import drill
from gateway.compliance.incidents import DEVICE_THEFT, KINDS
from gateway.compliance.playbooks import open_timeline, play
from gateway.config.config import Config
from gateway.devices.identity import Identity
from gateway.errors import UsageError
from gateway.paths import Paths

HELP = "respond to an incident by its playbook, and practise that"
CALL_SECONDS = 10.0


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    practice = actions.add_parser(
        "drill", help="stage an incident on a rehearsal of this installation, and respond", parents=[common()]
    )
    practice.add_argument("kind", choices=(*KINDS, "all"), metavar="KIND", help=f"{', '.join(KINDS)} or all")
    practice.add_argument("--json", action="store_true", help="print JSON")
    respond = actions.add_parser(
        "respond", help="respond on the running gateway: its secret changes", parents=[common()]
    )
    respond.add_argument("kind", choices=KINDS, metavar="KIND", help=", ".join(KINDS))
    respond.add_argument("--device", metavar="ID", help=f"with {DEVICE_THEFT}: the device that was stolen")
    respond.add_argument("--url", help="ws:// or wss:// (default: from the configuration)")
    respond.add_argument("--token", help="the shared token")
    respond.add_argument("--password", help="the shared password")
    respond.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    paths = Paths.resolve(arguments.state_dir, arguments.config)
    if arguments.action == "respond":
        return _respond(paths, arguments)
    kinds = KINDS if arguments.kind == "all" else (arguments.kind,)
    reports = [drill(paths, kind) for kind in kinds]
    if arguments.json:
        show_json(reports)
    else:
        for report in reports:
            _print(report)
    return 0 if all(report["ok"] for report in reports) else 1


def _respond(paths: Paths, arguments: argparse.Namespace) -> int:
    if (arguments.kind == DEVICE_THEFT) != (arguments.device is not None):
        raise UsageError(
            f"{DEVICE_THEFT} needs --device, the others take none", hint="see `call device.pair.list`"
        )
    given = {name: getattr(arguments, name) for name in ("url", "token", "password")}
    given = {name: value for name, value in given.items() if value is not None}
    target = dataclasses.replace(Target.from_config(Config.load(paths.config)), **given)
    params = {"kind": arguments.kind, **({"deviceId": arguments.device} if arguments.device else {})}

    def contain() -> dict[str, Any]:
        identity = Identity.load_or_create(paths.identity)
        return dict(call(target, identity, "incident.contain", params, CALL_SECONDS))

    timeline = open_timeline(paths, arguments.kind, drill=False)
    token = play(timeline, paths, paths, contain)
    report = timeline.write()
    if arguments.json:
        show_json({**report, "newToken": token})
    else:
        _print(report)
        if token is not None:
            show(f"the gateway's token is now {token} (shown once)")
    return 0 if report["ok"] else 1


def _print(report: dict[str, Any]) -> None:
    for step in report["steps"]:
        show(f"{'ok    ' if step['ok'] else 'FAILED'}  {step['ms']:5} ms  {step['step']}")
        for line in step["detail"]:
            show(f"                    {line}")
    what = "drill" if report["drill"] else "incident"
    show(f"{what} {report['kind']}: {'done' if report['ok'] else 'FAILED'} in {report['seconds']:.1f} s")
    show(f"record: {report['directory']}")
