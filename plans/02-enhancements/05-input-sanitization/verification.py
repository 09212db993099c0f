"""Checks of input sanitization: fences around paths and URLs, and text that stays text."""

from __future__ import annotations

import contextlib
import ctypes
import html.parser
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unicodedata
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from _probes import gateways, netns, proc
from _probes.canaries import canary
from _probes.gateways import Gateway
from _probes.host import has, needs
from _probes.sessions import Session, connect_params
from _probes.wire import TEXT, encode_frame

from tracker.api import Codebase, check

PEER = "friend"
CHANNELS: dict[str, Any] = {
    "channels": {"x": {"dmPolicy": "allowlist", "allowFrom": [PEER]}, "strangers": {}},
    "tools": {"web": {"timeoutMs": 3000}},
}


@pytest.fixture(scope="module")
def gateway(codebase: Codebase) -> Iterator[Gateway]:
    with gateways.boot(codebase.root, CHANNELS) as running:
        yield running


@pytest.fixture
def session(gateway: Gateway) -> Iterator[Session]:
    with gateway.login() as one:
        yield one


def caught() -> Any:
    """The weak variant must fail its judge."""
    return pytest.raises(AssertionError)


def use(session: Session, tool: str, **args: Any) -> Any:
    return session.ask("tools.invoke", {"tool": tool, "args": args})


# INP-01: paths


@dataclass
class Yard:
    """A workspace with traps in it, and canaries outside."""

    workspace: Path
    outside: Path
    inner: Path
    secret: str = field(default_factory=canary)

    @property
    def named_twice(self) -> tuple[Path, Path]:
        """Canaries with hard links: for these alone, so that no second name is what stops the other ways."""
        return self.outside.with_name("outside-twice.txt"), self.inner.with_name("inside-twice.txt")

    @property
    def canaries(self) -> tuple[Path, ...]:
        return (self.outside, self.inner, *self.named_twice)

    def plant(self) -> None:
        self.workspace.mkdir(mode=0o700, exist_ok=True)
        for file in self.canaries:
            file.write_text(self.secret)
            file.chmod(0o600)
        (self.workspace / "sub").mkdir(mode=0o700)
        owner = self.inner.parent.stat()  # rights of a user must not be what stops the gateway here
        for place in (*self.canaries, self.workspace, self.workspace / "sub"):
            os.chown(place, owner.st_uid, owner.st_gid)
        for name, target in {
            "file-link": self.outside,
            "dir-link": self.outside.parent,
            "relative-link": Path("..") / "..",
            "sub/deep-link": self.outside.parent,
            "chain-1": self.workspace / "chain-2",
            "chain-2": self.outside.parent,
            "root-link": Path("/"),
            "proc-link": Path("/proc/self/root"),
            "cwd-link": Path("/proc/self/cwd"),
            "state-link": self.inner,
        }.items():
            (self.workspace / name).symlink_to(target)
        for name, file in zip(("hard-link", "sub/hard-link"), self.named_twice, strict=True):
            (self.workspace / name).hardlink_to(file)

    def paths(self) -> list[str]:
        """At least 60 paths, each of which leads to a canary for some careless reader."""
        out, name = str(self.outside), self.outside.name
        climbs = ["../" * 2 + name, "../" + self.inner.name, "sub/../../" + self.inner.name]
        climbs += [
            "./" * 3 + "../../" + name,
            "..//..//" + name,
            "sub/../../../" + name,
            "sub/./../../../" + name,
        ]
        climbs += ["../../../" + "../" * 20 + out[1:], "../workspace/../" + self.inner.name]
        absolute = [out, f"/{out}", f"/.{out}", f"/proc/self/root{out}", f"/proc/thread-self/root{out}"]
        absolute += [f"/proc/self/root/proc/self/root{out}", f"/proc/self/fd/../root{out}", str(self.inner)]
        absolute += [f"/proc/self/../..{out}", f"/tmp/..{out}", f"{self.workspace}/../{self.inner.name}"]
        linked = [
            "file-link",
            f"dir-link/{name}",
            f"relative-link/{name}",
            f"sub/deep-link/{name}",
            "state-link",
        ]
        linked += [f"chain-1/{name}", f"root-link{out}", f"proc-link{out}", "sub/hard-link", "hard-link"]
        linked += [
            "./file-link",
            f"{self.workspace}/file-link",
            f"{self.workspace}/hard-link",
            f"chain-2/{name}",
        ]
        linked += [
            f"{self.workspace}/dir-link/{name}",
            f"root-link/proc/self/root{out}",
            f"dir-link/./{name}",
        ]
        plain = climbs[0]
        encoded = [
            quote(plain, safe=""),
            plain.replace(".", "%2e"),
            plain.replace("/", "%2f"),
            "%2e%2E/%2e./" + name,
        ]
        encoded += [
            quote(out, safe=""),
            f"..%2f..%2f{name}",
            f"..%2F%2e%2e/{name}",
            f"sub%2f..%2f..%2f..%2f{name}",
        ]
        twice = [quote(item, safe="") for item in encoded[:4]]
        backslashes = [
            plain.replace("/", "\\"),
            f"..\\../{name}",
            f"sub\\..\\..\\..\\{name}",
            out.replace("/", "\\"),
        ]
        wide = [
            plain.replace(".", "\uff0e"),
            plain.replace("/", "\uff0f"),
            f"\uff0e\uff0e\uff0f\uff0e\uff0e\uff0f{name}",
        ]
        wide += [f"\u2025/\u2025/{name}", f"\u2025\uff0f\u2025\uff0f{name}", out.replace("/", "\uff0f")]
        wide += [quote(wide[0], safe=""), plain.replace("/", "\uff3c"), f"\ufe52\ufe52/\ufe52\ufe52/{name}"]
        cut = [f"{plain}\0.txt", f"{out}\0", f"sub\0/../../../{name}", f"{plain}%00.txt"]
        return [*climbs, *absolute, *linked, *encoded, *twice, *backslashes, *wide, *cut]


