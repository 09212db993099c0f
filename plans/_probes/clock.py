"""Moving a gateway's injected clock for the length of a block."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from _probes.gateways import Home


@contextlib.contextmanager
def moved(home: Home, wall_s: float, monotonic_s: float | None = None) -> Iterator[None]:
    """Both clocks by `wall_s` seconds, or the monotonic one by another number; set back at the end."""
    home.set_clock(wall_s, monotonic_s)
    try:
        yield
    finally:
        home.set_clock(0)
