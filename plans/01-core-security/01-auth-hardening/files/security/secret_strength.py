"""Which secrets are too weak to guard the gateway, and by which rule."""

import re
from collections.abc import Iterator
from itertools import pairwise

TOKEN_LENGTH = 32
TOKEN_DISTINCT = 20
HEX_LENGTH = 64
HEX_DISTINCT = 8
PASSWORD_LENGTH = 16
PASSWORD_DISTINCT = 10
LONGEST_SEQUENCE = 8

PLACEHOLDERS = (
    "changeme",
    "change-me",
    "change_me",
    "undefined",
    "your-",
    "your_",
    "placeholder",
    "password",
    "passwort",
    "example",
    "default",
    "letmein",
    "secret",
    "replace",
    "insert",
)
NOTHINGS = ("null", "none", "nil", "nan", "true", "false")


def token_faults(secret: str) -> Iterator[str]:
    """Yield each rule that a token breaks.

    Hexadecimal text has at most 16 distinct characters however random it is,
    so it must be longer instead.
    """
    yield from _common_faults(secret, TOKEN_LENGTH)
    distinct = len(set(secret))
    long_hex = re.fullmatch(rf"[0-9a-fA-F]{{{HEX_LENGTH},}}", secret) and distinct >= HEX_DISTINCT
    if distinct < TOKEN_DISTINCT and not long_hex:
        yield (
            f"too few distinct characters: {distinct}, at least {TOKEN_DISTINCT} are needed, "
            f"or {HEX_LENGTH} hexadecimal digits"
        )


def password_faults(secret: str) -> Iterator[str]:
    """Yield each rule that a password breaks."""
    yield from _common_faults(secret, PASSWORD_LENGTH)
    distinct = len(set(secret))
    if distinct < PASSWORD_DISTINCT:
        yield f"too few distinct characters: {distinct}, at least {PASSWORD_DISTINCT} are needed"


def _common_faults(secret: str, shortest: int) -> Iterator[str]:
    lower = secret.lower()
    if re.search(r"\s", secret):
        yield "contains white space"
    if lower.strip() in NOTHINGS or any(word in lower for word in PLACEHOLDERS):
        yield "looks like a placeholder"
    if len(secret) < shortest:
        yield f"too short: {len(secret)} characters, at least {shortest} are needed"
    if len(secret) > 1 and _period(secret) <= len(secret) // 2:
        yield "repeats a block of characters"
    if _longest_sequence(lower) >= LONGEST_SEQUENCE:
        yield "contains a sequence such as abcdefgh or 12345678"


def _period(text: str) -> int:
    """Return the length of the shortest block whose repetition gives the text, by the prefix function."""
    prefix = [0] * len(text)
    for index in range(1, len(text)):
        length = prefix[index - 1]
        while length and text[index] != text[length]:
            length = prefix[length - 1]
        prefix[index] = length + (text[index] == text[length])
    return len(text) - prefix[-1]


def _longest_sequence(text: str) -> int:
    longest = run = 1
    for before, after in pairwise(text):
        run = run + 1 if ord(after) - ord(before) == 1 else 1
        longest = max(longest, run)
    return longest
