"""The process that starts every command: `python -m gateway.sandbox DESCRIPTOR`.

It is a process of its own, and started before the gateway gives up privileges, because a confined process
cannot make namespaces. It holds no secret, and runs a command as the user that the kernel says has sent it.
Each command gets a supervisor: a fork that limits it, watches it and ends all that it leaves behind.
"""

import ctypes
import json
import math
import os
import resource
import select
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from gateway.sandbox import seccomp, usage

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
CREDENTIALS = struct.Struct("iII")
DESCRIPTORS = struct.Struct("4i")
WATCH_SECONDS = 0.1
LOWER_PRIORITY = 10
OPEN_FILES = 1024
FIRST_TRANSIENT_USER = 0x7000_0000
EXEC_FAILED = b"bwrap: execvp "

Order = dict[str, Any]
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass
class Request:
    """An order, who sent it, and where its output and its end go."""

    order: Order
    uid: int
    gid: int
    stdout: int
    stderr: int
    status: int

    def close(self) -> None:
        for descriptor in (self.stdout, self.stderr, self.status):
            os.close(descriptor)


def receive(control: socket.socket) -> Request | None:
    """Return the next request, None when the gateway is gone."""
    room = socket.CMSG_SPACE(DESCRIPTORS.size) + socket.CMSG_SPACE(CREDENTIALS.size)
    data, ancillary, _, _ = control.recvmsg(16, room, socket.MSG_CMSG_CLOEXEC)
    if not data:
        return None
    parts = {kind: payload for _, kind, payload in ancillary}
    order, stdout, stderr, status = DESCRIPTORS.unpack(parts[socket.SCM_RIGHTS])
    _, uid, gid = CREDENTIALS.unpack(parts[socket.SCM_CREDENTIALS])
    with os.fdopen(order, "rb") as file:
        file.seek(0)
        return Request(json.load(file), uid, gid, stdout, stderr, status)


def become(uid: int, gid: int) -> None:
    """Take another user's rights for good."""
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def transient_user() -> int | None:
    """Return a user id that nobody has, None where this user namespace has none."""
    candidate = FIRST_TRANSIENT_USER + os.getpid()
    for line in Path("/proc/self/uid_map").read_text().splitlines():
        first, _, count = (int(word) for word in line.split())
        if first <= candidate < first + count:
            return candidate
    return None


def memory_file(content: bytes) -> int:
    descriptor = os.memfd_create("order", os.MFD_CLOEXEC)
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _popen(
    argv: list[str], request: Request, prepare: Callable[[], None], **options: Any
) -> subprocess.Popen[bytes]:
    def before_exec() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        prepare()

    return subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=request.stdout,
        stderr=request.stderr,
        start_new_session=True,
        preexec_fn=before_exec,  # noqa: PLW1509 - this process has one thread
        **options,
    )


class OnHost:
    """A command with the gateway's own view of the host."""

    memory = processes = 0

    def start(self, request: Request) -> subprocess.Popen[bytes]:
        order = request.order
        return _popen(order["argv"], request, lambda: None, cwd=order["cwd"], env=order["env"])

    def ran(self) -> bool:
        return True


