"""HTTP: routes, credentials and bounds."""

import json
import secrets
from collections.abc import Callable

import pytest

from gateway.tests.support import Booted, raw

HOOK = secrets.token_hex(32)


@pytest.fixture
def hooked(start: Callable[..., Booted]) -> Booted:
    return start({"hooks": {"enabled": True, "token": HOOK}})


async def test_liveness_says_no_more_than_that(gateway: Booted) -> None:
    answer = gateway.http("GET", "/health", headers={"Authorization": ""})
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert gateway.http("POST", "/health").status_code == 405
    assert gateway.http("GET", "/nope").status_code == 404


async def test_hooks_need_their_own_secret(hooked: Booted) -> None:
    for path in ("/hooks/wake", "/hooks/agent"):
        for wrong in ("", "Bearer wrong", f"Bearer {hooked.token}", f"Basic {HOOK}"):
            answer = hooked.http("POST", path, json={"text": "x"}, headers={"Authorization": wrong})
            assert answer.status_code == 401
        assert hooked.http("GET", path).status_code == 405
    assert hooked.http("POST", "/hooks/other").status_code == 404
    assert not list((hooked.state / "agents/main/sessions").iterdir())
    right = {"Authorization": f"Bearer {HOOK}"}
    assert hooked.http("POST", "/hooks/wake", json={"text": "x"}, headers=right).json()["ok"]
    answer = hooked.http("POST", "/hooks/agent", json={"message": "x"}, headers=right)
    assert (answer.status_code, answer.json()["ok"]) == (202, True)
    assert hooked.http("POST", "/hooks/agent", json={"messag": "x"}, headers=right).status_code == 400
    assert hooked.http("POST", "/hooks/agent", content=b"{", headers=right).status_code == 400


async def test_hooks_are_off_unless_enabled(gateway: Booted) -> None:
    assert gateway.http("POST", "/hooks/wake", json={"text": "x"}).status_code == 404


async def test_bodies_are_bounded(hooked: Booted) -> None:
    big = json.dumps({"text": "x" * 300_000}).encode()
    right = {"Authorization": f"Bearer {HOOK}"}
    assert hooked.http("POST", "/hooks/wake", content=big, headers=right).status_code == 413

    def chunks() -> object:
        for start in range(0, len(big), 10_000):
            yield big[start : start + 10_000]

    assert hooked.http("POST", "/hooks/wake", content=chunks(), headers=right).status_code == 413


async def test_heads_are_bounded(gateway: Booted) -> None:
    many = "".join(f"X-{number}: a\r\n" for number in range(500))
    for head in (many, f"X: {'a' * 20_000}\r\n"):
        async with raw(gateway) as client:
            client.send(f"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}\r\n".encode())
            assert " 431 " in await client.line()


@pytest.mark.parametrize(
    "request_text",
    [
        "nonsense\r\n\r\n",
        "GET / HTTP/9\r\n\r\n",
        "GET /health HTTP/1.1\r\n\r\n",
        "POST /hooks/wake HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nA B: c\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX: \x11\r\n\r\n",
    ],
)
async def test_malformed_requests_are_refused(gateway: Booted, request_text: str) -> None:
    async with raw(gateway) as client:
        client.send(request_text.encode())
        assert (await client.line()).startswith("HTTP/1.1 4")


async def test_a_connection_serves_request_after_request(gateway: Booted) -> None:
    async with raw(gateway) as client:
        for _ in range(3):
            client.send(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert " 200 " in await client.line()
            while (await client.line()).strip():
                pass
            assert await client.reader.readexactly(len('{"ok": true}')) == b'{"ok": true}'


async def test_tools_need_the_gateway_credential(gateway: Booted) -> None:
    call = {"tool": "read", "args": {"path": "none"}}
    for wrong in ("", "Bearer wrong"):
        answer = gateway.http("POST", "/tools/invoke", json=call, headers={"Authorization": wrong})
        assert answer.status_code == 401
    assert gateway.http("POST", "/tools/invoke", json=call).status_code == 400
    assert gateway.http("POST", "/tools/invoke", json={"tool": "fly"}).status_code == 404
    assert gateway.http("GET", "/tools/invoke").status_code == 405
    written = gateway.http(
        "POST", "/tools/invoke", json={"tool": "write", "args": {"path": "a", "content": "b"}}
    )
    assert written.json()["result"]["bytes"] == 1


async def test_transcripts_need_the_gateway_credential(gateway: Booted) -> None:
    assert gateway.http("GET", "/chat/main", headers={"Authorization": ""}).status_code == 401
    assert "<h1>main</h1>" in gateway.http("GET", "/chat/main").text
    assert "version" in gateway.http("GET", "/").text


async def test_strangers_get_a_pairing_code(start: Callable[..., Booted]) -> None:
    gateway = start({"channels": {"telegram": {}, "off": {"enabled": False}}})
    first = gateway.inbound("telegram", "eve", "let me in")
    assert not first["accepted"]
    assert "Pairing code: " in first["replies"][0]
    assert gateway.inbound("telegram", "eve", "again")["replies"] == []
    codes = {first["replies"][0].split("Pairing code: ")[1][:8]}
    for name in ("mallory", "trudy", "sybil"):
        for reply in gateway.inbound("telegram", name, "hi")["replies"]:
            codes.add(reply.split("Pairing code: ")[1][:8])
    assert len(codes) == 3
    for channel in ("off", "unknown", "defaults"):
        body = {"from": "eve", "text": "x"}
        assert gateway.http("POST", f"/channels/{channel}/inbound", json=body).status_code == 404
    assert gateway.http("POST", "/channels/telegram/inbound", json={"from": "eve"}).status_code == 400


async def test_dm_policies_decide_who_is_heard(start: Callable[..., Booted]) -> None:
    gateway = start(
        {
            "channels": {
                "defaults": {"dmPolicy": "disabled"},
                "a": {"dmPolicy": "allowlist", "allowFrom": ["Bob"]},
                "b": {},
                "c": {"dm": {"policy": "allowlist", "allowFrom": ["bob"]}},
                "d": {"accounts": {"work": {"dmPolicy": "allowlist", "allowFrom": ["bob"]}}},
            }
        }
    )
    assert gateway.inbound("a", "bob", "hi")["replies"] == ["echo: hi"]
    assert gateway.inbound("a", "eve", "hi") == {"accepted": False, "reason": "not-allowed", "replies": []}
    assert gateway.inbound("b", "bob", "hi")["reason"] == "disabled"
    assert gateway.inbound("c", "bob", "hi")["accepted"]
    assert gateway.inbound("d", "bob", "hi")["reason"] == "disabled"
    assert gateway.inbound("d", "bob", "hi", accountId="work")["accepted"]


@pytest.mark.parametrize(
    ("scope", "key"),
    [
        ("main", "agent:main:main"),
        ("per-peer", "agent:main:dm:bob"),
        ("per-channel-peer", "agent:main:x:dm:bob"),
    ],
)
async def test_dm_scope_chooses_the_session(start: Callable[..., Booted], scope: str, key: str) -> None:
    gateway = start({"session": {"dmScope": scope}, "channels": {"x": {"allowFrom": ["bob"]}}})
    assert gateway.inbound("x", "bob", "hi")["sessionKey"] == key
    assert "user: hi" in gateway.inbound("x", "bob", "/history")["replies"][0]
