"""Boots a gateway in a process of its own and talks to it like a client."""

import asyncio
import base64
import hashlib
import itertools
import json
import os
import re
import secrets
import signal
import ssl
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from websockets.asyncio.client import ClientConnection, connect

from gateway.tests.forked import Run

ROOT = Path(__file__).parents[2]
READY = re.compile(r"gateway ready (wss?)://(\S+):(\d+) pid=(\d+)\n")
REMOTE = {"X-Forwarded-For": "203.0.113.9"}
WAIT = 30.0
# Reading the system's list of authorities takes longer than a request without TLS.
NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_addresses = itertools.count()


def environment(home: Path, **extra: str) -> dict[str, str]:
    """Return a clean environment whose state, logs and locks are below `home`."""
    temporary = home / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "GATEWAY_STATE_DIR": str(home / "state"),
        **extra,
    }


def write_config(home: Path, config: dict[str, Any]) -> Path:
    path = home / "state" / "moltbot.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(config))
    return path


def command(home: Path, *words: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the program to its end; a gateway that should not have started is killed at once."""
    run = Run(words, environment(home, **extra))
    try:
        out, err = run.communicate(WAIT, fatal=b"gateway ready ")
    finally:
        run.kill()
    return subprocess.CompletedProcess(run.args, run.wait(), out, err)


def settings_audit(home: Path, *flags: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run the audit of settings and files; an audit that can also try out the controls is told not to."""
    settings_only = _audit_flags() & {"--without-controls"}
    return command(home, "security", "audit", "--json", *settings_only, *flags, **extra)


@cache
def _audit_flags() -> frozenset[str]:
    with tempfile.TemporaryDirectory() as home:
        return frozenset(re.findall(r"--[a-z-]+", command(Path(home), "security", "audit", "--help").stdout))


@dataclass
class Booted:
    """A running gateway."""

    process: Run
    home: Path
    scheme: str
    port: int
    token: str | None

    @property
    def state(self) -> Path:
        return self.home / "state"

    @property
    def clock(self) -> Path:
        return self.home / "clock"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def log(self) -> str:
        files = sorted((self.home / "tmp" / "moltbot").glob("*.log"))
        return "".join(file.read_text() for file in files)

    def http(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request, with the gateway's token unless it says otherwise."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= options.pop("headers", {})
        source = options.pop("source", None) or fresh_address()
        transport = httpx.HTTPTransport(verify=NO_AUTHORITIES, local_address=source)
        with httpx.Client(transport=transport, timeout=WAIT) as client:
            return client.request(method, f"http://127.0.0.1:{self.port}{path}", headers=headers, **options)

    def inbound(self, channel: str, sender: str, text: str, **extra: Any) -> dict[str, Any]:
        body = {"from": sender, "text": text, **extra}
        answer = self.http("POST", f"/channels/{channel}/inbound", json=body)
        assert answer.status_code == 200, answer.text
        delivery: dict[str, Any] = answer.json()
        return delivery

    def stop(self) -> tuple[int, str]:
        """Ask the gateway to stop; return its exit code and what it wrote to stderr."""
        self.process.send_signal(signal.SIGTERM)
        _, err = self.process.communicate(timeout=WAIT)
        return self.process.wait(), err


@contextmanager
def boot(
    home: Path,
    config: dict[str, Any] | None = None,
    *flags: str,
    token: str | None = "",
    **extra: str,
) -> Iterator[Booted]:
    """Run a gateway on a free port; a token is made up unless it is None."""
    chosen = secrets.token_hex(32) if token == "" else token
    if config is not None:
        write_config(home, config)
    if chosen:
        extra["GATEWAY_TOKEN"] = chosen
    process = Run(
        ["run", "--port", "0", *flags],
        environment(home, GATEWAY_TEST_CLOCK=str(home / "clock"), **extra),
    )
    try:
        found = READY.fullmatch(process.stdout.readline())
        if found is None:
            process.kill()
            raise AssertionError(f"the gateway did not start: {process.communicate()[1]}")
        yield Booted(process, home, found[1], int(found[3]), chosen)
    finally:
        process.kill()
        process.communicate()


def fresh_address() -> str:
    """Return a loopback address that no other test fails from."""
    number = next(_addresses)
    return f"127.{1 + number // 62_500}.{1 + number // 250 % 250}.{1 + number % 250}"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Device:
    """A device key, and the proofs it signs."""

    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    @property
    def id(self) -> str:
        return hashlib.sha256(self.public).hexdigest()

    def prove(self, params: dict[str, Any], nonce: str | None, signed_at: int) -> dict[str, Any]:
        client = params["client"]
        parts = ["v2" if nonce else "v1", self.id, client["id"], client["mode"]]
        parts += [params.get("role", "operator"), ",".join(params.get("scopes", []))]
        parts += [str(signed_at), params.get("auth", {}).get("token", ""), *([nonce] if nonce else [])]
        proof = {
            "id": self.id,
            "publicKey": b64(self.public),
            "signature": b64(self.key.sign("|".join(parts).encode())),
            "signedAt": signed_at,
        }
        return {**proof, "nonce": nonce} if nonce else proof


def connect_params(**extra: Any) -> dict[str, Any]:
    client = {"id": "test", "version": "1", "platform": "linux", "mode": "test"}
    return {"minProtocol": 3, "maxProtocol": 3, "client": client, **extra}


class Client:
    """A WebSocket client that has not said anything yet."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.events: list[dict[str, Any]] = []
        self.nonce = ""
        self._serial = 0

    async def receive(self) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(await asyncio.wait_for(self.socket.recv(), WAIT))
        return frame

    async def request(self, method: str, params: Any = None) -> dict[str, Any]:
        """Send a request and return its response; events on the way are kept."""
        request_id = await self.start(method, params)
        return await self.response(request_id)

    async def start(self, method: str, params: Any = None) -> str:
        self._serial += 1
        frame = {"type": "req", "id": str(self._serial), "method": method}
        await self.socket.send(json.dumps(frame if params is None else {**frame, "params": params}))
        return str(self._serial)

    async def response(self, request_id: str) -> dict[str, Any]:
        while (frame := await self.receive())["type"] == "event" or frame["id"] != request_id:
            self.events.append(frame)
        return frame

    async def call(self, method: str, params: Any = None) -> Any:
        """Return the payload of a request that must succeed."""
        frame = await self.request(method, params)
        assert frame["ok"], frame
        return frame["payload"]

    async def event(self, name: str) -> dict[str, Any]:
        """Wait for an event, or return one that came before."""
        while True:
            for frame in self.events:
                if frame.get("event") == name:
                    self.events.remove(frame)
                    payload: dict[str, Any] = frame["payload"]
                    return payload
            self.events.append(await self.receive())

    async def closed(self) -> int | None:
        """Wait for the end of the connection and return the close code."""
        await asyncio.wait_for(self.socket.wait_closed(), WAIT)
        return self.socket.close_code

    async def shake(
        self, device: Device | None = None, *, v1: bool = False, skew_ms: int = 0, **params: Any
    ) -> dict[str, Any]:
        """Send `connect` and return the response."""
        full = connect_params(**params)
        if device is not None:
            now = int(time.time() * 1000) + skew_ms
            full["device"] = device.prove(full, None if v1 else self.nonce, now)
        return await self.request("connect", full)


@asynccontextmanager
async def dial(
    gateway: Booted, headers: dict[str, str] | None = None, source: str | None = None
) -> AsyncIterator[Client]:
    """Open a connection, from an address of its own unless told, and take the challenge."""
    async with connect(
        gateway.url,
        additional_headers=headers,
        compression=None,
        proxy=None,
        close_timeout=1,
        local_addr=(source or fresh_address(), 0),
    ) as socket:
        client = Client(socket)
        challenge = await client.receive()
        assert challenge["event"] == "connect.challenge"
        client.nonce = challenge["payload"]["nonce"]
        yield client


@asynccontextmanager
async def operator(
    gateway: Booted, device: Device | None = None, *, with_device: bool = True, **params: Any
) -> AsyncIterator[Client]:
    """Open a connection and shake hands with the gateway's token and a device, a new one unless given."""
    params.setdefault("auth", {"token": gateway.token} if gateway.token else {})
    async with dial(gateway) as client:
        hello = await client.shake((device or Device()) if with_device else None, **params)
        assert hello["ok"], hello
        yield client


class Raw:
    """A TCP connection on which a test says exactly what it wants."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def line(self) -> str:
        return (await asyncio.wait_for(self.reader.readline(), WAIT)).decode()

    async def upgrade(self, *headers: str) -> str:
        """Ask for WebSocket; return the status line and drop the other headers."""
        lines = ["GET / HTTP/1.1", "Host: 127.0.0.1", "Connection: Upgrade", "Upgrade: websocket"]
        lines += ["Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}"]
        self.send("\r\n".join([*lines, *headers, "", ""]).encode())
        status = await self.line()
        while (await self.line()).strip():
            pass
        return status

    def frame(self, opcode: int, payload: bytes, *, fin: bool = True, masked: bool = True) -> None:
        """Send one frame; the mask is zero, so the payload stays as it is."""
        first = (0x80 if fin else 0) | opcode
        bit = 0x80 if masked else 0
        size = len(payload)
        if size < 126:
            head = bytes([first, bit | size])
        elif size < 65_536:
            head = bytes([first, bit | 126]) + size.to_bytes(2)
        else:
            head = bytes([first, bit | 127]) + size.to_bytes(8)
        self.send(head + (bytes(4) if masked else b"") + payload)

    async def read_frame(self) -> tuple[int, bytes]:
        first, second = await asyncio.wait_for(self.reader.readexactly(2), WAIT)
        size = second & 0x7F
        if size == 126:
            size = int.from_bytes(await self.reader.readexactly(2))
        elif size == 127:
            size = int.from_bytes(await self.reader.readexactly(8))
        return first & 0x0F, await asyncio.wait_for(self.reader.readexactly(size), WAIT)

    async def close_code(self) -> int:
        """Read frames up to the close frame and return its code."""
        while True:
            opcode, payload = await self.read_frame()
            if opcode == 8:
                return int.from_bytes(payload[:2])

    async def seconds_to_end(self) -> float:
        """Read to the end and return how long that took."""
        started = time.monotonic()
        with suppress(ConnectionError):
            while await asyncio.wait_for(self.reader.read(65_536), WAIT):
                pass
        return time.monotonic() - started


@asynccontextmanager
async def raw(gateway: Booted) -> AsyncIterator[Raw]:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    try:
        yield Raw(reader, writer)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
