"""Commands of every session run as the gateway itself runs."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.tests.support import Booted, operator

FULL = {"tools": {"exec": {"security": "full"}}}


def namespace(gateway: Booted, kind: str) -> str:
    return str(Path(f"/proc/{gateway.process.pid}/ns/{kind}").readlink())


def own_limits(gateway: Booted) -> str:
    return Path(f"/proc/{gateway.process.pid}/limits").read_text()


async def output(gateway: Booted, *argv: str, session: str = "work") -> str:
    async with operator(gateway) as client:
        call = {"tool": "exec", "args": {"argv": list(argv)}, "sessionKey": session}
        result: dict[str, Any] = (await client.call("tools.invoke", call))["result"]
        return str(result["stdout"])


async def test_the_namespaces_are_the_gateways(start: Callable[..., Booted]) -> None:
    gateway = start(FULL)
    for kind in ("pid", "net", "mnt", "ipc", "user", "uts"):
        own = namespace(gateway, kind)
        assert (await output(gateway, "readlink", f"/proc/self/ns/{kind}")).strip() == own


async def test_the_hosts_files_are_there(start: Callable[..., Booted]) -> None:
    gateway = start(FULL)
    assert "root" in await output(gateway, "cat", "/etc/passwd")
    assert "dmScope" not in await output(gateway, "cat", str(gateway.state / "moltbot.json"))
    assert "security" in await output(gateway, "cat", str(gateway.state / "moltbot.json"))


async def test_the_network_is_there(start: Callable[..., Booted]) -> None:
    gateway = start(FULL)
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.settimeout(5)
        port = canary.getsockname()[1]
        await output(gateway, "bash", "-c", f"'exec 3<>/dev/tcp/127.0.0.1/{port}'")
        canary.accept()[0].close()


async def test_privileges_stay(start: Callable[..., Booted]) -> None:
    gateway = start(FULL)
    status = await output(gateway, "cat", "/proc/self/status")
    assert "NoNewPrivs:\t0" in status
    assert "Seccomp:\t0" in status


async def test_nothing_limits_a_command(start: Callable[..., Booted]) -> None:
    gateway = start(FULL)
    limits = await output(gateway, "cat", "/proc/self/limits")
    assert limits == own_limits(gateway)


async def test_a_sandbox_that_is_asked_for_is_not_made(start: Callable[..., Booted]) -> None:
    gateway = start(FULL | {"agents": {"defaults": {"sandbox": {"mode": "all"}}}})
    own = namespace(gateway, "mnt")
    assert (await output(gateway, "readlink", "/proc/self/ns/mnt")).strip() == own
