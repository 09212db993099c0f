"""At start: no secret stays open in any file, whoever wrote it there."""

import os
import re
import time
from pathlib import Path

from gateway.config.sealing import change_secrets, secret_files
from gateway.errors import ConfigError
from gateway.paths import Paths
from gateway.state import rotation, secrets
from gateway.state.sealed import ring

LEFTOVER = re.compile(r"\..+\.(\d+)\.\d+\.tmp")
SURELY_DEAD_SECONDS = 3600


def seal_all(paths: Paths) -> list[str]:
    """Seal every open secret, finish an interrupted rotation, remove what a crash left; returns what was done.

    Raises ConfigError when a file cannot be read; a backup that cannot is removed.
    """
    done = []
    with ring().locked():
        if rotation.unfinished():
            removed = rotation.finish(paths)
            done.append("key rotation finished")
            done += [f"{path}: removed, no key opens it" for path in removed]
        files = secret_files(paths)
        for file in files:
            try:
                sealed = change_secrets(file, secrets.seal_open)
            except ConfigError:
                if not file.spare:
                    raise
                file.path.unlink()
                done.append(f"{file.path}: removed, a backup that cannot be read")
            else:
                done += [f"{file.path}: {path} sealed" for path in sealed]
    directories = {file.path.parent for file in files}
    return done + [f"{path}: left by a crash, removed" for path in _remove_leftovers(directories)]


def _remove_leftovers(directories: set[Path]) -> list[Path]:
    """Remove the temporary files of writers that are gone."""
    removed = []
    for directory in directories:
        for path in directory.glob(".*.tmp"):
            found = LEFTOVER.fullmatch(path.name)
            if found and (not _alive(int(found[1])) or _age(path) > SURELY_DEAD_SECONDS):
                path.unlink(missing_ok=True)
                removed.append(path)
    return removed


def _alive(pid: int) -> bool:
    return pid != os.getpid() and Path(f"/proc/{pid}").exists()


def _age(path: Path) -> float:
    try:
        return time.time() - path.lstat().st_mtime
    except OSError:
        return 0.0
