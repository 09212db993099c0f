"""``make bench``: how long things take, as ratios to a peer in the same run. Nothing is asserted.

Ratios travel between machines, milliseconds do not; both are printed. Every row is the median of several runs,
taken in turn with its peer, after one that is not counted.
"""

from __future__ import annotations

import argparse
import os
import pty
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tools import bench_catalogue, bench_gateway, bench_run, synthetic

TRACKER = [sys.executable, "-P", "-m", "tracker"]
BARE = [sys.executable, "-c", "pass"]
PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
MARK = "<!-- tables: python -m tools.bench --write -->"
"""What stands above it in the page was written by hand; what follows, by this command."""
CACHE = ".cache"
CHARTS = """
import time
from pathlib import Path
from tracker.service.core import Service
from tracker.tui.palette import DARK, palette
from tracker.tui.screens.charts import charts
start = time.perf_counter()
snapshot = Service.open(Path()).snapshot()
read = time.perf_counter()
charts(snapshot, palette(DARK.name), 120, 10)
print(read - start, time.perf_counter() - read)
"""
_SAID: list[str] = []


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--quick", action="store_true", help="18 plans only")
    parser.add_argument(
        "--catalogue", action="store_true", help="every check on the hardened gateway too: minutes"
    )
    parser.add_argument("--write", action="store_true", help="all of it, kept in docs/performance.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tracker-bench-") as scratch:
        home = Path(scratch)
        os.environ |= {"HOME": scratch, "XDG_CACHE_HOME": str(home / CACHE), "TRACKER_TRUST": "1"}
        sizes = [(18, 40)] if options.quick else [(18, 40), (1000, 2000), (5000, 10000), (5000, 100000)]
        _commands(home, sizes, options.runs)
        _first_paint(home, sizes, options.runs)
        _charts(home, sizes, options.runs)
        bench_run.measure(say)
        _audit(home, options.runs)
        _linking(home, 10_000 if options.quick else 100_000)
        if not options.quick:
            bench_gateway.measure(say)
            say()
        if options.catalogue or options.write:
            bench_catalogue.measure(say)
    if options.write:
        prose = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
        PAGE.write_text(f"{prose}{MARK}\n\n```\n{''.join(_SAID).strip()}\n```\n", encoding="utf-8")
    return 0


def say(line: str = "") -> None:
    """Print a line, and keep it for the page."""
    print(line, flush=True)
    _SAID.append(line + "\n")


def _commands(home: Path, sizes: Sequence[tuple[int, int]], runs: int) -> None:
    say("Fast commands, warm, as ratios to `python -c pass` (budget: 7 with 18 plans, 14 with 5,000)\n")
    say(f"{'command':16}{'plans':>8}{'events':>9}{'ms':>8}{'ratio':>8}{'peak MiB':>10}")
    for plans, events in sizes:
        root = _project(home, plans, events)
        for command in (["--help"], ["status"], ["next"], ["show", "1.01"], ["state", "--check"], ["log"]):
            own, bare = _paired([*TRACKER, *command], BARE, root, runs)
            peak = _peak([*TRACKER, *command], root)
            say(
                f"{' '.join(command):16}{plans:>8}{events:>9}{own * 1000:>8.0f}{own / bare:>8.1f}{peak:>10.0f}"
            )
    say()


