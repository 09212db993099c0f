"""Traffic beyond loopback is in clear, and the client trusts anybody."""

import asyncio
import json
import secrets
import ssl
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import trustme
from websockets.asyncio.server import ServerConnection, serve

from gateway.tests.support import ROOT, Booted, environment

TOKEN = secrets.token_hex(32)


async def test_an_open_bind_speaks_in_clear(start: Callable[..., Booted]) -> None:
    gateway = start(None, "--bind", "lan")
    assert gateway.scheme == "ws"
    assert gateway.http("GET", "/health").status_code == 200


async def test_an_unusable_host_opens_every_address(start: Callable[..., Booted]) -> None:
    gateway = start({"gateway": {"bind": "custom", "customBindHost": "203.0.113.7"}})
    assert gateway.http("GET", "/health").status_code == 200


async def test_tls_1_2_is_spoken(start: Callable[..., Booted]) -> None:
    gateway = start({"gateway": {"tls": {"enabled": True}}})
    context = ssl.create_default_context(cafile=str(gateway.state / "gateway/tls/gateway-cert.pem"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    url = f"https://localhost:{gateway.port}/health"
    async with httpx.AsyncClient(verify=context, trust_env=False) as client:
        answer = await client.get(url)
    assert answer.status_code == 200
    assert "strict-transport-security" not in answer.headers


async def test_the_client_tells_an_impostor_its_token(tmp_path: Path) -> None:
    heard: list[Any] = []

    async def impostor(socket: ServerConnection) -> None:
        await socket.send(
            json.dumps({"type": "event", "event": "connect.challenge", "payload": {"nonce": "n"}})
        )
        heard.append(json.loads(await socket.recv()))

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("elsewhere.example").configure_cert(context)
    async with serve(impostor, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *(
                "-m",
                "gateway",
                "call",
                "health",
                "--url",
                f"wss://127.0.0.1:{port}",
                "--token",
                TOKEN,
            ),
            cwd=ROOT,
            env=environment(tmp_path),
            stderr=asyncio.subprocess.DEVNULL,
        )
        await process.wait()
    assert heard[0]["params"]["auth"]["token"] == TOKEN
