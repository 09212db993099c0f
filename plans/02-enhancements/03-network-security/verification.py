"""TLS seen from outside: what a gateway serves beyond loopback, whom its client believes, and client certificates."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import hashlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import pytest
from _probes import gateways, tls, wire
from _probes.devices import Device
from _probes.gateways import Gateway
from _probes.host import needs

from tracker.api import Codebase, check

UNUSABLE = "203.0.113.7"
"""Of TEST-NET-3 (RFC 5737): no machine has it."""
WEAK_SUITES = (
    "AES128-SHA",
    "AES256-GCM-SHA384",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-RSA-AES256-SHA384",
    "AES128-SHA256",
)
MODERN_SUITE = "ECDHE-RSA-AES128-GCM-SHA256"
RELOAD_SECONDS = 5.0
TOKEN = gateways.random_secret()


# TLS-01


@check("TLS-01")
def test_nothing_but_modern_tls_beyond_loopback(codebase: Codebase, tmp_path: Path) -> None:
    needs("trustme")
    for name, settings in {
        "lan in clear": {"bind": "lan"},
        "every address in clear": {"bind": "custom", "customBindHost": "0.0.0.0"},
        "an address that is not there": {"bind": "custom", "customBindHost": UNUSABLE},
        "such an address, with TLS": {"bind": "custom", "customBindHost": UNUSABLE, "tls": {"enabled": True}},
        "no address": {"bind": "custom", "tls": {"enabled": True}},
    }.items():
        refuses_to_start(codebase, settings, name)
    with gateways.boot(
        codebase.root, {"gateway": {"bind": "custom", "customBindHost": "127.0.0.1"}}
    ) as plain:
        assert upgraded(plain.dial(plain.host, plain.port, None)), "the probe cannot see a plain upgrade"
    with gateways.boot(codebase.root, {"gateway": {"bind": "lan", "tls": {"enabled": True}}}) as gateway:
        assert not upgraded(gateway.dial(gateway.host, gateway.port, None)), "plain ws:// was served"
        speaks(gateway, tls13=True, tls12=False)
        gateway.login().close()


@check("TLS-01")
def test_tls_1_2_has_modern_suites_only(codebase: Codebase, tmp_path: Path) -> None:
    needs("trustme")
    import trustme

    cert, key = tls.issue(tmp_path / "rsa", "127.0.0.1", key_type=trustme.KeyType.RSA)
    settings = {"enabled": True, "minVersion": "1.2", "certPath": str(cert), "keyPath": str(key)}
    with permissive(cert, key) as port:
        heard = {suite for suite in WEAK_SUITES if suite_spoken(port, suite)}
        assert heard == set(WEAK_SUITES), "the probe does not speak the weak suites itself"
    with gateways.boot(codebase.root, {"gateway": {"bind": "lan", "tls": settings}}) as gateway:
        assert suite_spoken(gateway.port, MODERN_SUITE), "TLS 1.2 is allowed and not spoken"
        weak = [suite for suite in WEAK_SUITES if suite_spoken(gateway.port, suite)]
        assert not weak, f"weak suites: {', '.join(weak)}"
        assert tls.handshake(gateway.dial(gateway.host, gateway.port, None), tls.TLSv1_1) is None


@check("TLS-01")
def test_bad_certificates_are_refused(codebase: Codebase, tmp_path: Path) -> None:
    needs("trustme")
    day, now = timedelta(days=1), datetime.now(UTC)
    good, key = tls.issue(tmp_path / "good", "127.0.0.1")
    other = tls.issue(tmp_path / "other", "127.0.0.1")[1]
    past = tls.issue(tmp_path / "past", "127.0.0.1", not_before=now - 9 * day, not_after=now - day)
    future = tls.issue(tmp_path / "future", "127.0.0.1", not_before=now + day, not_after=now + 9 * day)
    for name, pair in {"a foreign key": (good, other), "expired": past, "not yet valid": future}.items():
        refuses_to_start(codebase, {"bind": "lan", "tls": served_with(*pair)}, name)
    with gateways.boot(codebase.root, {"gateway": {"tls": served_with(good, key)}}) as gateway:
        speaks(gateway, tls13=True, tls12=False)


def served_with(cert: Path, key: Path, **more: Any) -> dict[str, Any]:
    return {"enabled": True, "certPath": str(cert), "keyPath": str(key), **more}


def refuses_to_start(codebase: Codebase, settings: dict[str, Any], name: str) -> None:
    with gateways.new_home({"gateway": settings}) as home:
        start = gateways.try_start(codebase.root, home, token=TOKEN)
    assert not start.served, f"{name}: was served"
    assert start.exit_code == 1, f"{name}: exit {start.exit_code}: {start.stderr}"
    assert "gateway: " in start.stderr, f"{name}: no reason was given"


def upgraded(plain: socket.socket) -> bool:
    """Whether a WebSocket upgrade in clear is answered with 101."""
    with plain:
        plain.settimeout(3)
        plain.sendall(wire.upgrade_request("127.0.0.1"))
        with contextlib.suppress(OSError):
            return plain.recv(64).startswith(b"HTTP/1.1 101")
        return False


def speaks(gateway: Gateway, *, tls13: bool, tls12: bool) -> None:
    for version, wanted in ((ssl.TLSVersion.TLSv1_3, tls13), (ssl.TLSVersion.TLSv1_2, tls12)):
        spoken = tls.handshake(gateway.dial(gateway.host, gateway.port, None), version)
        assert (spoken is not None) is wanted, f"{version.name}: {spoken}"


def suite_spoken(port: int, suite: str) -> bool:
    """Whether a server takes this suite of TLS 1.2, offered alone."""
    context = tls.trusting_anyone(ssl.TLSVersion.TLSv1_2)
    context.set_ciphers(f"{suite}:@SECLEVEL=0")
    with socket.create_connection(("127.0.0.1", port), 5) as plain:
        try:
            with context.wrap_socket(plain):
                return True
        except (ssl.SSLError, ConnectionError):
            return False


@contextlib.contextmanager
def permissive(cert: Path, key: Path) -> Iterator[int]:
    """A server that takes every suite of TLS 1.2: its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    tls.allow_only(context, ssl.TLSVersion.TLSv1_2)
    with Recorder(context) as recorder:
        yield recorder.port


