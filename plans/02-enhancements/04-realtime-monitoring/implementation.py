"""Alerts while it happens: rules over what is recorded, told to administrators and a signed webhook."""

from __future__ import annotations

from tracker.api import Codebase

RESTRAINT = "MON-02"

RULES = "what is recorded passes rules that notice an attack"
TOLD = "alerts reach administrators at once, and a sink that can tell them from forged ones"
ONCE = "what repeats itself is one alert with a count, and waits while the sink is down"
WATCHED = "the monitor sees each record as it is made"
COMMANDS = "the monitor sees commands, recorded or not"
SHOWN = "clients with the admin scope are told, and can ask"
CONFIGURED = "thresholds and the sink are configuration"
ENDED = "this weakness is ended"

WEAKNESSES = "KNOWN-WEAKNESSES.md"
EXPLOITS = "tests/weaknesses/test_2_04_monitoring.py"
SCHEMA = "config/schema.py"
COMMAND_RECORD = "security/command_audit.py"
SESSION_GUARD = "security/session_guard.py"

SETTINGS = """MONITORING = record(
    sink=record(
        url=Text(pattern=r"https://[^\\s@]+|http://(127\\.\\d+\\.\\d+\\.\\d+|localhost|\\[::1\\])(:\\d+)?(/[^\\s@]*)?"),
        secret=STRONG_TOKEN,
        queueMax=Integer(min=1, max=10_000, default=100),
    ),
    failures=Integer(min=2, max=1000, default=10),
    failuresWindowMs=Integer(min=1000, max=3_600_000, default=60_000),
    failuresPerHour=Integer(min=2, max=1000, default=40),
    quietMs=Integer(min=1000, max=3_600_000, default=60_000),
)

"""
QUIET = "    quietMs=Integer(min=1000, max=3_600_000, default=60_000),\n"
QUIET_RULE = '    "monitoring.quietMs",\n'

README = """## Monitoring

The gateway watches what it records, and raises an alert within seconds:

- `auth-failures`: 10 wrong credentials within a minute or 40 within an hour, over all clients together
  (`monitoring.failures`, `monitoring.failuresWindowMs`, `monitoring.failuresPerHour`);
- `command-unusual`: a program that neither the allowlist nor an operator allowed, and that the session has not used before;
- `config-weakened`: a patch after which a setting protects less than before;
- `token-reuse`: a replaced token that was shown again.

Clients with the scope `operator.admin` get it as the event `security.event`, and the method `security.events` has the
last hour. With `monitoring.sink.url` (https, or http on this machine) and `monitoring.sink.secret` it is also posted
there as JSON. `X-Gateway-Signature` is `v1=` and the HMAC-SHA-256, in hexadecimal, of `X-Gateway-Timestamp`, a dot and
the body; refuse what is older than five minutes. An alert names addresses, programs, settings and ids, never arguments,
messages or secrets. Up to `monitoring.sink.queueMax` alerts wait for the sink in memory; a restart forgets them.

    python -m gateway call security.events

"""

README_ONCE = """What repeats itself is one alert: it is told again, with the same `id` and a higher `count`, after
`monitoring.quietMs` and then in ever longer intervals. Alerts wait while the sink is down, and the oldest give way.

"""


def implement(codebase: Codebase) -> None:
    codebase.add("monitoring/__init__.py", "monitoring/alert.py", why=RULES)
    codebase.add("monitoring/monitor.py", "monitoring/sink.py", why=TOLD)
    if RESTRAINT in codebase.deferred:
        rules = (codebase.plan_dir / "files" / "monitoring" / "rules.py").read_text(encoding="utf-8")
        codebase.write("monitoring/rules.py", rules.replace(QUIET_RULE, ""), why=RULES)
        plain = (codebase.plan_dir / "plain" / "outbox.py").read_text(encoding="utf-8")
        codebase.write("monitoring/outbox.py", plain, why=TOLD)
    else:
        codebase.add("monitoring/rules.py", why=RULES)
        codebase.add("monitoring/outbox.py", why=ONCE)
        codebase.add("tests/test_monitoring_restraint.py", why="tests of what keeps alerts few and private")
    codebase.add("tests/test_monitoring.py", why="tests of the rules and of the delivery")
    configure(codebase)
    watch(codebase)
    show(codebase)
    text = README if RESTRAINT in codebase.deferred else README + README_ONCE
    if text not in codebase.read("README.md"):
        codebase.edit(
            "README.md", "## Exit codes\n", f"{text}## Exit codes\n", why="monitoring, for operators"
        )
    end_weakness(codebase)


