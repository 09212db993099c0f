"""The client's side of TLS: nothing is said to a server before it is known to be the right one."""

import hashlib
import select
import socket
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gateway.config.config import Config
from gateway.errors import CallFailed
from gateway.paths import Paths
from gateway.server.certificates import Pair, pin_of
from gateway.server.net import is_local_host_header

HOW_TO_TRUST = "see gateway.remote.pins and gateway.remote.caPath"
READ_SIZE = 65_536
DEFAULT_PORTS = {"ws": 80, "wss": 443}


@dataclass(frozen=True)
class Trust:
    """Whom the client takes for the gateway.

    `pins` are hashes of public keys (sha256/…), `fingerprint` the hash of one certificate; `authority` is a
    file of certificates instead of the system's; `own` is the certificate of the gateway of this machine;
    `shown` is the certificate of the client itself, for gateways that ask for one.
    """

    pins: tuple[str, ...] = ()
    fingerprint: str = ""
    authority: str = ""
    own: Path | None = None
    shown: tuple[str, str] | None = None

    @classmethod
    def configured(cls, config: Config, paths: Paths, url: str) -> "Trust":
        remote = config.get("gateway.remote")
        shown = (remote["certPath"], remote["keyPath"]) if remote["certPath"] else None
        if config.text_at("gateway.mode") == "remote":
            fingerprint = (remote["tlsFingerprint"] or "").replace(":", "").lower()
            return cls(tuple(remote["pins"]), fingerprint, remote["caPath"] or "", shown=shown)
        here = config.flag_at("gateway.tls.enabled") and is_local_host_header(urlsplit(url).netloc)
        return cls(own=Pair.configured(config, paths).certificate if here else None, shown=shown)

    @property
    def pinned(self) -> bool:
        return bool(self.pins or self.fingerprint)


class OneAtATime(ssl.SSLSocket):
    """A TLS socket that one thread may read while another writes: OpenSSL allows only one of them at a time."""

    def recv(self, size: int = READ_SIZE, flags: int = 0) -> bytes:
        while True:
            with self._turn:
                self.settimeout(0)
                try:
                    return super().recv(size, flags)
                except ssl.SSLWantReadError:
                    pass
            select.select([self], [], [])

    def sendall(self, data: Any, flags: int = 0) -> None:
        with self._turn:
            self.settimeout(self.seconds)
            super().sendall(data, flags)

    def take_turns(self, seconds: float) -> None:
        """From now on the threads take turns; a write may last this long."""
        self.seconds = seconds
        self._turn = threading.Lock()


def open_socket(url: str, trust: Trust, seconds: float) -> socket.socket:
    """Connect to ws:// or wss://; the socket of wss:// belongs to a server that was verified.

    Raises CallFailed when it is not the gateway, or a secret would travel in clear; OSError when it cannot be reached.
    """
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port or DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        host = port = None
    if not host or not port:
        raise CallFailed(f"{url!r} is not a ws:// or wss:// URL", hint="see --url")
    if parts.scheme == "wss":
        return _secured(host, port, trust, seconds)
    if not is_local_host_header(parts.netloc.rpartition("@")[2]):
        raise CallFailed(
            f"{url} would carry secrets in clear", hint=f"use wss:// beyond this machine; {HOW_TO_TRUST}"
        )
    return socket.create_connection((host, port), seconds)


def _secured(host: str, port: int, trust: Trust, seconds: float) -> socket.socket:
    try:
        context = _context(host, port, trust, seconds)
        context.sslsocket_class = OneAtATime
        secured = _handshake(context, host, port, seconds)
    except ssl.SSLCertVerificationError as error:
        raise CallFailed(
            f"the certificate of {host}:{port} is not good: {error.verify_message}", hint=HOW_TO_TRUST
        ) from None
    except ssl.SSLError as error:
        raise CallFailed(f"no TLS with {host}:{port}: {error.reason or error}") from None
    try:
        _compare(secured.getpeercert(binary_form=True) or b"", trust, f"{host}:{port}")
    except CallFailed:
        secured.close()
        raise
    if isinstance(secured, OneAtATime):
        secured.take_turns(seconds)
    return secured


def _context(host: str, port: int, trust: Trust, seconds: float) -> ssl.SSLContext:
    """Return the context that verifies the server: chain, time and name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if trust.shown is not None:
        context.load_cert_chain(*trust.shown)
    if trust.own is not None:
        # The file says who it is; names in it are for others.
        context.check_hostname = False
        _trust_alone(context, trust.own.read_text(encoding="ascii"))
    elif trust.authority:
        context.load_verify_locations(trust.authority)
    elif trust.pinned:
        # With a pin, the certificate vouches for itself; its time and name are still looked at.
        certificate = _look(host, port, seconds, trust)
        _compare(certificate, trust, f"{host}:{port}")
        _trust_alone(context, ssl.DER_cert_to_PEM_cert(certificate))
    else:
        context.load_default_certs()
    return context


def _trust_alone(context: ssl.SSLContext, certificates: str) -> None:
    context.load_verify_locations(cadata=certificates)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN


def _look(host: str, port: int, seconds: float, trust: Trust) -> bytes:
    """Return the certificate that a server shows, on a connection that says nothing else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if trust.shown is not None:
        context.load_cert_chain(*trust.shown)
    with _handshake(context, host, port, seconds) as secured:
        return secured.getpeercert(binary_form=True) or b""


def _handshake(context: ssl.SSLContext, host: str, port: int, seconds: float) -> ssl.SSLSocket:
    plain = socket.create_connection((host, port), seconds)
    try:
        return context.wrap_socket(plain, server_hostname=host)
    except OSError:
        plain.close()
        raise


def _compare(certificate: bytes, trust: Trust, name: str) -> None:
    if trust.fingerprint and hashlib.sha256(certificate).hexdigest() != trust.fingerprint:
        raise CallFailed(
            f"{name} shows another certificate than gateway.remote.tlsFingerprint; nothing was sent",
            hint=f"its pin is {pin_of(certificate)}: ask the gateway's operator whether that is right",
        )
    if trust.pins and pin_of(certificate) not in trust.pins:
        raise CallFailed(
            f"{name} has another key than gateway.remote.pins say; nothing was sent",
            hint=f"its pin is {pin_of(certificate)}: ask the gateway's operator whether that is right",
        )
