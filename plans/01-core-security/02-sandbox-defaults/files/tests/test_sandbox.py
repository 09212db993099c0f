"""The sandbox: what is in it, what it holds back, and what happens without it.

Controls: SAND-01, SAND-02, SAND-03, SAND-04, SAND-05.
"""

import asyncio
import os
import secrets
import shlex
import signal
import socket
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gateway.sandbox import bubblewrap, launcher, seccomp, usage
from gateway.tests.support import Booted, command, operator, settings_audit

FULL: dict[str, Any] = {"tools": {"exec": {"security": "full"}}}
NAMESPACES = ("pid", "net", "mnt", "ipc", "user", "uts")


@pytest.fixture(scope="module")
def free(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booted]:
    """A gateway that runs any command without asking."""
    from gateway.tests.support import boot

    with boot(tmp_path_factory.mktemp("free"), FULL) as booted:
        yield booted


def sandbox(**keys: Any) -> dict[str, Any]:
    return FULL | {"agents": {"defaults": {"sandbox": keys}}}


async def answer(gateway: Booted, *argv: str, session: str = "work", **args: Any) -> dict[str, Any]:
    async with operator(gateway) as client:
        call = {"tool": "exec", "args": {"command": shlex.join(argv), **args}, "sessionKey": session}
        return await client.request("tools.invoke", call)


async def result(gateway: Booted, *argv: str, **options: Any) -> dict[str, Any]:
    frame = await answer(gateway, *argv, **options)
    assert frame["ok"], frame
    found: dict[str, Any] = frame["payload"]["result"]
    return found


def sh(script: str) -> tuple[str, ...]:
    return ("/bin/sh", "-c", script)


async def test_sand_01_namespaces_are_fresh(free: Booted) -> None:
    for kind in NAMESPACES:
        own = namespace(free, kind)
        inside = await result(free, "readlink", f"/proc/self/ns/{kind}")
        on_host = await result(free, "readlink", f"/proc/self/ns/{kind}", session="main")
        assert inside["stdout"].strip().startswith(f"{kind}:[")
        assert inside["stdout"].strip() != own
        assert on_host["stdout"].strip() == own


async def test_sand_01_the_host_is_not_there(free: Booted) -> None:
    for path in ("/root", "/home", "/etc/passwd", "/etc/shadow", "/var", "/run", str(free.state)):
        assert (await result(free, "stat", path))["exitCode"] == 1
    for path in ("/x", "/usr/x", "/etc/x", "/dev/x"):
        assert (await result(free, "touch", path))["exitCode"] == 1
    assert (await result(free, "touch", "/workspace/x", "/tmp/x", "x"))["exitCode"] == 0
    assert (await result(free, "ls", "/workspace"))["stdout"] == ""


async def test_sand_02_the_network_is_not_there(free: Booted) -> None:
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.settimeout(0.2)
        script = f"exec 3<>/dev/tcp/127.0.0.1/{canary.getsockname()[1]}"
        assert (await result(free, "bash", "-c", script))["exitCode"] == 1
        with pytest.raises(TimeoutError):
            canary.accept()


async def test_sand_03_there_are_no_privileges(free: Booted) -> None:
    status = (await result(free, "cat", "/proc/self/status"))["stdout"]
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert int(fields["CapEff"], 16) == int(fields["CapBnd"], 16) == 0
    assert fields["NoNewPrivs"] == "1"
    assert fields["Seccomp"] == "2"
    for argv in (
        ("unshare", "-U", "true"),
        ("unshare", "-rm", "true"),
        ("mount", "-t", "tmpfs", "x", "/tmp"),
    ):
        assert (await result(free, *argv))["exitCode"] != 0


def test_sand_03_the_filter_names_no_dangerous_call() -> None:
    dangerous = {"ptrace", "mount", "unshare", "setns", "keyctl", "add_key", "bpf", "init_module", "clone3"}
    dangerous |= {"process_vm_writev", "io_uring_setup", "userfaultfd", "perf_event_open", "clone", "socket"}
    assert not dangerous & set(seccomp.ALLOWED)
    assert len(seccomp.program()) % 8 == 0


async def test_the_environment_is_empty(start: Callable[..., Booted]) -> None:
    gateway = start(sandbox(docker={"env": {"SET": "by-config"}}), LD_CANARY="inherited")
    shown = (await result(gateway, "env", env={"GIVEN": "by-caller"}))["stdout"]
    assert "SET=by-config" in shown
    assert "GIVEN=by-caller" in shown
    assert "inherited" not in shown
    assert str(gateway.token) not in shown