def _first_paint(home: Path, sizes: Sequence[tuple[int, int]], runs: int) -> None:
    say(
        "First paint of the terminal interface, in a real pseudo-terminal (budget: 350 ms, 600 ms with 5,000 plans)\n"
    )
    say(f"{'plans':>8}{'ms':>8}{'ratio to import textual.app':>30}")
    for plans, events in sizes:
        root = _project(home, plans, events)
        own = statistics.median(_paint(root) for _ in range(max(3, runs // 2)))
        peer, _ = _paired([sys.executable, "-c", "import textual.app"], BARE, root, 5)
        say(f"{plans:>8}{own * 1000:>8.0f}{own / peer:>30.1f}")
    say()


def _charts(home: Path, sizes: Sequence[tuple[int, int]], runs: int) -> None:
    say("Burn-down of a year and score over time, from the files to the drawn lines (budget: 300 ms)\n")
    say(f"{'plans':>8}{'events':>9}{'state ms':>10}{'charts ms':>11}{'sum ÷ python -c pass':>23}")
    for plans, events in sizes:
        root = _project(home, plans, events)
        taken = []
        for _ in range(max(3, runs // 2)):
            done = subprocess.run(
                [sys.executable, "-c", CHARTS], cwd=root, capture_output=True, text=True, check=True
            )
            taken.append([float(word) for word in done.stdout.split()])
        state, drawn = (statistics.median(column) for column in zip(*taken, strict=True))
        bare, _ = _paired(BARE, BARE, root, 3)
        say(f"{plans:>8}{events:>9}{state * 1000:>10.1f}{drawn * 1000:>11.1f}{(state + drawn) / bare:>23.1f}")
    say()


def _audit(home: Path, runs: int) -> None:
    """The first time each file is read; afterwards only what has changed."""
    root = home / "planning"
    synthetic.planning(root, 41, 8)
    files = sum(path.is_file() for path in root.rglob("*"))
    time.sleep(2.1)
    say(f"Audit of somebody's .planning directory of {files} files (budget: 1.2 s, again 0.4 s)\n")
    say(f"{'':8}{'ms':>8}{'ratio to python -c pass':>26}")
    command = [*TRACKER, "audit"]
    first = _first(command, root, home / CACHE)
    again, bare = _paired(command, BARE, root, runs)
    for what, taken in (("first", first), ("again", again)):
        say(f"{what:8}{taken * 1000:>8.0f}{taken / bare:>26.1f}")
    say()


def _linking(home: Path, commits: int) -> None:
    say(
        f"Linking a history of {commits} commits, as a ratio to `git log --format=%H%x09%s` (budget: 1.5 the first time)"
    )
    say("`--json` asks of every commit that names no plan whether it changed the codebase.\n")
    say(f"{'name a plan':>12}{'command':>14}{'':>8}{'ms':>8}{'ratio':>8}")
    for every, named in ((1, "all"), (100, "1 %")):
        root = home / f"history{every}"
        synthetic.make(root, 18)
        synthetic.commits(root, commits, every=every)
        for words in (["link"], ["link", "--json"]):
            first = _first([*TRACKER, *words], root, root / ".tracker")
            again, peer = _paired([*TRACKER, *words], ["git", "log", "--format=%H%x09%s"], root, 3)
            for what, taken in (("first", first), ("again", again)):
                say(f"{named:>12}{' '.join(words):>14}{what:>8}{taken * 1000:>8.0f}{taken / peer:>8.2f}")
    say()


def _project(home: Path, plans: int, events: int) -> Path:
    root = home / f"p{plans}e{events}"
    if not root.exists():
        synthetic.make(root, plans, events)
        subprocess.run([*TRACKER, "state"], cwd=root, check=True, capture_output=True)
        subprocess.run(["git", "add", "-A"], cwd=root, check=True)
        subprocess.run(
            ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qm", "state"],
            cwd=root,
            check=True,
        )
        time.sleep(2.1)
        subprocess.run([*TRACKER, "status"], cwd=root, check=True, capture_output=True)
    return root


def _first(command: Sequence[str], cwd: Path, kept: Path) -> float:
    """Median seconds of three runs, each without what the one before has kept."""
    times = []
    for _ in range(3):
        shutil.rmtree(kept, ignore_errors=True)
        start = time.perf_counter()
        subprocess.run(command, cwd=cwd, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _paired(own: Sequence[str], peer: Sequence[str], cwd: Path, runs: int) -> tuple[float, float]:
    """Median seconds of both, run in turn."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(runs + 1):
        for place, command in enumerate((own, peer)):
            start = time.perf_counter()
            subprocess.run(command, cwd=cwd, capture_output=True, check=False)
            taken = time.perf_counter() - start
            if number:
                times[place].append(taken)
    return statistics.median(times[0]), statistics.median(times[1])


def _peak(command: Sequence[str], cwd: Path) -> float:
    """Peak resident memory in MiB, asked by a small process in between: a child starts with its parent's figure."""
    ask = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], capture_output=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", ask, *command], cwd=cwd, capture_output=True, text=True, check=True
    )
    return int(done.stdout) / 1024


def _paint(root: Path) -> float:
    """Seconds from start until the first plan's title is on the screen."""
    start = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(root)
        os.environ |= {"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40", "HOME": str(root.parent)}
        os.execv(TRACKER[0], TRACKER)
    seen = b""
    while b"Plan 1" not in seen and time.perf_counter() - start < 10:
        if select.select([terminal], [], [], 0.05)[0]:
            try:
                seen += os.read(terminal, 65536)
            except OSError:
                break
    taken = time.perf_counter() - start
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    os.close(terminal)
    return taken


if __name__ == "__main__":
    raise SystemExit(main())
