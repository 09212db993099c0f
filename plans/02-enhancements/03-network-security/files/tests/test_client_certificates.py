"""TLS-03: certificates of clients, and certificates that are replaced."""

import ssl
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import trustme

from gateway.server.client_certificates import names_of
from gateway.tests.support import Booted

WAIT_SECONDS = 30


def serving(directory: Path, authority: trustme.CA) -> dict[str, object]:
    directory.mkdir(exist_ok=True)
    issued = authority.issue_cert("localhost")
    certificate, key = directory / "cert.pem", directory / "key.pem"
    issued.private_key_pem.write_to_path(key)
    issued.cert_chain_pems[0].write_to_path(certificate)
    return {"enabled": True, "certPath": str(certificate), "keyPath": str(key)}


def context_for(authority: trustme.CA, shown: trustme.LeafCert | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    if shown is not None:
        shown.configure_cert(context)
    return context


def get(gateway: Booted, context: ssl.SSLContext, path: str = "/health") -> httpx.Response:
    headers = {"Authorization": f"Bearer {gateway.token}"}
    return httpx.get(
        f"https://localhost:{gateway.port}{path}", verify=context, trust_env=False, headers=headers
    )


def test_tls_03_a_certificate_limits_its_client(start: Callable[..., Booted], tmp_path: Path) -> None:
    """TLS-03: without a certificate nothing is served, with one as much as it is good for."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    tls = serving(tmp_path / "tls", authority)
    roles = {"reader": "operator.read", "worker": "node"}
    tls |= {"clientCaPath": str(tmp_path / "ca.pem"), "clientRoles": roles}
    gateway = start({"gateway": {"tls": tls}})
    with pytest.raises(httpx.HTTPError):
        get(gateway, context_for(authority))
    reader = context_for(authority, authority.issue_cert(common_name="reader"))
    worker = context_for(authority, authority.issue_cert(common_name="worker"))
    stranger = context_for(authority, authority.issue_cert(common_name="stranger"))
    assert get(gateway, reader, "/").status_code == 200
    assert [get(gateway, context, "/").status_code for context in (worker, stranger)] == [403, 403]
    assert get(gateway, worker).status_code == 200


def test_tls_03_a_replaced_certificate_is_served(start: Callable[..., Booted], tmp_path: Path) -> None:
    """TLS-03: the new certificate is served within seconds, without a restart."""
    first, second = trustme.CA(), trustme.CA()
    gateway = start({"gateway": {"tls": serving(tmp_path / "tls", first)}})
    assert "max-age" in get(gateway, context_for(first)).headers["strict-transport-security"]
    serving(tmp_path / "tls", second)
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            assert get(gateway, context_for(second)).status_code == 200
            break
        except httpx.ConnectError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_tls_03_names_are_those_of_the_authority() -> None:
    """TLS-03: common and alternative names count, and nothing else of the certificate."""
    certificate = {
        "subject": ((("organizationName", "admin"),), (("commonName", "a"),)),
        "subjectAltName": (("DNS", "b"), ("DirName", (("commonName", "c"),))),
    }
    assert names_of(certificate) == {"a", "b"}
