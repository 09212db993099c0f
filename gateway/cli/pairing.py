"""`pairing`: the codes of strangers who wrote to a channel."""

import argparse

from gateway.channels.pairing_store import PairingStore
from gateway.cli.options import common
from gateway.cli.output import show, show_json
from gateway.clock import Clock
from gateway.errors import GatewayError
from gateway.paths import Paths

HELP = "list and approve the pairing codes of a channel"


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="show the codes that wait", parents=[common()])
    listing.add_argument("channel", metavar="CHANNEL")
    listing.add_argument("--json", action="store_true", help="print JSON")
    approve = actions.add_parser("approve", help="let the sender of a code in", parents=[common()])
    approve.add_argument("channel", metavar="CHANNEL")
    approve.add_argument("code", metavar="CODE")


def run(arguments: argparse.Namespace) -> int:
    paths = Paths.resolve(arguments.state_dir, arguments.config)
    store = PairingStore(paths, Clock.from_environment(), arguments.channel)
    if arguments.action == "approve":
        return _approve(store, arguments)
    pending = store.pending()
    if arguments.json:
        show_json({"channel": store.channel, "requests": pending})
    elif pending:
        for request in pending:
            show(f"{request['code']}  {request['id']}")
    else:
        show(f"no pairing code waits on {store.channel}")
    return 0


def _approve(store: PairingStore, arguments: argparse.Namespace) -> int:
    sender = store.approve(arguments.code)
    if sender is None:
        raise GatewayError(
            f"no pending pairing code {arguments.code} on {store.channel}",
            hint=f"`pairing list {store.channel}` shows the codes that wait; each lives one hour",
        )
    show(f"approved {sender} on {store.channel}")
    return 0