class InSandbox:
    """A command in namespaces of its own, behind a filter of system calls."""

    def __init__(self, sandbox: dict[str, Any], rules: bytes) -> None:
        self._sandbox = sandbox
        self._rules = rules
        self._status: BinaryIO | None = None
        self.memory = int(sandbox["memory"])
        self.processes = int(sandbox["processes"])

    def _limit(self, seconds: float) -> None:
        limits = {
            resource.RLIMIT_AS: self.memory,
            resource.RLIMIT_FSIZE: self._sandbox["file_size"],
            resource.RLIMIT_CPU: math.ceil(seconds) + 1,
            resource.RLIMIT_NOFILE: OPEN_FILES,
        }
        for kind, value in limits.items():
            resource.setrlimit(kind, (value, value))
        os.nice(LOWER_PRIORITY)

    def start(self, request: Request) -> subprocess.Popen[bytes]:
        """Make the sandbox, limit its processes, then let it run the command."""
        user = transient_user() if self._sandbox["own_user"] and os.geteuid() == 0 else None
        if user is not None:
            become(user, user)
        options = "\0".join(self._sandbox["options"]).encode("utf-8", "surrogatepass") + b"\0"
        arguments, rules = memory_file(options), memory_file(self._rules)
        status_read, status_write = os.pipe()
        go_read, go_write = os.pipe()
        given = {"args": arguments, "seccomp": rules, "json-status-fd": status_write, "block-fd": go_read}
        words = [word for name, descriptor in given.items() for word in (f"--{name}", str(descriptor))]
        argv = [self._sandbox["program"], *words, "--", *self._sandbox["argv"]]
        seconds = request.order["seconds"]
        process = _popen(
            argv,
            request,
            lambda: self._limit(seconds),
            cwd="/",
            env={},
            pass_fds=list(given.values()),
        )
        for descriptor in given.values():
            os.close(descriptor)
        self._status = os.fdopen(status_read, "rb")
        first = self._status.readline()
        if first:
            # Root's processes are not counted by the kernel: for them the watch holds the limit.
            with suppress(ProcessLookupError):
                number = (self.processes, self.processes)
                resource.prlimit(json.loads(first)["child-pid"], resource.RLIMIT_NPROC, number)
            with suppress(BrokenPipeError):
                os.write(go_write, b"1")
        os.close(go_write)
        return process

    def ran(self) -> bool:
        """Tell whether the sandbox came to run the command, once it has ended by itself."""
        return self._status is not None and b'"exit-code"' in self._status.read()


def watch(job: OnHost | InSandbox, process: subprocess.Popen[bytes], status: int, seconds: float) -> str:
    """Wait for the end of a command, and return what it was: exited, timeout, cancelled, memory, processes."""
    deadline = time.monotonic() + seconds
    ended = os.pidfd_open(process.pid)
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    poll.register(status, select.POLLIN | select.POLLRDHUP)
    while True:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            return "timeout"
        wait = min(remaining, WATCH_SECONDS) if job.memory else remaining
        ready = [descriptor for descriptor, _ in poll.poll(max(1, wait * 1000))]
        if ended in ready:
            return "exited"
        if status in ready:
            return "cancelled"
        if job.memory:
            running = usage.descendants(process.pid)
            if usage.resident(running) > job.memory:
                return "memory"
            # bwrap's own first process in the sandbox is not the command's.
            if len(running) > job.processes + 1:
                return "processes"


def supervise(request: Request, job: OnHost | InSandbox) -> dict[str, Any]:
    """Run a command to its end and return what came of it; nothing of it runs afterwards."""
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
    started = time.monotonic()
    try:
        process = job.start(request)
    except (OSError, ValueError) as error:
        usage.end_descendants()
        reason = error.strerror if isinstance(error, OSError) else error
        return {"fault": f"{getattr(error, 'filename', None) or request.order['argv'][0]}: {reason}"}
    why = watch(job, process, request.status, request.order["seconds"])
    if why != "exited":
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    _, result = os.waitpid(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(result)
    usage.end_descendants()
    return {
        "exitCode": process.returncode,
        "why": why,
        "ran": why != "exited" or job.ran(),
        "durationMs": round((time.monotonic() - started) * 1000),
    }


def _answer(request: Request, rules: bytes | None, fault: str) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    sandbox = request.order["sandbox"]
    answer: dict[str, Any] = {"fault": fault}
    if sandbox is None or rules is not None:
        if os.geteuid() == 0 and request.uid != 0:
            become(request.uid, request.gid)
        job = OnHost() if sandbox is None else InSandbox(sandbox, rules or b"")
        answer = supervise(request, job)
    with suppress(BrokenPipeError), socket.socket(fileno=os.dup(request.status)) as status:
        status.sendall(json.dumps(answer).encode())


def serve(descriptor: int) -> None:
    """Carry requests out until the gateway is gone."""
    control = socket.socket(fileno=descriptor)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    rules: bytes | None = None
    while (request := receive(control)) is not None:
        fault = ""
        if request.order["sandbox"] is not None and rules is None:
            try:
                rules = seccomp.program()
            except (ImportError, OSError) as error:
                fault = f"the filter of system calls cannot be made: {error}"
        if os.fork() == 0:
            control.close()
            try:
                _answer(request, rules, fault)
            finally:
                os._exit(0)
        request.close()
