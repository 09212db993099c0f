"""`run`: be the gateway."""

import argparse
import asyncio

from gateway.clock import Clock
from gateway.config.config import Config
from gateway.config.schema import shape_at
from gateway.errors import UsageError
from gateway.logging_ import Journal
from gateway.paths import Paths
from gateway.server.gateway import Gateway
from gateway.server.listen import serve

HELP = "run the gateway in the foreground"

FLAGS = {
    "port": "gateway.port",
    "bind": "gateway.bind",
    "auth": "gateway.auth.mode",
    "token": "gateway.auth.token",
    "password": "gateway.auth.password",
}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, help="0 picks a free one (default 18789)")
    parser.add_argument("--bind", help="loopback, lan, auto, tailnet or custom")
    parser.add_argument("--auth", help="none, token or password")
    parser.add_argument("--token", help="the shared token")
    parser.add_argument("--password", help="the shared password")


def run(arguments: argparse.Namespace) -> int:
    paths = Paths.resolve(arguments.state_dir, arguments.config)
    config = Config.load(paths.config)
    for flag, key in FLAGS.items():
        value = getattr(arguments, flag)
        if value is None:
            continue
        shape = shape_at(key)
        problem = next(shape.problems(value, f"--{flag}"), None) if shape else None
        if problem is not None:
            raise UsageError(str(problem))
        config.override(key, value)
    clock = Clock.from_environment()
    asyncio.run(serve(Gateway(paths, config, clock, Journal(clock))))
    return 0
