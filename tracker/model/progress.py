"""What a run or a verification tells while it works: the observer's vocabulary.

The same lines are written to ``.tracker/runs/ID/events.jsonl``, so that another terminal sees a run live.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

RUN_STARTED = "run-started"
WAVE = "wave"
IMPLEMENTING = "implementing"
OUTPUT = "output"
IMPLEMENTED = "implemented"
VERIFYING = "verifying"
CHECK = "check"
LANDED = "landed"
FAILED = "failed"
SKIPPED = "skipped"
CLOSING = "closing"
SCORE = "score"
NOTICE = "notice"
RUN_FINISHED = "run-finished"


@dataclass(frozen=True, slots=True)
class Progress:
    """One step. ``plan`` is a reference, or empty for the run as a whole."""

    kind: str
    plan: str = ""
    text: str = ""
    data: dict[str, Any] = field(default_factory=dict)


Observer = Callable[[Progress], None]


def silent(_progress: Progress) -> None:
    """The observer that says nothing."""
