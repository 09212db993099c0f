"""Checks of the direct-message policy: no configuration opens it, codes are hard to guess, peers stay apart."""

from __future__ import annotations

import json
import math
import os
import re
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from _probes import clock, gateways, trees
from _probes.canaries import canary
from _probes.gateways import Gateway, Home, Outcome, Start, random_secret

from tracker.api import Codebase, check

CHANNELS = [f"c{number}" for number in range(20)]
CODE = re.compile(r"Pairing code: (\S+)")
LEAST_BITS = 40
WRONG_CODES = 20
HOUR_S = 3600
WILDCARDS = ["*", " * ", "\uff0a", ".*", "[a-z]+", ""]
ACKNOWLEDGED = "--acknowledge"


@pytest.fixture(scope="module")
def gateway(codebase: Codebase) -> Iterator[Gateway]:
    """A gateway with many channels on which strangers pair, and one where a wildcard is stored."""
    channels: dict[str, Any] = {
        name: {} for name in [*CHANNELS, "used", "late", "locked", "unlocked", "asked"]
    }
    with gateways.boot(codebase.root, {"channels": channels | {"stored": {}}}) as running:
        yield running


def caught() -> Any:
    """The weak variant must fail its probe."""
    return pytest.raises(AssertionError)


def code_of(delivery: dict[str, Any]) -> str | None:
    """The code that a sender was told, if it was told one."""
    found = CODE.search(" ".join(delivery["replies"]))
    return found[1] if found else None


def told(delivery: dict[str, Any]) -> str:
    code = code_of(delivery)
    assert code, f"no code was told: {delivery}"
    return code


# DM-01

PLACES: list[tuple[dict[str, Any], str]] = [
    ({"defaults": {"dmPolicy": "open"}, "x": {}}, "channels.defaults.dmPolicy"),
    ({"x": {"dmPolicy": "open"}}, "channels.x.dmPolicy"),
    ({"x": {"dmPolicy": "oPeN"}}, "channels.x.dmPolicy"),
    ({"x": {"dm": {"policy": "open"}}}, "channels.x.dm.policy"),
    ({"x": {"accounts": {"a": {"dmPolicy": "open"}}}}, "channels.x.accounts.a.dmPolicy"),
    ({"x": {"accounts": {"a": {"dm": {"policy": "open"}}}}}, "channels.x.accounts.a.dm.policy"),
    ({"x": {"$include": "included.json5"}}, "channels.x.dmPolicy"),
]


def judge_refused(start: Start, path: str) -> None:
    """It did not serve for an instant, and says which value is wrong."""
    assert not start.served, f"served with an open {path}"
    assert start.exit_code not in {0, None}, f"exit {start.exit_code}"
    assert path in start.stderr, f"{path} is not named: {start.stderr}"
    assert "Traceback" not in start.stderr


def start_with(codebase: Codebase, channels: dict[str, Any], included: str) -> Start:
    with gateways.new_home({"channels": channels}) as home:
        (home.state / "included.json5").write_text(included)
        return gateways.try_start(codebase.root, home, token=random_secret())


@check("DM-01")
def test_an_open_policy_is_refused_at_start(codebase: Codebase) -> None:
    with ThreadPoolExecutor(2) as pool:
        starts = list(pool.map(lambda place: start_with(codebase, place[0], "{dmPolicy: 'open'}"), PLACES))
    for start, (_, path) in zip(starts, PLACES, strict=True):
        judge_refused(start, path)
    control = start_with(codebase, PLACES[-1][0], "{dmPolicy: 'pairing'}")
    assert control.served, f"the same configuration without 'open' does not start: {control.stderr}"
    with caught():
        judge_refused(control, "channels.x.dmPolicy")
    with caught():
        judge_refused(Start(1, "", "gateway: no such file"), "channels.x.dmPolicy")


@check("DM-01")
def test_an_open_policy_cannot_be_patched_in(codebase: Codebase) -> None:
    patches: list[dict[str, Any]] = [
        {"defaults": {"dmPolicy": "open"}},
        {"x": {"dmPolicy": "open"}},
        {"x": {"dm": {"policy": "open"}}},
        {"x": {"accounts": {"a": {"dmPolicy": "open"}}}},
    ]
    with gateways.boot(codebase.root, {"channels": {"x": {}}}) as gateway, gateway.login() as session:
        before = gateway.home.config_file.read_bytes()
        base = session.call("config.get")["hash"]
        for patch in patches:
            params = {"raw": json.dumps({"channels": patch}), "baseHash": base}
            answer = session.ask("config.patch", params)
            assert (answer.ok, answer.code) == (False, "INVALID_REQUEST"), f"{patch}: {answer}"
            assert gateway.home.config_file.read_bytes() == before
        assert not gateway.inbound("x", "stranger", "hello")["accepted"]
        policy = {"raw": '{channels: {x: {dmPolicy: "allowlist"}}}', "baseHash": base}
        assert session.ask("config.patch", policy).ok, "no patch is accepted at all"


