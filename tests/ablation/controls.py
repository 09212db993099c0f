"""For each critical check of the plans, changes of the hardened gateway that each take a part of its control away."""

from __future__ import annotations

from tests.ablation.mutations import Mutation

_STARTUP = "server/startup.py"
_RUNNER = "tools/runner.py"

CONTROLS = [
    Mutation("AUTH-10", _STARTUP, "    refuse_missing_secret,\n", ""),
    Mutation(
        "AUTH-10",
        "server/routes.py",
        "credential: Check = require_gateway_secret",
        "credential: Check = anybody",
    ),
    Mutation(
        "ORIG-01",
        "server/guards.py",
        "    refuse_foreign_origin,\n    refuse_credentials_in_url,\n",
        "    refuse_credentials_in_url,\n",
    ),
    Mutation(
        "ORIG-01",
        "server/guards.py",
        "    bound_headers,\n    refuse_foreign_host,\n",
        "    bound_headers,\n",
    ),
    Mutation("SAND-01", _RUNNER, "    if is_sandboxed(gateway, session_key):\n", "    if False:\n"),
    Mutation(
        "SAND-05",
        _RUNNER,
        'raise _unavailable(gateway, job, NO_SANDBOX, ended.stderr.decode("utf-8", "replace"))',
        "return await HostRunner(gateway).run(job)",
    ),
    Mutation(
        "DM-01",
        "config/direct_messages.py",
        "value.strip().lower() == OPEN:\n            yield Problem(",
        "value.strip().lower() == OPEN:\n            return\n            yield Problem(",
    ),
    Mutation("ENC-01", _STARTUP, "    seal_config,\n", ""),
    Mutation("ENC-01", "state/secrets.py", "else sealed.seal(path, secret)", "else secret"),
    Mutation(
        "ENC-02",
        "config/masks.py",
        "(value, lambda _path, _secret: MASK)",
        "(value, lambda _path, secret: secret)",
    ),
    Mutation("ENC-02", "state/secrets.py", "return sealed.open_sealed(path, stored)", "return stored"),
    Mutation(
        "CMD-01",
        "tools/exec_tool.py",
        "        argv=command.vector,\n        identity=command.executable.identity,\n",
        '        argv=("/bin/sh", "-c", " ".join(command.argv)),\n        identity=None,\n',
    ),
    Mutation("TEST-01", "tests/ablation/__main__.py", '"nothing noticed that it is gone"', '""'),
    Mutation(
        "RATE-01",
        "security/rate_limit.py",
        "            raise TooManyAttempts(math.ceil((until - now) * 1000))\n",
        "            return\n",
    ),
    Mutation(
        "SESS-02",
        "server/session_gate.py",
        '            asyncio.get_running_loop().call_soon(conn.end, POLICY, f"session {reason}")\n',
        "            continue\n",
    ),
    Mutation("SESS-02", "server/session_gate.py", "    if kept is not session.token:\n", "    if False:\n"),
    Mutation("TLS-01", _STARTUP, "    refuse_clear_text,\n", ""),
    Mutation("TLS-01", "server/tls.py", "    require_modern(context, config)\n", ""),
    Mutation(
        "INP-01",
        "tools/fence.py",
        "if CLIMB in SEPARATORS.split(form) or CONTROLS.search(form):",
        "if False:",
    ),
    Mutation(
        "INP-01",
        "tools/addresses.py",
        "return not any(parsed in network for network in PRIVATE_V4)",
        "return True",
    ),
]
