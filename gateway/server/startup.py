"""Start-up: steps that each prepare the gateway or refuse to start it, in order."""

import fcntl
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.errors import StartupRefused
from gateway.paths import lock_dir
from gateway.server.net import is_loopback, resolve_bind
from gateway.state import files

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway

Step = Callable[["Gateway"], None]


def open_log(gateway: "Gateway") -> None:
    gateway.apply_logging()


def refuse_remote_mode(gateway: "Gateway") -> None:
    if gateway.config.text_at("gateway.mode") == "remote":
        raise StartupRefused(
            "gateway.mode is remote: this machine is a client of another gateway",
            hint="set gateway.mode to local to run one here",
        )


def refuse_open_bind(gateway: "Gateway") -> None:
    """Refuse to listen beyond loopback without a secret."""
    exposed = [host for host in resolve_bind(gateway.config) if not is_loopback(host)]
    if exposed and not gateway.auth.configured:
        raise StartupRefused(
            f"refusing to bind to {exposed[0]} without a token or password",
            hint="set gateway.auth.token or GATEWAY_TOKEN, or gateway.bind to loopback",
        )


def refuse_missing_secret(gateway: "Gateway") -> None:
    if gateway.auth.mode != "none" and not gateway.auth.configured:
        raise StartupRefused(
            f"gateway.auth.mode is {gateway.auth.mode}, and no {gateway.auth.mode} is set",
            hint=f"set gateway.auth.{gateway.auth.mode} or GATEWAY_{gateway.auth.mode.upper()}",
        )


def hold_lock(gateway: "Gateway") -> None:
    """Let one gateway at a time use a state directory; the lock ends with the process."""
    name = hashlib.sha256(os.fsencode(gateway.paths.state)).hexdigest()[:16]
    path: Path = lock_dir() / f"gateway.{name}.lock"
    files.ensure_dir(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, files.FILE_MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise StartupRefused(
            f"another gateway is using {gateway.paths.state}",
            hint="stop it, or choose another --state-dir",
        ) from None


def create_directories(gateway: "Gateway") -> None:
    for directory in gateway.paths.directories():
        files.ensure_dir(directory)


def load_devices(gateway: "Gateway") -> None:
    gateway.devices.load()
    gateway.journal.redact.learn(*gateway.devices.tokens())


def load_auth_profiles(gateway: "Gateway") -> None:
    gateway.auth_profiles.load()
    gateway.journal.redact.learn(*gateway.auth_profiles.secrets())


STEPS: list[Step] = [
    open_log,
    refuse_remote_mode,
    refuse_missing_secret,
    refuse_open_bind,
    hold_lock,
    create_directories,
    load_devices,
    load_auth_profiles,
]


def prepare(gateway: "Gateway") -> None:
    """Run the steps.

    Raises GatewayError when the gateway must not or cannot start.
    """
    for step in STEPS:
        step(gateway)
