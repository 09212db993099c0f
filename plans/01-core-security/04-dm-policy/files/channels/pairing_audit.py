"""The record of decisions about strangers: one JSON line each, in logs/pairing-audit.jsonl."""

import json
import os
from datetime import UTC, datetime

from gateway.clock import Clock
from gateway.paths import Paths
from gateway.state import files


class PairingAudit:
    """Writes who let whom in, and who tried with a wrong code; never the code."""

    def __init__(self, paths: Paths, clock: Clock) -> None:
        self._clock = clock
        self.path = paths.state / "logs" / "pairing-audit.jsonl"

    def record(self, event: str, channel: str, sender: str | None = None) -> None:
        """Append one line; `actor` is the user whose process decides.

        Raises OSError when it cannot be written, so that nothing happens unrecorded.
        """
        moment = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)
        line = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "event": event,
            "channel": channel,
            **({} if sender is None else {"sender": sender}),
            "actor": f"uid:{os.getuid()}",
        }
        files.ensure_dir(self.path.parent)
        files.append_line(self.path, json.dumps(line, ensure_ascii=False))
