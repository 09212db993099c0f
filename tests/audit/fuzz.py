"""Reads damaged planning documents: ``python -m tests.audit.fuzz [CASES] [SEED] [CORPUS]``.

Each case takes a document, damages it (bytes, lines, encodings, stray syntax) and reads it as every kind of
file. It fails when reading raises, takes a second, or when a plan file that lies there is not listed.
Without a corpus the documents are the samples of the tests.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.audit import samples
from tracker.audit import audit_path, frontmatter, planfile, roadmap, state
from tracker.audit.text import decode

LIMIT = 1.0
"""Seconds of processor time that one case may take; the clock would measure the machine's other work."""

_SYNTAX = [
    b"---\n", b"- [x] ", b"- [ ] ", b"| a | b |\n|---|---|\n", b"```\n", b"<details>\n", b"\t", b"[", b"]", b"{", b":", b"**", b"|",
    b"#" * 6, b"\xe2\x9c\x85", b"\xff\xfe", b"\x00", b"\xef\xbb\xbf", b"Phase ", b"999.1", b"100%", b"3/0", b"?" * 50, b" " * 3000,
    b"x-" * 800, b"|" * 900, b"1.1." * 300, "ğŸ“".encode(), b"\r", b"progress:\n  [###] 94%\n", b"`deadbee`", b"&a *a", b"!!python/object:os.system x\n",
]  # fmt: skip


def documents(corpus: Path | None) -> list[bytes]:
    """The documents to damage: those of a corpus, else the samples."""
    if corpus is not None:
        return [path.read_bytes() for path in sorted(corpus.rglob("*.md")) if path.stat().st_size < 60_000]
    return [text.encode() for text in samples.lighthouse().values()]


def damage(document: bytes, rng: random.Random) -> bytes:
    """Return the document with one to six damages."""
    for _ in range(rng.randint(1, 6)):
        document = rng.choice(_DAMAGES)(document, rng)
    return document[:120_000]


def _cut(data: bytes, rng: random.Random) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + data[at + rng.randint(0, 200) :]


def _insert(data: bytes, rng: random.Random) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + rng.choice(_SYNTAX) + data[at:]


def _flip(data: bytes, rng: random.Random) -> bytes:
    if not data:
        return data
    at = rng.randrange(len(data))
    return data[:at] + bytes((rng.randrange(256),)) + data[at + 1 :]


def _lines(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    rng.shuffle(lines)
    return b"\n".join(lines)


def _repeat(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    line = rng.choice(lines)
    return data + (b"\n" + line) * rng.randint(1, 300)


def _encode(data: bytes, rng: random.Random) -> bytes:
    text = data.decode("utf-8", errors="replace")
    wrong = text.encode().decode(rng.choice(["cp1252", "cp1254", "latin-1"]), errors="ignore")
    return rng.choice([text.encode("utf-16"), text.encode("cp1252", errors="ignore"), wrong.encode()])


_DAMAGES: list[Callable[[bytes, random.Random], bytes]] = [
    _cut,
    _insert,
    _insert,
    _flip,
    _lines,
    _repeat,
    _encode,
]


def read_all(document: bytes) -> None:
    """Read a document as every kind of file."""
    decoded = decode(document)
    frontmatter.read(decoded.text, "x")
    planfile.read_plan(decoded.text, "x")
    planfile.read_summary(decoded.text, "x")
    roadmap.read(decoded.text, "x")
    state.read(decoded, "x")


def tree(first: bytes, second: bytes, third: bytes, directory: Path) -> None:
    """Audit a project of damaged files; its two plans and its state document have to stay in it."""
    phase = directory / ".planning" / "phases" / "01-lamp"
    phase.mkdir(parents=True, exist_ok=True)
    for path, content in (
        (phase / "01-01-PLAN.md", first),
        (phase / "01-01-SUMMARY.md", second),
        (phase / "01-02-PLAN.md", third),
        (directory / ".planning" / "STATE.md", second),
        (directory / ".planning" / "ROADMAP.md", third),
    ):
        path.write_bytes(content)
    report = audit_path(str(directory))
    assert report is not None
    listed = [
        plan.number
        for phase_ in report.project.phases
        if phase_.number == "1"
        for plan in phase_.plans
        if plan.path
    ]
    assert listed == ["1", "2"], f"a plan was lost: {listed}"
    assert report.verdict != "no-state"


def run(cases: int, seed: int, corpus: Path | None) -> float:
    """Run the cases; returns the longest time of one in seconds. Raises AssertionError with the seed of the case."""
    pool = documents(corpus)
    worst = 0.0
    with tempfile.TemporaryDirectory() as name:
        for case in range(cases):
            rng = random.Random(seed * 1_000_003 + case)  # noqa: S311 - cases, no secrets
            three = [damage(rng.choice(pool), rng) for _ in range(3)]
            start = time.process_time()
            try:
                read_all(three[0])
                if case % 4 == 0:
                    tree(three[0], three[1], three[2], Path(name))
            except Exception as error:
                raise AssertionError(
                    f"case {case} of seed {seed}: {type(error).__name__}: {error}"
                ) from error
            took = time.process_time() - start
            worst = max(worst, took)
            assert took < LIMIT, f"case {case} of seed {seed} took {took:.2f} s"
    return worst


def main(arguments: list[str]) -> int:
    """Run as a command."""
    cases = int(arguments[0]) if arguments else 20_000
    seed = int(arguments[1]) if len(arguments) > 1 else 1
    corpus = Path(arguments[2]) if len(arguments) > 2 else None
    worst = run(cases, seed, corpus)
    sys.stdout.write(
        f"{cases} cases, seed {seed}: no crash, no lost plan, the longest took {1000 * worst:.0f} ms\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