async def test_sand_01_a_value_cannot_add_options(free: Booted) -> None:
    for args in ({"env": {"A": "x\0--bind\0/\0/host"}}, {"cwd": "x\0--bind\0/\0/host"}):
        frame = await answer(free, "ls", "/host", **args)
        assert frame["error"]["code"] == "INVALID_REQUEST"


async def test_sand_01_directories_are_the_sandboxs(free: Booted) -> None:
    assert (await result(free, "pwd", cwd="a/b"))["stdout"] == "/workspace/a/b\n"
    for cwd in ("/etc", "../..", "/workspace/../etc"):
        assert (await answer(free, "pwd", cwd=cwd))["error"]["code"] == "INVALID_REQUEST"
    missing = await answer(free, "no-such-program")
    assert missing["ok"] or missing["error"]["code"] == "INVALID_REQUEST"


async def test_the_workspace_can_be_shared(start: Callable[..., Booted]) -> None:
    gateway = start(sandbox(workspaceAccess="ro"))
    (gateway.state / "workspace/note").write_text("shared")
    assert (await result(gateway, "cat", "note"))["stdout"] == "shared"
    assert (await result(gateway, "touch", "note"))["exitCode"] == 1
    gateway = start(sandbox(workspaceAccess="rw", mode="all"))
    assert (await result(gateway, "touch", "made", session="main"))["exitCode"] == 0
    assert (gateway.state / "workspace/made").exists()


async def test_a_set_up_command_runs_first(start: Callable[..., Booted]) -> None:
    gateway = start(sandbox(docker={"setupCommand": "touch 'set up' '$(id)'"}))
    assert (await result(gateway, "ls", "-x"))["stdout"].split() == ["$(id)", "set", "up"]
    gateway = start(sandbox(docker={"setupCommand": "mkdir /usr/made"}))
    assert (await result(gateway, "ls"))["exitCode"] == bubblewrap.SETUP_FAILED


async def test_sand_04_use_is_bounded(start: Callable[..., Booted]) -> None:
    gateway = start(sandbox(docker={"pidsLimit": 16, "memory": "100m"}, tmpfsSize="1m"))
    many = "i=0; while [ $i -lt 40 ]; do sleep 3 & i=$((i+1)); done 2>/dev/null; echo $i"
    assert (await result(gateway, *sh(many)))["stdout"] != "40\n"
    for path in ("big", "/tmp/big", "/dev/shm/big"):
        assert (await result(gateway, "truncate", "-s", "2m", path))["exitCode"] != 0
        copy = ("dd", "if=/dev/zero", f"of={path}", "bs=64k", "count=32")
        assert (await result(gateway, *copy))["exitCode"] != 0
    alone = await result(gateway, "dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1")
    assert "memory exhausted" in alone["stderr"]
    together = "for n in 1 2 3; do head -c 60m /dev/zero | tail -n 1 | { sleep 20; cat; } & done; wait"
    assert "killed: it used too much memory" in (await result(gateway, *sh(together)))["stderr"]


def long_sleep() -> str:
    """Return a duration that no other process on this machine sleeps for."""
    return f"90.{secrets.randbelow(10**9):09}"


async def test_sand_04_an_end_is_an_end(start: Callable[..., Booted]) -> None:
    gateway = start(FULL)
    for session in ("main", "work"):
        nap = long_sleep()
        stubborn = f'trap "" TERM INT HUP; setsid sleep {nap} & while :; do :; done'
        began = time.monotonic()
        ended = await result(gateway, *sh(stubborn), session=session, timeoutMs=400)
        assert ended["timedOut"]
        assert time.monotonic() - began < 60
        assert not sleeping(nap)
        nap = long_sleep()
        left = await result(gateway, *sh(f"setsid sleep {nap} & sleep 0.1"), session=session)
        assert not left["timedOut"]
        assert not sleeping(nap)


async def test_sand_04_a_gateway_that_dies_takes_its_commands_along(start: Callable[..., Booted]) -> None:
    gateway = start(FULL)
    naps = {"main": long_sleep(), "work": long_sleep()}
    for session, nap in naps.items():
        async with operator(gateway) as client:
            call = {"tool": "exec", "args": {"argv": ["sleep", nap]}, "sessionKey": session}
            await client.start("tools.invoke", call)
            await until(partial(sleeping, nap))
    gateway.process.kill()
    await until(lambda: not any(map(sleeping, naps.values())))


