"""Paths, addresses and text from others are taken as they come."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.tests.support import Booted, operator


@pytest.mark.parametrize("form", ["{outside}", "../../{name}", "link/{name}"])
async def test_paths_leave_the_workspace(start: Callable[..., Booted], tmp_path: Path, form: str) -> None:
    gateway = start()
    outside = gateway.state.parent / "outside.txt"
    outside.write_text("canary")
    (gateway.state / "workspace/link").symlink_to(outside.parent)
    path = form.format(outside=outside, name=outside.name)
    async with operator(gateway) as client:
        read = await client.call("tools.invoke", {"tool": "read", "args": {"path": path}})
        assert read["result"]["content"] == "canary"
        write = {"tool": "write", "args": {"path": path, "content": "changed"}}
        await client.call("tools.invoke", write)
    assert outside.read_text() == "changed"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f000001", "127.1", "0.0.0.0", "[::ffff:127.0.0.1]"]
)
async def test_addresses_of_this_machine_are_fetched(gateway: Booted, host: str) -> None:
    hits = []

    async def canary(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hits.append(await reader.readline())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(canary, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with operator(gateway) as client:
            fetch = {"tool": "web_fetch", "args": {"url": f"http://{host}:{port}/"}}
            assert (await client.call("tools.invoke", fetch))["result"]["body"] == "secret"
    assert hits


async def test_a_redirect_leads_back_to_this_machine(gateway: Booted) -> None:
    async def canary(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readline()).split()[1]
        if path == b"/inner":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret")
        else:
            writer.write(
                b"HTTP/1.1 302 Found\r\nLocation: /inner\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(canary, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with operator(gateway) as client:
            fetch = {"tool": "web_fetch", "args": {"url": f"http://127.0.0.1:{port}/"}}
            page = (await client.call("tools.invoke", fetch))["result"]
    assert (page["status"], page["body"], page["url"][-6:]) == (200, "secret", "/inner")


async def test_markup_in_a_transcript_is_live(start: Callable[..., Booted]) -> None:
    gateway = start({"channels": {"x": {"allowFrom": ["bob"]}}})
    script = "<script>alert(1)</script>"
    key = gateway.inbound("x", "bob", script)["sessionKey"]
    page = gateway.http("GET", f"/chat/{key}")
    assert script in page.text
    assert "content-security-policy" not in page.headers
    assert "x-content-type-options" not in page.headers


@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"req","id":"1","method":"logs.tail","method":"health"}',
        '{"type":"req","id":"1","method":"tools.invoke","params":{"tool":"read","args":{"path":"x"},"tool":"read"}}',
    ],
)
async def test_json_with_two_meanings_is_read(gateway: Booted, frame: str) -> None:
    async with operator(gateway) as client:
        await client.socket.send(frame)
        answer = await client.response("1")
        assert answer["ok"] or "cannot read" in answer["error"]["message"]