# TLS-02


@dataclass
class Recorder:
    """A server that keeps what clients tell it after the TLS handshake, and answers like a gateway at first."""

    context: ssl.SSLContext
    heard: bytearray = field(default_factory=bytearray)

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            plain.settimeout(5)
            with (
                contextlib.suppress(OSError, ValueError),
                self.context.wrap_socket(plain, server_side=True) as client,
            ):
                self._serve(client)

    def _serve(self, client: ssl.SSLSocket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            data = client.recv(65536)
            self.heard += data
            head += data
            if not data:
                return
        wanted = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key:"))
        given = wanted.split(b":")[1].strip() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(given, usedforsecurity=False).digest())
        client.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        challenge = {"type": "event", "event": "connect.challenge", "payload": {"nonce": "n", "ts": 1}}
        client.sendall(wire.encode_frame(wire.TEXT, json.dumps(challenge).encode(), mask=False))
        self.heard += wire.read_frame(wire.Buffered(client)).payload


def pin_of(cert: Path) -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = x509.load_pem_x509_certificate(cert.read_bytes()).public_key()
    info = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"sha256/{base64.b64encode(hashlib.sha256(info).digest()).decode()}"


def fingerprint_of(cert: Path) -> str:
    der = ssl.PEM_cert_to_DER_cert(cert.read_text().split("-----END")[0] + "-----END CERTIFICATE-----\n")
    return hashlib.sha256(der).hexdigest()


