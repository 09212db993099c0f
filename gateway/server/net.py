"""Addresses: where to listen, and who is calling."""

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gateway.config.config import Config

LOOPBACK_HOSTS = ("127.0.0.1", "::1")
ANY_HOST = "0.0.0.0"  # noqa: S104 - the operator chose a bind beyond loopback
SEND_BUFFER = 262_144
TAILNET_FIRST_OCTET = "100."


def is_loopback(address: str) -> bool:
    return address.startswith(("127.", "::ffff:127.")) or address == "::1"


def is_local_host_header(host: str) -> bool:
    """Tell whether a Host header names this machine."""
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    name = name.strip("[]").lower()
    return name == "localhost" or is_loopback(name)


@dataclass(frozen=True)
class Client:
    """Who is calling.

    `peer` is the address of the socket, `address` the one behind a trusted
    proxy. `local` grants silent pairing.
    """

    peer: str
    address: str
    local: bool
    untrusted_forwarding: bool


def resolve_client(peer: str, headers: dict[str, str], trusted_proxies: Iterable[str]) -> Client:
    """Find out who is behind a request; forwarding headers count only from a trusted proxy."""
    forwarded = headers.get("x-forwarded-for", "") or headers.get("x-real-ip", "")
    trusted = peer in set(trusted_proxies)
    address = forwarded.split(",")[0].strip() if forwarded and trusted else peer
    local_host = is_local_host_header(headers.get("host", ""))
    return Client(
        peer=peer,
        address=address,
        local=is_loopback(address) and local_host and (trusted or not forwarded),
        untrusted_forwarding=bool(forwarded) and not trusted,
    )


def resolve_bind(config: Config) -> tuple[str, ...]:
    """Return the addresses to listen on."""
    bind = config.text_at("gateway.bind")
    if bind == "lan":
        return (ANY_HOST,)
    if bind == "tailnet":
        return (_tailnet_address() or ANY_HOST,)
    if bind == "custom":
        host = config.text_at("gateway.customBindHost")
        return (host if _can_bind(host) else ANY_HOST,)
    return LOOPBACK_HOSTS


def _can_bind(host: str) -> bool:
    if not host:
        return False
    try:
        listen_socket(host, 0).close()
    except OSError:
        return False
    return True


def _tailnet_address() -> str | None:
    try:
        table = Path("/proc/net/fib_trie").read_text(encoding="ascii")
    except OSError:
        return None
    words = [line.split()[-1] for line in table.splitlines() if "|-- " in line]
    return next((word for word in words if word.startswith(TAILNET_FIRST_OCTET) and _can_bind(word)), None)


def listen_socket(host: str, port: int) -> socket.socket:
    """Return a listening TCP socket; "::" takes IPv4 callers too.

    Raises OSError when the address cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol named: only then does asyncio set TCP_NODELAY on what it accepts, and no answer waits.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(host != "::"))
        # The kernel's share of what a slow client has not read; connections inherit it.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        listener.bind((host, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    listener.settimeout(0)
    return listener


def listen_all(hosts: tuple[str, ...], port: int) -> list[socket.socket]:
    """Listen on every host at one port; a second loopback address may be missing on the machine.

    Raises OSError when the first address cannot be used.
    """
    first = listen_socket(hosts[0], port)
    listeners = [first]
    for host in hosts[1:]:
        try:
            listeners.append(listen_socket(host, first.getsockname()[1]))
        except OSError:
            continue
    return listeners
