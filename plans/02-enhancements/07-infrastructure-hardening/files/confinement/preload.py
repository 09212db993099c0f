"""Modules that would be imported later: the user that the gateway becomes may not reach the interpreter's files."""

import importlib
import pkgutil
from contextlib import suppress

import gateway

LATER = (
    "anyio._backends._asyncio",
    "argon2",
    "argon2.exceptions",
    "concurrent.futures.thread",
    "cryptography.exceptions",
    "cryptography.hazmat.primitives.asymmetric.ed25519",
    "cryptography.hazmat.primitives.asymmetric.rsa",
    "cryptography.hazmat.primitives.ciphers.aead",
    "cryptography.hazmat.primitives.hashes",
    "cryptography.hazmat.primitives.serialization",
    "cryptography.x509",
    "encodings.idna",
    "encodings.ascii",
    "encodings.latin_1",
    "encodings.utf_16",
    "httpx",
    "ipaddress",
    "json5",
    "nh3",
    "stringprep",
    "websockets.exceptions",
)
# Commands and tests run in processes of their own.
ELSEWHERE = (
    "gateway.cli",
    "gateway.tests",
    "gateway.supply_chain",
    "gateway.__main__",
    "gateway.sandbox.supervisor",
)


def preload() -> None:
    """Import what the serving process uses at some time."""
    for name in (*_own(), *LATER):
        with suppress(ImportError):
            importlib.import_module(name)


def _own() -> list[str]:
    found = pkgutil.walk_packages(gateway.__path__, "gateway.", onerror=lambda _name: None)
    return [each.name for each in found if not each.name.startswith(ELSEWHERE)]
