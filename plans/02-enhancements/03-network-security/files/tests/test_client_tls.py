"""TLS-01 and TLS-02: what is served beyond loopback, and whom the gateway's own client believes."""

import secrets
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from gateway.client_tls import Trust, open_socket
from gateway.errors import CallFailed
from gateway.server.certificates import pin_of
from gateway.tests.support import Booted, command, write_config

TOKEN = secrets.token_hex(32)
UNUSABLE = "203.0.113.7"


@pytest.mark.parametrize(
    ("gateway", "said"),
    [
        ({"bind": "lan"}, "without TLS"),
        ({"bind": "custom", "customBindHost": UNUSABLE, "tls": {"enabled": True}}, UNUSABLE),
        ({"bind": "custom", "customBindHost": "localhost", "tls": {"enabled": True}}, "localhost"),
    ],
)
def test_tls_01_unsafe_binds_are_refused(tmp_path: Path, gateway: dict[str, object], said: str) -> None:
    """TLS-01: no plain text beyond loopback, and no other address than the one that was asked for."""
    write_config(tmp_path, {"gateway": gateway})
    done = command(tmp_path, "run", "--port", "0", GATEWAY_TOKEN=TOKEN)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr


@pytest.mark.parametrize(("lowest", "spoken"), [("1.3", False), ("1.2", True)])
def test_tls_01_tls_1_2_is_spoken_only_on_demand(
    start: Callable[..., Booted], lowest: str, *, spoken: bool
) -> None:
    """TLS-01: TLS 1.3 unless the configuration allows 1.2."""
    gateway = start({"gateway": {"tls": {"enabled": True, "minVersion": lowest}}})
    context = ssl.create_default_context(cafile=str(gateway.state / "gateway/tls/gateway-cert.pem"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(("127.0.0.1", gateway.port)) as plain:
        if spoken:
            with context.wrap_socket(plain, server_hostname="localhost") as secured:
                assert secured.version() == "TLSv1.2"
        else:
            with pytest.raises(ssl.SSLError, match=r"(?i)version|alert|eof"):
                context.wrap_socket(plain, server_hostname="localhost")


def test_tls_02_the_client_believes_the_pin_and_nobody_else(
    start: Callable[..., Booted], tmp_path: Path
) -> None:
    """TLS-02: with the right pin the certificate is good, with another one or without any it is not."""
    gateway = start({"gateway": {"tls": {"enabled": True}}})
    pem = (gateway.state / "gateway/tls/gateway-cert.pem").read_text()
    pin, other = pin_of(ssl.PEM_cert_to_DER_cert(pem)), f"sha256/{'A' * 43}="
    url = f"wss://127.0.0.1:{gateway.port}"
    open_socket(url, Trust(pins=(other, pin)), 5).close()
    foreign = tmp_path / "foreign.pem"
    trustme.CA().cert_pem.write_to_path(foreign)
    for trust in (Trust(pins=(other,)), Trust(), Trust(pins=(pin,), authority=str(foreign))):
        with pytest.raises(CallFailed):
            open_socket(url, trust, 5)


def test_tls_02_the_gateway_of_this_machine_needs_no_pin(start: Callable[..., Booted]) -> None:
    """TLS-02: the certificate on disk says who it is."""
    gateway = start({"gateway": {"tls": {"enabled": True}}})
    done = command(gateway.home, "call", "health", "--url", gateway.url, GATEWAY_TOKEN=gateway.token or "")
    assert done.returncode == 0, done.stderr


def test_tls_02_secrets_do_not_travel_in_clear() -> None:
    """TLS-02: ws:// to another machine is refused before a connection is made."""
    with pytest.raises(CallFailed, match="in clear"):
        open_socket(f"ws://{UNUSABLE}:1", Trust(), 1)
