"""`compliance`: export evidence of the gateway's controls, and verify what was exported."""

import argparse
from pathlib import Path

from gateway.cli.options import common
from gateway.cli.output import show, show_json
from gateway.compliance import bundle
from gateway.compliance.measure import Outside
from gateway.paths import Paths

HELP = "export evidence of the gateway's controls, and verify what was exported"


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    export = actions.add_parser("export", help="measure and write the evidence", parents=[common()])
    export.add_argument("directory", metavar="DIRECTORY", help="new or empty")
    export.add_argument(
        "--measured", metavar="FILE", help="outcomes that were measured from outside, to be included"
    )
    export.add_argument("--json", action="store_true", help="print the manifest")
    verify = actions.add_parser(
        "verify", help="tell whether evidence is as it was written", parents=[common()]
    )
    verify.add_argument("directory", metavar="DIRECTORY")
    verify.add_argument(
        "--signer", metavar="FINGERPRINT", help="the key that must have signed (default: this installation's)"
    )
    verify.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    paths = Paths.resolve(arguments.state_dir, arguments.config)
    target = Path(arguments.directory).absolute()
    if arguments.action == "verify":
        return _verify(paths, target, arguments)
    outside = Outside.read(Path(arguments.measured)) if arguments.measured else None
    written = bundle.export(paths, target, outside)
    if arguments.json:
        show_json(written.manifest)
        return 0
    score = written.manifest["score"]
    for entry in written.manifest["controls"]:
        show(f"{entry['outcome']:8} {entry['id']:9} {entry['points']:g}/{entry['of']:g}  {entry['title']}")
    counts = ", ".join(f"{count} {name}" for name, count in score["outcomes"].items())
    show(f"{score['points']:g} of {score['of']:g} points: {counts}")
    show(f"evidence: {target}")
    return 0


def _verify(paths: Paths, target: Path, arguments: argparse.Namespace) -> int:
    faults = bundle.verify(paths, target, arguments.signer)
    if arguments.json:
        show_json({"ok": not faults, "faults": faults})
    else:
        for fault in faults:
            show(f"WRONG  {fault}")
        show(f"{target}: {'is as it was written' if not faults else 'is NOT as it was written'}")
    return 1 if faults else 0
