"""`deps update`: make an advisory set from a dump that was carried here."""

import argparse
from pathlib import Path

from gateway.cli.deps_audit import SHIPPED_LOCK
from gateway.cli.output import show
from gateway.paths import Paths
from gateway.supply_chain.importing import import_set
from gateway.supply_chain.installed import installed
from gateway.supply_chain.lock import Lock

HELP = "make an advisory set from an OSV dump (a directory or a zip file of JSON files)"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", type=Path, metavar="DUMP", help="such as PyPI/all.zip of OSV")
    parser.add_argument(
        "--lock", type=Path, default=SHIPPED_LOCK, metavar="FILE", help="default: gateway/requirements.lock"
    )


def run(arguments: argparse.Namespace) -> int:
    target = Paths.resolve(arguments.state_dir, arguments.config).state / "advisories"
    packages = {pin.key for pin in Lock.read(arguments.lock).pins} | {one.key for one in installed()}
    made = import_set(arguments.source, packages, target)
    show(f"{target}: {len(made.advisories)} advisories of {made.day}")
    return 0
