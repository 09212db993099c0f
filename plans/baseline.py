"""Checks of the gateway as found (they stay green through every plan), and of what stays open.

Each probe also runs against a stand-in without defences, or on a bad observation, and must fail there.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from _probes import gateways, netns, proc, tls, weak
from _probes.addresses import free_port
from _probes.baseline import (
    authentication,
    authorization,
    disclosure,
    limits,
    network,
    protocol,
    residual,
    side_effects,
)
from _probes.canaries import canary
from _probes.gateways import Gateway, Home, Start, random_secret
from _probes.host import needs
from _probes.sessions import Answer
from _probes.targets import Target

from tracker.api import Codebase, check

CHANNEL, PEER = "telegram", "peer-allowed"
HANDSHAKE_TIMEOUT_MS = 1000
MAX_BUFFERED = 1 << 20


@pytest.fixture(scope="module")
def gateway(codebase: Codebase) -> Iterator[Gateway]:
    """The gateway that most probes share: token, hooks, one channel with one allowed peer."""
    config = {
        "hooks": {"enabled": True, "token": random_secret()},
        "channels": {CHANNEL: {"dmPolicy": "allowlist", "allowFrom": [PEER]}},
        "tools": {"exec": {"approvalTimeoutMs": 400}},
        "gateway": {"limits": {"tickIntervalMs": 200, "maxBufferedBytes": MAX_BUFFERED}},
    }
    with gateways.boot(codebase.root, config) as running:
        yield running


@pytest.fixture(scope="module")
def impatient(codebase: Codebase) -> Iterator[Gateway]:
    """A gateway with a short handshake timeout."""
    config = {"gateway": {"limits": {"handshakeTimeoutMs": HANDSHAKE_TIMEOUT_MS}}}
    with gateways.boot(codebase.root, config) as running:
        yield running


@pytest.fixture(scope="module")
def stand_in() -> Iterator[Target]:
    with weak.weak_server() as target:
        yield target


def caught() -> contextlib.AbstractContextManager[object]:
    """The weak variant must fail its probe."""
    return pytest.raises(AssertionError)


@check("PROTO-01")
def test_nothing_is_served_before_connect(gateway: Gateway, stand_in: Target) -> None:
    protocol.serves_nothing_before_connect(gateway)
    protocol.refuses_second_connect(gateway)
    with caught():
        protocol.serves_nothing_before_connect(stand_in)
    with caught():
        protocol.refuses_second_connect(stand_in)


@check("PROTO-02")
def test_protocol_and_role_are_negotiated(gateway: Gateway, stand_in: Target) -> None:
    protocol.negotiates_protocol_and_role(gateway)
    with caught():
        protocol.negotiates_protocol_and_role(stand_in)


@check("PROTO-03")
def test_frames_are_strict(gateway: Gateway, stand_in: Target) -> None:
    protocol.changes_nothing_on_bad_frames(gateway)
    with caught():
        protocol.checks_every_frame(stand_in)


@check("PROTO-04")
def test_websocket_violations_are_contained(gateway: Gateway, stand_in: Target) -> None:
    protocol.contains_protocol_violations(gateway)
    with caught():
        protocol.contains_protocol_violations(stand_in)


@check("LIM-01")
def test_inbound_payload_is_capped(gateway: Gateway, stand_in: Target) -> None:
    limits.holds_memory_under_large_payloads(gateway)
    with caught():
        limits.caps_inbound_payload(stand_in)


@check("LIM-02")
def test_unfinished_handshakes_are_cut(impatient: Gateway, stand_in: Target) -> None:
    limits.cuts_unfinished_handshakes(impatient, HANDSHAKE_TIMEOUT_MS / 1000)
    with caught():
        limits.cuts_unfinished_handshakes(stand_in, 0)


@check("LIM-03")
def test_slow_consumer_is_dropped(gateway: Gateway) -> None:
    seen = limits.watch_slow_consumer(gateway, MAX_BUFFERED)
    limits.judge_slow_consumer(seen, MAX_BUFFERED)
    for worse in (
        {"dropped": False},
        {"close_code": 1000},
        {"received_bytes": seen.sent_bytes},
        {"rss_growth": 2 * MAX_BUFFERED},
        {"witness_events": seen.events - 1},
    ):
        with caught():
            limits.judge_slow_consumer(dataclasses.replace(seen, **worse), MAX_BUFFERED)


@check("LIM-04")
def test_responses_headers_and_bodies_are_bounded(gateway: Gateway, stand_in: Target) -> None:
    limits.bounds_responses_headers_and_bodies(gateway)
    with caught():
        limits.bounds_responses_headers_and_bodies(stand_in)


@check("AUTH-01")
def test_exposed_start_without_secret_is_refused(codebase: Codebase) -> None:
    port = free_port()
    reason = "token|password|secret|credential"
    with gateways.new_home({"gateway": {"bind": "lan", "tls": {"enabled": True}}}) as home:
        start = gateways.try_start(codebase.root, home, "--port", str(port))
        authentication.judge_refused_start(start, port_open=proc.port_is_open(port), reason=reason)
    with caught():
        authentication.judge_refused_start(Start(None, "", ""), port_open=True, reason=reason)
    with caught():
        authentication.judge_refused_start(Start(1, "", "no such file"), port_open=False, reason=reason)


@check("AUTH-02")
def test_wrong_token_never_opens(gateway: Gateway, stand_in: Target) -> None:
    authentication.refuses_wrong_secrets(gateway)
    with caught():
        authentication.refuses_wrong_secrets(dataclasses.replace(stand_in, password=None))


@check("AUTH-02")
def test_wrong_password_never_opens(codebase: Codebase, stand_in: Target) -> None:
    with gateways.boot(codebase.root, {}, password=random_secret()) as gateway:
        authentication.refuses_wrong_secrets(gateway)
    with caught():
        authentication.refuses_wrong_secrets(dataclasses.replace(stand_in, token=None))


@check("AUTH-03")
def test_device_identity_is_proved(gateway: Gateway, stand_in: Target) -> None:
    authentication.proves_device_identity(gateway)
    with caught():
        authentication.proves_device_identity(stand_in)


@check("AUTH-04")
def test_challenges_are_unique_and_not_replayable(gateway: Gateway, stand_in: Target) -> None:
    authentication.challenges_are_unique(gateway)
    authentication.refuses_replayed_connect(gateway)
    with caught():
        authentication.challenges_are_unique(stand_in, 2)
    with caught():
        authentication.refuses_replayed_connect(stand_in)


@check("PAIR-01")
def test_unknown_remote_device_is_held(codebase: Codebase, stand_in: Target) -> None:
    with exposed_gateway(codebase) as (remote, operator):
        authorization.holds_unknown_devices(remote, operator)
        authorization.pending_requests_expire(remote, operator)
    with caught():
        authorization.holds_unknown_devices(stand_in, stand_in)


@contextlib.contextmanager
def exposed_gateway(codebase: Codebase) -> Iterator[tuple[Target, Gateway]]:
    """A gateway on an address that is not loopback, over TLS, in a network of its own: seen from there and locally."""
    needs("netns")
    config = {"gateway": {"bind": "lan", "tls": {"enabled": True}}}
    with netns.network() as net, gateways.boot(codebase.root, config, prefix=net.prefix) as gateway:
        operator = dataclasses.replace(gateway, dial=net.dial)
        remote = Target(netns.INSIDE[0], gateway.port, token=gateway.token, tls=gateway.tls, dial=net.dial)
        yield remote, operator


@check("AUTHZ-01")
def test_every_method_enforces_its_scope(gateway: Gateway, stand_in: Target) -> None:
    authorization.refused_methods_change_nothing(gateway)
    with caught():
        authorization.enforces_scopes(stand_in)


@check("AUTHZ-02")
def test_roles_do_not_mix(gateway: Gateway, stand_in: Target) -> None:
    authorization.keeps_roles_apart(gateway)
    with caught():
        authorization.keeps_roles_apart(stand_in)


@check("AUTHZ-03")
def test_events_are_filtered_by_scope(gateway: Gateway, stand_in: Target) -> None:
    authorization.filters_events_by_scope(gateway)
    with caught():
        authorization.filters_events_by_scope(stand_in)


@check("AUTHZ-04")
def test_paired_device_cannot_widen_itself(gateway: Gateway, stand_in: Target) -> None:
    authorization.refuses_widening(gateway)
    with caught():
        authorization.refuses_widening(stand_in)


@check("NET-01")
def test_default_bind_is_loopback(codebase: Codebase) -> None:
    with gateways.boot(codebase.root, {}) as gateway:
        network.listens_on_loopback_only(gateway.pid, gateway.port)
    with socket.create_server(("0.0.0.0", 0)) as exposed, caught():
        network.listens_on_loopback_only(os.getpid(), exposed.getsockname()[1])


@check("NET-02")
def test_forwarding_headers_grant_nothing(gateway: Gateway, stand_in: Target) -> None:
    before = len(gateway.everything_said())
    network.trusts_no_forwarding_header(gateway)
    said = gateway.everything_said()
    assert len(said) > before
    assert "forward" in said.lower() or "proxy" in said.lower(), "no warning in the log"
    with caught():
        network.trusts_no_forwarding_header(stand_in)


@check("NET-03")
def test_tls_is_modern_and_its_key_private(codebase: Codebase, tmp_path: Path) -> None:
    needs("trustme")
    with gateways.boot(codebase.root, {"gateway": {"tls": {"enabled": True}}}) as gateway:
        network.refuses_old_tls(lambda: gateway.dial(gateway.host, gateway.port, None))
        [key] = [path for path in gateway.state.rglob("*.pem") if "PRIVATE KEY" in path.read_text()]
        network.is_private(key)
    with tls.weak_server() as port, caught():
        network.refuses_old_tls(lambda: socket.create_connection(("127.0.0.1", port)))
    loose = tmp_path / "key.pem"
    loose.write_text("-----BEGIN PRIVATE KEY-----")
    loose.chmod(0o640)
    with caught():
        network.is_private(loose)


@check("EXEC-01")
def test_host_exec_needs_a_bound_approval(gateway: Gateway, stand_in: Target) -> None:
    side_effects.undecided_exec_is_denied(gateway)
    assert not (gateway.home.workspace / "undecided").exists()
    with caught():
        side_effects.undecided_exec_is_denied(stand_in)
    seen = side_effects.watch_approvals(gateway)
    side_effects.judge_approvals(seen)
    served = [(*seen.mutated[:place], seen.first, *seen.mutated[place + 1 :]) for place in range(3)]
    worse: list[dict[str, Any]] = [{"mutated": answers} for answers in served]
    worse += [
        {"mutated": (dataclasses.replace(seen.mutated[0], code="UNAVAILABLE"),)},
        {"strays": ("mutated",)},
        {"first": seen.again},
        {"first_ran": False},
        {"again": seen.first},
        {"again_ran": True},
    ]
    for change in worse:
        with caught():
            side_effects.judge_approvals(dataclasses.replace(seen, **change))


@check("IDEM-01")
def test_side_effects_happen_once(gateway: Gateway, stand_in: Target, tmp_path: Path) -> None:
    seen = side_effects.watch_sending_twice(gateway)
    side_effects.judge_sending_twice(seen)
    for worse in (
        {"lines": 2},
        {"lines": 0},
        {"runs": (*seen.runs, "another")},
        {"runs": (seen.runs[0], "")},
    ):
        with caught():
            side_effects.judge_sending_twice(dataclasses.replace(seen, **worse))
    side_effects.refuses_stale_config_writes(gateway, gateway.home.config_file)
    unwritten = tmp_path / "moltbot.json"
    unwritten.write_text("{}")
    with caught():
        side_effects.refuses_stale_config_writes(stand_in, unwritten)
    with caught():
        side_effects.judge_stale_write(Answer(ok=False, code="INVALID_REQUEST"), b"{}", b"{ }")


@check("FS-01")
def test_state_writes_are_atomic(codebase: Codebase) -> None:
    def patch(home: Home, token: str, seconds: float) -> None:
        side_effects.kill_while_patching(codebase.root, home, token, seconds)

    side_effects.survives_kills(patch)
    with pytest.raises((ValueError, KeyError, AssertionError)):
        side_effects.survives_kills(side_effects.tear)
    for whole_but_wrong in ("{}", '{"logging": {"level": "warn"}, "session": {}}'):
        with caught():
            side_effects.judge_config_file(whole_but_wrong)
    with pytest.raises(gateways.NotReady):
        side_effects.starts(codebase.root, '{"logging": {"lev')


@check("LOG-01")
def test_credentials_never_reach_logs(gateway: Gateway, tmp_path: Path) -> None:
    used = disclosure.use_credentials(gateway)
    disclosure.judge_no_leak(disclosure.logged_text(gateway), disclosure.log_directories(gateway), used)
    secret = canary()
    (tmp_path / "gateway.log").write_text(f"token={secret.encode().hex()}")
    with caught():
        disclosure.judge_no_leak("", [tmp_path], {"token": secret})
    with caught():
        disclosure.judge_no_leak(f"token={secret}", [], {"token": secret})


@check("ERR-01")
def test_failures_are_generic_and_local(codebase: Codebase) -> None:
    config = {"gateway": {"limits": {"tickIntervalMs": 200}}}
    with gateways.boot(codebase.root, config) as gateway:
        disclosure.failures_stay_generic_and_local(gateway)
        disclosure.says_goodbye(gateway)
    leaky = "IsADirectoryError: [Errno 21] /state/agents/main/sessions/x.jsonl"
    for frame in ({"message": leaky}, {"message": "Traceback (most recent call last)"}):
        with caught():
            disclosure.judge_generic_failure(Answer(ok=False, code="UNAVAILABLE", frame=frame))


@check("HOOK-01")
def test_hooks_need_their_own_bearer(gateway: Gateway, stand_in: Target) -> None:
    authentication.refused_hooks_enqueue_nothing(gateway)
    with caught():
        authentication.hooks_need_their_own_bearer(stand_in)


@check("RES-01")
def test_same_user_can_use_the_keys(gateway: Gateway) -> None:
    residual.same_user_can_use_the_keys(gateway)


@check("RES-02")
def test_allowed_sender_steers_tools(gateway: Gateway) -> None:
    residual.allowed_sender_steers_tools(gateway, CHANNEL, PEER)


@check("RES-03")
def test_slow_distributed_guessing_is_not_locked(gateway: Gateway) -> None:
    residual.slow_guessing_is_not_locked(gateway)


@check("RES-04")
def test_no_mac_is_enforced(gateway: Gateway) -> None:
    residual.no_mac_label(gateway.pid)


@check("RES-05")
def test_truncated_tail_goes_unnoticed(codebase: Codebase) -> None:
    with gateways.boot(codebase.root, {}) as gateway:
        for _ in range(4):
            gateway.attempt(auth={"token": "w" * 64})[0].close()
        gateway.terminate()
        residual.truncated_log_goes_unnoticed(codebase.root, gateway.home)


@check("RES-06")
def test_one_factor_is_enough(gateway: Gateway) -> None:
    residual.token_alone_is_enough(gateway)
