"""`call`: send one request to a running gateway."""

import argparse
import dataclasses

from gateway.cli.output import show_json
from gateway.client import Target, call
from gateway.config.config import Config
from gateway.config.source import parse_json5
from gateway.devices.identity import Identity
from gateway.errors import ConfigError, UsageError
from gateway.paths import Paths

HELP = "send one request to a running gateway and print its payload"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("method", metavar="METHOD", help="such as health or chat.send")
    parser.add_argument("params", metavar="PARAMS", nargs="?", help="JSON5 object (default: none)")
    parser.add_argument("--url", help="ws:// or wss:// (default: from the configuration)")
    parser.add_argument("--token", help="the shared token")
    parser.add_argument("--password", help="the shared password")
    parser.add_argument("--timeout-ms", type=int, default=10_000, metavar="N", help="default: 10000")


def run(arguments: argparse.Namespace) -> int:
    paths = Paths.resolve(arguments.state_dir, arguments.config)
    given = {
        name: value
        for name in ("url", "token", "password")
        if (value := getattr(arguments, name)) is not None
    }
    target = dataclasses.replace(Target.from_config(Config.load(paths.config)), **given)
    try:
        params = parse_json5(arguments.params, "PARAMS") if arguments.params else None
    except ConfigError as error:
        raise UsageError(error.message) from None
    identity = Identity.load_or_create(paths.identity)
    show_json(call(target, identity, arguments.method, params, arguments.timeout_ms / 1000))
    return 0
