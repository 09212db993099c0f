"""Child processes: own group, clean environment, time-out, capped log."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LOG_CAP = 4 * 1024 * 1024
"""Bytes of output that are kept; a child that writes more is ended."""

PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SYSTEMROOT", "TERM", "NO_COLOR", "COLUMNS")
"""What a child inherits of the caller's environment; nothing else, so no secret."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended. ``reason`` is empty where it ended by itself with ``code``."""

    code: int
    seconds: float
    reason: str = ""


def clean_environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a child: a home of its own, no user site, no byte code beside the sources."""
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    environment.setdefault("PATH", os.defpath)
    environment |= {
        "HOME": str(home),
        "TMPDIR": str(home),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONUNBUFFERED": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
    }
    environment |= extra or {}
    return environment


def run(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    log: Path,
    timeout: float,
    on_output: Callable[[str], None] | None = None,
    cancelled: threading.Event | None = None,
    cap: int = LOG_CAP,
) -> Ended:
    """Run the command in a process group of its own; its output goes to ``log`` and, line by line, to ``on_output``.

    The whole group is ended (TERM, then KILL) at the time-out in seconds, when the log reaches ``cap`` bytes,
    when ``cancelled`` is set, and when the command itself has ended, so that nothing is left behind.
    """
    start = time.monotonic()
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        child = subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        log.write_text(f"{command[0]}: {error.strerror}\n", encoding="utf-8")
        return Ended(127, 0.0, f"could not be started: {error.strerror}: {command[0]}")
    pump = _Pump(child, log, on_output, cap)
    pump.start()
    reason = ""
    while True:
        try:
            child.wait(timeout=0.05 if cancelled is not None or pump.is_alive() else None)
            break
        except subprocess.TimeoutExpired:
            if cancelled is not None and cancelled.is_set():
                reason = "cancelled"
            elif time.monotonic() - start > timeout:
                reason = f"timed out after {timeout:g} s"
            elif pump.flooded:
                reason = f"wrote more than {cap // 1024} KiB of output"
            if reason:
                break
    _end_group(child)
    pump.join(timeout=5)
    if pump.flooded and not reason:
        reason = f"wrote more than {cap // 1024} KiB of output"
    code = child.returncode if child.returncode is not None else -signal.SIGKILL
    if code < 0 and not reason:
        reason = f"killed by signal {-code} ({signal.Signals(-code).name})"
    return Ended(code, time.monotonic() - start, reason)


def _end_group(child: subprocess.Popen[bytes]) -> None:
    """End what is left of the child's group."""
    for sign, patience in ((signal.SIGTERM, 1.0), (signal.SIGKILL, 5.0)):
        try:
            os.killpg(child.pid, sign)
        except (ProcessLookupError, PermissionError):
            break
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            child.poll()
            try:
                os.killpg(child.pid, 0)
            except (ProcessLookupError, PermissionError):
                break
            time.sleep(0.005)
        else:
            continue
        break
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(timeout=5)


class _Pump(threading.Thread):
    """Moves a child's output into its log."""

    def __init__(
        self,
        child: subprocess.Popen[bytes],
        log: Path,
        on_output: Callable[[str], None] | None,
        cap: int,
    ) -> None:
        super().__init__(daemon=True)
        self.flooded = False
        self._child = child
        self._log = log
        self._on_output = on_output
        self._cap = cap

    def run(self) -> None:
        stream = self._child.stdout
        if stream is None:
            return
        written = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab", buffering=0) as log, stream:
            while line := stream.readline(65536):
                if self.flooded:
                    continue
                written += len(line)
                if written > self._cap:
                    self.flooded = True
                    log.write(b"\n[output cut here: too much of it]\n")
                    continue
                log.write(line)
                if self._on_output is not None:
                    self._on_output(line.decode("utf-8", "replace").rstrip("\r\n"))


def interpreter() -> str:
    """The interpreter that runs tracker."""
    return sys.executable
