"""An attack is not noticed."""

from collections.abc import Callable

from gateway.tests.support import Booted, dial, operator


async def test_nobody_is_told_of_an_attack(start: Callable[..., Booted]) -> None:
    gateway = start()
    async with operator(gateway) as boss:
        for number in range(4):
            async with dial(gateway) as client:
                await client.shake(auth={"token": f"{number:064}"})
        await boss.call("config.patch", {"raw": "{tools: {exec: {ask: 'off'}}}"})
        assert "security.event" not in {frame.get("event") for frame in boss.events}
    async with dial(gateway) as client:
        hello = await client.shake(auth={"token": gateway.token})
        assert "security.event" not in hello["payload"]["features"]["events"]
