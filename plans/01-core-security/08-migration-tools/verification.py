"""Checks of migration: six installations of old become hardened ones that work; every way back is exact."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from _probes import gateways, traces
from _probes.canaries import canary, leaks_in_files
from _probes.devices import Device
from _probes.gateways import Gateway, Home, Outcome, random_secret
from _probes.host import needs
from _probes.sessions import UpgradeRefused

from tracker.api import Codebase, check

DEVICE_ID = "paired long ago"
FIRST_WORDS = "what we said before"
REMOTE = {"X-Forwarded-For": "203.0.113.9"}
STEPS = ("rename", "mkdir", "fchmod", "unlink")
"""System calls that change a state directory for good."""
MOST_KILLS = 16
BACKWARD = [("rename", 2), ("rename", 5), ("unlink", 2), ("rmdir", 1)]
"""Where a rollback is killed; its first rename is the instant from which the old state counts."""


@dataclass
class Legacy:
    """An installation of an earlier version: its files, and what must come through."""

    home: Home
    device: Device
    canaries: dict[str, str]
    token: str | None


Edit = Callable[[dict[str, Any]], None]


def plaintext(config: dict[str, Any]) -> None:
    config["models"] = {"$include": "models.json5"}
    config["gateway"]["remote"] = {"url": "wss://192.0.2.1:1", "token": canary()}


def open_messages(config: dict[str, Any]) -> None:
    config["channels"]["telegram"] |= {"dmPolicy": "open", "allowFrom": ["*", "carol"]}
    config["channels"]["defaults"] = {"dmPolicy": "open"}


def short_token(config: dict[str, Any]) -> None:
    config["gateway"]["auth"]["token"] = "k7Tq2pXw9Zr4Lm8Vb3Nc6Hd1"
    config["hooks"] = {"enabled": True, "token": "hooks"}


def sandbox_off(config: dict[str, Any]) -> None:
    config["agents"] = {"defaults": {"sandbox": {"mode": "off", "docker": {"setupCommand": "sh -c id"}}}}
    config["tools"] = {"exec": {"security": "full", "ask": "off", "safeBins": ["head", "python3"]}}


def loose_files(_config: dict[str, Any]) -> None:
    """Nothing but the modes differs."""


def bypass(config: dict[str, Any]) -> None:
    config["gateway"]["auth"] = {"mode": "none"}
    config["gateway"]["controlUi"] = {"allowInsecureAuth": True, "dangerouslyDisableDeviceAuth": True}


FIXTURES: dict[str, Edit] = {
    "plaintext": plaintext,
    "open messages": open_messages,
    "24-character token": short_token,
    "sandbox off": sandbox_off,
    "0644": loose_files,
    "bypass switches": bypass,
}


def everything(config: dict[str, Any]) -> None:
    for edit in FIXTURES.values():
        edit(config)


@contextmanager
def legacy(edit: Edit) -> Iterator[Legacy]:
    """Write an installation as an earlier version left it."""
    with gateways.new_home() as home:
        found = {name: canary() for name in ("bot", "provider", "backup", "profile")}
        token = random_secret()
        config: dict[str, Any] = {
            "gateway": {"auth": {"token": token}},
            "channels": {"telegram": {"dmPolicy": "pairing", "botToken": found["bot"]}},
            "session": {"dmScope": "main"},
        }
        edit(config)
        auth = config["gateway"]["auth"]
        device = Device()
        now = int(time.time() * 1000)
        scopes = ["operator.admin"]
        kept = {"token": canary(), "role": "operator", "scopes": scopes, "createdAtMs": now}
        found["device token"] = kept["token"]
        client = {"clientId": "cli", "clientMode": "cli", "platform": "linux", "displayName": DEVICE_ID}
        paired = {
            device.id: {
                "deviceId": device.id,
                "publicKey": device.public_key,
                **client,
                "roles": ["operator"],
                "scopes": scopes,
                "tokens": {"operator": kept},
                "createdAtMs": now,
                "approvedAtMs": now,
            }
        }
        message = {"role": "user", "text": FIRST_WORDS, "ts": now}
        files: dict[str, Any] = {
            "moltbot.json": config,
            "moltbot.json.bak": {"channels": {"telegram": {"botToken": found["backup"]}}},
            "credentials/telegram-allowFrom.json": {"version": 1, "allowFrom": ["alice"]},
            "credentials/telegram-pairing.json": {
                "version": 1,
                "requests": [{"id": "bob", "code": "ABCD2345", "createdAtMs": now}],
            },
            "devices/paired.json": paired,
            "agents/main/agent/auth-profiles.json": {
                "version": 1,
                "profiles": {"p": {"type": "api_key", "provider": "x", "key": found["profile"]}},
            },
            "agents/main/sessions/sessions.json": {"agent:main:main": {"sessionId": "s1", "updatedAt": now}},
            "exec-approvals.json": {
                "version": 1,
                "agents": {"main": {"allowlist": [{"pattern": "cat"}, {"pattern": "bash"}]}},
            },
        }
        if "models" in config:
            files["models.json5"] = {"providers": {"anthropic": {"apiKey": found["provider"]}}}
        loose = edit in {loose_files, everything}
        for name, value in files.items():
            text = json.dumps(value, indent=2)
            place(home.state / name, f"// by hand\n{text}\n" if name.endswith("5") else text, loose=loose)
        place(home.state / "agents/main/sessions/s1.jsonl", json.dumps(message) + "\n", loose=loose)
        place(home.workspace / "notes.txt", "mine", loose=loose)
        if loose:
            home.state.chmod(0o755)
        yield Legacy(home, device, found, auth.get("token"))


def place(path: Path, text: str, *, loose: bool) -> None:
    mode = 0o755 if loose else 0o700
    missing = [parent for parent in path.parents if not parent.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    for parent in missing:
        parent.chmod(mode)
    path.write_text(text)
    path.chmod(mode & ~0o111)


def migrate(codebase: Codebase, home: Home, *flags: str) -> Outcome:
    return gateways.command(codebase.root, home, "security", "migrate", *flags)


def report(done: Outcome) -> dict[str, Any]:
    assert done.exit_code == 0, done.stderr
    value: dict[str, Any] = json.loads(done.stdout)
    return value


def snapshot(root: Path, *, times: bool = True) -> dict[str, tuple[Any, ...]]:
    """Every file and directory: content, mode, and time of the last change of the content."""
    found = {}
    for path in [root, *sorted(root.rglob("*"))]:
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[str(path.relative_to(root))] = (
            content,
            oct(stat.S_IMODE(status.st_mode)),
            status.st_mtime_ns if times else 0,
        )
    return found


def caught() -> Any:
    """The weak variant must fail its probe."""
    return pytest.raises(AssertionError)


# What the hardened gateway promises, seen from outside


def judge_at_rest(case: Legacy) -> None:
    leaks = leaks_in_files([case.home.state], case.canaries)
    assert not leaks, leaks
    loose = {name: mode for name, (_, mode, _) in snapshot(case.home.state).items() if int(mode, 8) & 0o077}
    assert not loose, loose


def judge_doors(gateway: Gateway) -> None:
    """Nobody without the secret, no foreign page, no stranger, no shell, no switch."""
    session, answer = gateway.attempt(auth={}, device=Device())
    assert not answer.ok, "no credential, and let in"
    session.close()
    for method, path in (("GET", "/"), ("POST", "/tools/invoke"), ("POST", "/channels/telegram/inbound")):
        assert gateway.http(method, path, body={}).status in {400, 401, 403}, path
    with pytest.raises(UpgradeRefused):
        gateway.open(headers={"Origin": "https://evil.example"}).close()
    delivery = gateway.inbound("telegram", "stranger", "hello")
    assert not delivery["accepted"], delivery
    with gateway.login() as admin:
        shown = admin.call("config.get")
        for raw in (
            {"channels": {"telegram": {"dmPolicy": "open"}}},
            {"gateway": {"controlUi": {"dangerouslyDisableDeviceAuth": True}}},
        ):
            answer = admin.ask("config.patch", {"raw": json.dumps(raw), "baseHash": shown["hash"]})
            assert answer.code == "INVALID_REQUEST", raw
        made = gateway.home.workspace / "canary"
        args = {"command": f"head -c 1 /dev/null; touch {made}"}
        answer = admin.ask("tools.invoke", {"tool": "exec", "args": args, "sessionKey": "main"})
        assert not made.exists(), "a shell read the command"


def judge_sandbox(gateway: Gateway) -> None:
    """A command of a session that is not the main one does not see the state."""
    target = gateway.home.config_file
    with gateway.login() as admin:

        def seen(session_key: str) -> str:
            args = {"argv": ["/usr/bin/head", "-c", "40", str(target)]}
            params = {"tool": "exec", "args": args, "sessionKey": session_key}
            return str(admin.call("tools.invoke", params)["result"]["stdout"])

        assert seen("main") == target.read_text()[:40], "the positive control: the main session sees it"
        assert seen("somebody") == "", "the sandbox shows the configuration"


def judge_preserved(gateway: Gateway, case: Legacy) -> None:
    """Sessions, senders, waiting codes and paired devices are those of before."""
    with gateway.login(device=case.device, headers=REMOTE, scopes=["operator.admin"]) as known:
        history = known.call("chat.history", {"sessionKey": "main"})["messages"]
        assert [message["text"] for message in history][:1] == [FIRST_WORDS]
        paired = known.call("device.pair.list")["paired"]
        assert case.device.id in {device["deviceId"] for device in paired}
    session, answer = gateway.attempt(device=Device(), headers=REMOTE, auth=gateway.auth)
    assert answer.code == "NOT_PAIRED", "the positive control: a device that was never paired waits"
    session.close()
    delivery = gateway.inbound("telegram", "alice", "hello")
    assert delivery["accepted"], delivery
    words = ("pairing", "approve", "telegram", "ABCD2345", "--acknowledge")
    approved = gateways.command(gateway.codebase, case.home, *words)
    assert approved.exit_code == 0, approved.stderr
    assert (case.home.workspace / "notes.txt").read_text() == "mine"
    stored = json.loads((case.home.state / "exec-approvals.json").read_text())
    assert [entry["pattern"] for entry in stored["agents"]["main"]["allowlist"]] == ["/usr/bin/cat"]


def judge_unsafe(codebase: Codebase, name: str, case: Legacy) -> None:
    """The positive control: before the migration the same installation is refused, or is not safe."""
    if name in {"plaintext", "0644"}:
        with caught():
            judge_at_rest(case)
    elif name == "sandbox off":
        words = ("security", "audit", "--json", "--without-controls")
        found = gateways.command(codebase.root, case.home, *words)
        names = {finding["checkId"] for finding in json.loads(found.stdout)["findings"]}
        assert {"sandbox.mode_off", "tools.exec_full"} <= names, names
    else:
        assert not gateways.try_start(codebase.root, case.home).served


def migrated(codebase: Codebase, name: str) -> None:
    """One installation of old, from its dangers to a gateway that holds and remembers."""
    with legacy(FIXTURES[name]) as case:
        judge_unsafe(codebase, name, case)
        done = report(migrate(codebase, case.home, "--json"))
        assert done["changes"]
        case.home.config = {}
        token = done["newSecrets"].get("gateway.auth.token", case.token)
        weak = {key: value for key, value in {"old token": case.token}.items() if value and value != token}
        case.canaries |= {"gateway token": token, **weak}
        judge_at_rest(case)
        before = snapshot(case.home.state)
        again = report(migrate(codebase, case.home, "--json"))
        assert again["changes"] == []
        assert snapshot(case.home.state) == before, "the second run changed something"
        with gateways.running(codebase.root, case.home) as gateway:
            gateway.token = token
            judge_doors(gateway)
            judge_sandbox(gateway)
            judge_preserved(gateway, case)
            if weak:
                session, answer = gateway.attempt(device=Device(), auth={"token": case.token})
                assert not answer.ok, "the weak token still opens"
                session.close()
        judge_at_rest(case)
        with gateways.running(codebase.root, case.home) as gateway:
            gateway.token = token
            gateway.login().close()


@check("MIG-01")
def test_six_installations_of_old_are_hardened_and_work(codebase: Codebase) -> None:
    needs("bwrap")
    with ThreadPoolExecutor(2) as pool:
        for result in [pool.submit(migrated, codebase, name) for name in FIXTURES]:
            result.result()


# MIG-02


@check("MIG-02")
def test_a_dry_run_changes_nothing(codebase: Codebase) -> None:
    for name, edit in FIXTURES.items():
        with legacy(edit) as case:
            before = snapshot(case.home.state)
            planned = report(migrate(codebase, case.home, "--dry-run", "--json"))
            assert planned["changes"], name
            assert migrate(codebase, case.home, "--dry-run").exit_code == 0
            assert snapshot(case.home.state) == before, name
    with legacy(everything) as case:
        before = snapshot(case.home.state)
        rules = {
            change["rule"]
            for change in report(migrate(codebase, case.home, "--dry-run", "--json"))["changes"]
        }
        done = report(migrate(codebase, case.home, "--json"))
        assert {change["rule"] for change in done["changes"]} == rules, "the dry run said something else"
        assert snapshot(case.home.state) != before, "the positive control: a migration shows"


@check("MIG-02")
def test_a_rollback_is_exact_and_the_backup_tells_nothing(codebase: Codebase) -> None:
    with legacy(everything) as case:
        before = snapshot(case.home.state)
        old_umask = os.umask(0)
        try:
            report(migrate(codebase, case.home, "--json"))
        finally:
            os.umask(old_umask)
        judge_at_rest(case)
        with gateways.running(codebase.root, case.home):
            pass
        # The start may have changed what the migration wrote, and has made files of its own, which stay.
        assert migrate(codebase, case.home, "--rollback", "--force").exit_code == 0
        after = snapshot(case.home.state)
        assert {name: after.get(name, ("gone",))[:2] for name in before} == {
            name: value[:2] for name, value in before.items()
        }
    with legacy(everything) as case:
        before = snapshot(case.home.state)
        report(migrate(codebase, case.home, "--json"))
        with case.home.config_file.open("a") as file:
            file.write("\n")
        assert migrate(codebase, case.home, "--rollback").exit_code == 1, "a later change was dropped unasked"
        assert migrate(codebase, case.home, "--rollback", "--force").exit_code == 0
        assert snapshot(case.home.state) == before


@check("MIG-02")
def test_a_kill_at_any_step_leaves_the_old_or_the_new_state(codebase: Codebase) -> None:
    needs("strace")
    with legacy(everything) as case:
        total = counted(case.home, gateway_words(case.home), codebase.root.parent)
    points = [(call, number) for call in STEPS for number in range(1, total.get(call, 0) + 1)]
    assert total["rename"] >= 5, total
    # The renames are where files change hands; of the other steps a sample will do.
    rest = [point for point in points if point[0] != "rename"]
    chosen = [point for point in points if point[0] == "rename"]
    chosen += rest[:: max(1, len(rest) // (MOST_KILLS - len(chosen)))] if len(chosen) < MOST_KILLS else []
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda point: killed(codebase, *point), chosen))
        back = list(pool.map(lambda point: killed(codebase, *point, back=True), BACKWARD))
    assert set(back) == {"old"}, dict(zip(BACKWARD, back, strict=True))
    assert {"old", "new"} >= set(outcomes), dict(zip(chosen, outcomes, strict=True))
    assert outcomes.count("old") >= len(chosen) // 2, outcomes
    with legacy(everything) as case, caught():
        before = snapshot(case.home.state, times=False)
        words = [sys.executable, "-c", IN_PLACE, str(case.home.state)]
        kill_at("rename", 2, words, case.home, codebase.root.parent)
        assert snapshot(case.home.state, times=False) == before


IN_PLACE = """
import os, pathlib, sys
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.json")):
    new = path.with_suffix(".new")
    new.write_text(path.read_text().replace("open", "pairing") + " ")
    os.rename(new, path)
