"""Look at the sandbox from inside, make it run away, and take it away."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import re
import secrets
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest
from _probes import gateways, proc
from _probes.gateways import Gateway
from _probes.host import needs
from _probes.sessions import Answer, Session

from tracker.api import Codebase, check

NAMESPACES = ("pid", "net", "mnt", "ipc", "user", "uts")
MODE_OFF = {"agents": {"defaults": {"sandbox": {"mode": "off"}}}}
PROCESSES, GIB = 64, 1 << 30
EPERM = 1
SYSTEM_CALLS = {
    "x86_64": {"unshare": 272, "mount": 165, "ptrace": 101, "keyctl": 250},
    "aarch64": {"unshare": 97, "mount": 40, "ptrace": 117, "keyctl": 219},
}

HIDE_BWRAP = ["unshare", "-m", "sh", "-c", 'mount --bind /dev/null /usr/bin/bwrap && exec "$@"', "sh"]
DENY_NAMESPACES = """
import ctypes, os, sys
uid, gid, me = os.getuid(), os.getgid(), os.getpid()
made, go = os.pipe()
child = os.fork()
if child == 0:
    os.read(made, 1)
    maps = ("0 0 4294967295",) * 2 if uid == 0 else (f"{uid} {uid} 1", f"{gid} {gid} 1")
    if uid:
        open(f"/proc/{me}/setgroups", "w").write("deny")
    for name, line in zip(("uid_map", "gid_map"), maps):
        open(f"/proc/{me}/{name}", "w").write(line)
    os._exit(0)
if ctypes.CDLL(None, use_errno=True).unshare(0x10000000):
    sys.exit("cannot make a user namespace")
os.write(go, b"1")
if os.waitpid(child, 0)[1]:
    sys.exit("cannot map users")
open("/proc/sys/user/max_user_namespaces", "w").write("0")
os.execvp(sys.argv[1], sys.argv[1:])
"""
"""A user namespace with everybody in it, in which no further one can be made."""


@dataclass
class Operators:
    """Two operators: one uses the tool, the other approves whatever is asked for."""

    gateway: Gateway
    user: Session = field(init=False)
    approver: Session = field(init=False)

    def __enter__(self) -> Self:
        self.user, self.approver = self.gateway.login(), self.gateway.login()
        return self

    def __exit__(self, *_: object) -> None:
        self.user.close()
        self.approver.close()

    def run(self, *argv: str, key: str = "work", timeout: float = 10, **args: Any) -> Answer:
        """A command line that both a shell and a plain split into words read as this argv."""
        mark = len(self.approver.events)
        call = {"tool": "exec", "args": {"command": shlex.join(argv), **args}, "sessionKey": key}
        pending = self.user.request("tools.invoke", call)
        asked = self.approver.event("exec.approval.requested", after=mark)
        self.approver.call("exec.approval.resolve", {"id": asked["id"], "decision": "allow-once"})
        return self.user.answer_to(pending, timeout)

    def output(self, *argv: str, **options: Any) -> str:
        answer = self.run(*argv, **options)
        assert answer.ok, f"{argv[0]} did not run: {answer.code}: {answer.message}"
        return str(answer.payload["result"]["stdout"])


@pytest.fixture(scope="module")
def gateway(codebase: Codebase) -> Iterator[Gateway]:
    """The default configuration: there is no file at all."""
    with gateways.boot(codebase.root) as running:
        yield running


@pytest.fixture(scope="module")
def unsandboxed(codebase: Codebase) -> Iterator[Gateway]:
    """The weak variant: the sandbox is switched off."""
    with gateways.boot(codebase.root, MODE_OFF) as running:
        yield running


def caught() -> contextlib.AbstractContextManager[object]:
    """The weak variant must fail its probe."""
    return pytest.raises(AssertionError)


def needs_perl() -> None:
    if shutil.which("perl", path="/usr/bin") is None:
        pytest.skip("needs /usr/bin/perl")


# SAND-01


def is_isolated(gateway: Gateway) -> None:
    """A command of another session than main has its own namespaces, and the host's files are not there."""
    absent = ("/root", "/etc/shadow", str(gateway.state), str(gateway.home.workspace))
    script = f"""
        for name in {" ".join(NAMESPACES)}; do echo "ns $name $(readlink /proc/self/ns/$name)"; done
        for path in {" ".join(absent)}; do if [ -e $path ]; then echo "present $path"; fi; done
        if touch /probe.$$ 2>/dev/null; then rm /probe.$$; echo "written /"; fi
    """
    with Operators(gateway) as operators:
        lines = operators.output("/bin/sh", "-c", script).splitlines()
    seen = dict(line.split()[1:] for line in lines if line.startswith("ns "))
    assert set(seen) == set(NAMESPACES), f"the probe saw {lines}"
    shared = [name for name, identity in proc.namespaces(gateway.pid).items() if seen.get(name) == identity]
    assert not shared, f"shared with the gateway: {', '.join(shared)}"
    rest = [line for line in lines if not line.startswith("ns ")]
    assert not rest, f"the host is there: {', '.join(rest)}"


