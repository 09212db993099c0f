"""`secrets`: what is sealed with which key, a new key, and a look at one secret."""

import argparse
from dataclasses import asdict, dataclass
from pathlib import Path

from gateway.cli.options import common
from gateway.cli.output import show, show_json
from gateway.config import schema
from gateway.config.config import Config
from gateway.config.sealing import secret_files, secrets_in
from gateway.errors import GatewayError, UsageError
from gateway.paths import Paths
from gateway.protocol.schema.types import Text
from gateway.state import rotation, secrets
from gateway.state.envelope import Key, key_id
from gateway.state.sealed import ring
from gateway.state.verifiers import is_verifier

HELP = "show, rotate and make the keys that secrets are sealed with"


@dataclass
class Count:
    """How the secrets of one file are kept."""

    file: str
    sealed: int = 0
    verifiers: int = 0
    open: int = 0
    unknown_key: int = 0


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    status = actions.add_parser("status", help="count how secrets are kept, by file", parents=[common()])
    status.add_argument("--json", action="store_true", help="print JSON")
    actions.add_parser(
        "rotate", help="seal everything with a new key; the gateway may run", parents=[common()]
    )
    reveal = actions.add_parser("show", help="print one secret of the configuration", parents=[common()])
    reveal.add_argument("key", metavar="PATH", help="dotted, such as channels.telegram.botToken")
    actions.add_parser("generate", help="print a new key, to be given from outside", parents=[common()])


def run(arguments: argparse.Namespace) -> int:
    paths = Paths.resolve(arguments.state_dir, arguments.config)
    if arguments.action == "generate":
        show(Key.generate().line)
        return 0
    if arguments.action == "show":
        show(_secret(paths, arguments.key))
        return 0
    if arguments.action == "rotate":
        for path in rotation.rotate(paths):
            show(f"removed {path}: no key opens it")
        show(f"everything is sealed with the key {ring().current().id}")
        return 0
    return _status(paths, as_json=arguments.json)


def _status(paths: Paths, *, as_json: bool) -> int:
    counts = [count for file in secret_files(paths) if (count := _count(file.path, secrets_in(file)))]
    keys = ring().all()
    ok = not any(count.open or count.unknown_key for count in counts)
    if as_json:
        report = {"ok": ok, "source": ring().source, "keys": [key.id for key in keys]}
        show_json({**report, "files": [asdict(count) for count in counts]})
    else:
        show(f"keys: {', '.join(key.id for key in keys) or 'none yet'} ({ring().source})")
        for count in counts:
            show(
                f"{count.sealed:4} sealed {count.verifiers:3} verifiers {count.open:3} open "
                f"{count.unknown_key:3} of an unknown key  {count.file}"
            )
    return 0 if ok else 1


def _count(path: Path, stored: dict[str, str]) -> Count | None:
    count = Count(str(path))
    for place, value in stored.items():
        if secrets.is_open(place, value):
            count.open += 1
        elif place in secrets.ONLY_COMPARED:
            count.verifiers += 1
        elif ring().find(key_id(value) or "") is None:
            count.unknown_key += 1
        else:
            count.sealed += 1
    return count if stored else None


def _secret(paths: Paths, key: str) -> str:
    shape = schema.shape_at(key)
    if not isinstance(shape, Text) or not shape.secret:
        raise UsageError(f"{key}: not the path of a secret", hint="`config get` masks every secret")
    value = Config.load(paths.config).get(key)
    if not value:
        raise GatewayError(f"{key}: not set")
    if is_verifier(value):
        raise GatewayError(f"{key}: only a verifier is kept, from which nobody can tell the secret")
    return str(value)