"""
"""A migration without a journal: the positive control."""


def gateway_words(home: Home) -> list[str]:
    return [sys.executable, "-m", "gateway", "security", "migrate", "--json", "--state-dir", str(home.state)]


def under_strace(options: list[str], words: list[str], home: Home, cwd: Path) -> int:
    env = gateways.environment(home, {"PYTHONDONTWRITEBYTECODE": "1"})
    command = ["strace", "-qq", *options, "--", *words]
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, timeout=60, check=False)
    return done.returncode


def counted(home: Home, words: list[str], cwd: Path) -> dict[str, int]:
    """How often a migration makes each of the system calls when nothing stops it."""
    output = home.top / "trace"
    under_strace(["-e", f"trace={','.join(STEPS)}", "-o", str(output)], words, home, cwd)
    calls = [call.name for call in traces.read_calls(output)]
    return {name: calls.count(name) for name in STEPS}


def kill_at(call: str, number: int, words: list[str], home: Home, cwd: Path) -> int:
    inject = f"inject={call}:signal=SIGKILL:when={number}"
    return under_strace(["-e", f"trace={call}", "-e", inject, "-o", "/dev/null"], words, home, cwd)


def killed(codebase: Codebase, call: str, number: int, *, back: bool = False) -> str:
    """Kill a migration, or its rollback, at one step, and name the state that the next command finds."""
    with legacy(everything) as case:
        before = snapshot(case.home.state, times=False)
        words = gateway_words(case.home)
        if back:
            report(migrate(codebase, case.home, "--json"))
            words.append("--rollback")
        code = kill_at(call, number, words, case.home, codebase.root.parent)
        assert not back or code in (137, -9), f"the rollback ended ({code}) before {call} {number}"
        seen = gateways.command(codebase.root, case.home, "config", "file")
        if seen.exit_code != 0:
            return f"broken: {seen.stderr}"
        after = snapshot(case.home.state, times=False)
        if after == before:
            return "old"
        planned = migrate(codebase, case.home, "--dry-run", "--json")
        if planned.exit_code == 0 and json.loads(planned.stdout)["changes"] == []:
            return "new"
        return f"mixed: {sorted(set(after.items()) ^ set(before.items()))}"