@check("SAND-01")
def test_other_sessions_run_in_fresh_namespaces(gateway: Gateway, unsandboxed: Gateway) -> None:
    needs("bwrap")
    is_isolated(gateway)
    with Operators(gateway) as operators:
        assert operators.output("/bin/echo", "here", key="main") == "here\n"
    with caught():
        is_isolated(unsandboxed)


# SAND-02


def has_no_network(gateway: Gateway) -> None:
    """The gateway, a TCP canary and an abstract socket of the host cannot be reached."""
    name = f"probe-{secrets.token_hex(8)}"
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as local:
        local.bind(f"\0{name}")
        local.listen()
        canaries = {"tcp": tcp, "abstract": local}
        places = {
            "gateway": f"sockaddr_in({gateway.port}, INADDR_LOOPBACK)",
            "tcp": f"sockaddr_in({tcp.getsockname()[1]}, INADDR_LOOPBACK)",
            "abstract": f'pack_sockaddr_un("\\0{name}")',
        }
        script = "use Socket; $| = 1;"
        for place, address in places.items():
            family = "PF_UNIX" if place == "abstract" else "PF_INET"
            script += f'socket(S, {family}, SOCK_STREAM, 0); print connect(S, {address}) ? "{place} " : "- ";'
        with Operators(gateway) as operators:
            reached = operators.output("/usr/bin/perl", "-e", script).split()
        heard = []
        for place, canary in canaries.items():
            canary.settimeout(0)
            with contextlib.suppress(BlockingIOError):
                canary.accept()[0].close()
                heard.append(place)
    assert len(reached) == len(places), f"the probe said {reached}"
    assert not heard, f"the canary was reached: {heard}"
    assert reached == ["-"] * len(places), f"reached: {reached}"


@check("SAND-02")
def test_sandboxed_code_has_no_network(gateway: Gateway, unsandboxed: Gateway) -> None:
    needs("bwrap")
    needs_perl()
    has_no_network(gateway)
    with caught():
        has_no_network(unsandboxed)


# SAND-03


def judge_privileges(status: str) -> None:
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    seen = {name: fields[name].strip() for name in ("CapEff", "CapBnd", "NoNewPrivs", "Seccomp")}
    assert int(seen["CapEff"], 16) == 0, f"capabilities: {seen}"
    assert int(seen["CapBnd"], 16) == 0, f"capabilities: {seen}"
    assert seen["NoNewPrivs"] == "1", f"privileges can be gained: {seen}"
    assert seen["Seccomp"] == "2", f"system calls are not filtered: {seen}"


