"""Sessions that expire, can be listed, rotated and revoked, and end at once on every surface."""

from __future__ import annotations

from tracker.api import Codebase

WIRED = "each connection belongs to a session, and each frame asks it again"
HTTP = "the token of a session works over HTTP too, for as much as its scopes"
WATCHED = "sessions end on time while their connections are silent"
GUARDED = "a replayed token ends its session and raises the alarm; a device has few sessions"
SCOPES = "nobody hands out scopes that they lack"
TOLD = "clients are told that a session is over, and what to do"
ENDED = "these weaknesses are ended"

WEAKNESSES = "KNOWN-WEAKNESSES.md"
DEVICES = "server/methods/devices.py"
EXPLOITS = "tests/weaknesses/test_2_02_sessions.py"

PATCHES = {
    "server-ws_connection-handshake": "a login with the secret opens a session, a token goes on with one",
    "server-ws_connection-hello": "a client is told its session and when it ends; the token once",
    "server-ws_connection-connection": "a connection can be ended with what is still being worked on",
    "devices-registry": "tokens of devices belong to sessions; those of earlier versions are taken over",
    "server-http_credentials": HTTP,
    "server-http_message": HTTP,
    "tests-test_auth": "tokens are longer, and an old one is tried last",
    "tests-test_auth_hardening": "a token that an earlier version kept is taken over as a session",
}


GUARD_LINES = {
    "server/session_gate.py": (
        "from gateway.security import session_guard\n",
        "        session_guard.replayed(gateway, session, address)\n",
        "    session_guard.make_room(gateway, holder)\n",
    ),
    "server/methods/auth_sessions.py": (
        "from gateway.security.session_guard import require_own_scopes\n",
        "    require_own_scopes(call, session.scopes)\n",
    ),
}
"""The lines that wire the guard, in files that stand without them too."""


def implement(codebase: Codebase) -> None:
    codebase.add("security/auth_session.py", why="a session, and what is kept of its tokens")
    codebase.add("security/auth_sessions.py", why="sessions on both clocks, on disk before they are told")
    add(codebase, "server/session_gate.py", "what a token opens, and the end of sessions and connections")
    add(codebase, "server/methods/auth_sessions.py", "auth.sessions.list, rotate and revoke")
    codebase.add("tests/test_auth_sessions.py", why="a test for each control of sessions")
    configure(codebase)
    for patch, why in PATCHES.items():
        codebase.patch(f"patches/{patch}.patch", why=why)
    if "replace_token" not in codebase.read(DEVICES):
        why = "rotating and revoking a device's token acts on its sessions, at once"
        codebase.patch("patches/server-methods-devices.patch", why=why)
    wire(codebase)
    scope_routes(codebase)
    tell(codebase)
    if "SESS-03" not in codebase.deferred:
        guard(codebase)
    document(codebase)
    end_weaknesses(codebase)


def add(codebase: Codebase, path: str, why: str) -> None:
    """Add a file; while the guard is put off, without the lines that wire it."""
    if "SESS-03" not in codebase.deferred:
        codebase.add(path, why=why)
        return
    text = (codebase.plan_dir / "files" / path).read_text(encoding="utf-8")
    for line in GUARD_LINES[path]:
        text = text.replace(line, "")
    codebase.write(path, text, why=why)


def configure(codebase: Codebase) -> None:
    path, why = "config/schema.py", "how long sessions last, in all and without a request"
    if "AUTH_SESSIONS" not in codebase.read(path):
        codebase.edit(
            path,
            "GATEWAY = record(\n",
            "AUTH_SESSIONS = record(\n"
            "    maxAgeMs=Integer(min=1000, max=90 * DAY_MS, default=30 * DAY_MS),\n"
            "    idleMs=Integer(min=1000, max=90 * DAY_MS, default=7 * DAY_MS),\n"
            ")\n"
            "\n"
            "GATEWAY = record(\n",
            why=why,
        )
    codebase.edit(path, "KIB = 1024\n", "KIB = 1024\nDAY_MS = 86_400_000\n", why=why)
    codebase.edit(
        path,
        "        password=STRONG_PASSWORD,\n",
        "        password=STRONG_PASSWORD,\n        sessions=AUTH_SESSIONS,\n",
        why=why,
    )


