"""TLS for the gateway's port: a certificate of its own when none is given."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.config.config import Config
from gateway.errors import StartupRefused
from gateway.paths import Paths
from gateway.state import files

KEY_BITS = 2048
VALID_DAYS = 3650
PRIVATE = 0o600
NAMES = ("localhost", "moltbot-gateway")


def server_context(config: Config, paths: Paths) -> ssl.SSLContext | None:
    """Return the context of the listening port, None when TLS is off.

    Raises StartupRefused when certificate and key are missing or do not fit.
    """
    if not config.flag_at("gateway.tls.enabled"):
        return None
    certificate = Path(config.text_at("gateway.tls.certPath") or paths.tls / "gateway-cert.pem")
    key = Path(config.text_at("gateway.tls.keyPath") or paths.tls / "gateway-key.pem")
    if not (certificate.exists() and key.exists()):
        if not config.flag_at("gateway.tls.autoGenerate"):
            raise StartupRefused(
                f"TLS is on, and {certificate} or {key} is missing",
                hint="name them in gateway.tls.certPath and keyPath, or set gateway.tls.autoGenerate",
            )
        _generate(certificate, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
        if authority := config.text_at("gateway.tls.caPath"):
            context.load_verify_locations(authority)
    except OSError as error:
        raise StartupRefused(
            f"TLS: certificate {certificate} and key {key} cannot be used: {error}"
        ) from None
    return context


def _generate(certificate: Path, key: Path) -> None:
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    private = rsa.generate_private_key(public_exponent=65_537, key_size=KEY_BITS)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAMES[-1])])
    now = datetime.now(UTC)
    alternatives: list[x509.GeneralName] = [x509.DNSName(host) for host in NAMES]
    alternatives += [x509.IPAddress(ipaddress.ip_address(host)) for host in ("127.0.0.1", "::1")]
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(private, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    secret = private.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    files.write_text(key, secret.decode("ascii"), PRIVATE)
    files.write_text(certificate, signed.public_bytes(encoding).decode("ascii"))