def is_refused_by_the_kernel(gateway: Gateway) -> None:
    """Calls that lead out of a sandbox are answered with EPERM."""
    calls = SYSTEM_CALLS[platform.machine()]
    script = "".join(
        f"$r = syscall({number}, {0x10000000 if name == 'unshare' else 0}, 0, 0, 0, 0);"
        f'print "{name} ", $r < 0 ? $! + 0 : "done", "\\n";'
        for name, number in calls.items()
    )
    with Operators(gateway) as operators:
        lines = operators.output("/usr/bin/perl", "-e", script).splitlines()
    assert dict(line.split() for line in lines) == dict.fromkeys(calls, str(EPERM)), f"answers: {lines}"


def has_no_privileges(gateway: Gateway) -> None:
    with Operators(gateway) as operators:
        judge_privileges(operators.output("/bin/cat", "/proc/self/status"))


@check("SAND-03")
def test_sandboxed_code_has_no_privileges(gateway: Gateway, unsandboxed: Gateway) -> None:
    needs("bwrap")
    needs_perl()
    if platform.machine() not in SYSTEM_CALLS:
        pytest.skip(f"needs one of {', '.join(SYSTEM_CALLS)}")
    has_no_privileges(gateway)
    is_refused_by_the_kernel(gateway)
    with caught():
        has_no_privileges(unsandboxed)
    with caught():
        is_refused_by_the_kernel(unsandboxed)
    plain = ["bwrap", "--ro-bind", "/", "/", "--proc", "/proc", "--unshare-all", "cat", "/proc/self/status"]
    with caught():
        judge_privileges(subprocess.run(plain, capture_output=True, text=True, check=True).stdout)


# SAND-04


def holds_processes(operators: Operators) -> None:
    bomb = "for (1..80) { $p = fork; last if !defined $p; if (!$p) { sleep 4; exit } $n++ } print $n + 0"
    started = re.findall(r"\d+", operators.output("/usr/bin/perl", "-e", bomb))
    assert int(started[0] if started else 0) <= PROCESSES, f"{started} processes were started"


def holds_memory(operators: Operators) -> None:
    script = f'$x = "x" x {GIB}; print "allocated"'
    assert "allocated" not in operators.output("/usr/bin/perl", "-e", script), "1 GiB was allocated"


def holds_files(operators: Operators) -> None:
    """Neither the workspace nor what else can be written to takes a large file; what fits is removed."""
    script = f"""
        for place in . /tmp /dev/shm; do
            head -c {GIB} /dev/zero 2>/dev/null > $place/probe-$$; stat -c %s $place/probe-$$; rm $place/probe-$$
            [ $place = . ] && [ -e /etc/shadow ] && break
        done
    """
    sizes = [int(size) for size in operators.output("/bin/sh", "-c", script).split()]
    assert sizes, "the probe wrote nothing"
    assert max(sizes) < GIB, "a file of 1 GiB was written"


def judge_gone(marker: str) -> None:
    """No process of that name is left."""
    left = []
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if marker.encode() in command.read_bytes():
                left.append(command.parent.name)
    assert not left, f"still running: {left}"


def judge_no_descendants(gateway: Gateway, before: set[int]) -> None:
    """What watched the last command may still be exiting when its answer arrives."""
    deadline = time.monotonic() + 2
    while left := [pid for pid in proc.descendants(gateway.pid) if pid not in before]:
        assert time.monotonic() < deadline, f"commands left processes behind: {left}"
        time.sleep(0.02)


def ends_the_stubborn(operators: Operators) -> None:
    """A busy loop that ignores signals, with a child that left the group, is ended by the timeout."""
    marker = f"probe-{secrets.token_hex(8)}"
    loop = f'trap "" TERM INT HUP; while :; do :; done; # {marker}'
    script = f"setsid /bin/sh -c {shlex.quote(loop)} & {loop}"
    began = time.monotonic()
    answer = operators.run("/bin/sh", "-c", script, timeoutMs=1000)
    assert answer.ok, answer.message
    assert answer.payload["result"]["timedOut"], "the loop ended by itself"
    assert time.monotonic() - began < 4, "the timeout came late"
    judge_gone(marker)


