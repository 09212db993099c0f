"""What bounds an implementation: limits everywhere, a read-only world where bubblewrap works."""

from __future__ import annotations

import functools
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

MEMORY_KIB = 4 * 1024 * 1024
FILE_BLOCKS = 2 * 1024 * 1024
_LIMITS = f'ulimit -v {MEMORY_KIB}; ulimit -f {FILE_BLOCKS}; ulimit -c 0; exec "$@"'


def confined(command: Sequence[str], *, writable: Sequence[Path]) -> list[str]:
    """The command inside its bounds: address space, file size, and, with bubblewrap, nothing writable but ``writable``."""
    limited = ["/bin/sh", "-c", _LIMITS, "sh", *command]
    if not bubblewrap_works():
        return limited
    binds = [part for place in writable for part in ("--bind", str(place), str(place))]
    return [
        "bwrap",
        "--ro-bind",
        "/",
        "/",
        "--dev",
        "/dev",
        "--proc",
        "/proc",
        *binds,
        "--unshare-pid",
        "--unshare-ipc",
        "--new-session",
        "--die-with-parent",
        "--",
        *limited,
    ]


@functools.cache
def bubblewrap_works() -> bool:
    """Whether bubblewrap is there and may make a namespace on this host."""
    if shutil.which("bwrap") is None:
        return False
    probe = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-pid", "true"]
    try:
        return subprocess.run(probe, capture_output=True, timeout=5, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
