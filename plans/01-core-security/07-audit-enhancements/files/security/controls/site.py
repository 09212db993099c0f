"""The place where controls are tried out: the installation, and a rehearsal of it.

The rehearsal is a gateway of its own: the installed program with the
installed configuration, on a free loopback port, with secrets made for it and
a state directory that goes when it ends. What is tried on it leaves no trace
in the installation, and locks nobody out of a gateway that is running.
"""

import copy
import os
import re
import secrets
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.config import schema
from gateway.config.config import serialize
from gateway.security.controls.registry import NotObservable
from gateway.security.subject import Subject, without_faults

ROOT = Path(__file__).parents[3]
READY = re.compile(rb"gateway ready wss?://\S+:(\d+) pid=(\d+)\n")
BOOT_SECONDS = 60.0
REFUSE_SECONDS = 30.0
CHANNEL = "rehearsal"
FRIEND = "friend-of-the-rehearsal"
LOOSE_FILE = Path("credentials", f"{CHANNEL}-allowFrom.json")


@dataclass(frozen=True)
class Rehearsal:
    """A gateway that runs for the probes. `log` and `stderr` are what it says."""

    top: Path
    port: int
    pid: int
    token: str
    hook_token: str

    @property
    def state(self) -> Path:
        return self.top / "state"

    def holders(self, secret: str) -> list[str]:
        """Return the names of its files that hold the secret; it is at work, and a file may go meanwhile."""
        found = []
        for path in self.state.rglob("*"):
            with suppress(FileNotFoundError):
                if path.is_file() and secret.encode() in path.read_bytes():
                    found.append(path.name)
        return found

    def said(self) -> str:
        """Return everything in its log files and on its stderr."""
        files = [*(self.top / "tmp").rglob("*.log"), self.top / "stderr"]
        return "".join(file.read_text(encoding="utf-8", errors="replace") for file in files)


@dataclass(frozen=True)
class Site:
    """What a probe has: the installation as it is stored, and its rehearsal."""

    subject: Subject
    rehearsal: Rehearsal

    @property
    def port(self) -> int:
        return self.rehearsal.port


def rehearsed_config(subject: Subject, hook_token: str) -> dict[str, Any]:
    """Return the installed configuration without secrets, and without what belongs to its place."""
    given = schema.CONFIG.map_secrets(without_faults(copy.deepcopy(subject.given)), lambda _path, _secret: "")
    config: dict[str, Any] = given if isinstance(given, dict) else {}
    gateway = {
        key: value
        for key, value in config.get("gateway", {}).items()
        if key in {"allowedHosts", "controlUi", "http", "limits"}
    }
    limits = {**gateway.get("limits", {}), "tickIntervalMs": 60_000}
    agents = config.get("agents", {}).get("defaults", {})
    tools = config.get("tools", {})
    return {
        **({"session": config["session"]} if "session" in config else {}),
        "gateway": {**gateway, "limits": limits},
        "logging": {
            key: value for key, value in config.get("logging", {}).items() if key == "redactSensitive"
        },
        "agents": {"defaults": {key: value for key, value in agents.items() if key != "workspace"}},
        "tools": {**tools, "exec": {**tools.get("exec", {}), "approvalTimeoutMs": 400}},
        "hooks": {"enabled": True, "token": hook_token},
        "channels": {
            **(
                {"defaults": config["channels"]["defaults"]}
                if config.get("channels", {}).get("defaults")
                else {}
            ),
            CHANNEL: {"dmPolicy": "pairing"},
        },
    }


def environment(top: Path, token: str | None) -> dict[str, str]:
    """Return what a rehearsal is started with, and nothing of the auditor's own environment."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(top),
        "TMPDIR": str(top / "tmp"),
        "LANG": "C.UTF-8",
        "GATEWAY_STATE_DIR": str(top / "state"),
        **({"GATEWAY_TOKEN": token} if token else {}),
    }


@contextmanager
def _place() -> Iterator[Path]:
    """Make a directory that a gateway which gives up its user can still use."""
    top = Path(tempfile.mkdtemp(prefix="gateway-audit-"))
    try:
        top.chmod(0o711)
        (top / "tmp").mkdir()
        (top / "tmp").chmod(0o1777)
        (top / "state").mkdir(mode=0o700)
        yield top
    finally:
        shutil.rmtree(top, ignore_errors=True)


def _start(top: Path, token: str | None, *flags: str) -> "subprocess.Popen[bytes]":
    with (top / "stderr").open("wb") as stderr:
        return subprocess.Popen(
            [sys.executable, "-m", "gateway", "run", "--port", "0", *flags],
            cwd=ROOT,
            env=environment(top, token),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            umask=0,
            start_new_session=True,
        )


def _end(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@contextmanager
def rehearsal(subject: Subject) -> Iterator[Rehearsal]:
    """Run the installed gateway for the length of the block.

    Raises NotObservable when it does not start.
    """
    token, hook_token = secrets.token_hex(32), secrets.token_hex(32)
    with _place() as top:
        config = top / "state" / "moltbot.json"
        config.write_text(serialize(rehearsed_config(subject, hook_token)), encoding="utf-8")
        config.chmod(0o600)
        loose = top / "state" / LOOSE_FILE
        loose.parent.mkdir()
        loose.parent.chmod(0o777)
        loose.write_text(serialize({"version": 1, "allowFrom": [FRIEND]}), encoding="utf-8")
        loose.chmod(0o666)
        process = _start(top, token)
        try:
            port, pid = _wait_ready(process, top)
            yield Rehearsal(top, port, pid, token, hook_token)
        finally:
            _end(process)


def _wait_ready(process: "subprocess.Popen[bytes]", top: Path) -> tuple[int, int]:
    found = _ready(process, BOOT_SECONDS)
    if found is None:
        said = (top / "stderr").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise NotObservable(f"the gateway does not start with this configuration: {said[0] if said else '?'}")
    return int(found[1]), int(found[2])


def _ready(process: "subprocess.Popen[bytes]", seconds: float) -> "re.Match[bytes] | None":
    """Wait until a gateway says that it is ready; None when it ends, or the time does."""
    stdout = process.stdout
    if stdout is None:
        return None
    text, deadline = b"", time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        selector.register(stdout, selectors.EVENT_READ)
        while selector.select(max(0.0, deadline - time.monotonic())):
            chunk = os.read(stdout.fileno(), 4096)
            text += chunk
            found = READY.search(text)
            if found or not chunk:
                return found
    return None


def refused_start(
    *flags: str,
    token: str | None = None,
    config: dict[str, Any] | None = None,
    link_config: bool = False,
) -> str:
    """Start a gateway that has to refuse; returns what it said, "" when it went on running or crashed."""
    with _place() as top:
        path = top / "state" / "moltbot.json"
        if config is not None or link_config:
            target = top / "elsewhere.json" if link_config else path
            target.write_text(serialize(config or {}), encoding="utf-8")
            target.chmod(0o600)
            if link_config:
                path.symlink_to(target)
        process = _start(top, token, *flags)
        try:
            served = _ready(process, REFUSE_SECONDS) is not None
            code = None if served else process.wait(1)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end(process)
        said = (top / "stderr").read_text(encoding="utf-8", errors="replace").strip()
        return said if code in {1, 2} and said.startswith("gateway: ") else ""
