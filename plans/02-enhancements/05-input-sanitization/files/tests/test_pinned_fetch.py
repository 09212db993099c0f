"""INP-02: pages are fetched from the address that was looked at, and redirects are looked at again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from gateway.errors import RequestError
from gateway.tools import pinned_fetch, url_fence

LIMITS = pinned_fetch.Limits(seconds=5, body=10, redirects=3)
PUBLIC = "127.7.7.7"
Reply = Callable[[bytes, bytes], bytes]


@pytest.fixture
async def served(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server on an address that counts as public here; `name.test` resolves to it once, then to loopback."""
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        heads.append(head)
        path = head.split()[1].decode()
        kind, _, rest = path.removeprefix("/").partition("/")
        if kind == "chain" and rest != "0":
            writer.write(
                b"HTTP/1.1 302 x\r\nContent-Length: 0\r\nLocation: /chain/%d\r\n\r\n" % (int(rest) - 1)
            )
        elif kind == "to":
            writer.write(
                b"HTTP/1.1 302 x\r\nContent-Length: 0\r\nLocation: http://" + rest.encode() + b"\r\n\r\n"
            )
        elif kind == "gzip":
            writer.write(b"HTTP/1.1 200 x\r\nContent-Length: 1\r\nContent-Encoding: gzip\r\n\r\nx")
        else:
            writer.write(
                b"HTTP/1.1 200 x\r\nContent-Length: 12\r\nContent-Type: text/plain\r\n\r\ntwelve bytes"
            )
        await writer.drain()
        writer.close()

    asked: list[str] = []

    async def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return (
            [PUBLIC if asked.count(host) == 1 else "127.0.0.1"]
            if host == "name.test"
            else [PUBLIC, "10.0.0.1"]
        )

    monkeypatch.setattr(url_fence, "resolve", resolve)
    monkeypatch.setattr(url_fence, "is_public", lambda address: address == PUBLIC)
    async with await asyncio.start_server(answer, PUBLIC, 0) as server:
        yield server.sockets[0].getsockname()[1], heads


def fetch(url: str) -> Awaitable[pinned_fetch.Page]:
    return pinned_fetch.get(url, LIMITS, "test")


async def test_inp_02_the_vetted_address_is_used(served: tuple[int, list[bytes]]) -> None:
    """INP-02: the name is looked up once, and stays in the Host header."""
    port, heads = served
    page = await fetch(f"http://name.test:{port}/page")
    assert (page.status, page.body, page.truncated) == (200, b"twelve byt", True)
    assert f"host: name.test:{port}\r\n".encode() in heads[0].lower()
    with pytest.raises(RequestError, match="public Internet"):
        await fetch(f"http://name.test:{port}/page")
    with pytest.raises(RequestError, match="public Internet"):
        await fetch(f"http://two.test:{port}/page")
    assert len(heads) == 1


async def test_inp_02_redirects_are_few_and_looked_at(served: tuple[int, list[bytes]]) -> None:
    """INP-02: three are followed, and each is a URL like the first."""
    port, heads = served
    assert (await fetch(f"http://{PUBLIC}:{port}/chain/3")).url.endswith("/chain/0")
    with pytest.raises(RequestError, match="more than 3 redirects"):
        await fetch(f"http://{PUBLIC}:{port}/chain/4")
    before = len(heads)
    for target in (f"127.0.0.1:{port}/", f"2130706433:{port}/", f"user@{PUBLIC}:{port}/"):
        with pytest.raises(RequestError, match="url refused"):
            await fetch(f"http://{PUBLIC}:{port}/to/{target}")
    assert len(heads) == before + 3


async def test_inp_02_compressed_bodies_are_refused(served: tuple[int, list[bytes]]) -> None:
    """INP-02: a small body that unpacks to a large one is not unpacked."""
    with pytest.raises(RequestError, match="compressed"):
        await fetch(f"http://{PUBLIC}:{served[0]}/gzip")
