"""Recording time. ``TRACKER_NOW`` (an ISO date or time) fixes it."""

from __future__ import annotations

import os
import time

from tracker.errors import TrackerError, Usage


def now() -> str:
    """The present time in UTC, ``YYYY-MM-DDTHH:MM:SS.mmmZ``. Raises Usage for a bad ``TRACKER_NOW``."""
    fixed = os.environ.get("TRACKER_NOW")
    if fixed:
        return _parsed(fixed)
    seconds = time.time()
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{int(seconds * 1000) % 1000:03d}Z"


def after(previous: str, moment: str) -> str:
    """``moment``, or the millisecond after ``previous`` where the clock has gone backwards.

    Raises TrackerError where no moment comes after it.
    """
    if moment > previous:
        return moment
    from datetime import datetime, timedelta

    try:
        later = datetime.fromisoformat(previous) + timedelta(milliseconds=1)
    except OverflowError:
        raise TrackerError(
            f"an event is recorded at {previous}, and no time comes after it",
            hint="Correct that time in plans/journal.jsonl.",
        ) from None
    return later.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _parsed(text: str) -> str:
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Usage(
            f"TRACKER_NOW is not an ISO date or time: {text!r}", hint="For example 2026-01-27T12:00:00Z."
        ) from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
