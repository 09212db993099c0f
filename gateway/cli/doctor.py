"""`doctor`: can a gateway run here?"""

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from gateway.cli.output import show, show_json
from gateway.config.config import Config
from gateway.errors import GatewayError
from gateway.paths import Paths
from gateway.server.net import listen_all, resolve_bind

HELP = "tell whether a gateway can run here"


@dataclass(frozen=True)
class Check:
    id: str
    ok: bool
    detail: str


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def checks(paths: Paths) -> Iterator[Check]:
    """Look at the machine and at the files of one state directory; changes nothing."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Check("python", sys.version_info >= (3, 11), f"Python {version} (3.11 or later is needed)")
    existing = next(path for path in (paths.state, *paths.state.parents) if path.exists())
    yield Check("state-dir", os.access(existing, os.W_OK | os.X_OK), f"{paths.state} (writable: {existing})")
    try:
        config = Config.load(paths.config)
    except GatewayError as error:
        yield Check("config", ok=False, detail=error.message)
        return
    yield Check("config", ok=True, detail=f"{paths.config} is valid")
    yield _port(config)


def _port(config: Config) -> Check:
    hosts, port = resolve_bind(config), config.number_at("gateway.port")
    try:
        for listener in listen_all(hosts, port):
            listener.close()
    except OSError as error:
        return Check("port", ok=False, detail=f"{hosts[0]} port {port}: {error.strerror}")
    return Check("port", ok=True, detail=f"{hosts[0]} port {port} is free")


def run(arguments: argparse.Namespace) -> int:
    found = list(checks(Paths.resolve(arguments.state_dir, arguments.config)))
    ok = all(check.ok for check in found)
    if arguments.json:
        show_json({"ok": ok, "checks": [asdict(check) for check in found]})
    else:
        for check in found:
            show(f"{'ok  ' if check.ok else 'FAIL'}  {check.id:10} {check.detail}")
    return 0 if ok else 1
