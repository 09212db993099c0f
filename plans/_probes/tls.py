"""TLS on both sides of a probe."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import tempfile
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TLSv1_1 = ssl.TLSVersion.TLSv1_1


def trusting_anyone(only: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """A client that checks no certificate. With `only` it offers that version alone, however weak."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if only is not None:
        allow_only(context, only)
    return context


def allow_only(context: ssl.SSLContext, version: ssl.TLSVersion) -> None:
    """Speak this version alone; security level 0 lets OpenSSL really do the old ones."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = version
        context.maximum_version = version
    if version < ssl.TLSVersion.TLSv1_3:
        context.set_ciphers("ALL:@SECLEVEL=0")


def handshake(sock: socket.socket, only: ssl.TLSVersion) -> str | None:
    """The version spoken when offering one alone; None when the peer refuses it."""
    try:
        with trusting_anyone(only).wrap_socket(sock) as secured:
            return secured.version()
    except (ssl.SSLError, ConnectionError):
        return None


def issue(directory: Path, *names: str, authority: Any = None, **options: Any) -> tuple[Path, Path]:
    """A certificate for names or addresses, written with its key (0600): the two paths.

    `authority` is a trustme CA, a new one by default; `options` go to its `issue_cert`.
    """
    import trustme

    issued = (authority or trustme.CA()).issue_cert(*names, **options)
    directory.mkdir(parents=True, exist_ok=True)
    cert, key = directory / "cert.pem", directory / "key.pem"
    cert.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    descriptor = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(issued.private_key_pem.bytes())
    return cert, key


@contextlib.contextmanager
def weak_server(version: ssl.TLSVersion = TLSv1_1) -> Iterator[int]:
    """A server that speaks one old version: its port. A probe that finds nothing here finds nothing anywhere."""
    with tempfile.TemporaryDirectory() as directory:
        cert, key = issue(Path(directory), "127.0.0.1")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        allow_only(context, version)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=_accept_all, args=(listener, context), daemon=True)
            thread.start()
            yield int(listener.getsockname()[1])
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def _accept_all(listener: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            sock, _ = listener.accept()
        except OSError:
            return
        with contextlib.suppress(OSError), context.wrap_socket(sock, server_side=True) as secured:
            secured.recv(1)