def wire(codebase: Codebase) -> None:
    path = "server/gateway.py"
    why = "the gateway owns the sessions and their record"
    codebase.add_import(path, "from gateway.security.audit_log import ChainedLog", why=why)
    codebase.add_import(path, "from gateway.security.auth_sessions import AuthSessions, Lifetimes", why=why)
    codebase.add_import(path, "from gateway.server import session_gate", why=why)
    codebase.insert_call(
        path,
        "Gateway.__init__",
        'self.session_audit = ChainedLog(paths, "session-audit", config.number_at("logging.auditMaxBytes"))',
        after="self.auth_audit = AuthAudit(self)",
        why=why,
    )
    codebase.insert_call(
        path,
        "Gateway.__init__",
        'self.auth_sessions = AuthSessions(\n    paths.devices / "sessions.json", clock, Lifetimes.configured(config)\n)',
        after="self.session_audit = ",
        why=why,
    )
    codebase.edit(
        path,
        "            auth_method=shake.auth.method,\n",
        "            auth_method=shake.auth.method,\n            auth_session=shake.held,\n",
        why=WIRED,
    )
    codebase.insert_call(
        path,
        "Gateway.left",
        "session_gate.closed(self, conn)",
        before="self.nodes.left(conn)",
        why="a session without a token ends with its connection",
    )
    path = "server/ws_connection/message_handler.py"
    codebase.add_import(path, "from gateway.server.session_gate import require_live_session", why=WIRED)
    codebase.append_to(path, "FRAME_GUARDS", "require_live_session", before="require_scope", why=WIRED)
    codebase.insert_call(
        "server/startup.py",
        "load_devices",
        "gateway.auth_sessions.load()",
        before="gateway.devices.load()",
        why="sessions outlive a restart",
    )
    codebase.add_import("server/listen.py", "from gateway.server.session_gate import watch", why=WATCHED)
    codebase.insert_call(
        "server/listen.py",
        "serve",
        "gateway.spawn(watch(gateway))",
        after="gateway.spawn(gateway.tick())",
        why=WATCHED,
    )
    path, why = "server/methods/__init__.py", "the methods of sessions are registered"
    codebase.edit(
        path,
        "from gateway.server.methods import (\n    approvals,\n",
        "from gateway.server.methods import (\n    approvals,\n    auth_sessions,\n",
        why=why,
    )
    codebase.append_to(path, "__all__", '"auth_sessions"', after='"approvals"', why=why)


def scope_routes(codebase: Codebase) -> None:
    """Edits and no patch: the file has other lines around them while the command log is put off."""
    path, why = "server/routes.py", "a route says which scope a session needs for it"
    for name in ("ADMIN", "READ", "WRITE", "has_scope"):
        codebase.add_import(path, f"from gateway.server.methods.registry import {name}", why=why)
    codebase.edit(
        path,
        '    """`matches` looks at the path only; `largest_body` names a limit of the configuration."""\n',
        '    """`matches` looks at the path only; `largest_body` names a limit of the configuration.\n'
        "\n"
        "    `scope` is what a session needs to use the route; the gateway's secret needs none.\n"
        '    """\n',
        why=why,
    )
    codebase.edit(
        path,
        "    largest_body: str | None = None\n",
        "    largest_body: str | None = None\n    scope: str = ADMIN\n",
        why=why,
    )
    codebase.edit(
        path,
        '        largest_body="toolsMaxBodyBytes",\n',
        '        largest_body="toolsMaxBodyBytes",\n        scope=WRITE,\n',
        why=why,
    )
    for name in ("index", "chat"):
        codebase.edit(path, f"http_ui.{name}),\n", f"http_ui.{name}, scope=READ),\n", why=why)
    codebase.edit(
        path,
        "        await route.credential(gateway, request)\n",
        "        await route.credential(gateway, request)\n"
        "        session = request.auth_session\n"
        "        if session is not None and not has_scope(session.scopes, route.scope):\n"
        '            raise HttpRefusal(403, f"missing scope: {route.scope}")\n',
        why=why,
    )


def tell(codebase: Codebase) -> None:
    codebase.append(
        "protocol/schema/error_codes.py",
        'TOKEN_EXPIRED = "TOKEN_EXPIRED"  # noqa: S105 - the name of a code\n',
        why="the code of a session whose time is over",
    )
    codebase.edit(
        "errors.py",
        "class HttpRefusal(Exception):\n",
        "class SessionExpired(Refusal):\n"
        '    """The right token of a session whose time is over."""\n'
        "\n"
        "    def __init__(self) -> None:\n"
        '        super().__init__("TOKEN_EXPIRED", "session expired: log in again", reason="session expired")\n'
        "\n"
        "\n"
        "class HttpRefusal(Exception):\n",
        why=TOLD,
    )
    codebase.edit(
        "errors.py",
        "└── Unauthorized        its credential is not good, whatever is wrong with it\n",
        "├── SessionExpired      its token was good, and its time is over\n"
        "└── Unauthorized        its credential is not good, whatever is wrong with it\n",
        why=TOLD,
    )
    codebase.append_to(
        "client.py",
        "HINTS",
        '"TOKEN_EXPIRED": "the session is over: give the secret once by --token, --password or the environment"',
        why=TOLD,
    )


