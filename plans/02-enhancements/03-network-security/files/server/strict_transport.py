"""HTTP Strict Transport Security (RFC 6797): browsers that came by HTTPS stay with it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway

ONE_YEAR_SECONDS = 31_536_000


def strict_transport(gateway: "Gateway") -> list[tuple[str, str]]:
    """Return the header of each answer over TLS; over plain HTTP it must not be sent (RFC 6797 §7.2)."""
    if not gateway.config.flag_at("gateway.tls.enabled"):
        return []
    return [("Strict-Transport-Security", f"max-age={ONE_YEAR_SECONDS}")]
