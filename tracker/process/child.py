"""Child processes: own group, clean environment, time-out, limits, capped log, nothing left behind."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tracker.process import family

LOG_CAP = 4 * 1024 * 1024
"""Bytes of output that are kept of one child; one that writes more is ended."""
PROCESSES = 512
"""A child that has more processes at a time is ended."""
MEMORY_KIB = 4 * 1024 * 1024
"""Private writable memory of one process. Reserved address space does not count: runtimes reserve much."""
FILE_BLOCKS = 2 * 1024 * 1024
"""Size of one file that a child writes, in blocks of 512 bytes."""

PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SYSTEMROOT", "TERM", "NO_COLOR", "COLUMNS")
"""What a child inherits of the caller's environment; nothing else, so no secret."""

_TICK = 0.05
_COUNT_EVERY = 0.5
_LIMITS = (
    f'for limit in "-d {MEMORY_KIB}" "-f {FILE_BLOCKS}" "-c 0"; do ulimit $limit 2>/dev/null; done; exec "$@"'
)


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


def limited(command: Sequence[str]) -> list[str]:
    """The command with bounds on memory and file size, and without core files."""
    return ["/bin/sh", "-c", _LIMITS, "sh", *command]


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

    It is ended (TERM, then KILL) at the time-out in seconds, when its output reaches ``cap`` bytes, when it has
    more than ``PROCESSES`` processes, when ``cancelled`` is set. When it has ended, however it did, whatever it
    left running is ended too, also what has left its process group.
    """
    start = time.monotonic()
    mark = family.new_mark()
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        child = subprocess.Popen(
            command,
            cwd=cwd,
            env={**env, family.VARIABLE: mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{command[0]}: {error.strerror}\n")
        return Ended(127, 0.0, f"could not be started: {error.strerror}: {command[0]}")
    pump = _Pump(child, log, on_output, cap)
    pump.start()
    reason = _watched(child, pump, mark, start + timeout, timeout, cancelled)
    _end_all(child, mark)
    pump.join(timeout=5)
    if pump.flooded and not reason:
        reason = _flooded(cap)
    code = child.returncode if child.returncode is not None else -signal.SIGKILL
    if not reason:
        reason = _signalled(code)
    return Ended(code, time.monotonic() - start, reason)


def interpreter() -> str:
    """The interpreter that runs tracker."""
    return sys.executable


def _watched(
    child: subprocess.Popen[bytes],
    pump: _Pump,
    mark: str,
    deadline: float,
    timeout: float,
    cancelled: threading.Event | None,
) -> str:
    """Wait for the child's end; why it has to be ended, or an empty text where it has ended by itself."""
    counted = time.monotonic()
    with _end_of(child) as ended:
        while not ended(_TICK):
            now = time.monotonic()
            if cancelled is not None and cancelled.is_set():
                return "cancelled"
            if now > deadline:
                return f"timed out after {timeout:g} s"
            if pump.flooded:
                return _flooded(pump.cap)
            if now - counted > _COUNT_EVERY:
                counted = now
                if len(family.members(child.pid, mark)) > PROCESSES:
                    return f"started more than {PROCESSES} processes"
    return ""


@contextlib.contextmanager
def _end_of(child: subprocess.Popen[bytes]) -> Iterator[Callable[[float], bool]]:
    """A function that waits so many seconds for the child's end, and says whether it has come."""
    try:
        descriptor = os.pidfd_open(child.pid)
    except (AttributeError, OSError):

        def wait(seconds: float) -> bool:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(timeout=seconds)
            return child.returncode is not None

        yield wait
        return
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)

    def polled(seconds: float) -> bool:
        poll.poll(seconds * 1000)
        return child.poll() is not None

    try:
        yield polled
    finally:
        os.close(descriptor)


def _flooded(cap: int) -> str:
    return f"wrote more than {cap // 1024} KiB of output"


def _signalled(code: int) -> str:
    """The signal that ended the child, in words. A shell or a sandbox in between reports it as 128 + number."""
    number = -code if code < 0 else code - 128
    if not 0 < number < signal.NSIG:
        return ""
    try:
        return f"killed by signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"killed by signal {number}" if code < 0 else ""


def _end_all(child: subprocess.Popen[bytes], mark: str) -> None:
    """End the child and what it has started: TERM, a second later KILL.

    Who belongs to it is asked first: an orphan that has cleared its environment is not known any more.
    """
    known = family.members(child.pid, mark) if child.poll() is None else set()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGTERM)
    deadline, pause = time.monotonic() + 1.0, 0.001
    while child.poll() is None or family.members(child.pid, mark):
        if time.monotonic() > deadline:
            break
        time.sleep(pause)
        pause = min(2 * pause, 0.02)
    else:
        if not known:
            return
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
    family.end(child.pid, mark, known=known)
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
        self.cap = cap
        self._child = child
        self._log = log
        self._on_output = on_output

    def run(self) -> None:
        stream = self._child.stdout
        if stream is None:
            return
        written = 0
        rest = b""
        with self._log.open("ab", buffering=0) as log, stream:
            while chunk := os.read(stream.fileno(), 65536):
                if self.flooded:
                    continue
                written += len(chunk)
                if written > self.cap:
                    self.flooded = True
                    chunk = b"\n[output cut here: too much of it]\n"
                with contextlib.suppress(OSError):  # a full disk loses log lines, never the run
                    log.write(chunk)
                if self._on_output is not None:
                    *lines, rest = (rest + chunk).split(b"\n")
                    for line in lines:
                        self._tell(line)
                    if len(rest) > 65536:
                        self._tell(rest)
                        rest = b""
        if rest:
            self._tell(rest)

    def _tell(self, line: bytes) -> None:
        if self._on_output is not None:
            self._on_output(line.decode("utf-8", "replace").rstrip("\r"))
