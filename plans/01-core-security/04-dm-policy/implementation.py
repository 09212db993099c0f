"""Wires the closed direct-message policy into schema, channels, sessions, command line and audit."""

from __future__ import annotations

import re

from tracker.api import Codebase

DOCUMENTATION = """\
## Direct messages

`channels.<id>.dmPolicy` says how strangers are met: `pairing` (the default) tells them a code,
`allowlist` and `disabled` tell them nothing. There is no policy that lets everybody in, and an
entry of `allowFrom` is the id of one sender: a wildcard, a pattern or an empty entry is an error
that names its path, at start and in `config.patch`. `security audit` reports such a file as
critical without starting anything.

A code is random, works once and for an hour, and only a salted hash of it is stored. The stranger
tells it to you, and you let them in:

    python -m gateway pairing approve telegram CODE --acknowledge

Without `--acknowledge` nothing happens: whoever is approved directs the assistant and its tools.
Ten wrong codes within an hour void the codes that wait and lock the channel's approval for an hour.
Approvals and wrong codes are recorded in `logs/pairing-audit.jsonl`.

Each peer of each channel has a session of its own. `session.dmScope: "per-peer"` joins a peer's
channels; `"main"` puts all peers into one session that each of them can read, and the audit warns
of it.
"""

LATER_SECTIONS = ("## Secrets\n", "## Commands\n", "## Audit\n", "## Exit codes\n")
"""What stands behind this section in the README, whichever of the plans that write there came first."""

PEER_SHAPES = (
    "an open policy and a wildcard in an allowlist are refused wherever the configuration comes from"
)
ONE_SENDER = "an entry of an allowlist lets in one sender or nobody"
CODES = "pairing codes are kept as salted hashes, work once, and end after ten wrong guesses"
LISTED = "the list shows who waits since when and no codes, which the senders tell"
ISOLATION = "each peer of each channel has a session of its own"
ACKNOWLEDGED = "approving a stranger needs --acknowledge and is recorded"
FINDINGS = "the audit names refused values and stored wildcards as critical"


def implement(codebase: Codebase) -> None:
    """Close the doors of the configuration, harden pairing, keep peers apart."""
    refuse_open_configurations(codebase)
    match_single_senders(codebase)
    harden_pairing(codebase)
    isolate_peers(codebase)
    report_findings(codebase)
    update_tests_and_documents(codebase)


def refuse_open_configurations(codebase: Codebase) -> None:
    codebase.add("channels/senders.py", why=ONE_SENDER)
    codebase.add("config/direct_messages.py", why=PEER_SHAPES)
    codebase.edit(
        "protocol/schema/types.py",
        "class Problem:\n    path: str\n    message: str\n",
        'class Problem:\n    """`rule` is the audit\'s name of the fault, where it has one."""\n\n'
        '    path: str\n    message: str\n    rule: str = ""\n',
        why="a fault of the configuration carries the name under which the audit reports it",
    )
    schema = "config/schema.py"
    codebase.add_import(
        schema, "from gateway.config.direct_messages import DmPolicy, Sender", why=PEER_SHAPES
    )
    codebase.edit(schema, 'DM_POLICIES = ("pairing", "allowlist", "open", "disabled")\n', "", why=PEER_SHAPES)
    codebase.edit(
        schema,
        "_dm = record(policy=Text(one_of=DM_POLICIES), allowFrom=_texts)\n",
        "_senders = Many(item=Sender())\n_dm = record(policy=DmPolicy(), allowFrom=_senders)\n",
        why=PEER_SHAPES,
    )
    codebase.edit(
        schema,
        "    dmPolicy=Text(one_of=DM_POLICIES),\n    dm=_dm,\n    allowFrom=Many(item=Text(max=1000)),\n",
        "    dmPolicy=DmPolicy(),\n    dm=_dm,\n    allowFrom=_senders,\n",
        why=PEER_SHAPES,
    )
    codebase.edit(
        schema,
        "record(dmPolicy=Text(one_of=DM_POLICIES), allowFrom=_texts)",
        "record(dmPolicy=DmPolicy(), allowFrom=_senders)",
        why=PEER_SHAPES,
    )
    codebase.edit(
        "errors.py",
        "class ConfigError(GatewayError):\n    pass\n",
        "class ConfigError(GatewayError):\n"
        '    """`problems` are the faults of a file that could be read, each with its path."""\n\n'
        '    def __init__(self, message: str, hint: str = "", problems: Sequence["Problem"] = ()) -> None:\n'
        '        super().__init__(message, hint or (CHECK_THE_FILE if problems else ""))\n'
        "        self.problems = tuple(problems)\n",
        why=FINDINGS,
    )
    codebase.edit(
        "errors.py",
        "from typing import Any\n",
        "from collections.abc import Sequence\nfrom typing import TYPE_CHECKING, Any\n\n"
        "if TYPE_CHECKING:\n    from gateway.protocol.schema.types import Problem\n\n"
        'CHECK_THE_FILE = "`config validate` checks the file without a start"\n',
        why=FINDINGS,
    )
    codebase.edit(
        "config/config.py",
        'hint="`config validate` checks the file without a start")',
        "problems=problems)",
        why=FINDINGS,
    )


