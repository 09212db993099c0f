"""Proof of device identity: an Ed25519 signature over what the client claims in `connect`."""

import base64
import binascii
import hashlib
from typing import Any

MAX_SKEW_MS = 600_000
KEY_BYTES = 32


def decode_base64(text: str) -> bytes | None:
    """Decode base64 or base64url, padded or not; None when it is neither."""
    standard = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def encode_base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def device_id_of(public_key: bytes) -> str:
    return hashlib.sha256(public_key).hexdigest()


def signed_text(params: dict[str, Any], nonce: str | None) -> str:
    """Return the text that a device signs: version 2 with the server's nonce, 1 without."""
    device, client = params["device"], params["client"]
    parts = [
        "v1" if nonce is None else "v2",
        device["id"],
        client["id"],
        client["mode"],
        params.get("role") or "operator",
        ",".join(params.get("scopes") or []),
        str(device["signedAt"]),
        params.get("auth", {}).get("token") or "",
    ]
    return "|".join(parts if nonce is None else [*parts, nonce])


def fault(params: dict[str, Any], *, nonce: str, nonce_required: bool, now_ms: int) -> str | None:
    """Return what is wrong with the device proof in `params`, None when it holds."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    device = params["device"]
    key = decode_base64(device["publicKey"])
    signature = decode_base64(device["signature"])
    if key is None or len(key) != KEY_BYTES:
        return "device public key invalid"
    if device_id_of(key) != device["id"]:
        return "device identity mismatch"
    if abs(now_ms - device["signedAt"]) > MAX_SKEW_MS:
        return "device signature expired"
    given = device.get("nonce")
    if given is None and nonce_required:
        return "device nonce required"
    if given is not None and given != nonce:
        return "device nonce mismatch"
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(
            signature or b"", signed_text(params, given).encode("utf-8", "replace")
        )
    except InvalidSignature:
        return "device signature invalid"
    return None
