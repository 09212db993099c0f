"""The gateway's two clocks, with an offset that a test can move."""

import asyncio
import os
import time
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

POLL_SECONDS = 0.05


class Clock:
    """Wall and monotonic time.

    `offset_file` holds "W" or "W M": seconds that are added to the wall clock
    and to the monotonic clock (M defaults to W). It is read at each use, so a
    test moves time by writing the file.
    """

    def __init__(self, offset_file: Path | None = None) -> None:
        self._offset_file = offset_file

    @classmethod
    def from_environment(cls) -> "Clock":
        name = os.environ.get("GATEWAY_TEST_CLOCK")
        return cls(Path(name) if name else None)

    def _offsets(self) -> tuple[float, float]:
        if self._offset_file is None:
            return 0.0, 0.0
        try:
            words = self._offset_file.read_text(encoding="ascii").split()
            offsets = [float(word) for word in words]
        except (OSError, ValueError):
            return 0.0, 0.0
        if not offsets:
            return 0.0, 0.0
        return offsets[0], offsets[-1]

    def now_ms(self) -> int:
        """Return the wall clock in milliseconds since the epoch."""
        return int((time.time() + self._offsets()[0]) * 1000)

    def monotonic(self) -> float:
        """Return seconds on a clock that is never set back."""
        return time.monotonic() + self._offsets()[1]

    async def wait(self, future: asyncio.Future[T], seconds: float) -> T | None:
        """Wait for `future`, at most `seconds` on the monotonic clock; None when they passed."""
        deadline = self.monotonic() + seconds
        while not future.done():
            left = deadline - self.monotonic()
            if left <= 0:
                return None
            if self._offset_file is not None:
                left = min(left, POLL_SECONDS)
            await asyncio.wait([future], timeout=left)
        return future.result()
