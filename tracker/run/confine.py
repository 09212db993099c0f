"""What an implementation can reach: where bubblewrap works, a world that is read-only but for its worktree."""

from __future__ import annotations

import functools
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tracker.process import limited


def confined(command: Sequence[str], *, writable: Sequence[Path], fixed: Sequence[Path] = ()) -> list[str]:
    """The command inside its bounds; with bubblewrap nothing is writable but ``writable``, and of that not ``fixed``."""
    if not bubblewrap_works():
        return limited(command)
    binds = [part for place in writable for part in ("--bind", str(place), str(place))]
    binds += [part for place in fixed for part in ("--ro-bind", str(place), str(place))]
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
        *limited(command),
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
