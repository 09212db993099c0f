"""`deps sbom`: the bill of materials of the running environment, and what changed in it."""

import argparse
import json
from pathlib import Path

from gateway.cli.output import show, show_json
from gateway.supply_chain.errors import SupplyChainError
from gateway.supply_chain.installed import installed
from gateway.supply_chain.sbom import bill_of_materials, differences

HELP = "print the bill of materials (CycloneDX), or compare with an earlier one"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--compare", type=Path, metavar="FILE", help="list what changed since FILE; exit 1 if anything did"
    )


def run(arguments: argparse.Namespace) -> int:
    document = bill_of_materials(installed())
    if arguments.compare is None:
        show_json(document)
        return 0
    try:
        found = differences(json.loads(arguments.compare.read_bytes()), document)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise SupplyChainError(f"{arguments.compare}: not a CycloneDX document in JSON") from None
    for line in found:
        show(line)
    return 1 if found else 0
