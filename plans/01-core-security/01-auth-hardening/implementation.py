"""One mandatory authentication: strong secrets, one check for every surface, verifiers at rest, a record."""

from __future__ import annotations

from tracker.api import Codebase

WEAKNESSES = "KNOWN-WEAKNESSES.md"

FILES = {
    "state/verifiers.py": "what is kept of a secret that is only compared: salted HMAC, or Argon2id for passwords",
    "security/secret_strength.py": "the rules that a secret must keep, each with its name",
    "security/auth_audit.py": "one line for each authentication attempt, with the client behind a trusted proxy",
    "config/guarded.py": "shapes of strong secrets and of switches that are gone",
    "config/sealing.py": "open secrets in the configuration file are replaced by verifiers, comments stay",
    "server/http_credentials.py": "what an HTTP client must show, the same for every route",
    "server/request_origin.py": "foreign Host and Origin headers and credentials in URLs are refused before 101",
    "tests/test_auth_hardening.py": "a test for each control",
}

PATCHES = {
    "server-auth": "one authenticate() for WebSocket, HTTP and hooks; nothing configured lets nobody in",
    "server-routes": "a route asks for the gateway's secret unless it says otherwise",
    "server-http_hooks": "the hooks' own check is gone: it is the common one",
    "server-http_tools": "the check is the route's default now",
    "server-http_ui": "the check is the route's default now, and no token is read from the URL",
    "server-guards": "wire the Host, Origin and URL guards in front of everything",
    "server-startup": "no start without a strong secret, loopback included; seal the configuration",
    "server-ws_connection-handshake": "no bypass switches, uniform failures, scopes for devices only, accepted attempts recorded",
    "server-ws_connection-message_handler": "record refused attempts; the cause goes to the log, not to the client",
    "server-ws_connection-connection": "a connection remembers its handshake for the record",
    "server-ws_connection-hello": "a device token is shown when it is issued, and only then",
    "devices-registry": "keep verifiers of device tokens, and convert tokens that were kept open",
    "devices-identity": "the client keeps the device token that it was given",
    "client": "a call shows the device token where the configuration keeps only a verifier",
    "config-schema": "secrets must be strong, mode none and the bypass switches are gone; allowedHosts, allowedOrigins",
    "config-config": "a patch is checked before its secrets are sealed",
    "state-secrets": "secrets that are only compared are sealed as verifiers",
    "errors": "Unauthorized: one refusal for whatever is wrong with a credential",
    "paths": "logs/ in the state directory",
    "security-audit": "no finding for switches that no longer exist",
    "README.md": "the quick start shows the secret once; what is asked for and refused",
    "tests-test_cli": "a client that was never let in is refused; one that was is not",
}


def implement(codebase: Codebase) -> None:
    for path, why in FILES.items():
        codebase.add(path, why=why)
    codebase.append(
        "protocol/schema/error_codes.py",
        'UNAUTHORIZED = "UNAUTHORIZED"\n',
        why="the one code of failed authentication",
    )
    codebase.add_import(
        "server/gateway.py",
        "from gateway.security.auth_audit import AuthAudit",
        why="the gateway owns the record of attempts",
    )
    codebase.insert_call(
        "server/gateway.py",
        "Gateway.__init__",
        "self.auth_audit = AuthAudit(self)",
        after="self.auth = resolve_auth(config)",
        why="the gateway owns the record of attempts",
    )
    codebase.edit(
        "state/files.py",
        "def write_json(path: Path, value: Any) -> None:\n"
        '    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\\n")\n',
        "def write_json(path: Path, value: Any, mode: int = FILE_MODE) -> None:\n"
        '    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\\n", mode)\n',
        why="the client's identity is private from its first instant",
    )
    for patch, why in PATCHES.items():
        codebase.patch(f"patches/{patch}.patch", why=why)
    end_weaknesses(codebase)


def end_weaknesses(codebase: Codebase) -> None:
    """Take what this plan ends from the list, with its tests."""
    why = "these weaknesses are ended"
    codebase.delete("tests/weaknesses/test_1_01_authentication.py", why=why)
    _, heading, rest = codebase.read(WEAKNESSES).partition("## 1.01 ")
    if heading:
        section = heading + rest[: rest.index("\n## ") + 1]
        codebase.edit(WEAKNESSES, section, "", why=why)
    codebase.edit(
        WEAKNESSES,
        "`server/auth.py:authorize`",
        "`server/auth.py:authenticate`",
        why="the place of a residual weakness has a new name",
    )
