"""Findings about who can reach the gateway, and over what."""

import ipaddress
import ssl
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.security.subject import CRITICAL, WARN, Check, Finding, Subject
from gateway.server.net import is_loopback

WIDEST_PREFIX = {4: 16, 6: 48}
SOON = timedelta(days=14)
LOOSEST = {
    "handshakeTimeoutMs": 60_000,
    "maxPayload": 16 << 20,
    "preauthMaxPayload": 1 << 20,
    "maxBufferedBytes": 64 << 20,
    "maxHeaderBytes": 256 << 10,
    "hookMaxBodyBytes": 16 << 20,
    "toolsMaxBodyBytes": 64 << 20,
}


def exposed(subject: Subject) -> bool:
    """Tell whether the configuration asks for an address beyond loopback."""
    bind = subject.config.text_at("gateway.bind")
    if bind == "custom":
        return not is_loopback(subject.config.text_at("gateway.customBindHost"))
    return bind in {"lan", "tailnet"}


def bind(subject: Subject) -> Iterator[Finding]:
    name = subject.config.text_at("gateway.bind")
    if exposed(subject) and not subject.auth.configured:
        yield Finding(
            "gateway.bind_no_auth",
            CRITICAL,
            "Gateway listens beyond loopback without auth",
            f"gateway.bind={name} and no shared secret",
            "set gateway.auth.token, or gateway.bind to loopback",
        )
    if exposed(subject) and not subject.config.flag_at("gateway.tls.enabled"):
        yield Finding(
            "gateway.bind_no_tls",
            CRITICAL,
            "Gateway speaks in clear beyond loopback",
            f"gateway.bind={name} and gateway.tls.enabled is false",
            "set gateway.tls.enabled to true, or gateway.bind to loopback",
        )
    host = subject.config.text_at("gateway.customBindHost")
    if name == "custom" and not _is_address(host):
        yield Finding(
            "gateway.custom_bind_unusable",
            CRITICAL,
            "The address to listen on is none",
            f"gateway.customBindHost is {host!r}",
            "set it to an address of this machine",
        )


def _is_address(host: str) -> bool:
    with suppress(ValueError):
        return bool(ipaddress.ip_address(host))
    return False


def trusted_proxies(subject: Subject) -> Iterator[Finding]:
    for proxy in subject.texts("gateway.trustedProxies"):
        try:
            network = ipaddress.ip_network(proxy.strip(), strict=False)
        except ValueError:
            wide = True
        else:
            wide = network.prefixlen < WIDEST_PREFIX[network.version]
        if wide:
            yield Finding(
                "gateway.trusted_proxies_wide",
                CRITICAL,
                "Too many machines may say who the client is",
                f"gateway.trustedProxies has {proxy[:60]!r}",
                "list the address of each proxy",
            )


def origins(subject: Subject) -> Iterator[Finding]:
    for key in ("gateway.allowedHosts", "gateway.controlUi.allowedOrigins"):
        for entry in subject.texts(key):
            if "*" in entry or entry == "null":
                yield Finding(
                    "gateway.origin_wildcard",
                    CRITICAL,
                    "Pages of any site may use the gateway",
                    f"{key} has {entry[:60]!r}",
                    "list each name in full",
                )


def certificate(subject: Subject) -> Iterator[Finding]:
    if not subject.config.flag_at("gateway.tls.enabled"):
        return
    from cryptography import x509

    given = subject.config.text_at("gateway.tls.certPath")
    path = Path(given) if given else subject.paths.tls / "gateway-cert.pem"
    key = Path(subject.config.text_at("gateway.tls.keyPath") or subject.paths.tls / "gateway-key.pem")
    if not (path.exists() and key.exists()):
        return
    try:
        until = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path, key)
    except (ValueError, OSError) as error:
        yield _certificate("unusable", CRITICAL, f"{path} and {key}: {error}")
        return
    left = until - datetime.now(UTC)
    if left < timedelta(0):
        yield _certificate("expired", CRITICAL, f"{path} was valid until {until:%Y-%m-%d}")
    elif left < SOON:
        yield _certificate("expires_soon", WARN, f"{path} is valid until {until:%Y-%m-%d}")


def _certificate(name: str, severity: str, detail: str) -> Finding:
    title = "The certificate cannot do its work"
    remedy = "replace certificate and key, or remove both to have them made"
    return Finding(f"gateway.tls.{name}", severity, title, detail, remedy)


def remote(subject: Subject) -> Iterator[Finding]:
    url = subject.at("gateway.remote.url")
    if isinstance(url, str) and url.startswith("ws://") and not is_loopback(url[5:].strip("[")):
        yield Finding(
            "gateway.remote_in_clear",
            CRITICAL,
            "The client tells its secret in clear",
            "gateway.remote.url is a ws:// address of another machine",
            "use wss://, with gateway.remote.tlsFingerprint",
        )


def limits(subject: Subject) -> Iterator[Finding]:
    for name, most in LOOSEST.items():
        value = subject.config.limit(name)
        if value > most:
            yield Finding(
                "gateway.limits_loose",
                WARN,
                "A limit is so loose that it holds nothing back",
                f"gateway.limits.{name} is {value}, more than {most}",
                f"remove gateway.limits.{name}",
            )


CHECKS: list[Check] = [bind, trusted_proxies, origins, certificate, remote, limits]