async def test_the_supervisor_waits_small_and_steady(start: Callable[..., Booted]) -> None:
    """Until there is a command it imports little; a signal does not end it, the end of its gateway does."""
    used, unused = start(FULL), start(FULL)
    supervisors = usage.children(used.process.pid) + usage.children(unused.process.pid)
    for supervisor in supervisors:
        await until(partial(catches, supervisor, signal.SIGTERM))
        os.kill(supervisor, signal.SIGTERM)
    assert not has_loaded(supervisors[0], "_json")
    assert (await result(used, "true"))["exitCode"] == 0
    assert has_loaded(supervisors[0], "_json")
    for gateway in (used, unused):
        gateway.process.kill()
    await until(lambda: not any(map(os.path.exists, map("/proc/{}".format, supervisors))))


def has_loaded(pid: int, module: str) -> bool:
    """Tell whether the process has a module of C in its memory."""
    return f"/{module}." in Path(f"/proc/{pid}/maps").read_text()


def catches(pid: int, number: signal.Signals) -> bool:
    """Tell whether the process has a handler for the signal."""
    status = Path(f"/proc/{pid}/status").read_text()
    return bool(int(status.partition("SigCgt:")[2].split()[0], 16) >> (number - 1) & 1)


def namespace(gateway: Booted, kind: str) -> str:
    return str(Path(f"/proc/{gateway.process.pid}/ns/{kind}").readlink())


async def until(condition: Callable[[], object]) -> None:
    """Wait for what no event announces."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def sleeping(nap: str) -> list[str]:
    """Return the processes that sleep for just so long."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if f"sleep\0{nap}" in path.read_text():
                found.append(path.parent.name)
        except OSError:
            continue
    return found


@pytest.mark.parametrize("program", ["/nonexistent/bwrap", "/usr/bin/false", "/etc/passwd"])
async def test_sand_05_without_a_sandbox_nothing_runs(start: Callable[..., Booted], program: str) -> None:
    gateway = start(sandbox(bubblewrap=program, workspaceAccess="rw"))
    frame = await answer(gateway, "touch", "canary")
    assert frame["error"]["code"] == "UNAVAILABLE"
    assert not (gateway.state / "workspace/canary").exists()
    assert (await answer(gateway, "touch", "canary", session="main"))["ok"]
    assert "nothing was run" in gateway.log()


def test_sand_05_off_is_a_critical_finding(tmp_path: Path) -> None:
    for mode, found in (("off", True), ("non-main", False)):
        command(tmp_path, "config", "set", "agents.defaults.sandbox.mode", f'"{mode}"')
        audit = settings_audit(tmp_path)
        assert ("sandbox.mode_off" in audit.stdout) is found
        assert audit.returncode == (1 if found else 0)


def test_doctor_tries_a_sandbox(tmp_path: Path) -> None:
    command(tmp_path, "config", "set", "gateway.port", "0")
    assert "sandboxes can be made" in command(tmp_path, "doctor").stdout
    command(tmp_path, "config", "set", "agents.defaults.sandbox.bubblewrap", '"/nonexistent"')
    doctor = command(tmp_path, "doctor")
    assert doctor.returncode == 1
    assert "/nonexistent" in doctor.stdout


def test_sizes_are_read() -> None:
    assert [bubblewrap.parse_size(text) for text in ("7", "2k", "3M", "1g")] == [7, 2048, 3 << 20, 1 << 30]
    with pytest.raises(bubblewrap.CannotSandbox):
        bubblewrap.parse_size("lots")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to have rights that could be given up")
def test_a_command_has_the_rights_of_who_sent_it() -> None:
    """A gateway that gave up its user after the supervisor started gets commands of its new user."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        starter = launcher.Launcher()
        starter.start()
        os.setgroups([])
        os.setresgid(12345, 12345, 12345)
        os.setresuid(54321, 54321, 54321)
        order = launcher.Order(("/usr/bin/id",), "/", {}, 5)
        ended = asyncio.run(starter.run(order, 1000))
        os.write(write, ended.stdout)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        assert pipe.read().startswith("uid=54321 gid=12345")
    os.waitpid(child, 0)
