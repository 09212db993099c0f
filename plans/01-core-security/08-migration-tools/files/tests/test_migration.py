"""Migration: installations of old become hardened ones, and every way back is exact."""

import hashlib
import json
import os
import secrets
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.config import config as configuration
from gateway.migration import rules
from gateway.tests.support import ROOT, boot, command, environment, operator, write_config

STRONG = secrets.token_hex(32)
BOT = "123456:" + secrets.token_hex(20)
LEGACY: dict[str, dict[str, Any]] = {
    "plaintext": {"gateway": {"auth": {"token": STRONG}}, "channels": {"telegram": {"botToken": BOT}}},
    "open": {
        "gateway": {"auth": {"token": STRONG}},
        "channels": {"telegram": {"dmPolicy": "open", "allowFrom": ["*", "alice"]}},
    },
    "short": {"gateway": {"auth": {"token": "k7Tq2pXw9Zr4Lm8Vb3Nc6Hd1"}}},
    "sandbox": {
        "gateway": {"auth": {"token": STRONG}},
        "agents": {"defaults": {"sandbox": {"mode": "off", "docker": {"setupCommand": "sh -c id"}}}},
        "tools": {"exec": {"security": "full"}},
    },
    "loose": {"gateway": {"auth": {"token": STRONG}}},
    "bypass": {"gateway": {"auth": {"mode": "none"}, "controlUi": {"allowInsecureAuth": True}}},
}
EVERYTHING: dict[str, Any] = {
    **LEGACY["bypass"],
    **LEGACY["sandbox"],
    "channels": {"telegram": {"dmPolicy": "open", "allowFrom": ["*", "alice"], "botToken": BOT}},
}
CRASH = """
import os, pathlib, sys
from gateway.cli.main import main
left, replace = int(sys.argv.pop(1)), pathlib.Path.replace
def crash(self, target):
    global left
    left -= 1
    if left == 0:
        os._exit(9)
    return replace(self, target)
pathlib.Path.replace = crash
sys.exit(main(sys.argv[1:]))
"""


def install(home: Path, config: dict[str, Any]) -> Path:
    """Write an installation as an earlier version left it, open to everybody."""
    path = write_config(home, config)
    allowed = path.parent / "credentials" / "telegram-allowFrom.json"
    allowed.parent.mkdir()
    allowed.write_text(json.dumps({"version": 1, "allowFrom": ["bob", "*"]}))
    for place in (path, allowed):
        place.chmod(0o644)
    path.parent.chmod(0o755)
    return path.parent


def snapshot(state: Path) -> dict[str, tuple[str, int, int]]:
    found = {}
    for path in [state, *sorted(state.rglob("*"))]:
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[str(path.relative_to(state))] = (content, stat.S_IMODE(status.st_mode), status.st_mtime_ns)
    return found


def migrate(home: Path, *flags: str) -> dict[str, Any]:
    done = command(home, "security", "migrate", "--json", *flags)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.mark.parametrize("name", LEGACY)
async def test_mig_01_an_installation_of_old_works_hardened(tmp_path: Path, name: str) -> None:
    """MIG-01: after a migration the gateway starts and keeps whom it knew; a second run changes nothing."""
    state = install(tmp_path, LEGACY[name])
    report = migrate(tmp_path)
    token = report["newSecrets"].get("gateway.auth.token", STRONG)
    assert BOT not in "".join(path.read_text() for path in state.rglob("*") if path.is_file())
    assert not [path for path in state.rglob("*") if path.stat().st_mode & 0o077]
    before = snapshot(state)
    assert migrate(tmp_path)["changes"] == []
    assert snapshot(state) == before
    with boot(tmp_path, token=None) as gateway:
        gateway.token = token
        async with operator(gateway) as client:
            assert (await client.call("health"))["ok"]
    allowed = json.loads((state / "credentials" / "telegram-allowFrom.json").read_text())
    assert allowed["allowFrom"] == ["bob"]


def test_mig_01_an_included_file_is_migrated_in_its_place(tmp_path: Path) -> None:
    """MIG-01: what an included file says is changed there, at its place in the configuration."""
    state = install(tmp_path, {"gateway": {"auth": {"token": STRONG}}, "channels": {"$include": "c.json"}})
    (state / "c.json").write_text(json.dumps({"telegram": {"dmPolicy": "open"}}))
    changes = {change["path"]: change["file"] for change in migrate(tmp_path)["changes"]}
    assert changes["channels.telegram.dmPolicy"] == "c.json"
    assert json.loads((state / "c.json").read_text()) == {"telegram": {"dmPolicy": "pairing"}}


def test_mig_01_what_only_a_person_can_correct_is_named_and_nothing_changes(tmp_path: Path) -> None:
    """MIG-01: a fault that no rule knows is refused with its path before anything is written."""
    state = install(tmp_path, {**LEGACY["bypass"], "gatewy": {}})
    before = snapshot(state)
    done = command(tmp_path, "security", "migrate")
    assert done.returncode == 1
    assert "gatewy: unknown key" in done.stderr
    assert snapshot(state) == before


def test_mig_01_a_running_gateway_is_not_migrated(tmp_path: Path) -> None:
    """MIG-01: a migration needs the state directory to itself."""
    with boot(tmp_path, {}):
        done = command(tmp_path, "security", "migrate")
    assert done.returncode == 1
    assert "another gateway is using" in done.stderr


