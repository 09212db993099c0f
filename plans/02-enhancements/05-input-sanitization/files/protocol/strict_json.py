"""JSON with one meaning (RFC 8259, and RFC 7493 for keys): what two parsers could read in two ways is refused."""

import json
import math
from typing import Any

DEEPEST = 64


class Ambiguous(ValueError):
    """Parses, and means different things to different readers."""


def loads(text: str | bytes) -> Any:
    """Parse JSON in UTF-8.

    Raises ValueError; Ambiguous for duplicate keys, numbers that are none, and nesting deeper than 64.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8")
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise Ambiguous(f"nested deeper than {DEEPEST}") from None
    level = [value]
    for _ in range(DEEPEST):
        level = [
            item
            for parent in level
            if isinstance(parent, list | dict)
            for item in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not level:
            return value
    raise Ambiguous(f"nested deeper than {DEEPEST}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Ambiguous("a key is there twice")
    return found


def _no_number(_name: str) -> Any:
    raise Ambiguous("NaN and Infinity are not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise Ambiguous("a number is too large")
    return number


# One for all: making a decoder takes longer than reading a frame with it.
_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_number, parse_float=_finite)
