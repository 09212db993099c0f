"""The identity of this machine as a client: an Ed25519 key and what it signs."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.errors import StateError
from gateway.protocol.schema.types import Text, record
from gateway.server.ws_connection.device_proof import (
    decode_base64,
    device_id_of,
    encode_base64url,
    signed_text,
)
from gateway.state import files, secrets

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FILE = record("privateKey", privateKey=Text(secret=True, min=1), deviceId=Text())


@dataclass(frozen=True)
class Identity:
    key: "Ed25519PrivateKey"

    @property
    def public_key(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    @property
    def device_id(self) -> str:
        return device_id_of(self.public_key)

    @classmethod
    def load_or_create(cls, path: Path) -> "Identity":
        """Read the key, or make one.

        Raises StateError when the file does not hold a key.
        """
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        stored = files.read_json(path, None)
        if stored is None:
            identity = cls(Ed25519PrivateKey.generate())
            secret = encode_base64url(identity.key.private_bytes_raw())
            value = {"deviceId": identity.device_id, "privateKey": secret}
            files.write_json(path, FILE.map_secrets(value, secrets.seal))
            return identity
        if next(FILE.problems(stored), None) is None:
            raw = decode_base64(FILE.map_secrets(stored, secrets.unseal)["privateKey"])
            if raw is not None and len(raw) == 32:
                return cls(Ed25519PrivateKey.from_private_bytes(raw))
        raise StateError(f"{path}: not a device key", hint="remove the file to make a new one")

    def proof(self, params: dict[str, Any], nonce: str, now_ms: int) -> dict[str, Any]:
        """Return the `device` object of `connect` for the other parameters."""
        device = {
            "id": self.device_id,
            "publicKey": encode_base64url(self.public_key),
            "signedAt": now_ms,
            "nonce": nonce,
        }
        signed = self.key.sign(signed_text({**params, "device": device}, nonce).encode())
        return {**device, "signature": encode_base64url(signed)}
