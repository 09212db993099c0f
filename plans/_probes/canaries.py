"""Secrets that must not turn up: made here, then looked for in every form that hides nothing."""

from __future__ import annotations

import base64
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path

from _probes.trees import below, read


def canary() -> str:
    """A secret of 32 characters that passes for an ordinary random token."""
    return secrets.token_urlsafe(24)


def forms(secret: str) -> dict[str, bytes]:
    """The secret as it is, in hex, and in base64 at each of the three alignments (both alphabets)."""
    raw = secret.encode()
    found = {"raw": raw, "hex": raw.hex().encode(), "HEX": raw.hex().upper().encode()}
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw)
        inner = encoded[4 if shift else 0 : -4]
        found[f"base64+{shift}"] = inner
        found[f"base64url+{shift}"] = inner.translate(bytes.maketrans(b"+/", b"-_"))
    return found


def leaks_in_bytes(data: bytes, secrets_by_name: dict[str, str]) -> list[str]:
    """Which secrets are in the data, and in which form."""
    return [
        f"{name} ({form})"
        for name, secret in secrets_by_name.items()
        for form, needle in forms(secret).items()
        if needle in data
    ]


def leaks_in_files(roots: Iterable[Path], secrets_by_name: dict[str, str]) -> list[str]:
    """The same over every file below the roots, with the file's name; names of files count too."""
    found = []
    for root in roots:
        for path, status in below(root):
            where = leaks_in_bytes(str(path.relative_to(root)).encode(), secrets_by_name)
            if stat.S_ISREG(status.st_mode):
                where += leaks_in_bytes(read(path), secrets_by_name)
            found += [f"{path.relative_to(root)}: {leak}" for leak in where]
    return found
