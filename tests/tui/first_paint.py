"""Time from the start of the process to the first paint, in a real pseudo-terminal.

``python -m tests.tui.first_paint REPOSITORY [RUNS]`` prints milliseconds, and the ratio to a bare interpreter.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import termios
import time
from dataclasses import dataclass
from pathlib import Path

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
    def open(cls, root: Path, *, columns: int = 120, rows: int = 40) -> Terminal:
        """Start the screens on this repository."""
        leader, follower = pty.openpty()
        fcntl.ioctl(leader, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        process = subprocess.Popen(
            [sys.executable, "-c", START, str(root)],
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
        while text not in self.written and time.monotonic() < end:
            ready, _, _ = select.select([self.leader], [], [], 0.05)
            if ready:
                try:
                    self.written += os.read(self.leader, 65536)
                except OSError:
                    break
        return text in self.written

    def send(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self.leader, keys)

    def close(self) -> int:
        """Read what is left and wait for the end; the exit code."""
        with contextlib.suppress(OSError):
            while data := os.read(self.leader, 65536):
                self.written += data
        os.close(self.leader)
        return self.process.wait(30)


def first_paint(root: Path) -> float:
    """Seconds to the first paint."""
    start = time.perf_counter()
    terminal = Terminal.open(root)
    try:
        if not terminal.until(DRAWN):
            raise RuntimeError(terminal.written.decode("utf-8", "replace")[-2000:])
        return time.perf_counter() - start
    finally:
        terminal.process.kill()
        terminal.close()


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
