"""A client's device identity: an Ed25519 key and its signature over the server's challenge."""

from __future__ import annotations

import base64
import hashlib
import time
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class Device:
    """A fresh key pair; `id` is the SHA-256 of the raw public key, in hex."""

    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.raw_public_key = self.key.public_key().public_bytes_raw()
        self.id = hashlib.sha256(self.raw_public_key).hexdigest()
        self.public_key = base64url(self.raw_public_key)

    def sign(self, text: str) -> str:
        return base64url(self.key.sign(text.encode()))

    def proof(
        self,
        nonce: str,
        *,
        token: str = "",
        role: str = "operator",
        scopes: list[str],
        client_id: str = "cli",
        mode: str = "cli",
        signed_at_ms: int | None = None,
    ) -> dict[str, Any]:
        """The `device` member of `connect`: version 2, bound to the nonce."""
        signed_at = int(time.time() * 1000) if signed_at_ms is None else signed_at_ms
        parts = ["v2", self.id, client_id, mode, role, ",".join(scopes), str(signed_at), token, nonce]
        return {
            "id": self.id,
            "publicKey": self.public_key,
            "signature": self.sign("|".join(parts)),
            "signedAt": signed_at,
            "nonce": nonce,
        }


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
