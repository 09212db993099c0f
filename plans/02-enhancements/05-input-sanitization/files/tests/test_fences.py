"""INP-01: paths of tools stay in the workspace, and URLs lead to the public Internet."""

import os
from pathlib import Path

import pytest

from gateway.errors import RequestError
from gateway.tests.support import Booted, operator
from gateway.tools import fence
from gateway.tools.addresses import is_public
from gateway.tools.url_fence import parse

OUTSIDE = [
    "../out",
    "a/../../out",
    "/etc/passwd",
    "%2e%2e/out",
    "%252e%252e/out",
    "..%2fout",
    "a%2fb",
    "..\\out",
]
OUTSIDE += ["\uff0e\uff0e/out", "..\uff0fout", "\u2025/out", "a\0b", "a\nb", "", ".", "/", "a%00b", "\udc80"]


@pytest.mark.parametrize("path", OUTSIDE, ids=ascii)
def test_inp_01_a_path_that_leaves_is_refused(tmp_path: Path, path: str) -> None:
    """INP-01: whatever climbs, is absolute, or does so when it is decoded."""
    with pytest.raises(RequestError, match="path must stay in the workspace"):
        fence.names(tmp_path, path)


def test_inp_01_what_is_planted_is_not_followed(tmp_path: Path) -> None:
    """INP-01: links, second names and devices, at the end and on the way."""
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    root.mkdir()
    (outside / "file").write_text("canary")
    (root / "link").symlink_to(outside / "file")
    (root / "dir").symlink_to(outside)
    (root / "second").hardlink_to(outside / "file")
    os.mkfifo(root / "pipe")
    for path in ("link", "dir/file", "second", "pipe"):
        with pytest.raises((RequestError, OSError)):
            fence.read(root, path, 100)
        with pytest.raises((RequestError, OSError)):
            fence.write(root, path, b"changed")
    assert (outside / "file").read_text() == "canary"
    assert {path.name for path in outside.iterdir()} == {"file"}
    fence.write(root, f"{root}/a/b", b"text")
    assert fence.read(root, "./a//b", 3) == b"tex"
    assert [path.name for path in (root / "a").iterdir()] == ["b"]


async def test_inp_01_tools_are_fenced(gateway: Booted) -> None:
    """INP-01: the tools of a running gateway, and the agent's."""
    secret = gateway.state.parent / "secret.txt"
    secret.write_text("canary")
    async with operator(gateway) as client:
        for path in (str(secret), "../../secret.txt"):
            for args in ({"path": path}, {"path": path, "content": "changed"}):
                tool = "write" if "content" in args else "read"
                answer = await client.request("tools.invoke", {"tool": tool, "args": args})
                assert answer["error"]["code"] == "INVALID_REQUEST"
        for url in ("http://127.0.0.1:1/", "http://localhost:1/", "file:///etc/passwd"):
            answer = await client.request("tools.invoke", {"tool": "web_fetch", "args": {"url": url}})
            assert answer["error"]["code"] == "INVALID_REQUEST"
    assert secret.read_text() == "canary"


REFUSED_URLS = [
    "http://2130706433/",
    "http://0x7f.1/",
    "http://127.1/",
    "http://0177.0.0.1/",
    "http://127.0.0.01/",
]
REFUSED_URLS += [
    "http://u@example.org/",
    "http://example.org\\@x/",
    "http:///x",
    "//example.org",
    "ftp://example.org/",
]
REFUSED_URLS += [
    "http://example.org:0/",
    "http://example.org:99999/",
    "http://a b/",
    "http://[fe80::1%25lo]/",
]
REFUSED_URLS += [
    "http://exa\nmple.org/",
    "http://1.2.3.4.5/",
    "http://%31/",
    "http://-a.org/",
    "http://a..b/",
]


@pytest.mark.parametrize("url", REFUSED_URLS, ids=ascii)
def test_inp_01_a_url_has_one_reading(url: str) -> None:
    """INP-01: what two readers could take for two things is refused."""
    with pytest.raises(RequestError, match="url refused"):
        parse(url)


def test_inp_01_a_url_has_one_spelling() -> None:
    """INP-01: names and addresses come out in their usual spelling."""
    assert str(parse("HTTPS://Example.ORG.:443/a b".replace(" ", "%20"))) == "https://example.org/a%20b"
    assert str(parse("http://\uff11\uff12\uff17\u30020.0.1:8080?q#f")) == "http://127.0.0.1:8080/?q"
    assert str(parse("http://[0:0::1]/")) == "http://[::1]/"
    assert parse("http://b\u00fccher.example/").host == "xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("100.64.0.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("192.168.1.1", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::127.0.0.1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:0:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("2001:0:1::", False),
        ("fc00::1", False),
        ("fe80::1", False),
        ("ff02::1", False),
    ],
)
def test_inp_01_only_public_addresses_are_public(address: str, *, public: bool) -> None:
    """INP-01: by explicit lists, because `is_global` is true for some that lead back."""
    assert is_public(address) is public
