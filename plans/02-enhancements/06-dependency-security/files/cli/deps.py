"""`deps`: what the gateway depends on, and what is known against it. Nothing here needs a network."""

import argparse
import importlib

from gateway.cli.options import common

# Each module has HELP, configure(parser) and run(arguments) -> exit code.
ACTIONS = {
    "audit": "gateway.cli.deps_audit",
    "sbom": "gateway.cli.deps_sbom",
    "update": "gateway.cli.deps_update",
    "patch": "gateway.cli.deps_patch",
    "revert": "gateway.cli.deps_revert",
}
HELP = "audit dependencies against known vulnerabilities"


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, module_name in ACTIONS.items():
        module = importlib.import_module(module_name)
        action = actions.add_parser(name, help=module.HELP, description=module.HELP, parents=[common()])
        module.configure(action)
        action.set_defaults(act=module.run)


def run(arguments: argparse.Namespace) -> int:
    return int(arguments.act(arguments))
