"""Boot a gateway as its own process on a free port, with a state directory of its own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from _probes.targets import Target

READY = re.compile(r"^gateway ready (wss?)://(\S+):(\d+) pid=(\d+)$")
BOOT_TIMEOUT_S = 60.0


class NotReady(Exception):
    """The gateway ended, or said nothing, instead of serving."""

    def __init__(self, exit_code: int | None, stdout: str, stderr: str) -> None:
        super().__init__(f"gateway not ready (exit {exit_code}):\n{stdout}{stderr}")
        self.exit_code, self.stdout, self.stderr = exit_code, stdout, stderr


def random_secret() -> str:
    """A secret that every strength rule accepts: 256 random bits in hex."""
    return secrets.token_hex(32)


@dataclass
class Home:
    """The directories of one installation; they may outlive the process that uses them.

    The top is not private, so that a gateway that gives up its user can still reach what belongs to it.
    """

    top: Path
    config: dict[str, Any] = field(default_factory=dict)

    @property
    def state(self) -> Path:
        return self.top / "state"

    @property
    def tmp(self) -> Path:
        return self.top / "tmp"

    @property
    def config_file(self) -> Path:
        return self.state / "moltbot.json"

    @property
    def workspace(self) -> Path:
        return self.state / "workspace"

    @property
    def clock_file(self) -> Path:
        return self.top / "clock"

    def write_config(self, config: dict[str, Any]) -> None:
        self.config = config
        self.state.mkdir(mode=0o700, exist_ok=True)
        self.config_file.write_text(json.dumps(config, indent=2))
        self.config_file.chmod(0o600)

    def set_clock(self, wall_s: float, monotonic_s: float | None = None) -> None:
        """Move the gateway's clocks by seconds from the real time; one number moves both."""
        text = f"{wall_s}" if monotonic_s is None else f"{wall_s} {monotonic_s}"
        fresh = self.clock_file.with_suffix(".new")
        fresh.write_text(text)
        fresh.chmod(0o644)
        fresh.replace(self.clock_file)

    def log_text(self) -> str:
        """All that the gateway's log files hold."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.tmp.rglob("*.log")))


@contextlib.contextmanager
def new_home(config: dict[str, Any] | None = None) -> Iterator[Home]:
    """An installation in a temporary directory; without a config there is no file at all."""
    top = Path(tempfile.mkdtemp(prefix="probe-"))
    top.chmod(0o711)
    home = Home(top)
    try:
        home.state.mkdir(mode=0o700)
        home.tmp.mkdir()
        home.tmp.chmod(0o1777)
        if config is not None:
            home.write_config(config)
        yield home
    finally:
        shutil.rmtree(top, ignore_errors=True)


def environment(home: Home, extra: dict[str, str] | None = None) -> dict[str, str]:
    """What a gateway of this home is started with, and nothing of the probe's own environment."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home.top),
        "TMPDIR": str(home.tmp),
        "LANG": "C.UTF-8",
        "GATEWAY_STATE_DIR": str(home.state),
        "GATEWAY_TEST_CLOCK": str(home.clock_file),
    } | (extra or {})


class Output:
    """Collects a stream in a thread; `first_match` waits for a line by event."""

    def __init__(self, stream: IO[str], pattern: re.Pattern[str] | None = None) -> None:
        self._lines: list[str] = []
        self._stream, self._pattern = stream, pattern
        self.match: re.Match[str] | None = None
        self.settled = threading.Event()
        self._thread = threading.Thread(target=self._collect, daemon=True)
        self._thread.start()

    def _collect(self) -> None:
        for line in self._stream:
            self._lines.append(line)
            if self.match is None and self._pattern and (match := self._pattern.match(line.rstrip("\n"))):
                self.match = match
                self.settled.set()
        self.settled.set()

    def text(self) -> str:
        return "".join(self._lines)

    def join(self) -> str:
        self._thread.join(5)
        return self.text()