anything = st.recursive(
    st.sampled_from(["open", "none", "off", "full", "", "x" * 24, True, False, 0, 10**9, None]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["token", "*", "a"]), inner),
    max_leaves=5,
)
channel = st.fixed_dictionaries(
    {},
    optional={
        "dmPolicy": st.sampled_from(["open", " OPEN ", "pairing", "allowlist"]),
        "allowFrom": st.lists(st.sampled_from(["*", "alice", "", "a?", "bob"]), max_size=4),
        "dm": st.fixed_dictionaries({}, optional={"policy": st.sampled_from(["open", "disabled"])}),
        "botToken": st.text(min_size=1, max_size=40),
    },
)
legacy = st.fixed_dictionaries(
    {},
    optional={
        "gateway": st.fixed_dictionaries(
            {},
            optional={
                "auth": st.fixed_dictionaries(
                    {},
                    optional={
                        "mode": st.sampled_from(["none", "token"]),
                        "token": st.text(max_size=40),
                        "password": st.text(max_size=40),
                    },
                ),
                "controlUi": st.dictionaries(
                    st.sampled_from(["allowInsecureAuth", "dangerouslyDisableDeviceAuth"]), st.booleans()
                ),
                "trustedProxies": st.lists(st.sampled_from(["0.0.0.0/0", "10.0.0.1", "any"]), max_size=3),
                "limits": st.dictionaries(st.sampled_from(["maxPayload"]), st.sampled_from([2048, 1 << 40])),
            },
        ),
        "channels": st.dictionaries(st.sampled_from(["telegram", "signal"]), channel),
        "session": st.fixed_dictionaries({"dmScope": st.sampled_from(["main", "per-peer"])}),
        "tools": st.fixed_dictionaries({"exec": st.fixed_dictionaries({"ask": st.just("off")})}),
    },
)


@settings(max_examples=60, deadline=None)
@given(legacy)
def test_mig_01_any_configuration_of_old_becomes_a_valid_one(config: dict[str, Any]) -> None:
    """MIG-01: the rules leave nothing that the schema refuses, and find nothing the second time."""
    migrated = rules.applied(config, dict(rules.steps(config)))
    assert configuration.check(migrated) == []
    assert dict(rules.steps(migrated)) == {}


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(["gateway", "channels", "tools", "session"]), anything))
def test_mig_01_no_shape_breaks_the_rules(config: dict[str, Any]) -> None:
    """MIG-01: what is not shaped like a configuration is passed on to the schema, which names it."""
    migrated = rules.applied(config, dict(rules.steps(config)))
    assert dict(rules.steps(migrated)) == {}


def test_mig_02_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    """MIG-02: a dry run says what the migration does, and touches nothing."""
    state = install(tmp_path, EVERYTHING)
    before = snapshot(state)
    planned = migrate(tmp_path, "--dry-run")["changes"]
    assert snapshot(state) == before
    done = migrate(tmp_path)["changes"]
    assert [change["rule"] for change in done] == [change["rule"] for change in planned]


def test_mig_02_a_rollback_is_exact(tmp_path: Path) -> None:
    """MIG-02: content, modes and times are as before; what changed since is not dropped unasked."""
    state = install(tmp_path, EVERYTHING)
    before = snapshot(state)
    migrate(tmp_path)
    journal = (state / "migration" / "done.json").read_text()
    assert BOT not in journal
    assert command(tmp_path, "security", "migrate", "--rollback").returncode == 0
    assert snapshot(state) == before
    migrate(tmp_path)
    assert command(tmp_path, "config", "set", "logging.level", '"warn"').returncode == 0
    refused = command(tmp_path, "security", "migrate", "--rollback")
    assert refused.returncode == 1
    assert "moltbot.json" in refused.stderr
    assert command(tmp_path, "security", "migrate", "--rollback", "--force").returncode == 0
    assert json.loads((state / "moltbot.json").read_text()) == EVERYTHING


def test_mig_02_forgetting_removes_journal_and_key(tmp_path: Path) -> None:
    """MIG-02: what a rollback needs is kept until it is forgotten."""
    state = install(tmp_path, EVERYTHING)
    migrate(tmp_path)
    assert (state / "keys" / "migration.key").stat().st_mode & 0o777 == 0o400
    assert command(tmp_path, "security", "migrate", "--forget").returncode == 0
    assert not (state / "migration").exists()
    assert not (state / "keys" / "migration.key").exists()
    assert command(tmp_path, "security", "migrate", "--rollback").returncode == 1


@pytest.mark.parametrize("step", range(1, 6))
def test_mig_02_a_crash_leads_back_to_the_old_state(tmp_path: Path, step: int) -> None:
    """MIG-02: whoever reads the state after a crash finds it as it was before."""
    state = install(tmp_path, EVERYTHING)
    before = {name: value[:2] for name, value in snapshot(state).items()}
    crashed = subprocess.run(
        [sys.executable, "-c", CRASH, str(step), "security", "migrate"],
        cwd=ROOT,
        env={**environment(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert crashed.returncode == 9, crashed.stderr
    assert command(tmp_path, "config", "file").returncode == 0
    assert {name: value[:2] for name, value in snapshot(state).items()} == before


def test_mig_02_a_migration_under_way_is_left_alone(tmp_path: Path) -> None:
    """MIG-02: a command that meets a migration at work waits outside instead of taking it back."""
    import fcntl

    state = install(tmp_path, EVERYTHING)
    (state / "migration").mkdir()
    descriptor = os.open(state, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        done = command(tmp_path, "config", "file")
    finally:
        os.close(descriptor)
    assert done.returncode == 1
    assert "a migration is under way" in done.stderr
    assert (state / "migration").exists()
