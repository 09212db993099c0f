"""One mandatory authentication: strong secrets, one check for every surface, verifiers at rest, a record."""

from __future__ import annotations

import textwrap

from tracker.api import Codebase

WEAKNESSES = "KNOWN-WEAKNESSES.md"
STARTUP = "server/startup.py"
SCHEMA = "config/schema.py"
CONFIG = "config/config.py"

STEP_TYPE = 'Step = Callable[["Gateway"], None]\n'
HOW_TO_MAKE_ONE = """\
HOW_TO_MAKE_ONE = "`python -c 'import secrets; print(secrets.token_hex(32))'` makes a strong one"
"""
MISSING_BEFORE = """\
    if gateway.auth.mode != "none" and not gateway.auth.configured:
        raise StartupRefused(
            f"gateway.auth.mode is {gateway.auth.mode}, and no {gateway.auth.mode} is set",
            hint=f"set gateway.auth.{gateway.auth.mode} or GATEWAY_{gateway.auth.mode.upper()}",
        )
"""
MISSING_AFTER = """\
    \"\"\"Refuse to start without a secret, on loopback too: every page and program of this machine gets there.\"\"\"
    if not gateway.auth.configured:
        kind = gateway.auth.mode if gateway.auth.mode != "none" else "token"
        raise StartupRefused(
            f"no {kind} is set, and without one everybody would be let in",
            hint=f"set gateway.auth.{kind} or GATEWAY_{kind.upper()}; {HOW_TO_MAKE_ONE}",
        )
"""
WEAK_SECRET = """\
def refuse_weak_secret(gateway: "Gateway") -> None:
    \"\"\"Hold a secret from the environment to the rules that the configuration is held to.\"\"\"
    auth = gateway.auth
    for kind, secret, rules in (
        ("token", auth.token, token_faults),
        ("password", auth.password, password_faults),
    ):
        faults = "; ".join(rules(secret)) if secret and not is_verifier(secret) else ""
        if faults:
            raise StartupRefused(f"GATEWAY_{kind.upper()}: weak secret: {faults}", hint=HOW_TO_MAKE_ONE)


"""
REFUSE_FAULTS = """\
def refuse_faults(path: Path, value: Any) -> None:
    \"\"\"Raise ConfigError naming everything that is wrong with a configuration value.\"\"\"
"""
SEAL_CONFIG = """\
def seal_config(gateway: "Gateway") -> None:
    \"\"\"Keep no open secret in the configuration file once it was read.\"\"\"
    sealed = seal_file(gateway.paths.config)
    if sealed:
        gateway.journal.info("config", "secrets sealed", paths=sealed)


"""

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
    "server-ws_connection-handshake": "no bypass switches, uniform failures, scopes for devices only, accepted attempts recorded",
    "server-ws_connection-message_handler": "record refused attempts; the cause goes to the log, not to the client",
    "server-ws_connection-connection": "a connection remembers its handshake for the record",
    "server-ws_connection-hello": "a device token is shown when it is issued, and only then",
    "devices-registry": "keep verifiers of device tokens, and convert tokens that were kept open",
    "devices-identity": "the client keeps the device token that it was given",
    "client": "a call shows the device token where the configuration keeps only a verifier",
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
    start_with_a_strong_secret(codebase)
    hold_the_configuration_to_it(codebase)
    check_before_sealing(codebase)
    for patch, why in PATCHES.items():
        codebase.patch(f"patches/{patch}.patch", why=why)
    end_weaknesses(codebase)