def match_single_senders(codebase: Codebase) -> None:
    policy, inbound = "channels/policy.py", "channels/inbound.py"
    codebase.add_import(policy, "from gateway.channels import senders", why=ONE_SENDER)
    codebase.edit(policy, 'ANYBODY = "*"\n', "", why=ONE_SENDER)
    codebase.edit(
        policy,
        '    """Tell whether a sender is on a list; case does not matter."""\n'
        "    wanted = sender.strip().lower()\n"
        "    names = {entry.strip().lower() for entry in entries}\n"
        "    return ANYBODY in names or wanted in names\n",
        '    """Tell whether a sender is on a list; the case of ASCII letters does not matter."""\n'
        "    names = {senders.folded(entry.strip()) for entry in entries if senders.fault(entry) is None}\n"
        "    return senders.fault(sender) is None and senders.folded(sender) in names\n",
        why=ONE_SENDER,
    )
    codebase.edit(
        inbound,
        '        if rule == "open":\n            return None\n',
        "",
        why=ONE_SENDER,
    )
    codebase.edit(
        inbound,
        '        if rule == "allowlist":\n',
        '        if rule == "allowlist" or senders.fault(message.sender) is not None:\n',
        why=ONE_SENDER,
    )
    codebase.edit(
        inbound,
        "from gateway.channels import policy\n",
        "from gateway.channels import policy, senders\n",
        why=ONE_SENDER,
    )


def harden_pairing(codebase: Codebase) -> None:
    codebase.add(
        "channels/pairing_audit.py", "channels/pairing_codes.py", "channels/pairing_store.py", why=CODES
    )
    pairing = "cli/pairing.py"
    codebase.edit(
        pairing,
        '    approve.add_argument("code", metavar="CODE")\n',
        '    approve.add_argument("code", metavar="CODE")\n'
        "    approve.add_argument(\n"
        '        "--acknowledge", action="store_true", help="you know the sender, who will direct the assistant"\n'
        "    )\n",
        why=ACKNOWLEDGED,
    )
    codebase.insert_call(
        pairing,
        "_approve",
        "if not arguments.acknowledge:\n"
        "    raise UsageError(\n"
        '        f"an approved sender directs the assistant and its tools on {store.channel}; nothing was changed",\n'
        '        hint="make sure that the code came from somebody you know, then add --acknowledge",\n'
        "    )\n",
        why=ACKNOWLEDGED,
    )
    codebase.add_import(pairing, "from gateway.errors import UsageError", why=ACKNOWLEDGED)
    codebase.edit(
        pairing,
        "            show(f\"{request['code']}  {request['id']}\")\n",
        "            show(f\"{request['id']}  asked at {_clock_time(request['createdAtMs'])}\")\n",
        why=LISTED,
    )
    codebase.edit(
        pairing,
        '            f"no pending pairing code {arguments.code} on {store.channel}",\n'
        '            hint=f"`pairing list {store.channel}` shows the codes that wait; each lives one hour",\n',
        '            f"no pending pairing code {arguments.code} on {store.channel}",\n'
        '            hint=f"`pairing list {store.channel}` shows who waits; a code lives one hour and works once",\n',
        why=LISTED,
    )
    codebase.edit(
        pairing,
        'HELP = "list and approve the pairing codes of a channel"\n',
        'HELP = "list the strangers that wait on a channel, and let one in by code"\n',
        why=LISTED,
    )
    codebase.edit(
        pairing,
        'help="show the codes that wait"',
        'help="show who waits"',
        why=LISTED,
    )
    codebase.append(
        pairing,
        "\n\ndef _clock_time(at_ms: int) -> str:\n"
        '    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%H:%M UTC")\n',
        why=LISTED,
    )
    codebase.add_import(pairing, "from datetime import UTC, datetime", why=LISTED)


