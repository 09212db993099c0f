"""The ids of senders: which text names exactly one, when two are the same, and whose session is whose."""

import hashlib
import re
import string
import unicodedata

PATTERN_CHARACTERS = frozenset("*?%^$[](){}|\\")
_ASCII_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def fault(text: str) -> str | None:
    """Return why a text does not name exactly one sender, None when it does.

    Compatibility forms are looked through first (Unicode NFKC), so a full-width
    asterisk is an asterisk.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    found = sorted(PATTERN_CHARACTERS.intersection(plain))
    if found:
        return f"{found[0]!r} is a wildcard or part of a pattern"
    if any(unicodedata.category(char).startswith("C") for char in plain):
        return "it holds invisible characters"
    if not any(char.isalnum() for char in plain):
        return "it names nobody"
    return None


def folded(text: str) -> str:
    """Return the form in which ids are compared.

    Only ASCII letters lose their case: a wider folding makes ids equal that
    belong to different people, such as "kate" and the one with a Kelvin sign.
    """
    return text.translate(_ASCII_LOWER)


def session_name(sender: str) -> str:
    """Return a name for the sender's session that no other sender has."""
    safe = re.sub(r"[^\w@.+-]", "_", sender)
    if safe == sender:
        return safe
    return f"{safe}~{hashlib.sha256(sender.encode('utf-8', 'replace')).hexdigest()[:16]}"
