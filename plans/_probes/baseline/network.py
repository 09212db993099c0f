"""Binding, forwarding headers and TLS."""

from __future__ import annotations

import ssl
import stat
from collections.abc import Callable
from pathlib import Path
from socket import socket

from _probes import proc, tls
from _probes.devices import Device
from _probes.targets import Target


def listens_on_loopback_only(pid: int, port: int) -> None:
    """All listening sockets of the process are on loopback, and the port is one of them."""
    found = proc.listeners(pid)
    assert any(listener.port == port for listener in found), "the port is not among the process's sockets"
    exposed = [str(listener.address) for listener in found if not listener.address.is_loopback]
    assert not exposed, f"listens on {', '.join(exposed)}"


def trusts_no_forwarding_header(target: Target) -> None:
    """A local peer that is no trusted proxy, and names another client, is treated as remote."""
    for name in ("X-Forwarded-For", "X-Real-IP"):
        session, answer = target.attempt(
            source="127.0.0.5", headers={name: "127.0.0.1"}, device=Device(), auth=target.auth
        )
        with session:
            assert not answer.ok, f"{name}: paired silently"
            assert answer.code == "NOT_PAIRED", f"{name}: {answer.code}"


def refuses_old_tls(connect: Callable[[], socket]) -> None:
    """TLS 1.1 is refused, 1.3 is spoken."""
    assert tls.handshake(connect(), tls.TLSv1_1) is None, "TLS 1.1 was accepted"
    assert tls.handshake(connect(), ssl.TLSVersion.TLSv1_3) == "TLSv1.3"


def is_private(key: Path) -> None:
    assert "PRIVATE KEY" in key.read_text(), f"{key.name} is no private key"
    mode = stat.S_IMODE(key.stat().st_mode)
    assert mode & 0o077 == 0, f"{key.name} has mode {mode:04o}"
