"""The signature of an evidence bundle: Ed25519 (RFC 8032) over the manifest, which names all the rest."""

import base64
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.compliance.layout import MANIFEST, SIGNATURE
from gateway.errors import StateError
from gateway.paths import Paths
from gateway.state import files

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ALGORITHM = "Ed25519"
CONTEXT = b"gateway evidence 1\n"
KEY_BYTES = 32
PRIVATE = 0o600


def key_file(paths: Paths) -> Path:
    return paths.state / "keys" / "evidence.key"


def _load(paths: Paths) -> "Ed25519PrivateKey | None":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    text = files.read_text(key_file(paths))
    if text is None:
        return None
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text.strip()))
    except ValueError:
        raise StateError(
            f"{key_file(paths)}: not a key of {KEY_BYTES} bytes in hexadecimal",
            hint="restore it from a backup, or remove it to make a new one",
        ) from None


def _load_or_create(paths: Paths) -> "Ed25519PrivateKey":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    files.ensure_dir(key_file(paths).parent)
    with files.locked(key_file(paths)):
        key = _load(paths)
        if key is None:
            key = Ed25519PrivateKey.generate()
            files.write_text(key_file(paths), key.private_bytes_raw().hex() + "\n", PRIVATE)
    return key


def fingerprint(public: bytes) -> str:
    """Return the name of a key: the SHA-256 of its raw bytes, in hexadecimal."""
    return hashlib.sha256(public).hexdigest()


def own_fingerprint(paths: Paths) -> str | None:
    """Return the fingerprint of this installation's key, None when it never signed anything."""
    key = _load(paths)
    return None if key is None else fingerprint(key.public_key().public_bytes_raw())


def sign(paths: Paths, bundle: Path) -> None:
    """Write the signature beside the manifest, with this installation's key."""
    key = _load_or_create(paths)
    signature = key.sign(CONTEXT + (bundle / MANIFEST).read_bytes())
    text = _written(key.public_key().public_bytes_raw(), signature).decode()
    files.write_text(bundle / SIGNATURE, text)


def _written(public: bytes, signature: bytes) -> bytes:
    """Return the one way to write a signature down."""
    signed = {
        "algorithm": ALGORITHM,
        "publicKey": base64.b64encode(public).decode(),
        "fingerprint": fingerprint(public),
        "signature": base64.b64encode(signature).decode(),
    }
    return json.dumps(signed, indent=2).encode() + b"\n"


def inspect(paths: Paths, bundle: Path, signer: str | None) -> list[str]:
    """Return what is wrong with the signature; `signer` is who must have signed, else this installation."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        data = (bundle / SIGNATURE).read_bytes()
        signed = json.loads(data)
        public = base64.b64decode(signed["publicKey"], validate=True)
        signature = base64.b64decode(signed["signature"], validate=True)
        key = Ed25519PublicKey.from_public_bytes(public)
        key.verify(signature, CONTEXT + (bundle / MANIFEST).read_bytes())
    except FileNotFoundError:
        return [f"{SIGNATURE}: the evidence is not signed"]
    except InvalidSignature:
        return [f"{SIGNATURE}: does not fit the manifest"]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return [f"{SIGNATURE}: cannot be read as a signature: {error}"]
    found = fingerprint(public)
    faults = [] if data == _written(public, signature) else [f"{SIGNATURE}: was changed"]
    expected = signer or own_fingerprint(paths)
    if expected is None:
        faults.append(f"{SIGNATURE}: by {found}; name who has to have signed with --signer")
    elif expected.replace(":", "").lower() != found:
        faults.append(f"{SIGNATURE}: by {found}, not by {expected}")
    return faults
