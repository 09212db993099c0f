"""One limiter of failed attempts for every surface, and a record of every command before it runs."""

from __future__ import annotations

from tracker.api import Codebase

LIMITER = "the limiter integrated: five failed attempts lock a client out, whatever surface they used"
DOORS = "HTTP and hooks take their attempts from the same limiter"
CLIENTS = "the client behind trusted proxies is the right-most hop that none of them is; one spelling for each address"
COMMANDS = "each command is recorded before it runs, and its end after it"
ACTORS = "records can tell who asked for a command"
ENDED = "these weaknesses are ended"

WEAKNESSES = "KNOWN-WEAKNESSES.md"
EXPLOITS = "tests/weaknesses/test_2_01_rate_limit.py"


def implement(codebase: Codebase) -> None:
    limit_attempts(codebase)
    name_clients(codebase)
    document_limits(codebase)
    if "CLOG-01" not in codebase.deferred:
        record_commands(codebase)
    end_weaknesses(codebase)


def limit_attempts(codebase: Codebase) -> None:
    codebase.add("security/rate_limit.py", why="the limiter: places taken before a credential is looked at")
    codebase.add("tests/test_rate_limit.py", why="a test for each control of the limiter")
    codebase.append(
        "protocol/schema/error_codes.py",
        'RATE_LIMITED = "RATE_LIMITED"\n',
        why="RATE_LIMITED: the code of a client that is locked out",
    )
    codebase.edit(
        "config/schema.py",
        "    preauthMaxPayload=Integer(min=1024, default=64 * KIB),\n",
        "    preauthMaxPayload=Integer(min=1024, default=64 * KIB),\n"
        "    authAttempts=Integer(min=1, max=10, default=5),\n"
        "    authWindowMs=Integer(min=60_000, max=86_400_000, default=300_000),\n"
        "    authLockoutMs=Integer(min=60_000, max=86_400_000, default=300_000),\n"
        "    authMaxClients=Integer(min=1000, max=1_000_000, default=100_000),\n",
        why="how many attempts, in which time, for how long, of how many clients; none can be switched off",
    )
    path = "server/gateway.py"
    codebase.add_import(path, "from gateway.security.rate_limit import AttemptLimiter", why=LIMITER)
    codebase.insert_call(
        path,
        "Gateway.__init__",
        "self.auth_limiter = AttemptLimiter.configured(config, clock)",
        after="self.auth_audit = AuthAudit(self)",
        why="the gateway owns the one limiter",
    )
    limit_websocket(codebase)
    limit_http(codebase)
    hint = '"UNAUTHORIZED": "give the secret once by --token, --password, GATEWAY_TOKEN or GATEWAY_PASSWORD"'
    if '"RATE_LIMITED"' not in codebase.read("client.py"):
        codebase.edit(
            "client.py",
            f"HINTS = {{{hint}}}\n",
            f"HINTS = {{\n    {hint},\n"
            '    "RATE_LIMITED": "too many wrong secrets from this address: wait, then give the right one",\n'
            "}\n",
            why="a person who is locked out is told what to do",
        )


def limit_websocket(codebase: Codebase) -> None:
    path = "server/ws_connection/message_handler.py"
    why = (
        "rate limiter integration: a handshake takes one of the client's attempts before anything is verified"
    )
    codebase.edit(
        path,
        "        frame_id = request.id\n        await shake_hands(conn, request)\n",
        "        frame_id = request.id\n        await attempt_handshake(conn, request)\n",
        why=why,
    )
    codebase.edit(
        path,
        'def refuse(conn: "WsConnection", frame_id: str | None, refusal: Refusal) -> None:\n',
        'async def attempt_handshake(conn: "WsConnection", request: Request) -> None:\n'
        '    """Shake hands as one of the few attempts that a client has.\n'
        "\n"
        "    Raises Refusal or RequestError when it has none left or is not let in.\n"
        '    """\n'
        "    try:\n"
        "        async with conn.gateway.auth_limiter.attempt(conn.client.address) as attempt:\n"
        "            try:\n"
        "                await shake_hands(conn, request)\n"
        "            except Unauthorized:\n"
        '                if conn.shake is not None and conn.shake.presented != "none":\n'
        "                    attempt.failed()\n"
        "                raise\n"
        "            if conn.session is not None:\n"
        "                attempt.succeeded()\n"
        "    except TooManyAttempts as locked:\n"
        "        raise Refusal(\n"
        "            RATE_LIMITED,\n"
        '            "too many failed attempts",\n'
        "            retryable=True,\n"
        "            retry_after_ms=locked.retry_after_ms,\n"
        "        ) from None\n"
        "\n"
        "\n"
        'def refuse(conn: "WsConnection", frame_id: str | None, refusal: Refusal) -> None:\n',
        why=why,
    )
    codebase.add_import(path, "from gateway.security.rate_limit import TooManyAttempts", why=why)
    codebase.add_import(path, "from gateway.protocol.schema.error_codes import RATE_LIMITED", why=why)


