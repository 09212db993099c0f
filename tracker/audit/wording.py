"""Counts in words, so that a person who knows nothing of the rules understands what was counted."""

from __future__ import annotations


def some(count: int, noun: str) -> str:
    """A number of things: ``1 plan file``, ``2 plan boxes``, ``3 phase directories``."""
    return f"{count} {noun if count == 1 else many(noun)}"


def many(noun: str) -> str:
    """The plural."""
    if noun.endswith("y"):
        return f"{noun[:-1]}ies"
    return f"{noun}{'es' if noun.endswith('x') else 's'}"


def share(done: int, total: int, noun: str, verb: str, rest: str) -> str:
    """So many of them: ``1 of 3 plan files has a SUMMARY``; ``there is no plan file``. ``verb`` is "has" or "is"."""
    if not total and not done:
        return f"there is no {noun}"
    plural = {"has": "have", "is": "are"}[verb]
    return f"{done} of {total} {noun if total == 1 else many(noun)} {verb if 1 in (done, total) else plural} {rest}"
