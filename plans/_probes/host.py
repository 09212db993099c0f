"""What this host can do, and the reason a check gives when it cannot."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest


def _runs(*command: str) -> bool:
    if shutil.which(command[0]) is None:
        return False
    try:
        return subprocess.run(command, capture_output=True, timeout=10, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _landlock() -> bool:
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    create_ruleset, version_flag = 444, 1
    return int(libc.syscall(create_ruleset, None, 0, version_flag)) >= 1


def _importable(module: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(module) is not None


def _netns() -> bool:
    from _probes.netns import unshare_command

    return shutil.which("ip") is not None and _runs(*unshare_command(), "true")


def _ipv6() -> bool:
    import socket

    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


CAPABILITIES: dict[str, tuple[str, Callable[[], bool]]] = {
    "linux": ("Linux", lambda: sys.platform == "linux"),
    "root": ("root", lambda: os.geteuid() == 0),
    "bwrap": (
        "bwrap on PATH and unprivileged or root namespaces",
        lambda: _runs("bwrap", "--ro-bind", "/", "/", "--unshare-all", "true"),
    ),
    "netns": ("network namespaces (unshare) and ip on PATH", _netns),
    "strace": ("strace on PATH and ptrace allowed", lambda: _runs("strace", "-qq", "-e", "none", "true")),
    "faketime": ("faketime on PATH", lambda: _runs("faketime", "-f", "+1d", "true")),
    "landlock": ("Landlock (ABI 1 or later)", _landlock),
    "seccomp": ("pyseccomp and libseccomp", lambda: _importable("pyseccomp")),
    "trustme": ("the Python package trustme", lambda: _importable("trustme")),
    "ipv6": ("IPv6 loopback", _ipv6),
    "apparmor_parser": ("apparmor_parser on PATH", lambda: shutil.which("apparmor_parser") is not None),
    "checkmodule": ("checkmodule on PATH", lambda: shutil.which("checkmodule") is not None),
    "systemd-analyze": ("systemd-analyze on PATH", lambda: shutil.which("systemd-analyze") is not None),
}
"""Name to what is missing without it, and how to find out."""


@functools.cache
def has(name: str) -> bool:
    """Whether the host has the capability."""
    return CAPABILITIES[name][1]()


def needs(*names: str) -> None:
    """Skip the running test, saying what the host lacks."""
    missing = [CAPABILITIES[name][0] for name in names if not has(name)]
    if missing:
        pytest.skip(f"needs {' and '.join(missing)}")
