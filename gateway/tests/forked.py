"""Runs of the program as forks of a process that has imported it: most of a run is an interpreter's start.

A run is a process of its own, with its own environment, streams and signals and the caller's umask, and
executes `gateway/__main__.py` as `python -m gateway` does. Only what the kernel keeps of the start, such as
`/proc/PID/cmdline`, is the parent's.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import selectors
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import gateway

REQUEST_BYTES = 131_072
READ_BYTES = 65_536
NUMBER = struct.Struct("i")
# What the program imports in functions, when they are called.
LATE = (
    *("anyio._backends._asyncio", "argon2", "concurrent.futures.thread", "cryptography.x509"),
    *("cryptography.hazmat.primitives.asymmetric.ed25519", "cryptography.hazmat.primitives.ciphers.aead"),
    *("encodings.idna", "httpx", "json5", "nh3", "pyseccomp", "websockets.sync.client"),
)


class Run:
    """A run of the program, used as `subprocess.Popen` is."""

    def __init__(self, words: Sequence[str], env: Mapping[str, str]) -> None:
        out, theirs_out = os.pipe()
        err, theirs_err = os.pipe()
        self._status, theirs = socket.socketpair()
        os.umask(umask := os.umask(0o077))
        request = json.dumps({"words": list(words), "env": dict(env), "umask": umask}).encode()
        with theirs:
            socket.send_fds(_server(), [request], [theirs_out, theirs_err, theirs.fileno()])
        os.close(theirs_out)
        os.close(theirs_err)
        self.args = list(words)
        self.stdout = os.fdopen(out)
        self.stderr = os.fdopen(err)
        self.returncode: int | None = None
        self.pid = self._number()

    def _number(self) -> int:
        data = self._status.recv(NUMBER.size)
        if not data:
            raise RuntimeError("the process that runs are forked from is gone")
        number: int = NUMBER.unpack(data)[0]
        return number

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self.returncode = self._number()
            self._status.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None, fatal: bytes | None = None) -> tuple[str, str]:
        """Return what is still written to stdout and stderr, once the run has ended.

        A run that writes `fatal` to stdout is killed. Raises subprocess.TimeoutExpired.
        """
        ends = None if timeout is None else time.monotonic() + timeout
        texts = {self.stdout: bytearray(), self.stderr: bytearray()}
        with selectors.DefaultSelector() as selector:
            for stream in texts:
                if not stream.closed:
                    selector.register(stream, selectors.EVENT_READ, stream)
            while selector.get_map():
                ready = selector.select(None if ends is None else max(0.0, ends - time.monotonic()))
                if not ready:
                    raise subprocess.TimeoutExpired(self.args, timeout or 0)
                for key, _ in ready:
                    data = os.read(key.fd, READ_BYTES)
                    texts[key.data] += data
                    if fatal is not None and fatal in texts[self.stdout]:
                        self.kill()
                    if not data:
                        selector.unregister(key.fileobj)
                        key.data.close()
        self.wait(None if ends is None else max(0.0, ends - time.monotonic()))
        out, err = (text.decode() for text in texts.values())
        return out, err


@cache
def _server() -> socket.socket:
    """Start the process that runs are forked from; it ends when this one does."""
    mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(theirs.fileno())],
            cwd=Path(__file__).parents[2],
            env={"PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )
    atexit.register(_end, mine, process)
    return mine


def _end(control: socket.socket, process: subprocess.Popen[bytes]) -> None:
    control.close()
    process.wait()


def preload() -> None:
    """Import all of the program; what cannot be imported fails in the runs that need it."""
    modules = pkgutil.walk_packages(gateway.__path__, "gateway.", onerror=lambda _: None)
    for name in (*(module.name for module in modules), *LATE):
        if not name.startswith("gateway.tests") and not name.endswith("__main__"):
            with contextlib.suppress(Exception, SystemExit):
                importlib.import_module(name)
    tempfile.tempdir = None
    gc.collect()
    gc.freeze()


def serve(control: socket.socket) -> list[str]:
    """Fork a run for each request; returns its words in the run."""
    running: dict[int, tuple[int, socket.socket]] = {}
    poll = select.poll()
    poll.register(control, select.POLLIN)
    while True:
        for descriptor, _ in poll.poll():
            if descriptor in running:
                poll.unregister(descriptor)
                pid, status = running.pop(descriptor)
                os.close(descriptor)
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                with status, contextlib.suppress(OSError):
                    status.send(NUMBER.pack(code))
                continue
            data, received, *_ = socket.recv_fds(control, REQUEST_BYTES, 3)
            if not data:
                sys.exit()
            pid = os.fork()
            if pid == 0:
                return _become(json.loads(data), *received[:2])
            out, err, number = received
            os.close(out)
            os.close(err)
            status = socket.socket(fileno=number)
            status.send(NUMBER.pack(pid))
            ended = os.pidfd_open(pid)
            running[ended] = pid, status
            poll.register(ended, select.POLLIN)


def _become(request: dict[str, Any], out: int, err: int) -> list[str]:
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.umask(request["umask"])
    os.environ.clear()
    os.environ.update(request["env"])
    words: list[str] = request["words"]
    return words


def _run() -> int:
    """Execute the program as `python -m gateway` does, and return its exit code."""
    try:
        runpy.run_module("gateway", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        sys.stderr.write(f"{end.code}\n")
        return 1
    except BaseException:  # noqa: BLE001 - an interpreter reports whatever ends it
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def _exit(code: int) -> None:
    """End as an interpreter does, but leave its objects: to free them would copy all that the parent shares."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    preload()
    sys.argv[1:] = serve(socket.socket(fileno=int(sys.argv[1])))
    _exit(_run())
