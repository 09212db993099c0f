"""Where the gateway listens, and TLS."""

import asyncio
import secrets
import socket
import ssl
import stat
import warnings
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from gateway.server.net import listen_socket
from gateway.tests.support import Booted, command, write_config

TCP_LISTEN = "0A"


def listening(pid: int) -> set[str]:
    """Return the local addresses (hexadecimal) that a process listens on."""
    inodes = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        target = str(entry.readlink())
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == TCP_LISTEN and words[9] in inodes:
                found.add(words[1].split(":")[0])
    return found


async def test_the_default_bind_is_loopback(gateway: Booted) -> None:
    addresses = listening(gateway.process.pid)
    assert addresses
    for address in addresses:
        assert address.endswith("7F") or address == "0" * 24 + "01000000"


async def test_small_messages_are_sent_at_once() -> None:
    accepted: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
    listener = listen_socket("127.0.0.1", 0)
    async with await asyncio.start_server(lambda _, writer: accepted.put_nowait(writer), sock=listener):
        _, client = await asyncio.open_connection(*listener.getsockname())
        served = await accepted.get()
        connection = served.get_extra_info("socket")
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        for writer in (client, served):
            writer.close()


@pytest.mark.parametrize(
    "flags",
    [["--bind", "lan"], ["--bind", "custom"], ["--bind", "lan", "--auth", "none"], ["--auth", "token"]],
)
async def test_an_open_bind_refuses_to_start(tmp_path: Path, flags: list[str]) -> None:
    done = command(tmp_path, "run", "--port", "0", *flags)
    assert done.returncode in {1, 2}
    assert "gateway: " in done.stderr
    assert done.stdout == ""


async def test_lan_listens_everywhere(start: Callable[..., Booted]) -> None:
    gateway = start({"gateway": {"tls": {"enabled": True}}}, "--bind", "lan")
    assert listening(gateway.process.pid) == {"00000000"}


def only_tls_1_1() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


def get(url: str, context: ssl.SSLContext) -> httpx.Response:
    return httpx.get(url, verify=context, trust_env=False)


async def test_tls_is_modern_and_its_key_private(start: Callable[..., Booted]) -> None:
    gateway = start({"gateway": {"tls": {"enabled": True}}})
    assert gateway.scheme == "wss"
    key = gateway.state / "gateway/tls/gateway-key.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    context = ssl.create_default_context(cafile=str(gateway.state / "gateway/tls/gateway-cert.pem"))
    url = f"https://localhost:{gateway.port}/health"
    assert get(url, context).json() == {"ok": True}
    with pytest.raises(httpx.ConnectError, match=r"(?i)alert|protocol"):
        get(url, only_tls_1_1())


async def test_tls_without_a_certificate_refuses_to_start(tmp_path: Path) -> None:
    write_config(tmp_path, {"gateway": {"tls": {"enabled": True, "autoGenerate": False}}})
    done = command(tmp_path, "run", "--port", "0", GATEWAY_TOKEN=secrets.token_hex(32))
    assert done.returncode == 1
    assert "TLS" in done.stderr


async def test_one_gateway_a_state_directory(gateway: Booted) -> None:
    done = command(gateway.home, "run", "--port", "0", GATEWAY_TOKEN=gateway.token or "")
    assert done.returncode == 1
    assert "another gateway" in done.stderr


async def test_a_taken_port_refuses_to_start(gateway: Booted, tmp_path: Path) -> None:
    done = command(tmp_path, "run", "--port", str(gateway.port), GATEWAY_TOKEN=gateway.token or "")
    assert done.returncode == 1
    assert str(gateway.port) in done.stderr