# DM-02


def critical_findings(codebase: Codebase, home: Home) -> list[dict[str, Any]]:
    """What the audit finds critical in the allowlists."""
    environment = {"GATEWAY_TOKEN": random_secret()}
    done = gateways.command(codebase.root, home, "security", "audit", "--json", env=environment)
    assert "Traceback" not in done.stderr
    findings = json.loads(done.stdout)["findings"]
    critical = [found for found in findings if found["severity"] == "critical"]
    assert (done.exit_code != 0) == bool(critical), f"exit {done.exit_code} with {critical}"
    return [found for found in critical if "allowfrom" in json.dumps(found).lower()]


def strangers_are_not_heard(gateway: Gateway, channel: str, entry: str) -> None:
    for sender in filter(None, ("stranger", "abc", entry)):
        assert not gateway.inbound(channel, sender, "hello")["accepted"], f"{entry!r} lets {sender!r} in"


@check("DM-02")
def test_wildcards_of_the_configuration_are_refused(codebase: Codebase) -> None:
    def probe(entry: str) -> None:
        with gateways.new_home({"channels": {"x": {"allowFrom": ["friend", entry]}}}) as home:
            assert critical_findings(codebase, home), f"the audit does not mind {entry!r}"
            start = gateways.try_start(codebase.root, home, token=random_secret())
            if not start.served:
                assert "channels.x.allowFrom" in start.stderr, f"{entry!r}: {start.stderr}"
                return
            with gateways.running(codebase.root, home, token=random_secret()) as running:
                strangers_are_not_heard(running, "x", entry)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(probe, WILDCARDS))
    with gateways.new_home({"channels": {"x": {"allowFrom": ["+491701234567", "friend"]}}}) as home:
        assert not critical_findings(codebase, home), "ordinary ids are taken for wildcards"
        with gateways.running(codebase.root, home, token=random_secret()) as running:
            assert running.inbound("x", "friend", "hello")["accepted"]
            with caught():
                strangers_are_not_heard(running, "x", "friend")


@check("DM-02")
def test_stored_wildcards_let_nobody_in(codebase: Codebase, gateway: Gateway) -> None:
    assert not critical_findings(codebase, gateway.home)
    stored = gateway.state / "credentials" / "stored-allowFrom.json"
    stored.touch(mode=0o600)
    stored.write_text(json.dumps({"version": 1, "allowFrom": [*WILDCARDS, "friend"]}))
    # A gateway that gave up root reads only what is its own.
    owner = gateway.state.stat()
    os.chown(stored, owner.st_uid, owner.st_gid)
    for entry in WILDCARDS:
        strangers_are_not_heard(gateway, "stored", entry)
    assert gateway.inbound("stored", "friend", "hello")["accepted"]
    assert critical_findings(codebase, gateway.home), "the audit does not mind stored wildcards"
    stored.unlink()


# DM-03


def approve(gateway: Gateway, channel: str, code: str, *flags: str) -> Outcome:
    return gateways.command(
        gateway.codebase, gateway.home, "pairing", "approve", channel, code, *(flags or (ACKNOWLEDGED,))
    )


def judge_codes(codes: list[str]) -> None:
    """The codes look random over an alphabet and a length that make 40 bits."""
    assert len(set(codes)) == len(codes), "a code was given twice"
    symbols = set("".join(codes))
    bits = min(map(len, codes)) * math.log2(len(symbols))
    assert bits >= LEAST_BITS, f"{bits:.1f} bits"
    for position in range(min(map(len, codes))):
        assert len({code[position] for code in codes}) > len(symbols) / 3, (
            f"position {position} is not random"
        )


@check("DM-03")
def test_strangers_get_one_strong_code_and_no_agent(gateway: Gateway) -> None:
    with gateway.login() as session:
        before = session.call("sessions.list")["count"]
        codes: list[str] = []
        for channel in CHANNELS:
            deliveries = [gateway.inbound(channel, f"stranger{number}", "hello") for number in range(5)]
            assert not any(delivery["accepted"] for delivery in deliveries)
            given = [code for code in map(code_of, deliveries) if code]
            assert len(given) == 3, f"{len(given)} codes wait on one channel"
            codes += given
            assert code_of(gateway.inbound(channel, "stranger0", "hello again")) is None, "a second code"
        assert session.call("sessions.list")["count"] == before, "a stranger's message reached a session"
        assert not session.heard("chat"), "a stranger's message reached the agent"
    judge_codes(codes)
    plain = [
        code
        for code in codes
        for path in (gateway.state / "credentials").iterdir()
        if code in path.read_text()
    ]
    assert not plain, "codes are stored as they are"
    with caught():
        judge_codes([f"{secrets.randbelow(10**6):06}" for _ in codes])
    with caught():
        judge_codes([f"AAAA{secrets.token_hex(8)}" for _ in codes])


