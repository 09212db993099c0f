"""Sealed secrets: AES-256-GCM, bound to the key, to the format and to the place where they stand.

`enc:v1:KEYID:PAYLOAD`, where PAYLOAD is base64url of a random 96-bit nonce
(NIST SP 800-38D, 8.2.2), the ciphertext and the 128-bit tag. The authenticated
data names the format, the key and the dotted path of the secret, so a sealed
value that is moved to another place, or claims to be of another format, does
not open.
"""

import base64
import hashlib
import hmac
import os
import re
from dataclasses import dataclass, field

PREFIX = "enc:v1:"
SEALED = re.compile(r"enc:v1:([0-9a-f]{8}):([A-Za-z0-9_-]+)")
KEY_LINE = re.compile(r"moltbot-secrets-key v1 ([0-9a-f]{8}) ([A-Za-z0-9_-]{43})")
KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
# A value that keeps this many characters of the prefix was sealed once and is damaged now.
LIKENESS = 4


class Unopened(Exception):
    """A sealed value that does not open, and why."""


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _bytes(text: str) -> bytes | None:
    """Decode base64url; None unless the text is the one form of its bytes."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    return data if _base64(data) == text else None


@dataclass(frozen=True)
class Key:
    """A master key; what it is used for is derived from it, by HKDF-Expand of one block (RFC 5869)."""

    material: bytes = field(repr=False)

    def _derive(self, purpose: str) -> bytes:
        return hmac.new(self.material, f"moltbot secrets v1 {purpose}\x01".encode(), hashlib.sha256).digest()

    @property
    def id(self) -> str:
        return self._derive("key id")[:4].hex()

    @property
    def line(self) -> str:
        """The key as it is kept in a file."""
        return f"moltbot-secrets-key v1 {self.id} {_base64(self.material)}"

    @classmethod
    def generate(cls) -> "Key":
        return cls(os.urandom(KEY_BYTES))

    @classmethod
    def parse(cls, line: str) -> "Key | None":
        """Return the key of a line, None where the line is damaged."""
        found = KEY_LINE.fullmatch(line.strip())
        material = _bytes(found[2]) if found else None
        if found is None or material is None:
            return None
        key = cls(material)
        return key if key.id == found[1] else None

    def seal(self, path: str, secret: str) -> str:
        """Return the sealed form of the secret at a dotted path, another one each time."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(NONCE_BYTES)
        sealed = AESGCM(self._derive("aes-256-gcm")).encrypt(nonce, secret.encode(), self._bound(path))
        return f"{PREFIX}{self.id}:{_base64(nonce + sealed)}"

    def open(self, path: str, payload: bytes) -> str:
        """Return the secret of a payload.

        Raises Unopened.
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce, sealed = payload[:NONCE_BYTES], payload[NONCE_BYTES:]
        if len(sealed) < TAG_BYTES:
            raise Unopened("the sealed secret is cut off")
        try:
            return AESGCM(self._derive("aes-256-gcm")).decrypt(nonce, sealed, self._bound(path)).decode()
        except InvalidTag:
            raise Unopened("the sealed secret was changed, or belongs to another place") from None

    def _bound(self, path: str) -> bytes:
        return f"{PREFIX}{self.id}|{path}".encode()


def looks_sealed(stored: str) -> bool:
    """Tell whether a stored value is sealed, or was before it was damaged."""
    alike = sum(one == other for one, other in zip(stored, PREFIX, strict=False))
    return stored.startswith("enc:") or alike >= LIKENESS


def key_id(stored: str) -> str | None:
    """Return the id of the key that a value is sealed with, None where it is not whole."""
    found = SEALED.fullmatch(stored)
    return found[1] if found else None


def payload_of(stored: str) -> bytes:
    """Return the payload of a sealed value.

    Raises Unopened where the value is not of the one format that is known.
    """
    found = SEALED.fullmatch(stored)
    payload = _bytes(found[2]) if found else None
    if payload is None:
        raise Unopened(f"not a whole sealed secret: it must be {PREFIX}KEYID:PAYLOAD")
    return payload
