"""Frames: what is refused, what is contained, and what stays usable after it."""

import json
from collections.abc import Callable

import pytest

from gateway.tests.support import WAIT, Booted, Device, connect_params, dial, operator, raw

BEFORE = [
    json.dumps({"type": "req", "id": "1", "method": "health"}),
    json.dumps([1, 2]),
    "7",
    "not json",
    json.dumps({"type": "req", "id": "1", "method": "connect", "params": {}}),
]

AFTER = [
    "[]",
    "7",
    "not json",
    json.dumps({"type": "req", "method": "health"}),
    json.dumps({"type": "req", "id": 7, "method": "health"}),
    json.dumps({"type": "req", "id": "", "method": "health"}),
    json.dumps({"type": "req", "id": "a", "method": ""}),
    json.dumps({"type": "req", "id": "a", "method": 7}),
    json.dumps({"type": "res", "id": "a", "method": "health"}),
    json.dumps({"type": "req", "id": "a", "method": "health", "extra": 1}),
    json.dumps({"type": "req", "id": "a", "method": "health", "params": []}),
    json.dumps({"type": "req", "id": "a", "method": "health", "params": {"x": 1}}),
    json.dumps({"type": "req", "id": "a", "method": "chat.history", "params": {}}),
    json.dumps(
        {"type": "req", "id": "a", "method": "chat.history", "params": {"sessionKey": "m", "limit": 10**6}}
    ),
    json.dumps({"type": "req", "id": "a", "method": "logs.tail", "params": {"maxBytes": 10**9}}),
    json.dumps(
        {
            "type": "req",
            "id": "a",
            "method": "chat.send",
            "params": {"sessionKey": "main", "message": "m", "idempotencyKey": "k", "who": "x"},
        }
    ),
    json.dumps(
        {
            "type": "req",
            "id": "a",
            "method": "exec.approval.resolve",
            "params": {"id": "1", "decision": "yes"},
        }
    ),
    json.dumps({"type": "req", "id": "a", "method": "no.such.method"}),
]


@pytest.mark.parametrize("message", BEFORE)
async def test_nothing_but_connect_is_served_first(gateway: Booted, message: str) -> None:
    async with dial(gateway) as client:
        await client.socket.send(message)
        if '"id"' in message:
            answer = await client.receive()
            assert not answer["ok"]
            assert answer["error"]["code"] == "INVALID_REQUEST"
        assert await client.closed() == 1008


@pytest.mark.parametrize("message", AFTER)
async def test_a_bad_frame_is_answered_and_the_socket_stays(gateway: Booted, message: str) -> None:
    async with operator(gateway) as client:
        await client.socket.send(message)
        answer = await client.receive()
        while answer["type"] == "event":
            answer = await client.receive()
        assert answer["error"]["code"] == "INVALID_REQUEST"
        assert answer["id"] == ("a" if '"id": "a"' in message else "invalid")
        assert (await client.call("health"))["ok"]


async def test_a_second_connect_ends_the_connection(gateway: Booted) -> None:
    async with operator(gateway) as client:
        answer = await client.request("connect", connect_params(auth={"token": gateway.token}))
        assert answer["error"]["code"] == "INVALID_REQUEST"
        assert await client.closed() == 1008


async def test_the_protocol_range_is_negotiated(gateway: Booted) -> None:
    async with dial(gateway) as client:
        answer = await client.shake(minProtocol=99, maxProtocol=99)
        assert answer["error"]["details"]["expectedProtocol"] == 3
        assert await client.closed() == 1002
    async with dial(gateway) as client:
        answer = await client.shake(minProtocol=1, maxProtocol=9, auth={"token": gateway.token})
        assert answer["payload"]["protocol"] == 3
    async with dial(gateway) as client:
        answer = await client.shake(role="root", auth={"token": gateway.token})
        assert answer["error"]["code"] == "INVALID_REQUEST"
        assert await client.closed() == 1008


@pytest.mark.parametrize(
    ("opcode", "payload", "masked", "code"),
    [
        (1, b"\xff\xfe", True, 1007),
        (1, b"{}", False, 1002),
        (3, b"", True, 1002),
        (9, bytes(126), True, 1002),
        (2, b"{}", True, 1003),
    ],
)
async def test_rfc_6455_violations_end_that_connection_only(
    gateway: Booted, opcode: int, payload: bytes, *, masked: bool, code: int
) -> None:
    async with operator(gateway) as bystander, raw(gateway) as broken:
        assert " 101 " in await broken.upgrade()
        broken.frame(opcode, payload, masked=masked)
        assert await broken.close_code() == code
        assert (await bystander.call("health"))["ok"]


