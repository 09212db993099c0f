"""Stolen tokens, planted identifiers, piles of sessions, borrowed scopes."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.tests.support import Booted, Device, connect_params, dial, operator
from gateway.tests.test_auth_sessions import login, show, status


@pytest.mark.parametrize("over_http", [False, True])
async def test_sess_03_a_replayed_token_ends_the_family(
    start: Callable[..., Booted], *, over_http: bool
) -> None:
    """SESS-03: for whoever holds it, and administrators hear of it."""
    gateway, device = start(), Device()
    async with operator(gateway) as boss, dial(gateway) as client:
        hello = await client.shake(device, auth={"token": gateway.token})
        told = hello["payload"]["auth"]
        new = (await client.call("auth.sessions.rotate"))["token"]
        if over_http:
            assert status(gateway, told["deviceToken"]) == 401
        else:
            assert await show(gateway, device, told["deviceToken"]) == "UNAUTHORIZED"
        assert await client.closed() == 1008
        alert = await boss.event("auth.session.alert")
        assert (alert["kind"], alert["sessionId"]) == ("token-reuse", told["sessionId"])
        assert await show(gateway, device, new) == "UNAUTHORIZED"


async def test_sess_03_the_eleventh_session_ends_the_one_used_least(start: Callable[..., Booted]) -> None:
    """SESS-03: of its device, and of no other."""
    gateway, device, other = start(), Device(), Device()
    apart = await login(gateway, other)
    tokens = [(await login(gateway, device))["deviceToken"] for _ in range(10)]
    assert await show(gateway, device, tokens[0]) == "ok"
    await login(gateway, device)
    assert await show(gateway, device, tokens[0]) == "ok"
    assert await show(gateway, device, tokens[1]) == "UNAUTHORIZED"
    assert await show(gateway, other, apart["deviceToken"]) == "ok"


async def test_sess_03_or_is_refused(start: Callable[..., Booted]) -> None:
    """SESS-03: as the configuration says."""
    policy = {"perDevice": 2, "whenFull": "refuse"}
    gateway, device = start({"gateway": {"auth": {"sessions": policy}}}), Device()
    tokens = [(await login(gateway, device))["deviceToken"] for _ in range(2)]
    assert await show(gateway, device, str(gateway.token)) == "UNAVAILABLE"
    assert await show(gateway, device, tokens[0]) == "ok"


async def test_sess_03_identifiers_are_the_gateways(start: Callable[..., Booted]) -> None:
    """SESS-03: what a client proposes is not taken, and each login has its own."""
    gateway, device = start(), Device()
    planted = "00000000-0000-4000-8000-000000000000"
    client_info = connect_params()["client"] | {"instanceId": planted}
    headers = {"Cookie": f"session={planted}", "X-Session-Id": planted}
    seen: list[dict[str, Any]] = []
    for _ in range(2):
        async with dial(gateway, headers) as client:
            hello = await client.shake(device, client=client_info, auth={"token": gateway.token})
            seen.append(hello["payload"]["auth"])
    assert len({planted, *(each["sessionId"] for each in seen)}) == 3
    assert seen[0]["deviceToken"] != seen[1]["deviceToken"]
    assert await show(gateway, device, "ab" * 40) == "UNAUTHORIZED"


async def test_sess_03_nobody_hands_out_scopes_that_they_lack(start: Callable[..., Booted]) -> None:
    """SESS-03: not by rotating their own token, nor another's, nor by approving a device."""
    gateway, device, chief = start(), Device(), Device()
    async with (
        operator(gateway, chief) as boss,
        operator(gateway, device, scopes=["operator.pairing"]) as pairer,
    ):
        role = {"role": "operator"}
        own = {"deviceId": device.id, **role, "scopes": ["operator.admin"]}
        theirs = {"deviceId": chief.id, **role}
        (admin,) = (await boss.call("auth.sessions.list", {"deviceId": chief.id}))["sessions"]
        by_session = {"sessionId": admin["sessionId"]}
        for method, params in (
            ("device.token.rotate", own),
            ("device.token.rotate", theirs),
            ("auth.sessions.rotate", by_session),
        ):
            error = (await pairer.request(method, params))["error"]
            assert "missing scope: operator.admin" in error["message"]
        async with dial(gateway, {"X-Forwarded-For": "203.0.113.9"}) as stranger:
            answer = await stranger.shake(Device(), auth={"token": gateway.token})
        request = {"requestId": answer["error"]["details"]["requestId"]}
        assert "missing scope" in (await pairer.request("device.pair.approve", request))["error"]["message"]
        assert (await boss.request("device.pair.approve", request))["ok"]
        assert await pairer.call("auth.sessions.rotate")