def limit_http(codebase: Codebase) -> None:
    codebase.edit(
        "errors.py",
        '    """An HTTP request that is answered with an error status."""\n'
        "\n"
        "    def __init__(self, status: int, message: str, headers: tuple[tuple[str, str], ...] = ()) -> None:\n"
        "        super().__init__(message)\n"
        "        self.status = status\n"
        "        self.message = message\n"
        "        self.headers = headers\n",
        '    """An HTTP request that is answered with an error status; `details` join the error in the body."""\n'
        "\n"
        "    def __init__(\n"
        "        self,\n"
        "        status: int,\n"
        "        message: str,\n"
        "        headers: tuple[tuple[str, str], ...] = (),\n"
        "        details: dict[str, Any] | None = None,\n"
        "    ) -> None:\n"
        "        super().__init__(message)\n"
        "        self.status = status\n"
        "        self.message = message\n"
        "        self.headers = headers\n"
        "        self.details = details or {}\n",
        why="a refusal over HTTP can say when to try again",
    )
    codebase.edit(
        "server/http_message.py",
        '        refusal.status, {"ok": False, "error": {"type": kind, "message": refusal.message}}\n',
        "        refusal.status,\n"
        '        {"ok": False, "error": {"type": kind, "message": refusal.message, **refusal.details}},\n',
        why="a refusal over HTTP can say when to try again",
    )
    path = "server/http_credentials.py"
    codebase.edit(
        path,
        "    given = {gateway.auth.mode: presented_secret(request)}\n"
        '    _judge(gateway, request, await authenticate(gateway, given), "http")\n',
        "    given = {gateway.auth.mode: presented_secret(request)}\n"
        '    await _attempt(gateway, request, given, "http")\n',
        why=DOORS,
    )
    codebase.edit(
        path,
        '    given = {"token": request.bearer or request.headers.get(HOOK_HEADER)}\n'
        '    _judge(gateway, request, await authenticate(gateway, given, hook=True), "hooks")\n',
        '    given = {"token": request.bearer or request.headers.get(HOOK_HEADER)}\n'
        '    await _attempt(gateway, request, given, "hooks", hook=True)\n',
        why=DOORS,
    )
    codebase.edit(
        path,
        'def _judge(gateway: "Gateway", request: HttpRequest, result: AuthResult, surface: str) -> None:\n',
        "async def _attempt(\n"
        '    gateway: "Gateway",\n'
        "    request: HttpRequest,\n"
        "    given: dict[str, str | None],\n"
        "    surface: str,\n"
        "    *,\n"
        "    hook: bool = False,\n"
        ") -> None:\n"
        "    secret = HOOK_SECRET if hook else GATEWAY_SECRET\n"
        "    try:\n"
        "        async with gateway.auth_limiter.attempt(request.client.address, secret) as attempt:\n"
        "            result = await authenticate(gateway, given, hook=hook)\n"
        "            if result.ok:\n"
        "                attempt.succeeded()\n"
        "            elif any(given.values()):\n"
        "                attempt.failed()\n"
        "    except TooManyAttempts as locked:\n"
        "        _refuse_locked(gateway, request, surface, locked.retry_after_ms)\n"
        "    else:\n"
        "        _judge(gateway, request, result, surface)\n"
        "\n"
        "\n"
        'def _refuse_locked(gateway: "Gateway", request: HttpRequest, surface: str, wait_ms: int) -> NoReturn:\n'
        '    gateway.auth_audit.record(REFUSED, surface=surface, method="none", client=request.client, reason=TOO_MANY)\n'
        "    gateway.journal.warn(surface, TOO_MANY, client=request.client.address)\n"
        "    raise HttpRefusal(\n"
        "        429,\n"
        "        TOO_MANY,\n"
        '        (("Retry-After", str(math.ceil(wait_ms / 1000))),),\n'
        '        {"code": RATE_LIMITED, "retryAfterMs": wait_ms},\n'
        "    )\n"
        "\n"
        "\n"
        'def _judge(gateway: "Gateway", request: HttpRequest, result: AuthResult, surface: str) -> None:\n',
        why=DOORS,
    )
    codebase.edit(
        path,
        'HOOK_HEADER = "x-moltbot-token"\n',
        'HOOK_HEADER = "x-moltbot-token"\nTOO_MANY = "too many failed attempts"\n',
        why=DOORS,
    )
    codebase.add_import(path, "import math", why=DOORS)
    codebase.add_import(path, "from typing import NoReturn", why=DOORS)
    codebase.add_import(path, "from gateway.protocol.schema.error_codes import RATE_LIMITED", why=DOORS)
    for name in ("GATEWAY_SECRET", "HOOK_SECRET", "TooManyAttempts"):
        codebase.add_import(path, f"from gateway.security.rate_limit import {name}", why=DOORS)


