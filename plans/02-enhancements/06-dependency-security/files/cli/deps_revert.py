"""`deps revert`: put the lock back that the last patch replaced."""

import argparse
from pathlib import Path

from gateway.cli.deps_audit import SHIPPED_LOCK
from gateway.cli.output import show
from gateway.supply_chain.patching import revert

HELP = "put back the lock that the last patch replaced"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--lock", type=Path, default=SHIPPED_LOCK, metavar="FILE", help="default: gateway/requirements.lock"
    )


def run(arguments: argparse.Namespace) -> int:
    revert(arguments.lock)
    show(f"{arguments.lock} is as it was before the patch")
    return 0