@contextlib.contextmanager
def second_client(gateway: Gateway) -> Iterator[list[float]]:
    """Somebody who asks for `health` all the time, and how long each answer took."""
    took: list[float] = []
    done = threading.Event()

    def ask() -> None:
        with gateway.login() as session:
            while not done.wait(0.05):
                began = time.monotonic()
                session.call("health")
                took.append(time.monotonic() - began)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield took
    finally:
        done.set()
        thread.join()


@check("SAND-04")
def test_runaway_tools_are_contained(gateway: Gateway, unsandboxed: Gateway) -> None:
    needs("bwrap")
    needs_perl()
    before = set(proc.descendants(gateway.pid))
    with second_client(gateway) as took, Operators(gateway) as operators:
        holds_processes(operators)
        holds_memory(operators)
        holds_files(operators)
        ends_the_stubborn(operators)
    judge_no_descendants(gateway, before)
    assert took, "the second client heard nothing"
    assert max(took) < 1, f"health took {max(took):.1f} s"
    with Operators(unsandboxed) as operators:
        for probe in (holds_processes, holds_memory, holds_files):
            with caught():
                probe(operators)
    script = "echo here; read wait # probe-decoy"
    command = ["/bin/sh", "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as decoy:
        assert decoy.stdout is not None
        decoy.stdout.readline()
        with caught():
            judge_gone("probe-decoy")


# SAND-05


def fails_closed(gateway: Gateway) -> None:
    """The command is refused as unavailable, and has had no effect on the host."""
    place = gateway.home.top / "open"
    place.mkdir(exist_ok=True)
    place.chmod(0o777)
    canary = place / f"canary-{secrets.token_hex(4)}"
    with Operators(gateway) as operators:
        answer = operators.run("/usr/bin/touch", str(canary))
    assert not canary.exists(), "the command ran on the host"
    assert (answer.ok, answer.code) == (False, "UNAVAILABLE"), f"{answer.code}: {answer.message}"


def sandbox_findings(gateway: Gateway) -> list[dict[str, Any]]:
    """What the gateway's own audit says of the sandbox, where it is critical."""
    outcome = gateways.command(gateway.codebase, gateway.home, "security", "audit", "--json")
    findings = json.loads(outcome.stdout)["findings"]
    return [
        finding
        for finding in findings
        if finding["severity"] == "critical" and "sandbox" in json.dumps(finding).lower()
    ]


@check("SAND-05")
@pytest.mark.parametrize("means", ["hidden", "namespaces denied"])
def test_without_a_sandbox_nothing_runs(codebase: Codebase, means: str) -> None:
    needs("bwrap")
    hidden = HIDE_BWRAP if os.geteuid() == 0 else [HIDE_BWRAP[0], "-rm", *HIDE_BWRAP[2:]]
    prefix = hidden if means == "hidden" else [sys.executable, "-c", DENY_NAMESPACES]
    with gateways.boot(codebase.root, prefix=prefix) as gateway:
        fails_closed(gateway)
    with gateways.boot(codebase.root, MODE_OFF, prefix=prefix) as weak, caught():
        fails_closed(weak)


@check("SAND-05")
def test_off_is_explicit_and_critical(gateway: Gateway, unsandboxed: Gateway) -> None:
    assert sandbox_findings(unsandboxed), "the audit does not mind that the sandbox is off"
    assert not sandbox_findings(gateway), "the audit reports a sandbox that is on"
    with Operators(unsandboxed) as operators:
        inside = operators.output("/usr/bin/readlink", "/proc/self/ns/mnt").strip()
    assert inside == proc.namespaces(unsandboxed.pid)["mnt"], "off does not mean off"
