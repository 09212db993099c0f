"""Verifiers: what is kept of a secret that is only ever compared.

A token is random and long, so a salted HMAC-SHA-256 keeps it safe and costs
nothing to check. A password is chosen by a person, so it gets Argon2id with
the parameters of the OWASP password storage cheat sheet (19 MiB, 2 passes).
"""

import hashlib
import hmac
import secrets
from typing import Any

HMAC = "$hmac-sha256$"
ARGON2ID = "$argon2id$"
SALT_BYTES = 16
MEMORY_KIB = 19_456
PASSES = 2
LANES = 1


def is_verifier(text: str) -> bool:
    """Tell whether the text is what is kept of a secret, and not a secret."""
    return text.startswith((HMAC, ARGON2ID))


def _digest(key: bytes, secret: str) -> str:
    return hmac.new(key, secret.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _hasher() -> Any:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)


def of_token(token: str) -> str:
    """Return the verifier of a random token."""
    salt = secrets.token_bytes(SALT_BYTES)
    return f"{HMAC}{salt.hex()}${_digest(salt, token)}"


def of_password(password: str) -> str:
    """Return the verifier of a password."""
    return str(_hasher().hash(password))


def is_slow(kept: str) -> bool:
    """Tell whether checking takes so long that it belongs off the event loop."""
    return kept.startswith(ARGON2ID)


def matches(kept: str, given: str) -> bool:
    """Tell whether `given` is the secret that `kept` is, or is the verifier of; the time tells nothing."""
    if is_slow(kept):
        return _password_matches(kept, given)
    if kept.startswith(HMAC):
        salt, _, expected = kept.removeprefix(HMAC).partition("$")
        try:
            key = bytes.fromhex(salt)
        except ValueError:
            return False
        return hmac.compare_digest(_digest(key, given).encode(), expected.encode())
    key = secrets.token_bytes(SALT_BYTES)
    return hmac.compare_digest(_digest(key, given), _digest(key, kept))


def _password_matches(kept: str, given: str) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return bool(_hasher().verify(kept, given))
    except (InvalidHashError, VerificationError):
        return False
