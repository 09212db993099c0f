"""INP-03: text from others stays text: on pages, in logs, on terminals and for parsers."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from gateway.protocol import strict_json
from gateway.tests.support import Booted, Device, command, operator
from gateway.visible import ACTIVE, visible

MARKS = "\x1b[2J\x9b1m\u202e\u2028\r\x85"


def test_inp_03_pages_escape_what_they_show(start: Callable[..., Booted]) -> None:
    """INP-03: markup is shown, marks are named, and nothing may run."""
    gateway = start({"channels": {"x": {"allowFrom": ["bob"]}}})
    key = gateway.inbound("x", "bob", f"<script>alert(1)</script>{MARKS}")["sessionKey"]
    page = gateway.http("GET", f"/chat/{key}")
    assert "&lt;script&gt;" in page.text
    assert "<script" not in page.text
    assert not ACTIVE.search(page.text.replace("\n", ""))
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    for path in ("/", "/health", "/nothing"):
        assert gateway.http("GET", path).headers["x-content-type-options"] == "nosniff"


async def test_inp_03_one_event_is_one_line(start: Callable[..., Booted]) -> None:
    """INP-03: a session key with line ends and marks is one record."""
    gateway = start()
    async with operator(gateway) as client:
        call = {"tool": "read", "args": {"path": "none"}, "sessionKey": f'k\n{{"forged":1}}{MARKS}'}
        await client.request("tools.invoke", call)
    records = [json.loads(line) for line in gateway.log().split("\n")[:-1]]
    (record,) = [record for record in records if record["message"] == "invoke"]
    assert record["session"].endswith(MARKS)
    assert not ACTIVE.search(gateway.log().replace("\n", ""))


def test_inp_03_terminals_are_not_commanded(gateway: Booted) -> None:
    """INP-03: an error that quotes somebody is one inert line."""
    call = ("call", "tools.invoke", json.dumps({"tool": f"eve\n{MARKS}"}), "--url", gateway.url)
    done = command(gateway.home, *call, GATEWAY_TOKEN=str(gateway.token))
    assert done.returncode == 1
    assert "eve\\u000a\\u001b" in done.stderr
    assert not ACTIVE.search(done.stderr.replace("\n", ""))


def test_inp_03_marks_are_written_as_json_says_them() -> None:
    """INP-03: the escaped form is the same text for a JSON parser, and ordinary text is left alone."""
    text = f"gr\u00fc\u00dfe {MARKS}\U000e0041"
    assert json.loads(visible(json.dumps(text, ensure_ascii=False))) == text
    assert (
        visible("gr\u00fc\u00dfe, \u65e5\u672c \U0001f600\n", keep="\n")
        == "gr\u00fc\u00dfe, \u65e5\u672c \U0001f600\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":2}',
        '{"a":1,"\\u0061":2}',
        "[NaN]",
        "[-Infinity]",
        "[1e999]",
        "[" * 65 + "]" * 65,
        "[" * 100_000,
    ],
    ids=range(7),
)
def test_inp_03_json_with_two_meanings_is_refused(text: str) -> None:
    """INP-03: duplicate keys, numbers that are none, and bottomless nesting."""
    with pytest.raises(strict_json.Ambiguous):
        strict_json.loads(text)
    with pytest.raises(ValueError, match=r".+"):
        strict_json.loads(text.encode("utf-16"))


def test_inp_03_ordinary_json_is_read() -> None:
    """INP-03: what has one meaning is read."""
    value: Any = {"a": [1, 2.5, None, True, "x"], "b": {}}
    assert strict_json.loads(json.dumps(value)) == value
    assert strict_json.loads("[" * 64 + "]" * 64) is not None


async def test_inp_03_a_bad_frame_is_an_error_and_the_socket_stays(gateway: Booted) -> None:
    """INP-03: the parser's error is the client's, and nobody else's."""
    async with operator(gateway, Device()) as client:
        for text in ('{"type":"req","id":"1","method":"status","method":"health"}', "[" * 100_000):
            await client.socket.send(text)
            assert (await client.response("invalid"))["error"]["code"] == "INVALID_REQUEST"
        assert (await client.request("health"))["ok"]
    bad = gateway.http("POST", "/tools/invoke", content=b'{"tool":"read","tool":"exec"}')
    assert bad.status_code == 400