def guard(codebase: Codebase) -> None:
    codebase.add("security/session_guard.py", why=GUARDED)
    codebase.add("tests/test_session_guard.py", why="a test of the guard of sessions")
    codebase.edit(
        "config/schema.py",
        "    idleMs=Integer(min=1000, max=90 * DAY_MS, default=7 * DAY_MS),\n",
        "    idleMs=Integer(min=1000, max=90 * DAY_MS, default=7 * DAY_MS),\n"
        "    perDevice=Integer(min=1, max=100, default=10),\n"
        '    whenFull=Text(one_of=("evict", "refuse"), default="evict"),\n',
        why="how many sessions a device has, and what makes room",
    )
    codebase.add_import(
        "server/broadcast.py",
        "from gateway.server.methods.registry import ADMIN",
        why="administrators hear of attacks",
    )
    codebase.append_to(
        "server/broadcast.py", "EVENTS", '"auth.session.alert": ADMIN', why="administrators hear of attacks"
    )
    path = DEVICES
    codebase.add_import(path, "from gateway.security.session_guard import require_own_scopes", why=SCOPES)
    codebase.add_import(
        path, "from gateway.security.session_guard import require_scopes_of_request", why=SCOPES
    )
    codebase.insert_call(
        path, "rotate", "require_own_scopes(call, scopes)", before='if "scopes" in call.params', why=SCOPES
    )
    codebase.insert_call(
        path,
        "approve",
        "require_scopes_of_request(call, request_id)",
        before="device = call.gateway.devices.approve",
        why=SCOPES,
    )


TEXT = """## Sessions

A login with the secret opens a session for the device and shows its token once; with the token (and the proof of
the device) a client goes on with the session, on any number of connections. Over HTTP the token is a bearer with
the session's scopes: `operator.write` for tools, `operator.read` for the control page, `operator.admin` for channels.
Prefer it to the secret wherever a program needs one.

A session ends 30 days after the login (`gateway.auth.sessions.maxAgeMs`) or after 7 days without a request
(`idleMs`), also while it is connected; then the answer is `TOKEN_EXPIRED`. Time is taken from the wall clock or the
monotonic clock, whichever is ahead, so setting the clock back prolongs nothing. Sessions are kept in
`devices/sessions.json`, without their tokens, and outlive a restart.

    python -m gateway call auth.sessions.list
    python -m gateway call auth.sessions.rotate '{sessionId: "…"}'
    python -m gateway call auth.sessions.revoke '{sessionId: "…"}'

Without `sessionId` the caller's own token is rotated; `revoke` also takes `deviceId`, or `others: true` for
everybody but the caller. What is rotated or revoked is over at once, on every connection and surface, and stands
in `logs/session-audit.jsonl`. `device.token.rotate` and `device.token.revoke` act on all sessions of a device.
"""
GUARD_TEXT = """
A replaced token that is shown again ends its session for whoever holds it, and administrators get an `auth.session.alert`.
A device has 10 sessions (`perDevice`); one more ends the one that was not used for longest, or is refused with
`whenFull: "refuse"`. Rotating and approving hand out no scope that the caller lacks.
"""


def document(codebase: Codebase) -> None:
    text = TEXT if "SESS-03" in codebase.deferred else TEXT + GUARD_TEXT
    if "## Sessions\n" in codebase.read("README.md"):
        if "SESS-03" not in codebase.deferred:
            codebase.edit("README.md", TEXT, text, why="sessions, for operators")
        return
    codebase.edit("README.md", "## Exit codes\n", f"{text}\n## Exit codes\n", why="sessions, for operators")


ROW = (
    "| Rotating a token can grant scopes that the caller lacks | `devices/registry.py:rotate` | "
    "`test_2_02_sessions.py:test_a_pairing_operator_makes_itself_admin` |\n"
)


def end_weaknesses(codebase: Codebase) -> None:
    """Take what this plan ends from the list, with its tests; the guard's stays while it is put off."""
    _, heading, rest = codebase.read(WEAKNESSES).partition("## 2.02 Sessions\n\n")
    table, following, _ = rest.partition("\n## ")
    if "SESS-03" in codebase.deferred:
        codebase.add(EXPLOITS, why="what still is a weakness keeps its test")
        head = "".join(table.splitlines(keepends=True)[:2])
        left = head + ROW.replace("devices/registry.py", "server/methods/devices.py")
    else:
        codebase.delete(EXPLOITS, why=ENDED)
        left = "None known.\n"
    if table.startswith("|") and table != left:
        codebase.edit(WEAKNESSES, f"{heading}{table}{following}", f"{heading}{left}{following}", why=ENDED)
