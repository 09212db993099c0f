"""What stays open: weaknesses no plan ends."""

import asyncio
from collections.abc import Callable

from gateway.tests.support import Booted, Device, operator


async def test_an_allowed_sender_steers_the_tools(start: Callable[..., Booted]) -> None:
    gateway = start({"channels": {"x": {"allowFrom": ["bob"]}}})
    await asyncio.to_thread(
        gateway.inbound, "x", "bob", '/tool write {"path": "notes.txt", "content": "private"}'
    )
    reply = await asyncio.to_thread(gateway.inbound, "x", "bob", '/tool read {"path": "notes.txt"}')
    assert "private" in reply["replies"][0]


async def test_one_factor_is_enough(gateway: Booted) -> None:
    async with operator(gateway, Device()) as client:
        assert await client.call("config.get")
