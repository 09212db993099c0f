"""Loopback addresses that nobody used before: a limiter that counts by client never mixes two probes."""

from __future__ import annotations

import itertools
import secrets
import socket

_numbers = itertools.count(1 << 16 | secrets.randbelow(1 << 20) & ~0xFF)


def fresh() -> str:
    """An unused source address in 127.0.0.0/8, outside 127.0.0.0/16 that configurations name."""
    while (number := next(_numbers)) & 0xFF in {0, 255}:
        pass
    return f"127.{number >> 16 & 0xFF}.{number >> 8 & 0xFF}.{number & 0xFF}"


def free_port() -> int:
    """A TCP port that was free a moment ago on every address."""
    with socket.socket() as sock:
        sock.bind(("0.0.0.0", 0))
        return int(sock.getsockname()[1])
