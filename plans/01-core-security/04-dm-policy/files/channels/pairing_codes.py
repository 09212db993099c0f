"""Pairing codes: what a stranger is told, and what is kept of it."""

import hashlib
import hmac
import secrets
from typing import Any

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
LENGTH = 8
SALT_BYTES = 16
# 16 MiB and some 40 ms for each guess: the 40 bits of a code outlast the hour that it lives.
COST = {"n": 2**14, "r": 8, "p": 1}


def new_code() -> str:
    """Return a random code of 40 bits, without characters that look alike."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def _digest(salt: bytes, code: str) -> str:
    return hashlib.scrypt(code.encode("utf-8", "replace"), salt=salt, dklen=32, **COST).hex()


def sealed(code: str) -> dict[str, str]:
    """Return what is kept of a code: enough to recognise it, not to tell it."""
    salt = secrets.token_bytes(SALT_BYTES)
    return {"salt": salt.hex(), "digest": _digest(salt, code)}


def matches(request: dict[str, Any], given: str) -> bool:
    """Tell whether `given` is the code of a request; case and dashes do not matter."""
    typed = "".join(char for char in given.upper() if char.isalnum())
    return hmac.compare_digest(_digest(bytes.fromhex(request["salt"]), typed), request["digest"])