def start_with_a_strong_secret(codebase: Codebase) -> None:
    """The file is one that other plans change as well, so each change stands on its own."""
    why = "no start without a strong secret, loopback included; seal the configuration"
    for statement in (
        "from gateway.config.sealing import seal_file",
        "from gateway.security.secret_strength import password_faults, token_faults",
        "from gateway.state.verifiers import is_verifier",
    ):
        codebase.add_import(STARTUP, statement, why=why)
    for old, new in (
        (STEP_TYPE, f"{STEP_TYPE}\n{HOW_TO_MAKE_ONE}"),
        (MISSING_BEFORE, MISSING_AFTER),
        ("def hold_lock(gateway", f"{WEAK_SECRET}def hold_lock(gateway"),
        ("def load_devices(gateway", f"{SEAL_CONFIG}def load_devices(gateway"),
        ("    gateway.journal.redact.learn(*gateway.devices.tokens())\n", ""),
    ):
        codebase.edit(STARTUP, old, new, why=why)
    codebase.append_to(STARTUP, "STEPS", "refuse_weak_secret", after="refuse_missing_secret", why=why)
    codebase.append_to(STARTUP, "STEPS", "seal_config", after="create_directories", why=why)


def hold_the_configuration_to_it(codebase: Codebase) -> None:
    why = "secrets must be strong, mode none and the bypass switches are gone; allowedHosts, allowedOrigins"
    codebase.add_import(
        SCHEMA, "from gateway.config.guarded import STRONG_PASSWORD, STRONG_TOKEN, Gone", why=why
    )
    for old, new in (
        (
            (
                '        mode=Text(one_of=("none", "token", "password")),\n'
                "        token=_secret,\n        password=_secret,\n"
            ),
            (
                '        mode=Text(one_of=("token", "password")),\n'
                "        token=STRONG_TOKEN,\n        password=STRONG_PASSWORD,\n"
            ),
        ),
        ("    trustedProxies=_texts,\n", "    trustedProxies=_texts,\n    allowedHosts=_texts,\n"),
        (
            (
                "        allowInsecureAuth=Flag(default=False),\n"
                "        dangerouslyDisableDeviceAuth=Flag(default=False),\n"
            ),
            (
                "        allowedOrigins=_texts,\n"
                "        allowInsecureAuth=Gone(),\n        dangerouslyDisableDeviceAuth=Gone(),\n"
            ),
        ),
        (
            'path=Text(pattern=r"/[\\w/-]+", default="/hooks"), token=_secret\n',
            'path=Text(pattern=r"/[\\w/-]+", default="/hooks"), token=STRONG_TOKEN\n',
        ),
    ):
        codebase.edit(SCHEMA, old, new, why=why)


def check_before_sealing(codebase: Codebase) -> None:
    """Move the check, as it stands there, to where a patch can call it too."""
    why = "a patch is checked before its secrets are sealed"
    text = codebase.read(CONFIG)
    _, found, rest = text.partition("        problems = check(given)\n")
    if found:
        body, end, _ = rest.partition("        return cls(path, text, given)\n")
        codebase.edit(CONFIG, found + body + end, f"        refuse_faults(path, given)\n{end}", why=why)
        moved = textwrap.indent(textwrap.dedent(found + body), "    ").replace("check(given)", "check(value)")
        codebase.edit(CONFIG, "class Config:\n", f"{REFUSE_FAULTS}{moved}\n\nclass Config:\n", why=why)
    codebase.edit(
        CONFIG,
        "        patched = schema.CONFIG.map_secrets(source.apply_patch(value, patch), secrets.seal)\n",
        "        changed = source.apply_patch(value, patch)\n"
        "        refuse_faults(self.path, source.resolve_includes(changed, self.path.parent))\n"
        "        patched = schema.CONFIG.map_secrets(changed, secrets.seal)\n",
        why=why,
    )


def end_weaknesses(codebase: Codebase) -> None:
    """Take what this plan ends from the list, with its tests."""
    why = "these weaknesses are ended"
    codebase.delete("tests/weaknesses/test_1_01_authentication.py", why=why)
    _, heading, rest = codebase.read(WEAKNESSES).partition("## 1.01 Authentication\n\n")
    table, following, _ = rest.partition("\n## ")
    if table.startswith("|"):
        codebase.edit(
            WEAKNESSES, f"{heading}{table}{following}", f"{heading}None known.\n{following}", why=why
        )
    codebase.edit(
        WEAKNESSES,
        "`server/auth.py:authorize`",
        "`server/auth.py:authenticate`",
        why="the place of a residual weakness has a new name",
    )