def told(codebase: Codebase, pair: tuple[Path, Path], **remote: Any) -> str:
    """What the gateway's client tells a server with this certificate, in words; "" for nothing at all."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    with Recorder(context) as server:
        settings = {"url": f"wss://127.0.0.1:{server.port}", "token": TOKEN, **remote}
        config = {"gateway": {"mode": "remote", "remote": settings}}
        with gateways.new_home(config) as home:
            done = gateways.command(codebase.root, home, "call", "health", "--timeout-ms", "3000")
        assert done.exit_code == 1, done.stdout
        assert "Traceback" not in done.stderr
        assert TOKEN not in done.stderr
        return bytes(server.heard).decode("latin-1")


@check("TLS-02")
def test_the_client_says_nothing_to_impostors(codebase: Codebase, tmp_path: Path) -> None:
    needs("trustme")
    import trustme

    day, now = timedelta(days=1), datetime.now(UTC)
    ours, foreign = trustme.CA(), trustme.CA()
    authority = tmp_path / "ca.pem"
    ours.cert_pem.write_to_path(str(authority))
    right = tls.issue(tmp_path / "right", "127.0.0.1", authority=ours)
    swapped = tls.issue(tmp_path / "swapped", "127.0.0.1", authority=ours)
    elsewhere = tls.issue(tmp_path / "elsewhere", "elsewhere.example", authority=ours)
    expired = tls.issue(
        tmp_path / "expired", "127.0.0.1", authority=ours, not_before=now - 9 * day, not_after=now - day
    )
    strange = tls.issue(tmp_path / "strange", "127.0.0.1", authority=foreign)
    pin, file = pin_of(right[0]), str(authority)

    assert told(codebase, right, tlsFingerprint="00" * 32) == "", "another fingerprint"
    for name, (pair, trust) in {
        "wrong pin": (right, {"pins": [pin_of(strange[0])]}),
        "wrong pin of a good authority": (right, {"pins": [pin_of(strange[0])], "caPath": file}),
        "right pin, wrong host": (elsewhere, {"pins": [pin_of(elsewhere[0])]}),
        "right pin, expired": (expired, {"pins": [pin_of(expired[0])]}),
        "foreign authority": (strange, {"caPath": file}),
        "right pin, foreign authority": (strange, {"pins": [pin_of(strange[0])], "caPath": file}),
        "swapped key": (swapped, {"pins": [pin], "caPath": file}),
        "nobody to vouch for it": (right, {}),
    }.items():
        assert told(codebase, pair, **trust) == "", name
    for trust in (
        {"pins": [pin_of(strange[0]), pin]},
        {"caPath": file},
        {"caPath": file, "pins": [pin]},
        {"tlsFingerprint": fingerprint_of(right[0])},
    ):
        assert TOKEN in told(codebase, right, **trust), f"the right server was not told: {trust}"


@check("TLS-02")
def test_the_pinned_gateway_is_served(codebase: Codebase) -> None:
    with gateways.boot(codebase.root, {"gateway": {"tls": {"enabled": True}}}) as gateway:
        cert = gateway.state / "gateway" / "tls" / "gateway-cert.pem"
        assert pin_of(cert) in gateway.home.log_text(), "the log does not have the pin"
        remote = {"url": f"wss://127.0.0.1:{gateway.port}", "token": gateway.token, "pins": [pin_of(cert)]}
        with gateways.new_home({"gateway": {"mode": "remote", "remote": remote}}) as home:
            done = gateways.command(codebase.root, home, "call", "health")
        assert done.exit_code == 0, done.stderr
        assert json.loads(done.stdout)["ok"] is True


# TLS-03


@dataclass
class World:
    """A gateway that asks for certificates, and who gives them."""

    gateway: Gateway
    authority: Any
    directory: Path
    served: Path

    def shown(self, name: str | None, authority: Any = None, **span: Any) -> Gateway:
        """The gateway as seen by a client with a certificate in this name."""
        context = tls.trusting_anyone()
        if name is not None:
            issued = (authority or self.authority).issue_cert(common_name=name, **span)
            issued.configure_cert(context)
        return dataclasses.replace(self.gateway, tls=context)


@pytest.fixture
def world(codebase: Codebase, tmp_path: Path) -> Iterator[World]:
    needs("trustme")
    import trustme

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    cert, key = tls.issue(tmp_path / "served", "127.0.0.1")
    roles = {"worker": "node", "reader": "operator.read", "chief": "operator.admin"}
    settings = served_with(cert, key, clientCaPath=str(tmp_path / "ca.pem"), clientRoles=roles)
    with gateways.boot(codebase.root, {"gateway": {"tls": settings}}) as gateway:
        yield World(gateway, authority, tmp_path, cert)


@check("TLS-03")
def test_a_certificate_is_good_for_its_role_only(world: World) -> None:
    import trustme

    day, now = timedelta(days=1), datetime.now(UTC)
    assert served(world.shown("chief")), "a good certificate was refused"
    for name, client in {
        "no certificate": world.shown(None),
        "foreign authority": world.shown("chief", trustme.CA()),
        "expired": world.shown("chief", not_before=now - 9 * day, not_after=now - day),
    }.items():
        assert not served(client), name

    with world.shown("chief").login() as chief:
        chief.call("config.get")
    with world.shown("reader").login(scopes=["operator.read"]) as reader:
        reader.call("status")
        assert not reader.ask("config.get").ok
    with world.shown("worker").login(role="node", scopes=[]) as node:
        assert node.hello["type"] == "hello-ok"
    for name, wanted in {
        "reader": {"scopes": ["operator.admin"]},
        "worker": {"scopes": ["operator.read"]},
        "chief": {"role": "node", "scopes": []},
        "stranger": {"scopes": ["operator.read"]},
    }.items():
        client = world.shown(name)
        session, answer = client.attempt(device=Device(), auth=client.auth, **wanted)
        with session:
            assert not answer.ok, f"{name} got {wanted}"
            assert session.close_code == 1008
    invoke = {"tool": "read", "args": {"path": "x"}}
    for name, expected in {"chief": False, "reader": True, "worker": True, "stranger": True}.items():
        reply = world.shown(name).http("POST", "/tools/invoke", bearer=world.gateway.token, body=invoke)
        assert (reply.status == 403) is expected, f"{name}: HTTP {reply.status}"


def served(client: Gateway) -> bool:
    """Whether an HTTP request gets through; with TLS 1.3 a refusal comes after the client's handshake."""
    try:
        return client.http("GET", "/health").status == 200
    except (ssl.SSLError, ConnectionError):
        return False


