"""The gateway works at all: what has to be so before a red test of a control proves anything."""

from collections.abc import Callable

from gateway.tests.support import Booted, operator


async def test_an_operator_is_served(start: Callable[..., Booted]) -> None:
    gateway = start({"tools": {"exec": {"security": "full"}}})
    async with operator(gateway) as client:
        await client.call("health")
        answer = await client.call("tools.invoke", {"tool": "exec", "args": {"argv": ["true"]}})
    assert answer["result"]["exitCode"] == 0
