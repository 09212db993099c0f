"""What the hardening costs the gateway: ``python -m tools.bench_gateway``. Ratios of one run; nothing is asserted.

The hardened gateways are what the plans' implementations make of a copy of the gateway as found. All of them serve
the same clients in turn, round by round, and what is printed are medians of the rounds.
"""

from __future__ import annotations

import argparse
import signal
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.ablation.hardened import delivered, hardened_copy

if TYPE_CHECKING:
    from _probes.gateways import Gateway
    from _probes.sessions import Session

    from tools.bench_load import Sample

REPOSITORY = Path(__file__).resolve().parent.parent
CONNECTIONS = (1, 50)
ROUNDS = 5
ROUND_SECONDS = 0.7
AS_FOUND, PHASE_1, HARDENED = "as found", "phase 1", "hardened"
TLS: dict[str, Any] = {"gateway": {"tls": {"enabled": True}}}
REAL_CLOCK = {"GATEWAY_TEST_CLOCK": ""}
"""The clock that probes move is a file, read at each use: nobody has it who does not test."""

Say = Callable[[str], None]
Rounds = dict[str, list["Sample"]]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=ROUND_SECONDS, help="length of a round")
    options = parser.parse_args()
    measure(print, rounds=options.rounds, seconds=options.seconds)
    return 0


def measure(say: Say, *, rounds: int = ROUNDS, seconds: float = ROUND_SECONDS) -> None:
    """Say what the plans of the first phase and those of all phases cost, as tables.

    A bench that is ended by SIGTERM ends its gateways too.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.path.insert(0, str(REPOSITORY / "plans"))
    with tempfile.TemporaryDirectory(prefix="tracker-bench-") as scratch:
        # Others may pass through: a gateway that gives up its user still has to read its own code.
        Path(scratch).chmod(0o755)
        codebases = _codebases(Path(scratch))
        say(
            "The gateway after its plans, as ratios to the gateway as found; the same clients, round by round"
        )
        _round_trips(say, codebases, rounds, seconds)
        _memory(say, codebases)
        _handshakes(say, codebases, rounds, seconds)


def _codebases(scratch: Path) -> dict[str, Path]:
    """The three gateways: as found, after phase 1, after every plan."""
    found = scratch / "as-found"
    for phase in sorted((REPOSITORY / "plans").glob("01-*")):
        (found / "plans").mkdir(parents=True)
        (found / "plans" / phase.name).symlink_to(phase)
    (found / "gateway").symlink_to(REPOSITORY / "gateway")
    result = {AS_FOUND: found / "gateway"}
    for name, repository in ((PHASE_1, found), (HARDENED, REPOSITORY)):
        directory = scratch / f"after-{len(delivered(repository))}"
        directory.mkdir()
        result[name] = hardened_copy(repository, directory)
    return result


def _round_trips(say: Say, codebases: Mapping[str, Path], rounds: int, seconds: float) -> None:
    from tools.bench_load import chat_send, health, round_trips

    say(f"\n{'':24}{'as found':>18}{'':6}{'phase 1 ÷ as found':>24}{'':6}{'hardened ÷ as found':>24}")
    one = f"{'per s':>8}{'p99':>8}{'CPU':>8}"
    say(f"{'round trip':12}{'connections':>12}{'per s':>8}{'p99 ms':>10}{one:>30}{one:>30}")
    for name, ask in (("health", health), ("chat.send", chat_send)):
        for connections in CONNECTIONS:
            with _serving(codebases) as gateways, _clients(gateways, connections) as clients:
                taken: Rounds = {variant: [] for variant in gateways}
                for number in range(rounds + 1):
                    for variant, gateway in gateways.items():
                        sample = round_trips(gateway, clients[variant], ask, seconds)
                        if number:
                            taken[variant].append(sample)
            base = taken[AS_FOUND]
            columns = "".join(
                f"{_ratio(taken[variant], base, 'per_second'):>14.2f}"
                f"{_ratio(taken[variant], base, 'p99'):>8.2f}{_ratio(taken[variant], base, 'cpu_each'):>8.2f}"
                for variant in (PHASE_1, HARDENED)
            )
            say(
                f"{name:12}{connections:>12}{_median(base, 'per_second'):>8.0f}"
                f"{_median(base, 'p99') * 1000:>10.2f}{columns}"
            )


def _memory(say: Say, codebases: Mapping[str, Path]) -> None:
    from tools.bench_load import resident_bytes

    say(f"\n{'idle, resident memory':36}{'as found MiB':>14}{'phase 1':>10}{'hardened':>10}")
    with _serving(codebases) as gateways:
        for connections in (0, *CONNECTIONS[1:]):
            with _clients(gateways, connections):
                bytes_of = {variant: resident_bytes(gateway) for variant, gateway in gateways.items()}
            for place, which in enumerate(("the gateway", "with its children")):
                base = bytes_of[AS_FOUND][place]
                say(
                    f"{f'{connections} connections, {which}':36}{base / 2**20:>14.1f}"
                    f"{bytes_of[PHASE_1][place] / base:>10.2f}{bytes_of[HARDENED][place] / base:>10.2f}"
                )


def _handshakes(say: Say, codebases: Mapping[str, Path], rounds: int, seconds: float) -> None:
    from tools.bench_load import handshakes

    say(f"\n{'connect and upgrade':24}{'per s':>10}{'ratio':>8}{'p99 ms':>10}{'CPU ratio':>11}")
    with _serving(codebases) as plain, _serving(codebases, TLS) as secured:
        targets = {f"{name}, plain": gateway for name, gateway in plain.items() if name != PHASE_1}
        targets |= {f"{name}, TLS": gateway for name, gateway in secured.items() if name != PHASE_1}
        taken: Rounds = {name: [] for name in targets}
        for number in range(rounds + 1):
            for name, gateway in targets.items():
                sample = handshakes(gateway, seconds)
                if number:
                    taken[name].append(sample)
    base = taken[f"{AS_FOUND}, plain"]
    for name, samples in taken.items():
        say(
            f"{name:24}{_median(samples, 'per_second'):>10.0f}{_ratio(samples, base, 'per_second'):>8.2f}"
            f"{_median(samples, 'p99') * 1000:>10.1f}{_ratio(samples, base, 'cpu_each'):>11.2f}"
        )


@contextmanager
def _serving(
    codebases: Mapping[str, Path], config: dict[str, Any] | None = None
) -> Iterator[dict[str, Gateway]]:
    """A gateway of each codebase, all of them up; only the one that is asked works."""
    from _probes import gateways

    with ExitStack() as stack:
        yield {
            name: stack.enter_context(gateways.boot(place, config or {}, env=REAL_CLOCK))
            for name, place in codebases.items()
        }


@contextmanager
def _clients(gateways: Mapping[str, Gateway], connections: int) -> Iterator[dict[str, list[Session]]]:
    """So many logged-in sessions at each gateway, each from an address and with a device of its own."""
    with ExitStack() as stack:
        yield {
            name: [stack.enter_context(gateway.login()) for _ in range(connections)]
            for name, gateway in gateways.items()
        }


def _median(samples: list[Sample], figure: str) -> float:
    return statistics.median(float(getattr(sample, figure)) for sample in samples)


def _ratio(samples: list[Sample], base: list[Sample], figure: str) -> float:
    """The median of the rounds' ratios: what disturbs the machine disturbs neighbours alike."""
    pairs = zip(samples, base, strict=True)
    return statistics.median(float(getattr(own, figure) / getattr(other, figure)) for own, other in pairs)


if __name__ == "__main__":
    sys.exit(main())
