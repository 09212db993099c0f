"""The gateway's side of the supervisor: commands go there as orders, and their output comes back."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.sandbox.bubblewrap import Sandbox

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
READ_SIZE = 65_536
SEND_SECONDS = 2.0
DRAIN_SECONDS = 2.0


class CannotLaunch(Exception):
    """The command was not started: the supervisor is out of reach or cannot make the sandbox."""


class CannotStart(CannotLaunch):
    """The supervisor was told by the kernel that the program cannot be started."""


@dataclass(frozen=True)
class Order:
    """A command to run; `cwd` and `env` count only on the host, a sandbox brings its own."""

    argv: tuple[str, ...]
    cwd: str
    env: dict[str, str]
    seconds: float
    sandbox: Sandbox | None = None


@dataclass(frozen=True)
class Ended:
    """What came of a command. `why` is exited, timeout, cancelled, memory or processes."""

    exit_code: int
    why: str
    ran: bool
    duration_ms: int
    stdout: bytes
    stderr: bytes


class Launcher:
    """Runs commands through the supervisor."""

    def __init__(self) -> None:
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the supervisor; it ends when this process does."""
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gateway.sandbox", str(theirs.fileno())],
                cwd=ROOT,
                env=ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        mine.settimeout(SEND_SECONDS)
        self._control = mine

    def _send(self, descriptors: list[int]) -> None:
        if self._control is not None:
            with suppress(BrokenPipeError, ConnectionResetError):
                socket.send_fds(self._control, [b"run"], descriptors)
                return
            self._control.close()
        self.start()
        assert self._control is not None  # noqa: S101
        socket.send_fds(self._control, [b"run"], descriptors)

    async def run(self, order: Order, max_output: int) -> Ended:
        """Run a command to its end; cancelling the wait ends the command.

        Raises CannotLaunch or CannotStart when it was not started.
        """
        with ExitStack() as theirs:
            out_read, out_write = os.pipe()
            err_read, err_write = os.pipe()
            status, other = socket.socketpair()
            file = os.memfd_create("order", os.MFD_CLOEXEC)
            theirs.callback(other.close)
            for descriptor in (out_write, err_write, file):
                theirs.callback(os.close, descriptor)
            os.write(file, json.dumps(asdict(order)).encode())
            pipes = [await _open(out_read), await _open(err_read)]
            reader, writer = await asyncio.open_connection(sock=status)
            try:
                self._send([file, out_write, err_write, other.fileno()])
            except OSError as error:
                writer.close()
                raise CannotLaunch(f"the supervisor cannot be reached: {error}") from None
        collected = [bytearray(), bytearray()]
        tasks = [
            asyncio.create_task(_collect(stream, into, max_output))
            for (stream, _), into in zip(pipes, collected, strict=True)
        ]
        try:
            answer = await reader.read()
            with suppress(TimeoutError):
                async with asyncio.timeout(DRAIN_SECONDS):
                    await asyncio.gather(*tasks)
        finally:
            writer.close()
            for task, (_, transport) in zip(tasks, pipes, strict=True):
                task.cancel()
                transport.close()
        return _ended(answer, *(bytes(part) for part in collected))


def _ended(answer: bytes, stdout: bytes, stderr: bytes) -> Ended:
    if not answer:
        raise CannotLaunch("the supervisor is gone")
    values: dict[str, Any] = json.loads(answer)
    if "fault" in values:
        raise CannotStart(values["fault"])
    return Ended(values["exitCode"], values["why"], values["ran"], values["durationMs"], stdout, stderr)


async def _open(descriptor: int) -> tuple[asyncio.StreamReader, asyncio.BaseTransport]:
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", buffering=0)
    )
    return reader, transport


async def _collect(stream: asyncio.StreamReader, into: bytearray, limit: int) -> None:
    """Read to the end, keep the first `limit` bytes."""
    while chunk := await stream.read(READ_SIZE):
        into += chunk[: max(0, limit - len(into))]


def start_launcher(gateway: "Gateway") -> None:
    """Start-up step: the supervisor must run before anything confines this process."""
    gateway.launcher.start()
