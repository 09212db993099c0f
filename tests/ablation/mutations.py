"""For each baseline check, changes of the gateway as found that each take a part of its control away."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mutation:
    """Exact text of one file, and what it becomes."""

    check: str
    path: str
    old: str
    new: str

    def apply(self, codebase: Path) -> None:
        """Change the file. Raises ValueError unless the text stands there exactly once."""
        file = codebase / self.path
        text = file.read_text()
        if text.count(self.old) != 1:
            raise ValueError(f"{self.check}: {self.path} has {text.count(self.old)} times: {self.old!r}")
        file.write_text(text.replace(self.old, self.new))


_CONNECTION = "server/ws_connection/connection.py"
_HANDLER = "server/ws_connection/message_handler.py"
_HANDSHAKE = "server/ws_connection/handshake.py"

_TORN_WRITE = """import time
        with open(path, "w") as torn:
            for letter in text:
                torn.write(letter)
                torn.flush()
                time.sleep(0.0005)
        temporary.unlink()"""

MUTATIONS = [
    Mutation("PROTO-01", _HANDLER, "    refuse_second_connect,\n", ""),
    Mutation("PROTO-02", _HANDSHAKE, "    negotiate_protocol,\n", ""),
    Mutation("PROTO-03", "protocol/schema/types.py", "elif self.rest is None:", "elif False:"),
    Mutation("PROTO-04", _CONNECTION, 'str(message, "utf-8")', 'str(message, "utf-8", "replace")'),
    Mutation(
        "LIM-01", _CONNECTION, 'max_message_size = self._limits("maxPayload")', "max_message_size = None"
    ),
    Mutation(
        "LIM-02", _CONNECTION, "call_later(seconds, self.close,", "call_later(seconds * 100, self.close,"
    ),
    Mutation(
        "LIM-03",
        _CONNECTION,
        'if buffered and buffered + len(data) > self._limits("maxBufferedBytes"):',
        "if False:",
    ),
    Mutation("LIM-04", "server/guards.py", "    bound_headers,\n", ""),
    Mutation("AUTH-01", "server/startup.py", "    refuse_open_bind,\n", ""),
    Mutation("AUTH-02", "server/auth.py", "if not same(value, expected):", "if False:"),
    Mutation(
        "AUTH-03",
        "server/ws_connection/device_proof.py",
        'return "device signature invalid"',
        "return None",
    ),
    Mutation("AUTH-04", _CONNECTION, "self.nonce = str(uuid.uuid4())", 'self.nonce = "0" * 36'),
    Mutation(
        "PAIR-01", _HANDSHAKE, 'silent = gap == "not-paired" and shake.conn.client.local', "silent = True"
    ),
    Mutation(
        "AUTHZ-01",
        "server/methods/registry.py",
        "if role == OPERATOR and not has_scope(scopes, wanted):",
        "if False:",
    ),
    Mutation(
        "AUTHZ-02",
        "server/methods/registry.py",
        "if role != (found.role if found else OPERATOR):",
        "if False:",
    ),
    Mutation(
        "AUTHZ-03",
        "server/broadcast.py",
        '"device.pair.requested": PAIRING',
        '"device.pair.requested": None',
    ),
    Mutation("AUTHZ-04", "devices/registry.py", 'return "scope-upgrade"', "return None"),
    Mutation("NET-01", "server/net.py", "return LOOPBACK_HOSTS", "return (ANY_HOST,)"),
    Mutation(
        "NET-02",
        "server/net.py",
        "local=is_loopback(address) and local_host and (trusted or not forwarded)",
        "local=is_loopback(address) and local_host",
    ),
    Mutation(
        "NET-03",
        "server/tls.py",
        "context.minimum_version = ssl.TLSVersion.TLSv1_2",
        'context.minimum_version = ssl.TLSVersion.TLSv1\n    context.set_ciphers("ALL:@SECLEVEL=0")',
    ),
    Mutation("EXEC-01", "tools/approvals.py", "if approval.request != request:", "if False:"),
    Mutation("IDEM-01", "server/methods/config.py", "if base != before.hash:", "if False:"),
    Mutation("FS-01", "state/files.py", "temporary.replace(path)", _TORN_WRITE),
    Mutation(
        "LOG-01",
        _HANDSHAKE,
        'token = shake.credentials.get("token")\n',
        'token = shake.credentials.get("token")\n    print(token, flush=True)\n',
    ),
    Mutation(
        "ERR-01",
        _HANDLER,
        'RequestError(UNAVAILABLE, "internal error", retryable=True)',
        "RequestError(UNAVAILABLE, repr(error), retryable=True)",
    ),
    Mutation(
        "HOOK-01",
        "server/http_hooks.py",
        "if not expected or not given or not same(given, expected):",
        "if not expected:",
    ),
    Mutation(
        "LIM-02",
        "server/http.py",
        "async with asyncio.timeout(self._timeout):\n                head =",
        "async with asyncio.timeout(None):\n                head =",
    ),
    Mutation(
        "AUTH-03",
        "server/ws_connection/device_proof.py",
        'if abs(now_ms - device["signedAt"]) > MAX_SKEW_MS:',
        "if False:",
    ),
    Mutation(
        "AUTH-04",
        "server/ws_connection/device_proof.py",
        "if given is not None and given != nonce:",
        "if False:",
    ),
    Mutation("PAIR-01", "devices/registry.py", "PENDING_TTL_MS = 300_000", "PENDING_TTL_MS = 3_000_000"),
    Mutation("EXEC-01", "tools/approvals.py", "if approval.used:", "if False:"),
    Mutation("EXEC-01", "tools/exec_tool.py", 'raise denied("timeout")', "return"),
    Mutation("IDEM-01", "server/dedupe.py", "found = self._seen.get(key)", "found = None"),
    Mutation(
        "ERR-01", "server/gateway.py", 'conn.close(1012, "service restart")', 'conn.close(1001, "gone")'
    ),
]
