"""Private files at start: what was open to others is closed and recorded in logs/file-audit.jsonl."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.state import files
from gateway.state.permissions import Repaired, repair_file, repair_tree

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway


def _found(gateway: "Gateway") -> Iterator[Repaired]:
    paths = gateway.paths
    if paths.state.exists():
        yield from repair_tree(paths.state, foreign=(paths.workspace,))
    if not paths.config.is_relative_to(paths.state):
        yield from repair_file(paths.config)
    if gateway.journal.file.parent.exists() and not gateway.config.text_at("logging.file"):
        yield from repair_tree(gateway.journal.file.parent)


def make_private(gateway: "Gateway") -> None:
    """Repair the permissions of state, configuration and log, one line for each.

    Raises StateError for what must not be there.
    """
    repaired = list(_found(gateway))
    for entry in repaired:
        before, after = f"{entry.before:04o}", f"{entry.after:04o}"
        gateway.journal.warn(
            "files", "was open to others, is private now", path=str(entry.path), before=before, after=after
        )
    if repaired:
        _record(gateway, gateway.paths.state / "logs" / "file-audit.jsonl", repaired)


def _record(gateway: "Gateway", log: Path, repaired: list[Repaired]) -> None:
    moment = datetime.fromtimestamp(gateway.clock.now_ms() / 1000, UTC)
    time = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    files.ensure_dir(log.parent)
    for entry in repaired:
        line = {
            "time": time,
            "event": "permissions-repaired",
            "path": str(entry.path),
            "before": f"{entry.before:04o}",
            "after": f"{entry.after:04o}",
        }
        files.append_line(log, json.dumps(line, ensure_ascii=False))
