"""Commands leave no trace."""

from collections.abc import Callable

from gateway.tests.support import Booted, operator


async def test_commands_leave_no_trace(start: Callable[..., Booted]) -> None:
    gateway = start({"tools": {"exec": {"safeBins": ["head"]}}})
    async with operator(gateway) as client:
        call = {"tool": "exec", "args": {"argv": ["head", "/dev/null"]}}
        await client.request("tools.invoke", call)
    assert "/dev/null" not in gateway.log()
    assert not list(gateway.state.rglob("*command-audit*"))
