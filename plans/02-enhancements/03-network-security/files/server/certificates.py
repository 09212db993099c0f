"""Certificates that TLS is served with: what they must be before they are used, and their pin."""

import base64
import hashlib
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.config.config import Config
from gateway.errors import StartupRefused
from gateway.paths import Paths

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway

HOW_TO_REPLACE = "replace certificate and key, or remove both to have them made"
MODERN_SUITES = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Forward secrecy and authenticated encryption; of TLS 1.2, as all suites of 1.3 are such (RFC 9325 §4.2)."""


@dataclass(frozen=True)
class Pair:
    """The files of a certificate (with the chain that leads to it) and its private key."""

    certificate: Path
    key: Path

    @classmethod
    def configured(cls, config: Config, paths: Paths) -> "Pair":
        return cls(
            Path(config.text_at("gateway.tls.certPath") or paths.tls / "gateway-cert.pem"),
            Path(config.text_at("gateway.tls.keyPath") or paths.tls / "gateway-key.pem"),
        )


def require_modern(context: ssl.SSLContext, config: Config) -> None:
    """Let the context speak TLS 1.3, and 1.2 only where the configuration allows it."""
    older = config.text_at("gateway.tls.minVersion") == "1.2"
    context.minimum_version = ssl.TLSVersion.TLSv1_2 if older else ssl.TLSVersion.TLSv1_3
    context.set_ciphers(MODERN_SUITES)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION


def refuse_out_of_date(path: Path) -> None:
    """Refuse a certificate outside its time.

    Raises StartupRefused.
    """
    from cryptography import x509

    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise StartupRefused(f"TLS: certificate {path} cannot be read: {error}") from None
    now = datetime.now(UTC)
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not begin <= now <= end:
        raise StartupRefused(
            f"TLS: certificate {path} is valid from {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}, "
            f"and this machine's clock says {now:%Y-%m-%d %H:%M} (UTC)",
            hint=HOW_TO_REPLACE,
        )


def pin_of(certificate: bytes) -> str:
    """Return the pin of a certificate (DER): the hash of its public key, as RFC 7469 §2.4 writes it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    key = x509.load_der_x509_certificate(certificate).public_key()
    info = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return f"sha256/{base64.b64encode(hashlib.sha256(info).digest()).decode()}"


def note_pin(gateway: "Gateway") -> None:
    """Log the pin of the certificate that is served, for clients to compare."""
    if not gateway.config.flag_at("gateway.tls.enabled"):
        return
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    path = Pair.configured(gateway.config, gateway.paths).certificate
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    pin = pin_of(certificate.public_bytes(Encoding.DER))
    gateway.journal.info("tls", "serving", pin=pin, certificate=str(path))
