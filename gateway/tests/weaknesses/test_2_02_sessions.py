"""What was granted once holds for ever."""

from collections.abc import Callable

from gateway.tests.support import Booted, Device, dial, operator

YEAR = "31536000"


async def test_tokens_do_not_expire(start: Callable[..., Booted]) -> None:
    gateway = start()
    device = Device()
    async with dial(gateway) as client:
        hello = await client.shake(device, auth={"token": gateway.token})
        token = hello["payload"]["auth"]["deviceToken"]
        gateway.clock.write_text(YEAR)
        assert await client.call("health")
    async with dial(gateway) as client:
        year_ms = int(YEAR) * 1000
        assert (await client.shake(device, skew_ms=year_ms, auth={"token": token}))["ok"]


async def test_a_revoked_device_stays_connected(start: Callable[..., Booted]) -> None:
    gateway = start()
    device = Device()
    async with operator(gateway, device) as revoked, operator(gateway) as boss:
        await boss.call("device.token.revoke", {"deviceId": device.id, "role": "operator"})
        assert await revoked.call("config.get")
        assert not (await boss.request("auth.sessions.list"))["ok"]


async def test_a_pairing_operator_makes_itself_admin(start: Callable[..., Booted]) -> None:
    gateway = start()
    device = Device()
    async with operator(gateway, device, scopes=["operator.pairing"]) as client:
        rotate = {"deviceId": device.id, "role": "operator", "scopes": ["operator.admin"]}
        token = (await client.call("device.token.rotate", rotate))["token"]
    async with operator(gateway, device, auth={"token": token}, scopes=["operator.admin"]) as client:
        assert await client.call("config.get")