def name_clients(codebase: Codebase) -> None:
    codebase.add("security/client_key.py", why="one key for each client, however its address is written")
    path = "server/net.py"
    codebase.edit(
        path,
        '    forwarded = headers.get("x-forwarded-for", "") or headers.get("x-real-ip", "")\n'
        "    trusted = peer in set(trusted_proxies)\n"
        '    address = forwarded.split(",")[0].strip() if forwarded and trusted else peer\n',
        '    forwarded = headers.get("x-forwarded-for", "") or headers.get("x-real-ip", "")\n'
        "    proxies = {str(parse_address(proxy)) for proxy in trusted_proxies}\n"
        "    trusted = str(parse_address(peer)) in proxies\n"
        "    address = _nearest_untrusted(peer, forwarded, proxies)\n",
        why=CLIENTS,
    )
    codebase.edit(
        path,
        "def resolve_bind(config: Config) -> tuple[str, ...]:\n",
        "def _nearest_untrusted(peer: str, forwarded: str, proxies: set[str]) -> str:\n"
        '    """Walk back from the socket, for as long as the hop is a trusted proxy that names the one before it.\n'
        "\n"
        "    A hop on the left is what the client wrote itself, so it never counts.\n"
        '    """\n'
        "    address = parse_address(peer)\n"
        '    for hop in reversed(forwarded.split(",")):\n'
        "        before = parse_address(hop)\n"
        "        if str(address) not in proxies or before is None:\n"
        "            break\n"
        "        address = before\n"
        "    return str(address or peer)\n"
        "\n"
        "\n"
        "def forwarding(raw_headers: Iterable[tuple[str, str]]) -> dict[str, str]:\n"
        '    """Return X-Forwarded-For of all its lines as one (RFC 9110 section 5.2), nothing without any."""\n'
        '    lines = [value for name, value in raw_headers if name == "x-forwarded-for"]\n'
        '    return {"x-forwarded-for": ",".join(lines)} if lines else {}\n'
        "\n"
        "\n"
        "def resolve_bind(config: Config) -> tuple[str, ...]:\n",
        why=CLIENTS,
    )
    codebase.add_import(path, "from gateway.security.client_key import parse_address", why=CLIENTS)
    codebase.edit(
        "server/http.py",
        "        headers = dict(raw)\n",
        "        headers = dict(raw) | forwarding(raw)\n",
        why="hops count whether a proxy adds them to the line or adds a line",
    )
    codebase.add_import(
        "server/http.py",
        "from gateway.server.net import forwarding",
        why="hops count whether a proxy adds them to the line or adds a line",
    )


LIMITS_TEXT = """## Rate limit

Five failed attempts within five minutes lock a client out for five minutes. They count together, wherever a
secret is asked for: WebSocket (shared secret, device token and proof of the device), HTTP and hooks. The answer
is `RATE_LIMITED` with `retryAfterMs` and close code 1008, over HTTP status 429 with `Retry-After`, for the right
secret too; nothing is verified meanwhile. A success ends the series. Loopback is no exception.

A client is an IPv4 address or an IPv6 network (/64). Behind a proxy in `gateway.trustedProxies` it is the
right-most hop of `X-Forwarded-For` that is no such proxy. `gateway.limits.authAttempts`, `authWindowMs`,
`authLockoutMs` and `authMaxClients` (100000 clients are remembered, about 20 MiB) can be changed within limits.
When all of them are locked out at the same time, clients not known are refused too. A restart forgets locks.

"""

COMMANDS_TEXT = """## Record of commands

`logs/command-audit.jsonl` has a line for each command that somebody wanted to run, written before it runs: who
asked, in which session, the words, the directory, the program and its hash, sandbox or host, and what was decided
and why. When it has ended, a second line with the same `id` has the exit code and the duration. The log is chained
like the others: `audit verify` covers it. A command that cannot be recorded, on a full disk for example, is not run.

"""