def careless(path: str) -> Iterator[str]:
    """How a path reads for somebody who decodes, normalizes or cuts it before it is opened."""
    for decoded in (path, unquote(path), unquote(unquote(path))):
        for form in (decoded, unicodedata.normalize("NFKC", decoded)):
            yield form.replace("\\", "/").partition("\0")[0]
            yield form.replace("\\", "/").replace("\0", "")


def reaches(yard: Yard, path: str) -> bool:
    """Whether one careless reader gets to a canary by this path."""
    for form in careless(path):
        with contextlib.suppress(OSError, ValueError):
            if yard.secret in (yard.workspace / form).read_text(errors="replace"):
                return True
    return False


def judge_paths(yard: Yard, answers: dict[str, str], before: dict[str, Any]) -> None:
    """Nothing was read, and nothing outside was written, made or taken away."""
    read = [path for path, answer in answers.items() if yard.secret in answer]
    assert not read, f"read through {read}"
    assert outside_of(yard) == before, "something outside the workspace has changed"


def outside_of(yard: Yard) -> dict[str, Any]:
    found: dict[str, Any] = {str(file): file.read_bytes() for file in yard.canaries}
    names = sorted(path.name for path in yard.outside.parent.iterdir() if path.name != "clock")
    return found | {"names": names}


@check("INP-01")
def test_paths_stay_in_the_workspace(gateway: Gateway, session: Session) -> None:
    home = gateway.home
    yard = Yard(home.workspace, home.top / "outside.txt", home.state / "inside.txt")
    yard.plant()
    paths = yard.paths()
    assert len(set(paths)) >= 60
    useless = [path for path in paths if not reaches(yard, path)]
    assert not useless, f"these paths would not reach a canary anyway: {useless}"
    before = outside_of(yard)
    answers = {path: json.dumps(use(session, "read", path=path).frame) for path in paths}
    refused = sum('"ok": false' in answer for answer in answers.values())
    assert refused == len(answers), f"{len(answers) - refused} paths are accepted for reading"
    for path in paths:
        use(session, "write", path=path, content="changed")
    judge_paths(yard, answers, before)
    bearer = gateway.token
    for path in paths[::6]:
        body = {"tool": "read", "args": {"path": path}}
        text = gateway.http("POST", "/tools/invoke", bearer=bearer, body=body).text
        text += "".join(gateway.inbound("x", PEER, f"/tool read {json.dumps({'path': path})}")["replies"])
        judge_paths(yard, {path: text}, before)
    with caught():
        judge_paths(yard, {"weak": (yard.workspace / paths[0]).read_text()}, before)
    with caught():
        judge_paths(yard, answers, before | {"names": []})
    assert session.ask("health").ok


