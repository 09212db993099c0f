"""The listening port: from sockets to connections, and the end of them all."""

import asyncio
import logging
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import gateway.server.methods  # noqa: F401 - fills the method registry
from gateway.errors import StartupRefused
from gateway.server import startup
from gateway.server.http import HttpConnection
from gateway.server.net import listen_all, resolve_bind
from gateway.server.tls import server_context

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway


async def serve(gateway: "Gateway") -> None:
    """Start the gateway, say on which port it is, and serve until SIGTERM or SIGINT.

    Raises GatewayError when it does not start.
    """
    startup.prepare(gateway)
    context = server_context(gateway.config, gateway.paths)
    hosts = resolve_bind(gateway.config)
    port = gateway.config.number_at("gateway.port")
    try:
        listeners = listen_all(hosts, port)
    except OSError as error:
        raise StartupRefused(
            f"cannot listen on {hosts[0]} port {port}: {error.strerror}",
            hint="is another gateway running? choose another --port",
        ) from None
    # Libraries would print tracebacks on stderr; what matters reaches the journal.
    logging.getLogger().addHandler(logging.NullHandler())
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, found: _note(gateway, found))
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)

    connections: set[asyncio.Task[Any]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            connections.add(task)
            task.add_done_callback(connections.discard)
        with suppress(asyncio.CancelledError):
            await HttpConnection(gateway, reader, writer).run()

    seconds = gateway.config.seconds_at("gateway.limits.handshakeTimeoutMs")
    tls: dict[str, Any] = {"ssl": context, "ssl_handshake_timeout": seconds} if context else {}
    servers = [await asyncio.start_server(connected, sock=listener, **tls) for listener in listeners]
    gateway.spawn(gateway.tick())
    _announce(gateway, hosts[0], listeners[0].getsockname()[1], secure=context is not None)
    await stopped.wait()
    for server in servers:
        server.close()
    await gateway.stop("stopped by a signal")
    for task in connections:
        task.cancel()
    await asyncio.gather(*connections, return_exceptions=True)


def _announce(gateway: "Gateway", host: str, port: int, *, secure: bool) -> None:
    shown = f"[{host}]" if ":" in host else host
    url = f"{'wss' if secure else 'ws'}://{shown}:{port}"
    gateway.journal.info("gateway", "ready", url=url, auth=gateway.auth.mode)
    sys.stdout.write(f"gateway ready {url} pid={os.getpid()}\n")
    sys.stdout.flush()


def _note(gateway: "Gateway", found: dict[str, Any]) -> None:
    gateway.journal.debug("gateway", str(found.get("message")), error=repr(found.get("exception")))