def document_limits(codebase: Codebase) -> None:
    if "## Rate limit\n" not in codebase.read("README.md"):
        codebase.edit(
            "README.md", "## Exit codes\n", f"{LIMITS_TEXT}## Exit codes\n", why="the limits, for operators"
        )


def record_commands(codebase: Codebase) -> None:
    codebase.add("security/command_audit.py", why=COMMANDS)
    codebase.add("security/actor.py", why="who acts is kept from the door to the record")
    codebase.add("tests/test_command_audit.py", why="a test of the record of commands")
    path = "server/gateway.py"
    codebase.add_import(path, "from gateway.security.command_audit import CommandAudit", why=COMMANDS)
    codebase.insert_call(
        path,
        "Gateway.__init__",
        "self.command_audit = CommandAudit(self)",
        after="self.auth_audit = AuthAudit(self)",
        why="the gateway owns the record of commands",
    )
    codebase.patch("patches/exec_tool.patch", why=COMMANDS)
    name_actors(codebase)
    codebase.edit(
        "tools/service.py",
        "    if not allowed_by_policy(gateway, call.tool):\n"
        '        raise ToolDenied(INVALID_REQUEST, f"tool denied by policy: {call.tool}")\n',
        "    if not allowed_by_policy(gateway, call.tool):\n"
        '        denial = ToolDenied(INVALID_REQUEST, f"tool denied by policy: {call.tool}")\n'
        "        if tool.run is exec_tool.run:\n"
        "            exec_tool.record_denial(gateway, call.args, call.session_key, denial)\n"
        "        raise denial\n",
        why="a command that the policy of tools denies is an attempt too",
    )
    codebase.edit(
        "state/files.py",
        '        os.write(descriptor, line.encode("utf-8", "replace") + b"\\n")\n',
        '        data = line.encode("utf-8", "replace") + b"\\n"\n'
        "        written = os.write(descriptor, data)\n"
        "        if written < len(data):\n"
        "            os.ftruncate(descriptor, os.fstat(descriptor).st_size - written)\n"
        "            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))\n",
        why="half a line on a full disk is taken back and is an error",
    )
    codebase.add_import(
        "state/files.py", "import errno", why="half a line on a full disk is taken back and is an error"
    )
    codebase.edit(
        "README.md",
        "## Rate limit\n",
        f"{COMMANDS_TEXT}## Rate limit\n",
        why="the record of commands, for operators",
    )


def name_actors(codebase: Codebase) -> None:
    path = "server/ws_connection/message_handler.py"
    codebase.add_import(path, "from gateway.security.actor import acting", why=ACTORS)
    codebase.insert_call(
        path,
        "serve",
        'acting(surface="ws", client=session.address, connId=session.conn_id, deviceId=session.device_id)',
        before="return await method.handler",
        why=ACTORS,
    )
    path = "server/routes.py"
    codebase.add_import(path, "from gateway.security.actor import acting", why=ACTORS)
    codebase.insert_call(
        path,
        "dispatch",
        "acting(surface=route.name, client=request.client.address)",
        before="response = await route.handler",
        why=ACTORS,
    )
    path = "server/http_channels.py"
    codebase.add_import(path, "from gateway.security.actor import acting", why=ACTORS)
    codebase.insert_call(
        path,
        "inbound",
        'acting(surface="channel", channel=message.channel, sender=message.sender)',
        before="delivery = await",
        why=ACTORS,
    )


ROW = (
    "| Secrets can be guessed without a limit, on every surface | "
    "`server/ws_connection/handshake.py:check_credentials` | "
    "`test_2_01_rate_limit.py:test_the_right_secret_works_after_any_number_of_wrong_ones` |\n"
)


def end_weaknesses(codebase: Codebase) -> None:
    """Take what this plan ends from the list, with its tests; commands stay on it while their record is put off."""
    if "CLOG-01" in codebase.deferred:
        codebase.edit(WEAKNESSES, ROW, "", why=ENDED)
        codebase.add(EXPLOITS, why="what still is a weakness keeps its test")
        return
    codebase.delete(EXPLOITS, why=ENDED)
    _, heading, rest = codebase.read(WEAKNESSES).partition("## 2.01 Rate limits\n\n")
    table, following, _ = rest.partition("\n## ")
    if table.startswith("|"):
        codebase.edit(
            WEAKNESSES, f"{heading}{table}{following}", f"{heading}None known.\n{following}", why=ENDED
        )
