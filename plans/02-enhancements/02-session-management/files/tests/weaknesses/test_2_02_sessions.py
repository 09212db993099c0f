"""Who may rotate tokens may have any scope."""

from collections.abc import Callable

from gateway.tests.support import Booted, Device, operator


async def test_a_pairing_operator_makes_itself_admin(start: Callable[..., Booted]) -> None:
    gateway = start()
    device = Device()
    async with operator(gateway, device, scopes=["operator.pairing"]) as client:
        rotate = {"deviceId": device.id, "role": "operator", "scopes": ["operator.admin"]}
        token = (await client.call("device.token.rotate", rotate))["token"]
    async with operator(gateway, device, auth={"token": token}, scopes=["operator.admin"]) as client:
        assert await client.call("config.get")
