"""``make pictures``: the README's pictures and docs/STATE.hardened.md, from a scratch copy after the whole programme."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.demo import scratch_copy
from tracker.cli.progress import Lines
from tracker.service import Service
from tracker.tui import screenshots

HERE = Path(__file__).resolve().parent.parent


def main(arguments: list[str]) -> int:
    """Carry the programme out on a copy (or take the copy named), and picture it."""
    if arguments:
        copy = Path(arguments[0])
    else:
        copy = scratch_copy()
        with Lines() as lines:
            Service.open(copy).run(all_plans=True, jobs=2, observer=lines)
    state = (copy / "STATE.md").read_text(encoding="utf-8")
    (HERE / "docs" / "STATE.hardened.md").write_text(state, encoding="utf-8")
    return screenshots.main([str(copy), str(HERE / "docs" / "images")])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