@check("INP-01")
def test_the_workspace_itself_stays_usable(gateway: Gateway, session: Session) -> None:
    text = f"words {canary()}"
    inside = [
        "notes.txt",
        "a/b/c.txt",
        "./d.txt",
        "a/b/./e.txt",
        "...",
        "a..b",
        ".hidden",
        "gr\u00fc\u00dfe/\u65e5\u672c.txt",
    ]
    inside += ["with space", f"{gateway.home.workspace}/absolute.txt", "100%", "~"]
    for path in inside:
        written = use(session, "write", path=path, content=text)
        assert written.ok, f"{path!r}: {written.message}"
        assert use(session, "read", path=path).payload["result"]["content"] == text
        assert (gateway.home.workspace / path).read_text() == text
    left = [path.name for path in gateway.home.workspace.rglob("*.tmp")]
    assert not left, f"left behind: {left}"
    assert not use(session, "read", path="a").ok, "a directory is read"


@check("INP-01")
def test_a_pipe_is_not_waited_for(codebase: Codebase) -> None:
    """Who reads a pipe waits for its writer: one call would stop a gateway."""
    with gateways.boot(codebase.root) as gateway, gateway.login() as session:
        assert use(session, "write", path="file", content="x").ok
        os.mkfifo(gateway.home.workspace / "pipe")
        for tool, more in (("read", {}), ("write", {"content": "x"})):
            answer = session.ask("tools.invoke", {"tool": tool, "args": {"path": "pipe"} | more}, timeout=3)
            assert not answer.ok, f"{tool} takes a pipe"
        assert session.ask("health").ok


def exchange(one: Path, other: Path) -> None:
    """Swap two names in one step (renameat2 with RENAME_EXCHANGE)."""
    at_cwd, exchange_flag = -100, 2
    ctypes.CDLL(None).renameat2(at_cwd, os.fsencode(one), at_cwd, os.fsencode(other), exchange_flag)


@check("INP-01")
def test_a_link_that_is_swapped_in_leads_nowhere(gateway: Gateway, session: Session) -> None:
    """A directory becomes a link while the gateway reads through it."""
    outside = gateway.home.top / "race"
    outside.mkdir()
    secret = canary()
    (outside / "file").write_text(secret)
    place = gateway.home.workspace / "race"
    place.mkdir()
    (place / "file").write_text("harmless")
    link = place.with_name("race.link")
    link.symlink_to(outside)
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            exchange(place, link)

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        pending = [
            session.request("tools.invoke", {"tool": tool, "args": {"path": "race/file"} | more})
            for _ in range(60)
            for tool, more in (("read", {}), ("write", {"content": "harmless"}))
        ]
        answers = [session.answer_to(one) for one in pending]
        swapped = any("harmless" not in (place / "file").read_text() for _ in range(5000))
    finally:
        done.set()
        swapper.join()
    assert not any(secret in json.dumps(answer.frame) for answer in answers), "the race was won"
    assert (outside / "file").read_text() == secret, "the race was won by a write"
    assert {path.name for path in outside.iterdir()} == {"file"}
    assert swapped, "nothing was ever swapped in: the probe proves nothing"


# INP-01: URLs


