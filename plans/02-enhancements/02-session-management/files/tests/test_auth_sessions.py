"""Sessions end: by age, idleness, rotation and revocation, on every surface, and stay ended."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import Clock
from gateway.errors import StateError
from gateway.security import auth_sessions
from gateway.security.auth_sessions import AuthSessions, Holder, Lifetimes
from gateway.tests.support import Booted, Device, boot, dial, operator

SHORT = {"gateway": {"auth": {"sessions": {"maxAgeMs": 60_000, "idleMs": 20_000}}}}
HOLDER = Holder("device", "operator", ("operator.read",), "cli", "192.0.2.1")


@pytest.fixture
def clock_file(tmp_path: Path) -> Path:
    return tmp_path / "clock"


def sessions_at(
    directory: Path, clock_file: Path, age_ms: int = 60_000, idle_ms: int = 20_000
) -> AuthSessions:
    sessions = AuthSessions(directory / "sessions.json", Clock(clock_file), Lifetimes(age_ms, idle_ms))
    sessions.load()
    return sessions


async def login(gateway: Booted, device: Device, **params: Any) -> dict[str, Any]:
    async with dial(gateway) as client:
        hello = await client.shake(device, auth={"token": gateway.token}, **params)
        told: dict[str, Any] = hello["payload"]["auth"]
        return told


async def show(gateway: Booted, device: Device, token: str, **params: Any) -> str:
    """Return "ok" or the code of the refusal."""
    async with dial(gateway) as client:
        answer = await client.shake(device, auth={"token": token}, **params)
        return "ok" if answer["ok"] else str(answer["error"]["code"])


def status(gateway: Booted, token: str, path: str = "/") -> int:
    return gateway.http("GET", path, headers={"Authorization": f"Bearer {token}"}).status_code


@pytest.mark.parametrize(
    ("offsets", "over"),
    [("19", False), ("21", True), ("21 0", True), ("0 21", True), ("-1000 21", True), ("-1000 19", False)],
)
def test_sess_01_idle_by_whichever_clock_is_ahead(
    tmp_path: Path, clock_file: Path, offsets: str, *, over: bool
) -> None:
    """SESS-01: neither clock can be set back to gain time."""
    sessions = sessions_at(tmp_path, clock_file)
    session, _ = sessions.open(HOLDER)
    clock_file.write_text(offsets)
    assert sessions.is_over(session) is over


def test_sess_01_use_prolongs_up_to_the_age(tmp_path: Path, clock_file: Path) -> None:
    """SESS-01: who is busy stays, but not longer than a session lasts."""
    sessions = sessions_at(tmp_path, clock_file)
    session, _ = sessions.open(HOLDER)
    for seconds in (15, 30, 45):
        clock_file.write_text(str(seconds))
        assert not sessions.is_over(session)
        sessions.touch(session)
    clock_file.write_text("61")
    sessions.touch(session)
    assert sessions.over() == [session]


def test_sess_01_a_restart_with_the_clock_set_back_revives_nothing(tmp_path: Path, clock_file: Path) -> None:
    """SESS-01: the latest time that was seen is on disk."""
    clock_file.write_text("1000")
    sessions = sessions_at(tmp_path, clock_file)
    session, token = sessions.open(HOLDER)
    clock_file.write_text("1021")
    sessions.end(sessions.over(), "expired")
    clock_file.write_text("0")
    again = sessions_at(tmp_path, clock_file)
    found = again.find(str(token))
    assert found is not None
    assert (found[0].id, found[0].ended) == (session.id, "expired")
    assert again.now_ms() >= sessions.now_ms() - 100


async def test_sess_01_an_expired_token_opens_nothing_and_its_connection_ends(
    start: Callable[..., Booted],
) -> None:
    """SESS-01: silent connections too, and the client is told why."""
    gateway, device = start(SHORT), Device()
    async with dial(gateway) as client:
        hello = await client.shake(device, auth={"token": gateway.token})
        token = hello["payload"]["auth"]["deviceToken"]
        gateway.clock.write_text("30")
        assert await client.closed() == 1008
    assert await show(gateway, device, token) == "TOKEN_EXPIRED"
    reply = gateway.http("GET", "/", headers={"Authorization": f"Bearer {token}"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (401, "TOKEN_EXPIRED")
    assert (await login(gateway, device))["deviceToken"] != token


async def test_sess_02_the_list_opens_nothing(start: Callable[..., Booted]) -> None:
    """SESS-02: every session is listed, none with its token."""
    gateway = start()
    one = await login(gateway, Device())
    async with operator(gateway) as boss:
        listed = (await boss.call("auth.sessions.list"))["sessions"]
    assert [session["current"] for session in listed] == [False, True]
    assert listed[0]["sessionId"] == one["sessionId"]
    assert one["deviceToken"] not in json.dumps(listed)
    assert "verifier" not in json.dumps(listed)


async def test_sess_02_a_rotated_token_is_dead_on_every_surface(start: Callable[..., Booted]) -> None:
    """SESS-02: the new one works, and the connection stays."""
    gateway, device = start(), Device()
    async with dial(gateway) as client:
        hello = await client.shake(device, auth={"token": gateway.token})
        old = hello["payload"]["auth"]["deviceToken"]
        assert status(gateway, old) == 200
        new = (await client.call("auth.sessions.rotate"))["token"]
        assert await show(gateway, device, new) == "ok"
        assert status(gateway, new) == 200
        await client.call("health")
        assert status(gateway, old) == 401
    assert await show(gateway, device, old) == "UNAUTHORIZED"


async def test_sess_02_revocation_ends_connections_and_what_they_do(start: Callable[..., Booted]) -> None:
    """SESS-02: also a command that is running, and the caller after its answer."""
    gateway, device = start({"tools": {"exec": {"security": "full"}}}), Device()
    async with operator(gateway) as boss, dial(gateway) as client:
        hello = await client.shake(device, auth={"token": gateway.token})
        told = hello["payload"]["auth"]
        await client.start("tools.invoke", {"tool": "exec", "args": {"argv": ["sleep", "30"]}})
        await boss.call("auth.sessions.revoke", {"sessionId": told["sessionId"]})
        assert await client.closed() == 1008
        assert await show(gateway, device, told["deviceToken"]) == "UNAUTHORIZED"
        assert status(gateway, told["deviceToken"]) == 401
        own = [each for each in (await boss.call("auth.sessions.list"))["sessions"] if each["current"]]
        assert (await boss.request("auth.sessions.revoke", {"sessionId": own[0]["sessionId"]}))["ok"]
        assert await boss.closed() == 1008


async def test_sess_02_revoking_by_device_or_all_others(start: Callable[..., Booted]) -> None:
    """SESS-02: several at once, and exactly one way to say which."""
    gateway, device = start(), Device()
    for _ in range(2):
        await login(gateway, device)
    async with operator(gateway) as boss:
        assert len((await boss.call("auth.sessions.revoke", {"deviceId": device.id}))["revoked"]) == 2
        await login(gateway, device)
        await boss.call("auth.sessions.revoke", {"others": True})
        assert [each["current"] for each in (await boss.call("auth.sessions.list"))["sessions"]] == [True]
        for params in ({}, {"deviceId": device.id, "others": True}, {"sessionId": "unknown"}):
            assert not (await boss.request("auth.sessions.revoke", params))["ok"]


async def test_sess_02_sessions_survive_a_kill(start: Callable[..., Booted]) -> None:
    """SESS-02: what was answered is on disk."""
    gateway, kept, gone = start({}), Device(), Device()
    token = (await login(gateway, kept))["deviceToken"]
    revoked = await login(gateway, gone)
    async with operator(gateway) as boss:
        await boss.call("auth.sessions.revoke", {"sessionId": revoked["sessionId"]})
    gateway.process.kill()
    gateway.process.wait()
    with boot(gateway.home, token=gateway.token) as again:
        assert await show(again, kept, token) == "ok"
        assert await show(again, gone, revoked["deviceToken"]) == "UNAUTHORIZED"


async def test_sess_02_over_http_a_session_has_its_scopes(start: Callable[..., Booted]) -> None:
    """SESS-02: a token of a reader reads, and does nothing else."""
    gateway = start()
    token = (await login(gateway, Device(), scopes=["operator.read"]))["deviceToken"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert status(gateway, token) == 200
    call = {"tool": "read", "args": {"path": "x"}}
    assert gateway.http("POST", "/tools/invoke", json=call, headers=bearer).status_code == 403
    message = {"from": "x", "text": "x"}
    assert gateway.http("POST", "/channels/telegram/inbound", json=message, headers=bearer).status_code == 403
    node = (await login(gateway, Device(), role="node", scopes=[]))["deviceToken"]
    assert status(gateway, node) == 401


async def test_sess_02_a_session_without_a_device_ends_with_its_connection(
    start: Callable[..., Booted],
) -> None:
    """SESS-02: it has no token, and is listed for as long as it lasts."""
    gateway = start()
    async with operator(gateway) as boss:
        async with dial(gateway) as client:
            assert "auth" not in (await client.shake(auth={"token": gateway.token}))["payload"]
            assert len((await boss.call("auth.sessions.list"))["sessions"]) == 2
        while len((await boss.call("auth.sessions.list"))["sessions"]) > 1:
            pass


def test_sess_02_a_damaged_file_is_named(tmp_path: Path, clock_file: Path) -> None:
    """SESS-02: nobody is let in by guesswork."""
    for text in ("[]", '{"seenAtMs": 0, "sessions": [{}]}', "{"):
        (tmp_path / "sessions.json").write_text(text)
        with pytest.raises(StateError, match=r"sessions\.json"):
            sessions_at(tmp_path, clock_file)


def test_sess_02_little_is_kept_of_what_ended(
    tmp_path: Path, clock_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SESS-02: the file does not grow for ever, and keeps no token."""
    assert auth_sessions.MOST_ENDED == 200
    monkeypatch.setattr(auth_sessions, "MOST_ENDED", 20)
    sessions = sessions_at(tmp_path, clock_file)
    texts = []
    for _ in range(25):
        session, text = sessions.open(HOLDER)
        texts.append(text)
        sessions.end([session], "revoked")
    stored = json.loads((tmp_path / "sessions.json").read_text())
    assert len(stored["sessions"]) == 20
    assert not any(str(text)[16:] in json.dumps(stored) for text in texts)
    assert sessions.find(str(texts[0])) is None
    assert sessions.find(str(texts[-1])) is not None
