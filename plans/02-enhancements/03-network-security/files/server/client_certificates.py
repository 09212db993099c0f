"""Certificates of clients (mutual TLS): who has none is turned away, and what one is good for."""

import asyncio
import ssl
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from gateway.config.config import Config
from gateway.errors import HttpRefusal, Refusal, StartupRefused
from gateway.protocol.schema.error_codes import INVALID_REQUEST
from gateway.server.methods.registry import NODE, OPERATOR, has_scope

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway
    from gateway.server.ws_connection.handshake import Handshake

_certificate: ContextVar[dict[str, Any]] = ContextVar("_certificate")


def require_certificates(context: ssl.SSLContext, config: Config) -> None:
    """Ask every client for a certificate of the configured authority, if there is one.

    Raises StartupRefused when the authority cannot be used, or roles are given without one.
    """
    authority = config.text_at("gateway.tls.clientCaPath")
    if not authority:
        if config.get("gateway.tls.clientRoles"):
            raise StartupRefused(
                "gateway.tls.clientRoles is set, and no client is asked for a certificate",
                hint="name the authority of the clients in gateway.tls.clientCaPath",
            )
        return
    if config.text_at("gateway.tls.caPath"):
        raise StartupRefused(
            "gateway.tls.caPath and clientCaPath are both set, and each would be trusted with clients",
            hint="remove caPath; the chain of the gateway's own certificate belongs into certPath",
        )
    try:
        context.load_verify_locations(authority)
    except OSError as error:
        raise StartupRefused(f"gateway.tls.clientCaPath {authority} cannot be used: {error}") from None
    context.verify_mode = ssl.CERT_REQUIRED
    # A resumed session would skip the look at the certificate, which may have expired since.
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET


def remember_certificate(writer: asyncio.StreamWriter) -> None:
    """Keep the certificate for what is done on this connection."""
    _certificate.set(writer.get_extra_info("peercert") or {})


def names_of(certificate: dict[str, Any]) -> set[str]:
    """Return the names that the authority vouches for: alternative names and the common name."""
    alternatives = {value for _kind, value in certificate.get("subjectAltName", ())}
    pairs = [pair for group in certificate.get("subject", ()) for pair in group]
    return {name for name in alternatives if isinstance(name, str)} | {
        value for kind, value in pairs if kind == "commonName"
    }


def grant_of(gateway: "Gateway") -> str | None:
    """Return what the client's certificate is good for: "node", a scope, or None when nothing limits it.

    An empty text, good for nothing, when it is not on the list or has names with different grants.
    """
    roles: dict[str, str] = gateway.config.get("gateway.tls.clientRoles") or {}
    if not roles:
        return None
    grants = {roles[name] for name in names_of(_certificate.get({})) if name in roles}
    return grants.pop() if len(grants) == 1 else ""


async def bind_to_certificate(shake: "Handshake") -> None:
    """Refuse a role or a scope that the certificate is not good for."""
    grant = grant_of(shake.conn.gateway)
    if grant is None:
        return
    role = NODE if grant == NODE else OPERATOR if grant else ""
    if shake.role != role:
        raise Refusal(INVALID_REQUEST, f"role not granted by the certificate: {shake.role}")
    missing = [scope for scope in shake.scopes if not has_scope((grant,), scope)]
    if role == OPERATOR and missing:
        raise Refusal(INVALID_REQUEST, f"scope not granted by the certificate: {missing[0]}")


def refuse_by_certificate(gateway: "Gateway", scope: str) -> None:
    """Hold a request over HTTP to the client's certificate, too.

    Raises HttpRefusal.
    """
    grant = grant_of(gateway)
    if grant is not None and not has_scope((grant,), scope):
        raise HttpRefusal(403, f"scope not granted by the certificate: {scope}")
