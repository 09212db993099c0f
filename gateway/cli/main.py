"""The command line: finds the command, runs it, turns errors into one line."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from gateway._version import __version__
from gateway.cli.options import common
from gateway.errors import GatewayError

# Each module has HELP, configure(parser) and run(arguments) -> exit code.
COMMANDS = {
    "run": "gateway.cli.run",
    "call": "gateway.cli.call",
    "doctor": "gateway.cli.doctor",
    "security": "gateway.cli.security",
    "pairing": "gateway.cli.pairing",
    "config": "gateway.cli.config",
}
INTERRUPTED = 130


def build_parser(wanted: str | None) -> argparse.ArgumentParser:
    """Build the parser; only the wanted command is imported, all of them for help."""
    parser = argparse.ArgumentParser(prog="python -m gateway", description="A personal-assistant gateway.")
    parser.add_argument("--version", action="version", version=__version__)
    parser.set_defaults(state_dir=None, config=None)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module_name in COMMANDS.items():
        if wanted in COMMANDS and name != wanted:
            continue
        module = importlib.import_module(module_name)
        command = commands.add_parser(name, help=module.HELP, description=module.HELP, parents=[common()])
        module.configure(command)
        command.set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        arguments = build_parser(words[0] if words else None).parse_args(words)
        return int(arguments.run(arguments))
    except GatewayError as error:
        _complain(error.message, error.hint)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        _complain(f"{error.filename or 'system'}: {error.strerror}", "")
        return 1
    except Exception as error:  # noqa: BLE001 - a user never sees a traceback
        _complain(f"internal error: {error!r}", "this is a bug; please report the command that led to it")
        return 3


def _complain(message: str, hint: str) -> None:
    sys.stderr.write(f"gateway: {message}\n")
    if hint:
        sys.stderr.write(f"hint: {hint}\n")