async def test_messages_are_capped_whole_and_in_fragments(gateway: Booted) -> None:
    async with dial(gateway) as client:
        await client.socket.send("x" * 65_537)
        assert await client.closed() == 1009
    async with operator(gateway) as client:
        await client.socket.send("x" * (513 * 1024))
        assert await client.closed() == 1009
    async with raw(gateway) as client_without_end:
        await client_without_end.upgrade()
        for opcode in (1, 0, 0):
            client_without_end.frame(opcode, bytes(30_000), fin=False)
        assert await client_without_end.close_code() == 1009


async def test_compression_is_not_negotiated(gateway: Booted) -> None:
    async with raw(gateway) as client:
        client.send(b"")
        assert " 101 " in await client.upgrade("Sec-WebSocket-Extensions: permessage-deflate")
        client.frame(0x40 | 1, b"\x00")
        assert await client.close_code() == 1002


async def test_unfinished_handshakes_are_cut(start: Callable[..., Booted]) -> None:
    gateway = start({"gateway": {"limits": {"handshakeTimeoutMs": 300}}})
    async with raw(gateway) as silent:
        assert await silent.seconds_to_end() < 8
    async with raw(gateway) as dripping:
        dripping.send(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        assert await dripping.seconds_to_end() < 8
    async with raw(gateway) as mute:
        await mute.upgrade()
        assert await mute.close_code() == 1008


async def test_a_slow_consumer_is_dropped(start: Callable[..., Booted]) -> None:
    gateway = start({"gateway": {"limits": {"closeTimeoutMs": 500}}})
    async with operator(gateway) as reading, raw(gateway) as slow:
        await slow.upgrade()
        challenge = json.loads((await slow.read_frame())[1])["payload"]
        params = connect_params(auth={"token": gateway.token})
        params["device"] = Device().prove(params, challenge["nonce"], challenge["ts"])
        slow.frame(1, json.dumps({"type": "req", "id": "1", "method": "connect", "params": params}).encode())
        assert json.loads((await slow.read_frame())[1])["ok"]
        slow.reader._transport.pause_reading()  # type: ignore[attr-defined]
        while len((await reading.event("presence"))["presence"]) < 2:
            pass
        for number in range(20):
            text = "x" * 250_000
            send = {"sessionKey": "main", "message": text, "idempotencyKey": str(number)}
            await reading.call("chat.send", send)
            while (await reading.event("chat"))["state"] != "final":
                pass
        assert "slow consumer" in gateway.log()
        while len((await reading.event("presence"))["presence"]) > 1:
            pass
        assert (await reading.call("status"))["clients"] == 1


async def test_stopping_says_goodbye(start: Callable[..., Booted]) -> None:
    gateway = start()
    async with operator(gateway) as client:
        gateway.process.terminate()
        assert "reason" in await client.event("shutdown")
        assert await client.closed() == 1012
    assert gateway.process.wait(WAIT) == 0


async def test_a_failing_handler_is_contained(start: Callable[..., Booted]) -> None:
    gateway = start({"gateway": {"limits": {"tickIntervalMs": 50}}})
    sessions = gateway.state / "agents/main/sessions"
    async with operator(gateway) as client, operator(gateway) as bystander:
        send = {"sessionKey": "main", "message": "m", "idempotencyKey": "k"}
        await client.call("chat.send", send)
        await client.event("chat")
        while (await client.event("chat"))["state"] != "final":
            pass
        transcript = next(sessions.glob("*.jsonl"))
        transcript.unlink()
        transcript.mkdir()
        answer = await client.request("chat.history", {"sessionKey": "main"})
        assert answer["error"] == {"code": "UNAVAILABLE", "message": "internal error", "retryable": True}
        assert (await client.call("health"))["ok"]
        assert "ts" in await bystander.event("tick")


async def test_deep_json_does_not_end_the_server(gateway: Booted) -> None:
    async with operator(gateway) as client:
        await client.socket.send("[" * 200_000)
        await client.closed()
    async with operator(gateway) as client:
        assert (await client.call("health"))["ok"]