class Hits:
    """Counts who connects to loopback, and answers with a secret."""

    def __init__(self) -> None:
        self.count = 0
        self.secret = canary()

    def server(self, host: str, port: int = 0) -> ThreadingHTTPServer:
        hits = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(hits.secret)))
                self.end_headers()
                self.wfile.write(hits.secret.encode())

            def log_message(self, *_words: Any) -> None:
                return

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def get_request(self) -> tuple[Any, Any]:
                hits.count += 1
                return super().get_request()

        if ":" in host:
            Server.address_family = socket.AF_INET6
        server = Server((host, port), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server


@contextlib.contextmanager
def canary_servers() -> Iterator[tuple[Hits, int]]:
    hits = Hits()
    first = hits.server("127.0.0.1")
    port = first.server_address[1]
    servers = [first, *([hits.server("::1", port)] if has("ipv6") else [])]
    try:
        yield hits, port
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


def urls(port: int, file: Path) -> tuple[list[str], list[str]]:
    """URLs that lead a careless client here at once, and those that need a translator, a proxy or another scheme."""
    hosts = [
        "127.0.0.1",
        "localhost",
        "LOCALHOST",
        "2130706433",
        "0x7f000001",
        "0x7F.0.0.1",
        "127.1",
        "127.0.1",
    ]
    hosts += ["0177.0.0.1", "017700000001", "0x7f.1", "127.0.0.01", "0.0.0.0", "0"]
    hosts += ["[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]"]
    hosts += ["[::1]", "[0:0:0:0:0:0:0:1]", "[::]"] if has("ipv6") else []
    direct = [f"http://{host}:{port}/" for host in hosts]
    direct += [
        f"http://user@127.0.0.1:{port}/",
        f"http://user:pass@localhost:{port}/",
        f"HTTP://127.0.0.1:{port}/",
    ]
    direct += [f"http://example.org@127.0.0.1:{port}/", f"file://{file}", f"file://localhost{file}"]
    foreign = [
        f"http://[{address}]:{port}/"
        for address in ("64:ff9b::7f00:1", "64:ff9b::127.0.0.1", "2002:7f00:1::")
    ]
    foreign += [
        f"http://[{address}]:{port}/"
        for address in ("::127.0.0.1", "::ffff:0:127.0.0.1", "fe80::1", "fc00::1")
    ]
    foreign += [
        f"http://{host}:{port}/"
        for host in (
            "\uff11\uff12\uff17.0.0.1",
            "127\u30020\u30020\u30021",
            "\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3",
        )
    ]
    foreign += [
        f"http://{host}:{port}/"
        for host in (
            "169.254.169.254",
            "10.0.0.1",
            "192.168.0.1",
            "100.64.0.1",
            "224.0.0.1",
            "127.66.6.6",
            "localhost.",
        )
    ]
    foreign += [
        f"{scheme}://127.0.0.1:{port}/"
        for scheme in ("gopher", "ftp", "dict", "ws", "ldap", "jar:http", "httpx")
    ]
    foreign += [
        f"//127.0.0.1:{port}/",
        f"127.0.0.1:{port}/",
        f"http:127.0.0.1:{port}/",
        f"http:///127.0.0.1:{port}/",
    ]
    foreign += [f"http://127.0.0.1:{port}\\@example.org/", f"http://example.org\\@127.0.0.1:{port}/"]
    foreign += [f"http://127.0.0.1:{port}#@example.org/", f"http://127.0.0.1:{port}?@example.org/"]
    foreign += [
        f"http://127.0.0.1%00.example.org:{port}/",
        f"http://127%2e0%2e0%2e1:{port}/",
        f"http://127.0.0.1\t:{port}/",
    ]
    foreign += [
        f"http://127.0.0.1:{port}/\r\nHost: example.org",
        f"view-source:http://127.0.0.1:{port}/",
        "data:,x",
    ]
    return direct, foreign


def careless_fetch(url: str, secret: str) -> bool:
    """Whether a client that trusts the URL gets at the secret."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    stripped = re.sub(r"//[^/@]*@", "//", url)
    try:
        with opener.open(stripped, timeout=3) as reply:
            return secret in reply.read().decode(errors="replace")
    except (OSError, ValueError):
        return False


def judge_fetches(hits: Hits, answers: dict[str, str]) -> None:
    """No connection, and no secret."""
    leaks = [url for url, answer in answers.items() if hits.secret in answer]
    assert not leaks, f"fetched: {leaks}"
    assert hits.count == 0, f"{hits.count} connections to loopback"


@check("INP-01")
def test_urls_do_not_lead_back(gateway: Gateway, session: Session) -> None:
    with canary_servers() as (hits, port):
        file = gateway.home.top / "page.txt"
        file.write_text(hits.secret)
        direct, foreign = urls(port, file)
        every = [*direct, *foreign]
        assert len(set(every)) >= 40
        answers = {}
        for url in every:
            answer = use(session, "web_fetch", url=url)
            assert not answer.ok, f"{url} is fetched"
            assert answer.code == "INVALID_REQUEST", f"{url}: {answer.code}: tried, and only then given up"
            answers[url] = json.dumps(answer.frame)
        judge_fetches(hits, answers)
        for url in direct[::4]:
            body = {"tool": "web_fetch", "args": {"url": url}}
            text = gateway.http("POST", "/tools/invoke", bearer=gateway.token, body=body).text
            text += "".join(
                gateway.inbound("x", PEER, f"/tool web_fetch {json.dumps({'url': url})}")["replies"]
            )
            judge_fetches(hits, {url: text})
        useless = [url for url in direct if not careless_fetch(url, hits.secret)]
        assert not useless, f"these would not lead a careless client here: {useless}"
        with caught():
            judge_fetches(hits, answers)
        hits.count = 0
        with caught():
            judge_fetches(hits, {"weak": hits.secret})
    assert session.ask("health").ok


# INP-02

PUBLIC = "93.184.216.34"
PORT = 8080
BODY_CAP = 100_000


@dataclass
class World:
    """A gateway in an Internet of its own."""

    gateway: Gateway
    events_file: Path
    prefix: list[str]

    def events(self, server: str) -> list[dict[str, Any]]:
        lines = self.events_file.read_text().splitlines() if self.events_file.exists() else []
        return [event for event in map(json.loads, lines) if event["server"] == server]

    def canary_hits(self) -> int:
        return len(self.events("canary"))

    def fetch(self, session: Session, path: str) -> Any:
        """Fetch `name/rest`, at the port of this world."""
        name, _, rest = path.partition("/")
        return use(session, "web_fetch", url=f"http://{name}:{PORT}/{rest}")


@pytest.fixture(scope="module")
def world(codebase: Codebase) -> Iterator[World]:
    needs("netns")
    with contextlib.ExitStack() as stack:
        network = stack.enter_context(netns.network(f"{PUBLIC}/32"))
        top = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="world-")))
        top.chmod(0o755)
        resolver = top / "resolv.conf"
        resolver.write_text("nameserver 127.0.0.1\noptions timeout:2 attempts:1\n")
        resolver.chmod(0o644)
        mount = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
        prefix = [*network.prefix, "unshare", "-m", "sh", "-c", mount, str(resolver)]
        server = subprocess.Popen(
            [
                *prefix,
                sys.executable,
                str(Path(__file__).with_name("world.py")),
                str(top / "events"),
                PUBLIC,
                str(PORT),
            ],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        stack.callback(end, server)
        assert server.stdout is not None
        if server.stdout.readline() != "ready\n":
            pytest.skip("needs a mount namespace in which /etc/resolv.conf can be replaced")
        config = {"tools": {"web": {"timeoutMs": 5000, "maxBytes": BODY_CAP}}}
        running = stack.enter_context(gateways.boot(codebase.root, config, prefix=prefix))
        running.dial = network.dial
        yield World(running, top / "events", prefix)


def end(server: subprocess.Popen[str]) -> None:
    os.killpg(server.pid, signal.SIGKILL)
    server.wait()
    if server.stdout is not None:
        server.stdout.close()


CARELESS = """
import sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
for url in sys.argv[1:]:
    try:
        opener.open(url, timeout=3).read()
    except OSError as error:
        print(url, error)
"""


@check("INP-02")
def test_pages_of_the_internet_are_fetched_from_the_vetted_address(world: World) -> None:
    with world.gateway.login() as session:
        page = world.fetch(session, "good.test/hello?a=b%20c").payload["result"]
        assert (page["status"], page["body"], page["truncated"]) == (200, "a public page", False)
        seen = world.events("public")[-1]
        assert seen["host"] == f"good.test:{PORT}", f"Host is {seen['host']}"
        assert seen["path"] == "/hello?a=b%20c"
        moved = world.fetch(session, f"good.test/to?u=http://{PUBLIC}:{PORT}/moved").payload["result"]
        assert (moved["status"], moved["url"]) == (200, f"http://{PUBLIC}:{PORT}/moved")


@check("INP-02")
def test_names_that_lead_back_are_refused(world: World) -> None:
    before = world.canary_hits()
    with world.gateway.login() as session:
        for number in range(6):
            page = world.fetch(session, f"rebind{number}.test/")
            if page.ok:
                assert page.payload["result"]["body"] == "a public page"
            asked = [event for event in world.events("dns") if event["name"] == f"rebind{number}.test"]
            assert asked, "the name was not looked up: the probe sees nothing"
            assert not world.fetch(session, f"rebind{number}.test/").ok, "fetched what is on loopback now"
        for name in (
            "both.test",
            "both-reversed.test",
            "inner.test",
            "six.test",
            "mapped.test",
            "private.test",
        ):
            answer = world.fetch(session, f"{name}/")
            assert (answer.ok, answer.code) == (False, "INVALID_REQUEST"), f"{name}: {answer.frame}"
    assert world.canary_hits() == before, "the canary was visited"
    weak = [
        f"http://{name}:{PORT}/" for name in ("rebind0.test", "inner.test", "both-reversed.test", "six.test")
    ]
    done = subprocess.run(
        [*world.prefix, sys.executable, "-c", CARELESS, *weak],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert world.canary_hits() > before, f"a careless client does not get there either: {done.stdout}"


@check("INP-02")
def test_redirects_are_vetted_and_few(world: World) -> None:
    before = world.canary_hits()
    with world.gateway.login() as session:
        for target in (
            f"http://127.0.0.1:{PORT}/",
            f"//127.0.0.1:{PORT}/",
            f"http://2130706433:{PORT}/",
            f"http://[::1]:{PORT}/",
            f"http://inner.test:{PORT}/",
            f"http://{PUBLIC}:{PORT}/to?u=http%3A%2F%2F127.0.0.1%3A{PORT}%2F",
            "file:///etc/hostname",
            "gopher://127.0.0.1/",
        ):
            answer = world.fetch(session, f"good.test/to?u={quote(target, safe='')}")
            assert (answer.ok, answer.code) == (False, "INVALID_REQUEST"), f"{target}: {answer.frame}"
        assert world.fetch(session, "good.test/chain/3").ok, "three redirects are not followed"
        start = len(world.events("public"))
        assert not world.fetch(session, "good.test/chain/4").ok, "four redirects are followed"
        assert len(world.events("public")) - start <= 4
    assert world.canary_hits() == before, "the canary was visited"
    url = f"http://good.test:{PORT}/to?u=http://127.0.0.1:{PORT}/"
    subprocess.run([*world.prefix, sys.executable, "-c", CARELESS, url], check=True, timeout=30)
    assert world.canary_hits() > before, "a careless client does not get there either"


@check("INP-02")
def test_bodies_are_capped(world: World) -> None:
    with world.gateway.login() as session:
        page = world.fetch(session, "good.test/big").payload["result"]
        assert (len(page["body"]), page["truncated"]) == (BODY_CAP, True)
        before = proc.rss_bytes(world.gateway.pid)
        bomb = world.fetch(session, "good.test/bomb")
        grown = proc.rss_bytes(world.gateway.pid) - before
        assert grown < 20 << 20, f"{grown >> 20} MiB more after a compressed bomb"
        assert not bomb.ok or len(bomb.payload["result"]["body"]) <= BODY_CAP


# INP-03

ESC, CSI, NEL = "\x1b", "\x9b", "\x85"
BIDI = "\u202e\u2066\u2069\u200f\u061c"
HOSTILE_MARKUP = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example></sCrIpT>",
    "</p><script>alert(1)</script><p>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><animate onbegin=alert(1) attributeName=x>",
    "<svg><script>alert(1)</script></svg>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href='JaVa\tScript:alert(1)'>x</a>",
    "<body onload=alert(1)>",
    "<style>@import 'http://evil.example/'</style>",
    "<link rel=stylesheet href=http://evil.example/>",
    "<meta http-equiv=refresh content='0;url=http://evil.example/'>",
    "<base href=http://evil.example/>",
    "<form action=http://evil.example/><input autofocus onfocus=alert(1)>",
    "<object data=data:text/html,x></object>",
    "<math><mtext><table><mglyph><style><img src onerror=alert(1)>",
    "--><img src=x onerror=alert(1)><!--",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "{title} {body} {0}",
]
HARMLESS = frozenset({"html", "head", "meta", "title", "body", "h1", "p", "b", "a", "br", "pre"})
ACTIVE_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class Markup(html.parser.HTMLParser):
    """What a browser would make of a page: tags, attributes, and the text between them."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def judge_page(body: str) -> None:
    """Nothing in the page runs, loads or leads elsewhere."""
    page = Markup(body)
    for tag, attributes in page.tags:
        assert tag in HARMLESS, f"<{tag}> is in the page"
        for name, value in attributes.items():
            assert not name.startswith("on"), f"{name} is in the page"
            assert name != "http-equiv", "the page refreshes"
            assert name not in {"href", "src"} or (value or "").startswith("/"), f"{name}={value}"
    assert not ACTIVE_TEXT.search(body), "control or direction marks are in the page"


def policy_of(headers: dict[str, str]) -> dict[str, list[str]]:
    parts = [part.split() for part in headers.get("content-security-policy", "").split(";") if part.strip()]
    return {part[0].lower(): part[1:] for part in parts}


def judge_headers(headers: dict[str, str]) -> None:
    policy = policy_of(headers)
    for directive in ("default-src", "frame-ancestors", "base-uri", "form-action"):
        assert policy.get(directive) == ["'none'"], f"{directive} is {policy.get(directive)}"
    assert "script-src" not in policy or policy["script-src"] == ["'none'"]
    assert headers.get("x-content-type-options") == "nosniff"


@check("INP-03")
def test_transcripts_carry_no_active_markup(gateway: Gateway) -> None:
    marker = canary()
    deliveries = [
        gateway.inbound("x", PEER, text)
        for text in [marker, *HOSTILE_MARKUP, f"{ESC}[31m{CSI}2J{BIDI}\r\n{NEL}"]
    ]
    key = deliveries[0]["sessionKey"]
    page = gateway.http("GET", f"/chat/{quote(key)}", bearer=gateway.token)
    assert page.status == 200
    assert marker in page.text, "the page does not show the transcript"
    judge_page(page.text)
    judge_headers(page.headers)
    shown = Markup(page.text).text
    lost = [text for text in HOSTILE_MARKUP if text.replace("\t", " ") not in shown.replace("\t", " ")]
    assert not lost, f"not shown as it was written: {lost}"
    title = quote(f"<script>{marker}</script>{ESC}{BIDI}", safe="")
    hostile = gateway.http("GET", f"/chat/{title}", bearer=gateway.token)
    judge_page(hostile.text)
    for path in ("/", f"/{title}", f"/chat/{title}?<script>"):
        judge_headers(gateway.http("GET", path, bearer=gateway.token).headers)
    for text in [*HOSTILE_MARKUP[:-2], f"{ESC}[31m", BIDI]:
        with caught():
            judge_page(f"<!doctype html><p>{text}</p>")
    with caught():
        judge_headers({"content-security-policy": "default-src *", "x-content-type-options": "nosniff"})


HOSTILE_LINES = {
    "newline": 'a\n{"level":"info","message":"forged"}',
    "return": "a\rforged",
    "crlf": "a\r\nforged: 1",
    "ansi": f"{ESC}[2J{ESC}]0;title\x07",
    "c1": f"a{CSI}31m{NEL}b",
    "separators": "a\u2028b\u2029c\x0b\x0c\x1c\x1d\x1e",
    "bidi": f"a{BIDI}b",
    "nul": "a\0b",
    "quote": '"}\n{"x":"',
}


def judge_lines(text: str, marker: str, events: int) -> None:
    """As many records as events, one a line for every reader, and nothing that acts."""
    lines = [line for line in text.split("\n") if marker in line]
    assert len(lines) == events, f"{len(lines)} records for {events} events"
    for line in lines:
        assert len(line.splitlines()) == 1, f"a reader sees more than one line in {line!r}"
        assert not ACTIVE_TEXT.search(line), f"not inert: {line!r}"
    with_parts = [
        line
        for line in text.splitlines()
        if line.startswith(("forged", '{"level":"info","message":"forged"'))
    ]
    assert not with_parts, f"forged lines: {with_parts}"


@check("INP-03")
def test_one_event_is_one_record(gateway: Gateway, session: Session) -> None:
    invoked, refused = canary(), canary()
    for text in HOSTILE_LINES.values():
        key = f"{invoked}{text}"
        session.ask("tools.invoke", {"tool": "read", "args": {"path": "none"}, "sessionKey": key})
    for text in HOSTILE_LINES.values():
        with gateway.open() as one:
            params = connect_params(one.challenge(), device=None, auth=gateway.auth)
            assert not one.ask("connect", params | {f"{refused}{text}": 1}).ok
            one.wait_closed()
    with gateway.login() as last:
        assert last.ask("health").ok
    log = gateway.home.log_text()
    judge_lines(log, invoked, len(HOSTILE_LINES))
    judge_lines(log, refused, len(HOSTILE_LINES))
    judge_lines(gateway.stderr.text(), refused, len(HOSTILE_LINES))
    for line in log.splitlines():
        assert isinstance(json.loads(line), dict), f"not a record: {line!r}"
    for file in sorted((gateway.state / "logs").glob("*.jsonl")):
        for line in file.read_text().split("\n"):
            assert not ACTIVE_TEXT.search(line), f"{file.name}: not inert: {line!r}"
    for text in HOSTILE_LINES.values():
        with caught():
            judge_lines(f"warn {refused}{text}\n", refused, 1 if text != HOSTILE_LINES["quote"] else 2)


@check("INP-03")
def test_terminals_are_not_commanded(gateway: Gateway) -> None:
    """What a peer wrote is shown to the operator as it was, and does nothing to his terminal."""
    text = f"{canary()}{ESC}[2J{ESC}]0;title\x07{CSI}1m{BIDI}\r\nforged{NEL}\u2028"
    key = gateway.inbound("x", PEER, text)["sessionKey"]

    def call(method: str, params: dict[str, Any]) -> gateways.Outcome:
        words = ("call", method, json.dumps(params), "--url", f"ws://{gateway.authority}")
        environment = {"GATEWAY_TOKEN": gateway.token or ""}
        return gateways.command(gateway.codebase, gateway.home, *words, env=environment)

    shown = call("chat.history", {"sessionKey": key, "limit": 10})
    assert shown.exit_code == 0, shown.stderr
    said = [message["text"] for message in json.loads(shown.stdout)["messages"]]
    assert text in said, "not shown as it was written"
    refused = call("tools.invoke", {"tool": text[:70]})
    assert (refused.exit_code, text[:32] in refused.stderr) == (1, True), refused.stderr
    for stream in (shown.stdout, refused.stderr):
        assert not ACTIVE_TEXT.search(stream), f"not inert: {stream!r}"
        assert not any(line.startswith("forged") for line in stream.splitlines())
    with caught():
        assert not ACTIVE_TEXT.search(json.dumps(text, ensure_ascii=False)), "the probe sees no marks"


DEEP = 100_000


def hostile_json(method: str) -> dict[str, str]:
    """Frames that are not JSON, or mean one thing to one parser and another to the next."""
    head = f'{{"type":"req","id":"1","method":"{method}"'
    return {
        "NaN": f'{head},"params":{{"limit":NaN}}}}',
        "Infinity": f'{head},"params":{{"limit":-Infinity}}}}',
        "overflow": f'{head},"params":{{"limit":1e999}}}}',
        "duplicate method": f'{head},"method":"health"}}',
        "duplicate id": f'{head},"id":"2","params":{{}}}}',
        "duplicate param": f'{head},"params":{{"limit":1,"limit":2}}}}',
        "escaped duplicate": f'{head},"params":{{"limit":1,"\\u006cimit":2}}}}',
        "deep lists": f'{head},"params":{"[" * DEEP}{"]" * DEEP}}}',
        "deeper than needed": f'{head},"params":' + "[" * 500 + "]" * 500 + "}",
        "open brackets": "[" * DEEP,
        "open objects": '{"a":' * (DEEP // 2),
        "digits": f'{head},"params":{{"limit":{"9" * 100_000}}}}}',
        "trailing": f"{head}}}}}",
        "single quotes": "{'type':'req'}",
    }


@check("INP-03")
def test_json_with_two_meanings_is_an_error(gateway: Gateway, session: Session) -> None:
    for name, text in hostile_json("sessions.list").items():
        session.send_bytes(encode_frame(TEXT, text.encode()))
        answer = next_response(session)
        assert not answer["ok"], f"{name} is taken for a request: {answer}"
        assert answer["error"]["code"] == "INVALID_REQUEST", f"{name}: {answer}"
        assert session.ask("health").ok, f"{name} ended the session"
    for name, text in {
        "NaN": '{"tool":"read","args":{"path":NaN}}',
        "duplicate": '{"tool":"exec","args":{"path":"none"},"tool":"read"}',
        "deep": '{"tool":"read","args":' + "[" * DEEP + "]" * DEEP + "}",
        "utf-16": json.dumps({"tool": "read", "args": {"path": "none"}}),
    }.items():
        body = text.encode("utf-16") if name == "utf-16" else text.encode()
        reply = gateway.http("POST", "/tools/invoke", bearer=gateway.token, body=body)
        assert reply.status == 400, f"{name}: HTTP {reply.status}"
        assert "JSON" in reply.text, f"{name} is refused for another reason: {reply.text}"
        if name != "utf-16":
            said = gateway.inbound("x", PEER, f"/tool read {text}")["replies"]
            assert "tool error" in said[0], f"{name}: {said}"
            assert "JSON" in said[0], f"{name}: {said}"
    base = session.call("config.get")["hash"]
    patch = {"raw": '{"logging": {"level": "debug", "level": "info"}}', "baseHash": base}
    assert session.ask("config.patch", patch).code == "INVALID_REQUEST", (
        "a patch with two meanings is applied"
    )
    assert session.ask("config.patch", patch | {"raw": '{"logging": {"level": "debug"}}'}).ok
    assert proc.exists(gateway.pid)
    assert session.ask("sessions.list", {"limit": 1}).ok, "a plain request is refused"


def next_response(session: Session) -> dict[str, Any]:
    """The next response, whatever it names: a frame that is not understood has no id."""
    for message in session.messages():
        if message.get("type") == "res":
            return message
    raise AssertionError("no answer")
