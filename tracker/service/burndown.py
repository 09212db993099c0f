"""How many plans were left, day by day."""

from __future__ import annotations

from collections import Counter

from tracker.model import snapshot as sn


def burn_down(snapshot: sn.Snapshot) -> list[tuple[str, int]]:
    """(day, plans left): the day before the first plan was finished, then each day until the last one was."""
    from datetime import date, timedelta

    finished: Counter[date] = Counter()
    for plan in snapshot.plans:
        try:
            finished[date.fromisoformat(plan.finished)] += 1
        except ValueError:  # a document may tell no day, or one that the calendar does not have
            continue
    if not finished:
        return []
    day, last, left = min(finished), max(finished), snapshot.total
    result = [((day - timedelta(days=1)).isoformat(), left)]
    while day <= last:
        left -= finished[day]
        result.append((day.isoformat(), left))
        day += timedelta(days=1)
    return result
