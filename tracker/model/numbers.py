"""Numbers as tracker writes them."""

from __future__ import annotations


def points(value: float) -> str:
    """Points with as many decimals as they need, two at most.

    >>> points(40.0), points(1.5), points(52.25)
    ('40', '1.5', '52.25')
    """
    return f"{value:.2f}".rstrip("0").rstrip(".")


def total(values: list[float]) -> float:
    """A sum that does not drift: tenths stay tenths."""
    import math

    return round(math.fsum(values), 6)
