"""`config`: read, check and change the configuration file."""

import argparse
from typing import Any

from gateway.cli.options import common
from gateway.cli.output import show, show_json
from gateway.config import config as configuration
from gateway.config.schema import shape_at
from gateway.config.source import parse_json5
from gateway.errors import ConfigError, UsageError
from gateway.paths import Paths

HELP = "read, check and change the configuration file"


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    get = actions.add_parser(
        "get", help="print the configuration in force, or one key of it", parents=[common()]
    )
    get.add_argument("key", metavar="PATH", nargs="?", help="dotted, such as gateway.bind")
    change = actions.add_parser("set", help="set a key in the file", parents=[common()])
    change.add_argument("key", metavar="PATH", help="dotted, such as gateway.bind")
    change.add_argument("value", metavar="VALUE", help="JSON5; other text is taken as a string")
    actions.add_parser("validate", help="check the file", parents=[common()])
    actions.add_parser("file", help="print where the file is", parents=[common()])


def run(arguments: argparse.Namespace) -> int:
    paths = Paths.resolve(arguments.state_dir, arguments.config)
    if arguments.action == "file":
        show(str(paths.config))
        return 0
    config = configuration.Config.load(paths.config)
    if arguments.action == "validate":
        show(
            f"{paths.config}: valid"
            if config.text is not None
            else f"{paths.config}: not there, defaults apply"
        )
    elif arguments.action == "get":
        show_json(_value(config, arguments.key))
    else:
        _set(config, arguments.key, arguments.value)
        show(f"{arguments.key} is set in {paths.config}")
    return 0


def _value(config: configuration.Config, key: str | None) -> Any:
    if key is None:
        return config.values
    _known(key)
    return config.get(key)


def _known(key: str) -> None:
    if shape_at(key) is None:
        raise UsageError(f"{key}: no such key", hint="`config get` prints every key")


def _set(config: configuration.Config, key: str, text: str) -> None:
    _known(key)
    try:
        value = parse_json5(text, "VALUE")
    except ConfigError:
        value = text
    for name in reversed(key.split(".")):
        value = {name: value}
    configuration.write(config.patched(value))
