"""Time from the start of the process to the first paint, in a real pseudo-terminal.

``python -m tests.tui.first_paint REPOSITORY [RUNS]`` prints milliseconds, and the ratio to a bare interpreter.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import termios
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

START = (
    "import sys; from pathlib import Path; from tracker.tui.app import run; sys.exit(run(Path(sys.argv[1])))"
)
DRAWN = "╭".encode()
"""The first frame's corner: it is drawn with the tree, in one update."""


@dataclass(slots=True)
class Terminal:
    """A process on a pseudo-terminal, and all that it has written."""

    process: subprocess.Popen[bytes]
    leader: int
    written: bytes = b""

    @classmethod
    def open(cls, root: Path, *, columns: int = 120, rows: int = 40, code: str = START) -> Terminal:
        """Start the screens on this repository."""
        leader, follower = pty.openpty()
        fcntl.ioctl(leader, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(root)],
            stdin=follower,
            stdout=follower,
            stderr=follower,
            env={**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(Path(__file__).parents[2])},
            start_new_session=True,
        )
        os.close(follower)
        return cls(process, leader)

    def until(self, text: bytes, within: float = 30) -> bool:
        """Read until the text was written; False where it was not in time, or the process has ended."""
        end = time.monotonic() + within
        while text not in self.written and time.monotonic() < end and self._read():
            pass
        return text in self.written

    def send(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self.leader, keys)

    def hang_up(self) -> int:
        """Close the terminal under the process and wait for its end; the exit code."""
        os.close(self.leader)
        self.leader = -1
        return self.process.wait(30)

    def close(self, within: float = 30) -> int:
        """Read what is left and wait for the end; the exit code."""
        end = time.monotonic() + within
        while self.process.poll() is None and time.monotonic() < end:
            self._read()
        self._read()
        return self.process.wait(1)

    def _read(self) -> bool:
        """Read what is there, or wait a moment for it; False where nobody writes any more."""
        try:
            if select.select([self.leader], [], [], 0.05)[0]:
                self.written += os.read(self.leader, 65536)
        except OSError:  # the process has ended, and the terminal with it
            return False
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """End the process and all that it has started, whatever has happened."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)
        if self.leader >= 0:
            os.close(self.leader)


def first_paint(root: Path) -> float:
    """Seconds to the first paint."""
    start = time.perf_counter()
    with Terminal.open(root) as terminal:
        if not terminal.until(DRAWN):
            raise RuntimeError(terminal.written.decode("utf-8", "replace")[-2000:])
        return time.perf_counter() - start


def bare() -> float:
    """Seconds that an interpreter takes to do nothing."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - start


def main(arguments: list[str]) -> int:
    """Print the median of some runs."""
    root, runs = Path(arguments[0]), int(arguments[1]) if len(arguments) > 1 else 7
    painted = statistics.median(first_paint(root) for _ in range(runs))
    nothing = statistics.median(bare() for _ in range(runs))
    sys.stdout.write(f"first paint {painted * 1000:.0f} ms, {painted / nothing:.1f} x a bare interpreter\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
