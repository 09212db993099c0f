"""`deps patch`: raise vulnerable pins to the lowest fixed version, if the suite agrees."""

import argparse
import shlex
import sys
import tempfile
from pathlib import Path

from gateway.cli.deps_audit import add_sources, advisories_of
from gateway.cli.output import show
from gateway.supply_chain.lock import Lock
from gateway.supply_chain.patching import Wheelhouse, install, patched_pins, try_lock, upgrades

HELP = "raise vulnerable pins to the lowest fixed version, by hash, if the test suite stays green"
SUITE = f"{shlex.quote(sys.executable)} -m pytest -q {shlex.quote(str(Path(__file__).parents[1] / 'tests'))}"


def configure(parser: argparse.ArgumentParser) -> None:
    add_sources(parser)
    parser.add_argument(
        "--wheels", type=Path, required=True, metavar="DIR", help="where the fixed wheels and SHA256SUMS are"
    )
    parser.add_argument("--suite", default=SUITE, metavar="COMMAND", help="default: the gateway's own tests")
    parser.add_argument(
        "--timeout-s", type=float, default=1800, metavar="N", help="of the suite, default: 1800"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be patched and change nothing")


def run(arguments: argparse.Namespace) -> int:
    lock = Lock.read(arguments.lock)
    wanted, without = upgrades(lock, advisories_of(arguments))
    for upgrade in wanted:
        named = ", ".join(upgrade.advisories)
        show(f"{upgrade.pin.key} {upgrade.pin.version} -> {upgrade.to} ({named})")
    for pin in without:
        show(f"{pin.key} {pin.version}: no fixed version is known")
    if not wanted or arguments.dry_run:
        return 1 if without else 0
    wheels = Wheelhouse(arguments.wheels)
    pins = patched_pins(wanted, wheels)
    with tempfile.TemporaryDirectory(prefix="gateway-patch-") as overlay:
        install(list(pins.values()), wheels, Path(overlay))
        words = try_lock(
            lock, lock.with_pins(pins), shlex.split(arguments.suite), Path(overlay), arguments.timeout_s
        )
    if words is not None:
        show(f"the suite is red: {lock.path} is as it was\n{words.rstrip()}")
        return 1
    show(f"{lock.path} is patched; install it with: pip install --require-hashes -r {lock.path}")
    return 1 if without else 0