@check("TLS-03")
def test_a_new_certificate_is_served_and_old_connections_stay(world: World) -> None:
    chief = world.shown("chief")
    assert chief.tls is not None
    before = shown_by(chief)
    with chief.login() as session:
        fresh, _ = tls.issue(world.directory / "fresh", "127.0.0.1")
        expected = fingerprint_of(fresh)
        replace(world, world.directory / "fresh")
        assert expected != before
        assert eventually(lambda: shown_by(chief) == expected), "the new certificate is not served"
        session.call("status")

        (world.served.parent / "cert.pem").write_text("no certificate")
        time.sleep(2.5)
        assert shown_by(chief) == expected, "a broken file took the good certificate away"
        session.call("status")
        assert not served(world.shown(None)), "after the change no certificate is asked for"


@check("TLS-03")
def test_https_says_so(codebase: Codebase, world: World) -> None:
    chief = world.shown("chief")
    for path, status in (("/health", 200), ("/nothing", 404), ("/", 401)):
        reply = chief.http("GET", path)
        assert reply.status == status
        assert "max-age=" in reply.headers.get("strict-transport-security", ""), path
    with gateways.boot(codebase.root, {}) as plain:
        assert "strict-transport-security" not in plain.http("GET", "/health").headers


def shown_by(client: Gateway) -> str:
    with client.connect() as secured:
        assert isinstance(secured, ssl.SSLSocket)
        return hashlib.sha256(secured.getpeercert(binary_form=True) or b"").hexdigest()


def replace(world: World, source: Path) -> None:
    for name in ("key.pem", "cert.pem"):
        (source / name).replace(world.served.parent / name)


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + RELOAD_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
