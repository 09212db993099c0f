"""No plain text beyond loopback: the start-up step that refuses it."""

from typing import TYPE_CHECKING

from gateway.errors import StartupRefused
from gateway.server.net import is_loopback, resolve_bind

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway


def refuse_clear_text(gateway: "Gateway") -> None:
    """Refuse to listen beyond loopback without TLS.

    Raises StartupRefused.
    """
    exposed = [host for host in resolve_bind(gateway.config) if not is_loopback(host)]
    if exposed and not gateway.config.flag_at("gateway.tls.enabled"):
        raise StartupRefused(
            f"refusing to bind to {exposed[0]} without TLS: secrets would travel in clear",
            hint="set gateway.tls.enabled to true (a certificate is made), or gateway.bind to loopback",
        )