@dataclass
class Gateway(Target):
    """A running gateway."""

    home: Home = field(kw_only=True)
    process: subprocess.Popen[str] = field(kw_only=True)
    pid: int = field(kw_only=True)
    stdout: Output = field(kw_only=True)
    stderr: Output = field(kw_only=True)
    codebase: Path = field(kw_only=True)

    @property
    def state(self) -> Path:
        return self.home.state

    def terminate(self, timeout: float = 30.0) -> int:
        """SIGTERM to the gateway itself, whatever started it, and the exit code."""
        os.kill(self.pid, signal.SIGTERM)
        return self.process.wait(timeout)

    def kill(self) -> None:
        """SIGKILL to the whole group, as a crash would end it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def everything_said(self) -> str:
        """stdout, stderr and log files."""
        return self.stdout.text() + self.stderr.text() + self.home.log_text()


def start(
    codebase: Path,
    home: Home,
    *arguments: str,
    token: str | None = None,
    password: str | None = None,
    env: dict[str, str] | None = None,
    prefix: Sequence[str] = (),
    umask: int = -1,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[str]:
    """Start `python -m gateway run` and do not wait for it; secrets travel in its environment."""
    given = {"GATEWAY_TOKEN": token, "GATEWAY_PASSWORD": password}
    extra = {name: value for name, value in given.items() if value is not None}
    command = [*prefix, sys.executable, "-m", "gateway", "run", "--state-dir", str(home.state), *arguments]
    return subprocess.Popen(
        command,
        cwd=codebase.parent,
        env=environment(home, extra | (env or {})),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        umask=umask,
        pass_fds=pass_fds,
        start_new_session=True,
    )


@contextlib.contextmanager
def running(
    codebase: Path,
    home: Home,
    *arguments: str,
    token: str | None = None,
    password: str | None = None,
    boot_timeout_s: float = BOOT_TIMEOUT_S,
    **options: Any,
) -> Iterator[Gateway]:
    """A gateway on a home, up to the end of the block. Raises NotReady with its output.

    The port is free unless `--port` is among the arguments. `options` are those of `start`.
    """
    if "--port" not in arguments:
        arguments = (*arguments, "--port", "0")
    process = start(codebase, home, *arguments, token=token, password=password, **options)
    assert process.stdout is not None
    assert process.stderr is not None
    stdout, stderr = Output(process.stdout, READY), Output(process.stderr)
    try:
        stdout.settled.wait(boot_timeout_s)
        if stdout.match is None:
            _kill_group(process)
            raise NotReady(process.wait(), stdout.join(), stderr.join())
        scheme, host, port, pid = stdout.match.groups()
        gateway = Gateway(
            host="127.0.0.1" if host in {"0.0.0.0", "[::]"} else host.strip("[]"),
            port=int(port),
            token=token,
            password=password,
            hook_token=(home.config.get("hooks") or {}).get("token"),
            tls=_unverified() if scheme == "wss" else None,
            home=home,
            process=process,
            pid=int(pid),
            stdout=stdout,
            stderr=stderr,
            codebase=codebase,
        )
        yield gateway
    finally:
        _kill_group(process)
        process.wait()
        stdout.join()
        stderr.join()
        process.stdout.close()
        process.stderr.close()


@contextlib.contextmanager
def boot(
    codebase: Path, config: dict[str, Any] | None = None, *arguments: str, **options: Any
) -> Iterator[Gateway]:
    """A gateway with a new home and, unless `token` or `password` says otherwise, a random token."""
    if "token" not in options and "password" not in options:
        options["token"] = random_secret()
    with new_home(config) as home, running(codebase, home, *arguments, **options) as gateway:
        yield gateway


@dataclass(frozen=True)
class Start:
    """How a start ended: `exit_code` is None when it was still running, and so was killed."""

    exit_code: int | None
    stdout: str
    stderr: str

    @property
    def served(self) -> bool:
        return any(READY.match(line) for line in self.stdout.splitlines())


def try_start(codebase: Path, home: Home, *arguments: str, timeout_s: float = 30.0, **options: Any) -> Start:
    """Start a gateway that is expected to refuse, and see how that ends; a ready line ends the wait."""
    if "--port" not in arguments:
        arguments = (*arguments, "--port", "0")
    process = start(codebase, home, *arguments, **options)
    assert process.stdout is not None
    assert process.stderr is not None
    stdout, stderr = Output(process.stdout, READY), Output(process.stderr)
    stdout.settled.wait(timeout_s)
    exit_code: int | None = None
    if stdout.match is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            exit_code = process.wait(10)
    _kill_group(process)
    process.wait()
    start_result = Start(exit_code, stdout.join(), stderr.join())
    process.stdout.close()
    process.stderr.close()
    return start_result


@dataclass(frozen=True)
class Outcome:
    exit_code: int
    stdout: str
    stderr: str


def command(
    codebase: Path,
    home: Home,
    *arguments: str,
    env: dict[str, str] | None = None,
    timeout_s: float = 60.0,
    stdin: str = "",
) -> Outcome:
    """Run `python -m gateway …` to its end in this home."""
    done = subprocess.run(
        [sys.executable, "-m", "gateway", *arguments],
        cwd=codebase.parent,
        env=environment(home, env),
        input=stdin,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout_s,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def _kill_group(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _unverified() -> Any:
    from _probes.tls import trusting_anyone

    return trusting_anyone()
