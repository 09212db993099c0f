"""The files that a running gateway needs, by what it does with them."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.config import source
from gateway.confinement.identity import tls_files
from gateway.confinement.landlock import CHANGE, READ, READ_FILE, WRITE_FILE
from gateway.errors import GatewayError
from gateway.paths import Paths

if TYPE_CHECKING:
    from gateway.config.config import Config
    from gateway.server.gateway import Gateway

PROGRAM = Path(__file__).parents[1]
SYSTEM = (
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/share",
    "/usr/local/lib",
    "/lib",
    "/lib64",
    "/nix/store",
)
# What the C library and TLS read to find names, times and authorities.
SYSTEM_FILES = (
    *("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf"),
    *("/etc/services", "/etc/protocols", "/etc/passwd", "/etc/group", "/etc/localtime", "/etc/ld.so.cache"),
    *("/etc/ssl/openssl.cnf", "/etc/ssl/certs", "/etc/pki", "/etc/ca-certificates", "/etc/alternatives"),
    *("/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager"),
    *("/dev/urandom", "/dev/random", "/dev/zero", "/sys/devices/system/cpu"),
)
# Directories that hold other people's things: of these, single files are named.
SHARED = frozenset(map(Path, "/ /etc /home /root /var /var/lib /run /tmp /var/tmp /srv /mnt".split()))  # noqa: SIM905 - a table of words


def configured_files(paths: Paths) -> Iterator[Path]:
    """Yield the configuration file and all that it includes; what cannot be read ends the way there."""
    yield paths.config
    try:
        _, value = source.read_source(paths.config)
        yield from _included(value, paths.config.parent)
    except (GatewayError, OSError):
        return


def _included(value: object, directory: Path, depth: int = 0) -> Iterator[Path]:
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in items:
        yield from _included(item, directory, depth)
    names = value.get(source.INCLUDE, []) if isinstance(value, dict) else []
    for name in names if isinstance(names, list) else [names]:
        if isinstance(name, str) and depth < source.DEEPEST_INCLUDE:
            yield directory / name
            _, inner = source.read_source(directory / name)
            yield from _included(inner, (directory / name).parent, depth + 1)


def workspace(config: "Config", paths: Paths) -> Path:
    configured = config.text_at("agents.defaults.workspace")
    return Path(configured).expanduser() if configured else paths.workspace


def _with_neighbours(file: Path) -> Path:
    """Return what has to be named so that a file can be replaced: its directory, unless that is shared."""
    return file if file.parent in SHARED else file.parent


def rights(gateway: "Gateway") -> Iterator[tuple[Path, int]]:
    """Yield the files and directories of a gateway, each with what it may do there."""
    config, paths = gateway.config, gateway.paths
    for directory in (paths.state, workspace(config, paths)):
        yield directory, CHANGE
    log = gateway.journal.file
    yield (log, READ_FILE | WRITE_FILE) if log.parent in SHARED else (log.parent, CHANGE)
    for file in configured_files(paths):
        yield _with_neighbours(file), READ if file.parent in SHARED else CHANGE
    for named in tls_files(config):
        for file in {named, named.resolve()}:
            yield _with_neighbours(file), READ
    clock = os.environ.get("GATEWAY_TEST_CLOCK")
    if clock:
        yield _with_neighbours(Path(clock)), READ_FILE
    yield PROGRAM, READ
    for name in (sys.prefix, sys.base_prefix, *sys.path, *SYSTEM, *SYSTEM_FILES):
        yield Path(name), READ
    yield Path(os.devnull), READ_FILE | WRITE_FILE
