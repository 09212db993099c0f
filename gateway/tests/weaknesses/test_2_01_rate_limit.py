"""Guessing is free, and commands leave no trace."""

import secrets
from collections.abc import Callable

from gateway.tests.support import Booted, dial, operator

SOURCE = "127.0.0.9"


async def test_the_right_secret_works_after_any_number_of_wrong_ones(start: Callable[..., Booted]) -> None:
    gateway = start({"hooks": {"enabled": True, "token": secrets.token_hex(32)}})
    for number in range(20):
        async with dial(gateway, source=SOURCE) as client:
            assert not (await client.shake(auth={"token": f"{number:064}"}))["ok"]
        wrong = {"Authorization": f"Bearer {number:064}"}
        assert (
            gateway.http("POST", "/hooks/wake", json={"text": "x"}, headers=wrong, source=SOURCE).status_code
            == 401
        )
    async with dial(gateway, source=SOURCE) as client:
        assert (await client.shake(auth={"token": gateway.token}))["ok"]


async def test_commands_leave_no_trace(start: Callable[..., Booted]) -> None:
    gateway = start({"tools": {"exec": {"safeBins": ["head"]}}})
    async with operator(gateway) as client:
        call = {"tool": "exec", "args": {"argv": ["head", "/dev/null"]}}
        await client.request("tools.invoke", call)
    assert "/dev/null" not in gateway.log()
    assert not list(gateway.state.rglob("*command-audit*"))
