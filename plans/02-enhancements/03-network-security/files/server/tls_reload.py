"""Certificates that are replaced while the gateway runs: new connections get the new one, open ones go on."""

import asyncio
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.errors import StartupRefused
from gateway.server.certificates import Pair
from gateway.server.tls import server_context

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway

LOOK_SECONDS = 1.0


class Reloader:
    """Serves each handshake with the context that is in force when it begins."""

    def __init__(self, gateway: "Gateway", context: ssl.SSLContext) -> None:
        self._gateway = gateway
        self._current = context
        self._seen = self._look()
        context.sni_callback = self._choose

    def _choose(
        self, connection: ssl.SSLSocket | ssl.SSLObject, _name: str | None, _context: ssl.SSLContext
    ) -> None:
        connection.context = self._current

    def _look(self) -> list[tuple[int, int, int]]:
        """Return what tells one content of the files from another."""
        pair = Pair.configured(self._gateway.config, self._gateway.paths)
        authority = self._gateway.config.text_at("gateway.tls.clientCaPath")
        files = [pair.certificate, pair.key, *([Path(authority)] if authority else [])]
        stats = [file.stat() for file in files if file.exists()]
        return [(stat.st_ino, stat.st_size, stat.st_mtime_ns) for stat in stats]

    async def watch(self) -> None:
        """Take up replaced files; what cannot be used is said once, and the old certificate stays."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                seen = self._look()
            except OSError:
                continue
            if seen != self._seen:
                self._seen = seen
                self._replace()

    def _replace(self) -> None:
        try:
            context = server_context(self._gateway.config, self._gateway.paths, generate=False)
        except StartupRefused as refused:
            self._gateway.journal.error("tls", "the certificate in use stays", reason=refused.message)
            return
        if context is not None:
            self._current = context
            self._gateway.journal.info("tls", "certificate replaced")