def isolate_peers(codebase: Codebase) -> None:
    codebase.edit(
        "config/schema.py",
        'Text(one_of=("main", "per-peer", "per-channel-peer"), default="main")',
        'Text(one_of=("main", "per-peer", "per-channel-peer"), default="per-channel-peer")',
        why=ISOLATION,
    )
    sessions = "agent/sessions.py"
    codebase.edit(
        sessions,
        '        name = re.sub(r"[^\\w@.+-]", "_", peer)\n',
        "        name = session_name(peer)\n",
        why="two ids never become the same session name",
    )
    codebase.edit(sessions, "import re\n", "", why="two ids never become the same session name")
    codebase.add_import(
        sessions,
        "from gateway.channels.senders import session_name",
        why="two ids never become the same session name",
    )


def report_findings(codebase: Codebase) -> None:
    codebase.add("security/refusals.py", why=FINDINGS)
    audit, command = "security/audit.py", "cli/security.py"
    codebase.edit(
        audit,
        '        if policy.dm_policy(subject.config, channels[name]) == "open":\n'
        "            yield Finding(\n"
        '                "channels.dm.open",\n'
        "                CRITICAL,\n"
        '                "Anybody can write to the assistant",\n'
        '                f"channels.{name}.dmPolicy is open",\n'
        '                f"set channels.{name}.dmPolicy to pairing",\n'
        "            )\n",
        "        for entry in PairingStore(subject.paths, Clock(), name).wildcards():\n"
        "            yield Finding(\n"
        '                "channels.dm.wildcard",\n'
        "                CRITICAL,\n"
        '                "A stored allowlist holds an entry for more than one sender",\n'
        '                f"credentials/{name}-allowFrom.json: {entry[:40]!r} lets nobody in",\n'
        '                "remove the entry, and approve each sender with `pairing approve`",\n'
        "            )\n"
        '    if len(channels) > 1 and subject.config.text_at("session.dmScope") == "main":\n'
        "        yield Finding(\n"
        '            "session.dm_scope_main",\n'
        "            WARN,\n"
        '            "All peers share one session",\n'
        '            "session.dmScope is main: each peer can read what the others wrote",\n'
        '            "set session.dmScope to per-channel-peer",\n'
        "        )\n",
        why=FINDINGS,
    )
    codebase.edit(
        audit,
        "from gateway.channels import policy\n",
        "from gateway.channels.pairing_store import PairingStore\nfrom gateway.clock import Clock\n",
        why=FINDINGS,
    )
    codebase.add_import(command, "from gateway.security.refusals import refusals", why=FINDINGS)
    codebase.edit(
        command,
        "    findings = audit(_subject(paths))\n",
        "    findings = refusals(paths.config) or audit(_subject(paths))\n",
        why=FINDINGS,
    )


def update_tests_and_documents(codebase: Codebase) -> None:
    codebase.delete(
        "tests/weaknesses/test_1_04_direct_messages.py", why="the weaknesses that it showed are gone"
    )
    listed = re.search(
        r"^(## 1\.04 [^\n]*\n\n)\|.*?(?=\n## |\Z)",
        codebase.read("KNOWN-WEAKNESSES.md"),
        re.MULTILINE | re.DOTALL,
    )
    if listed:
        codebase.edit(
            "KNOWN-WEAKNESSES.md",
            listed[0],
            f"{listed[1]}None known.\n",
            why="the weaknesses of direct messages are gone",
        )
    codebase.add("tests/test_direct_messages.py", why="tests of the closed policy, pairing and isolation")
    later = next(name for name in LATER_SECTIONS if name in codebase.read("README.md"))
    codebase.edit(
        "README.md",
        later,
        f"{DOCUMENTATION}\n{later}",
        why="the rules for direct messages are documented",
    )
    tests = "tests/test_cli.py"
    codebase.edit(
        tests,
        '(["pairing", "approve", "x", "NOCODE"], 1,',
        '(["pairing", "approve", "x", "NOCODE", "--acknowledge"], 1,',
        why=ACKNOWLEDGED,
    )
    codebase.edit(
        tests,
        'assert json.loads(listed.stdout)["requests"][0]["code"] == code\n',
        'assert json.loads(listed.stdout)["requests"][0]["id"] == "eve"\n',
        why=LISTED,
    )
    codebase.edit(
        tests,
        '        assert command(tmp_path, "pairing", "approve", "x", code, **clock).returncode == 1\n',
        '        words = ("pairing", "approve", "x", code, "--acknowledge")\n'
        "        assert command(tmp_path, *words, **clock).returncode == 1\n",
        why=ACKNOWLEDGED,
    )