def configure(codebase: Codebase) -> None:
    plain = SETTINGS.replace(QUIET, "")
    settings = plain if RESTRAINT in codebase.deferred else SETTINGS
    if plain in codebase.read(SCHEMA):
        codebase.edit(SCHEMA, plain, settings, why=CONFIGURED)
    else:
        codebase.edit(SCHEMA, "CONFIG = record(\n", f"{settings}CONFIG = record(\n", why=CONFIGURED)
    codebase.edit(
        SCHEMA,
        "    channels=CHANNELS,\n",
        "    channels=CHANNELS,\n    monitoring=MONITORING,\n",
        why=CONFIGURED,
    )
    codebase.append_to(SCHEMA, "HOT_RELOADED", '"monitoring"', why=CONFIGURED)
    startup = "server/startup.py"
    codebase.add_import(startup, "from gateway.monitoring.monitor import refuse_unsigned_alerts", why=TOLD)
    codebase.append_to(startup, "STEPS", "refuse_unsigned_alerts", after="refuse_weak_secret", why=TOLD)


def watch(codebase: Codebase) -> None:
    gateway = "server/gateway.py"
    recorded = codebase.exists(COMMAND_RECORD)
    codebase.add_import(gateway, "from gateway.monitoring.monitor import Monitor", why=WATCHED)
    codebase.insert_call(
        gateway,
        "Gateway.__init__",
        "self.monitor = Monitor(self)",
        after="self.command_audit = CommandAudit(self)" if recorded else "self.auth_audit = AuthAudit(self)",
        why="the gateway owns the monitor",
    )
    codebase.edit(
        "server/listen.py",
        "    gateway.spawn(watch(gateway))\n",
        "    gateway.spawn(watch(gateway))\n    gateway.spawn(gateway.monitor.outbox.run())\n",
        why="alerts are delivered for as long as the gateway lives",
    )
    codebase.insert_call(
        "security/auth_audit.py",
        "AuthAudit.record",
        "self._gateway.monitor.attempted(outcome, method=method, reason=reason, client=client.address)",
        why=WATCHED,
    )
    if recorded:
        codebase.insert_call(
            COMMAND_RECORD, "CommandAudit.write", "self._gateway.monitor.command(fields)", why=WATCHED
        )
    else:
        watch_unrecorded_commands(codebase)
    if codebase.exists(SESSION_GUARD):
        codebase.insert_call(
            SESSION_GUARD,
            "replayed",
            "gateway.monitor.token_reused(session.id)",
            before="gateway.journal.error(",
            why=WATCHED,
        )
    codebase.insert_call(
        "server/methods/config.py",
        "patch",
        "gateway.monitor.configured(before, after)",
        before='gateway.journal.info("config", "patched"',
        why=WATCHED,
    )


def watch_unrecorded_commands(codebase: Codebase) -> None:
    """Where the record of commands was put off, the monitor looks at them where tools are used."""
    plain = (codebase.plan_dir / "plain" / "command_watch.py").read_text(encoding="utf-8")
    codebase.write("monitoring/command_watch.py", plain, why=COMMANDS)
    service = "tools/service.py"
    codebase.add_import(service, "from gateway.monitoring import command_watch", why=COMMANDS)
    codebase.edit(
        service,
        "    return await tool.run(gateway, args, key)\n",
        "    try:\n"
        "        result = await tool.run(gateway, args, key)\n"
        "    except RequestError as error:\n"
        "        command_watch.notice(gateway, call.tool, args, key, error)\n"
        "        raise\n"
        "    command_watch.notice(gateway, call.tool, args, key)\n"
        "    return result\n",
        why=COMMANDS,
    )


def show(codebase: Codebase) -> None:
    events = "server/broadcast.py"
    codebase.add_import(events, "from gateway.server.methods.registry import ADMIN", why=SHOWN)
    codebase.append_to(events, "EVENTS", '"security.event": ADMIN', why=SHOWN)
    codebase.add("server/methods/security_events.py", why=SHOWN)
    methods = "server/methods/__init__.py"
    codebase.append_to(methods, "__all__", '"security_events"', before='"sessions"', why=SHOWN)
    codebase.add_import(methods, "from gateway.server.methods import security_events", why=SHOWN)


def end_weakness(codebase: Codebase) -> None:
    if codebase.exists(EXPLOITS):
        codebase.delete(EXPLOITS, why=ENDED)
    _, heading, rest = codebase.read(WEAKNESSES).partition("## 2.04 Monitoring\n\n")
    table, following, _ = rest.partition("\n## ")
    if table.startswith("|"):
        codebase.edit(
            WEAKNESSES, f"{heading}{table}{following}", f"{heading}None known.\n{following}", why=ENDED
        )