@check("DM-03")
def test_codes_expire_and_work_once(gateway: Gateway) -> None:
    late = told(gateway.inbound("late", "slow", "hello"))
    with clock.moved(gateway.home, HOUR_S + 1):
        assert approve(gateway, "late", late).exit_code != 0, "an expired code works"
        assert not gateway.inbound("late", "slow", "hello")["accepted"]
    code = told(gateway.inbound("used", "peer", "hello"))
    other = told(gateway.inbound("used", "other", "hello"))
    assert approve(gateway, "used", code).exit_code == 0
    assert gateway.inbound("used", "peer", "hello")["accepted"], "an approved peer is not heard"
    assert approve(gateway, "used", code).exit_code != 0, "a code works twice"
    assert not gateway.inbound("used", "other", "hello")["accepted"]
    assert approve(gateway, "used", other).exit_code == 0, "one wrong code locks the approval"


@check("DM-03")
def test_wrong_codes_lock_the_approval(gateway: Gateway) -> None:
    code = told(gateway.inbound("locked", "peer", "hello"))
    guesses = [code[:-2] + first + second for first in "ABCDE" for second in "FGHJK"]
    wrong = [guess for guess in guesses if guess != code][:WRONG_CODES]
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda guess: approve(gateway, "locked", guess), wrong))
    assert len(outcomes) == WRONG_CODES
    assert all(outcome.exit_code != 0 for outcome in outcomes)
    assert approve(gateway, "locked", code).exit_code != 0, f"{WRONG_CODES} guesses, and the next one counts"
    assert not gateway.inbound("locked", "peer", "hello")["accepted"]
    elsewhere = approve(gateway, "unlocked", told(gateway.inbound("unlocked", "peer", "hello")))
    assert elsewhere.exit_code == 0, f"no code works anywhere: {elsewhere.stderr}"


# DM-04


def audit_lines(gateway: Gateway) -> list[str]:
    files = sorted((gateway.state / "logs").rglob("*.jsonl"))
    return [line for path in files for line in path.read_text().splitlines()]


@check("DM-04")
def test_an_approval_needs_an_acknowledgement(gateway: Gateway) -> None:
    peer = f"peer-{secrets.token_hex(4)}"
    code = told(gateway.inbound("asked", peer, "hello"))
    before, lines = trees.contents(gateway.state), len(audit_lines(gateway))
    refused = gateways.command(gateway.codebase, gateway.home, "pairing", "approve", "asked", code)
    assert refused.exit_code != 0, "approved without an acknowledgement"
    assert ACKNOWLEDGED in refused.stderr, f"it does not say what is missing: {refused.stderr}"
    assert trees.contents(gateway.state) == before, "something was written"
    assert not gateway.inbound("asked", peer, "hello")["accepted"]
    done = approve(gateway, "asked", code)
    assert done.exit_code == 0, done.stderr
    assert gateway.inbound("asked", peer, "hello")["accepted"]
    new = [line for line in audit_lines(gateway)[lines:] if peer in line]
    assert len(new) == 1, f"{len(new)} lines of audit"
    record = json.loads(new[0])
    assert "approved" in record.values()
    assert "asked" in record.values()
    assert code not in new[0]


PEERS = ["alice", "bob", "a/b", "a_b"]


def peers_are_apart(gateway: Gateway) -> None:
    """What one peer wrote is in nobody else's transcript, nor is anything said by the operator."""
    operators, said = canary(), {peer: canary() for peer in PEERS}
    with gateway.login() as session:
        send = {"sessionKey": "main", "message": operators, "idempotencyKey": operators}
        session.call("chat.send", send)
        session.event("chat", state="final", runId=operators)
    for peer, secret in said.items():
        assert gateway.inbound("x", peer, f"my secret is {secret}")["accepted"]
    for peer in PEERS:
        history = "".join(gateway.inbound("x", peer, "/history")["replies"])
        assert said[peer] in history, "the probe does not see the peer's own words"
        for other, secret in said.items():
            assert other == peer or secret not in history, f"{peer} sees what {other} wrote"
        assert operators not in history, f"{peer} sees what the operator wrote"


@check("DM-04")
def test_peers_are_isolated(codebase: Codebase) -> None:
    channels = {"x": {"dmPolicy": "allowlist", "allowFrom": PEERS}}
    with gateways.boot(codebase.root, {"channels": channels}) as isolated:
        peers_are_apart(isolated)
    with (
        gateways.boot(codebase.root, {"channels": channels, "session": {"dmScope": "main"}}) as shared,
        caught(),
    ):
        peers_are_apart(shared)
