"""Sessions that must be over: expired, idle, rotated, revoked, replayed, crowded out; seen on every surface."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from _probes import gateways
from _probes.canaries import leaks_in_files
from _probes.devices import Device
from _probes.gateways import Gateway, random_secret
from _probes.sessions import Session
from _probes.targets import Target
from _probes.weak import weak_server

from tracker.api import Codebase, check

POLICY_VIOLATION = 1008
AT_ONCE_S = 1.0
DAY_S = 86_400
EXPIRED, REFUSED, IN = "TOKEN_EXPIRED", "UNAUTHORIZED", "in"
READ = ["operator.read"]
NO_SESSION = {"tool": "read", "args": {"path": "../no"}}


def lifetimes(**values: Any) -> dict[str, Any]:
    return {"gateway": {"auth": {"sessions": values}}}


@pytest.fixture(scope="module")
def gateway(codebase: Codebase) -> Iterator[Gateway]:
    with gateways.boot(codebase.root, {}) as running:
        yield running


@dataclasses.dataclass
class Login:
    """A device that logged in: its open session and the token it was shown."""

    device: Device
    session: Session
    scopes: list[str] | None

    @property
    def told(self) -> dict[str, Any]:
        return dict(self.session.hello.get("auth") or {})

    @property
    def token(self) -> str:
        return str(self.told["deviceToken"])

    @property
    def id(self) -> str:
        return str(self.told["sessionId"])


@contextlib.contextmanager
def login(
    target: Target, device: Device | None = None, scopes: list[str] | None = None, **options: Any
) -> Iterator[Login]:
    """Log in with the shared secret."""
    device = device or Device()
    with target.login(device=device, scopes=scopes, **options) as session:
        yield Login(device, session, scopes)


def by_websocket(target: Target, who: Login, token: str) -> str:
    session, answer = target.attempt(device=who.device, auth={"token": token}, scopes=who.scopes)
    with session:
        if not answer.ok:
            assert session.close_code == POLICY_VIOLATION, f"refused, and closed with {session.close_code}"
        return IN if answer.ok else answer.code


def by_bearer(target: Target, _who: Login, token: str) -> str:
    reply = target.http("GET", "/", bearer=token)
    if reply.status == 401:
        return str(json.loads(reply.body)["error"].get("code", REFUSED))
    assert reply.status == 200, f"HTTP {reply.status} {reply.text}"
    return IN


def by_tool(target: Target, _who: Login, token: str) -> str:
    reply = target.http("POST", "/tools/invoke", bearer=token, body=NO_SESSION)
    if reply.status == 401:
        return str(json.loads(reply.body)["error"].get("code", REFUSED))
    return IN


DOORS: dict[str, Callable[[Target, Login, str], str]] = {
    "websocket": by_websocket,
    "page": by_bearer,
    "tools": by_tool,
}


def assert_everywhere(target: Target, who: Login, token: str, expected: str, when: str) -> None:
    for name, door in DOORS.items():
        told = door(target, who, token)
        assert told == expected, f"{name}, {when}: {told}, not {expected}"


def assert_over_by_http(target: Target, who: Login, when: str) -> None:
    """Where the wall clock is not the device's: over WebSocket its proof would be refused before the token."""
    for door in (by_bearer, by_tool):
        told = door(target, who, who.token)
        assert told == EXPIRED, f"{when}: {told}"


def assert_closed_at_once(session: Session, when: str) -> None:
    """The connection says nothing itself, and is closed."""
    code = session.wait_closed(AT_ONCE_S)
    assert code == POLICY_VIOLATION, (
        f"{when}: the connection is still open" if code is None else f"{when}: {code}"
    )


# SESS-01: time


def ends_on_time(target: Target, seconds: float, keep_busy: bool) -> None:
    """A token and a silent connection last that long, by real clocks; a busy one as long as a session lasts."""
    with login(target) as who:
        assert_everywhere(target, who, who.token, IN, "fresh")
        begun = time.monotonic()
        while keep_busy and time.monotonic() - begun < seconds - 0.7:
            assert who.session.ask("health").ok, "ended too early"
            who.session.wait_closed(0.2)
        code = who.session.wait_closed(seconds + AT_ONCE_S - (time.monotonic() - begun))
        took = time.monotonic() - begun
        assert code == POLICY_VIOLATION, f"the connection is still open after {took:.1f} s (closed: {code})"
        assert took > seconds - 1, f"ended after {took:.1f} s, not {seconds}"
        assert_everywhere(target, who, who.token, EXPIRED, "after its time")


@check("SESS-01")
def test_a_session_ends_by_age_although_it_is_busy(codebase: Codebase) -> None:
    with gateways.boot(codebase.root, lifetimes(maxAgeMs=2000)) as running:
        ends_on_time(running, 2, keep_busy=True)


@check("SESS-01")
def test_a_session_ends_when_it_is_idle(codebase: Codebase) -> None:
    with gateways.boot(codebase.root, lifetimes(idleMs=2000)) as running:
        ends_on_time(running, 2, keep_busy=False)
        with login(running) as busy:
            for _ in range(6):
                assert busy.session.ask("health").ok, "ended although it was used"
                busy.session.wait_closed(0.5)
            assert busy.session.close_code is None, "ended although it was used"


@check("SESS-01")
def test_clocks_that_are_set_back_revive_nothing(codebase: Codebase) -> None:
    token = random_secret()
    with gateways.new_home(lifetimes(maxAgeMs=DAY_S * 1000)) as home:
        with gateways.running(codebase.root, home, token=token) as running:
            with login(running) as who:
                home.set_clock(DAY_S)
                assert_closed_at_once(who.session, "past its time")
                home.set_clock(0)
                assert_everywhere(running, who, who.token, EXPIRED, "with both clocks set back")
            with login(running) as who:
                home.set_clock(-DAY_S, 3 * DAY_S)
                assert_closed_at_once(who.session, "with the wall clock set back")
                assert_over_by_http(running, who, "with the wall clock set back")
            running.kill()
        home.set_clock(-DAY_S, 0)
        with gateways.running(codebase.root, home, token=token) as running:
            assert_over_by_http(running, who, "after a restart with the wall clock set back")


@check("SESS-01")
def test_sessions_that_last_are_caught(codebase: Codebase) -> None:
    """A server without sessions, and a gateway whose sessions last longer than they should."""
    with weak_server() as weak, pytest.raises(AssertionError):
        ends_on_time(weak, 0.5, keep_busy=False)
    with gateways.boot(codebase.root, lifetimes(maxAgeMs=60_000)) as running, pytest.raises(AssertionError):
        ends_on_time(running, 0.5, keep_busy=False)


# SESS-02: list, rotate, revoke


def judge_list(listed: list[dict[str, Any]], one: Login, other: Login) -> None:
    """Both are there as they are, the second as the caller, and nothing that opens anything."""
    found = {each["sessionId"]: each for each in listed}
    assert {one.id, other.id} <= set(found), "a session is missing"
    assert found[one.id]["deviceId"] == one.device.id
    assert found[one.id]["scopes"] == ["operator.pairing"]
    assert (found[one.id]["current"], found[other.id]["current"]) == (False, True)
    shown = json.dumps(listed)
    for secret in (one.token, other.token, one.token[16:], "verifier", "hmac"):
        assert secret not in shown, "the list shows what opens a session"


def rotate(who: Login) -> str:
    return str(who.session.call("auth.sessions.rotate")["token"])


def rotation_kills_the_old_token(target: Target, rotated: Callable[[Login], str]) -> str:
    """It is dead before the answer has come; the new one lives on every surface, and the connection too."""
    with login(target) as who:
        new = rotated(who)
        assert new != who.token
        assert_everywhere(target, who, new, IN, "the new token")
        assert who.session.ask("health").ok, "the connection of the session was closed"
        for door in (by_bearer, by_websocket):
            told = door(target, who, who.token)
            assert told == REFUSED, f"the old token: {told}"
        return new


def revocation_is_immediate(target: Target, revoke: Callable[[Session, Login], Any]) -> Login:
    """Open connections end within a second, and the token opens nothing."""
    with login(target) as boss, login(target) as who:
        second, answer = target.attempt(device=who.device, auth={"token": who.token}, scopes=who.scopes)
        with second:
            assert answer.ok, answer.message
            revoke(boss.session, who)
            for session in (who.session, second):
                assert_closed_at_once(session, "revoked")
            assert_everywhere(target, who, who.token, REFUSED, "revoked")
            assert boss.session.ask("health").ok, "somebody else's session ended too"
        return who


def revoke_session(boss: Session, who: Login) -> None:
    assert boss.call("auth.sessions.revoke", {"sessionId": who.id})["revoked"] == [who.id]


def revoke_device(boss: Session, who: Login) -> None:
    boss.call("auth.sessions.revoke", {"deviceId": who.device.id})


def revoke_token(boss: Session, who: Login) -> None:
    boss.call("device.token.revoke", {"deviceId": who.device.id, "role": "operator"})


@check("SESS-02")
def test_sessions_are_listed_without_what_opens_them(gateway: Gateway) -> None:
    with login(gateway, scopes=["operator.pairing"]) as one, login(gateway) as other:
        listed = other.session.call("auth.sessions.list")["sessions"]
        judge_list(listed, one, other)
        talkative = [each | {"token": one.token} for each in listed]
        for wrong in (listed[:-1], talkative, one.session.call("auth.sessions.list")["sessions"]):
            with pytest.raises(AssertionError):
                judge_list(wrong, one, other)


@check("SESS-02")
def test_a_rotated_token_is_dead_everywhere(gateway: Gateway) -> None:
    new = rotation_kills_the_old_token(gateway, rotate)
    assert leaks_in_files([gateway.state, gateway.home.tmp], {"rotated": new}) == []


@check("SESS-02")
@pytest.mark.parametrize("revoke", [revoke_session, revoke_device, revoke_token])
def test_a_revoked_session_is_over_within_a_second(
    gateway: Gateway, revoke: Callable[[Session, Login], Any]
) -> None:
    revocation_is_immediate(gateway, revoke)


@check("SESS-02")
def test_a_running_request_ends_with_its_session(gateway: Gateway) -> None:
    """What was asked for before the revocation brings no answer after it, and the next frame none at all."""
    with login(gateway) as boss, login(gateway) as who:
        waiting = {"argv": ["/usr/bin/id"], "timeoutMs": 30_000}
        pending = who.session.request("exec.approval.request", waiting)
        boss.session.event("exec.approval.requested")
        boss.session.call("auth.sessions.revoke", {"sessionId": who.id})
        who.session.send({"type": "req", "id": "late", "method": "health"})
        assert_closed_at_once(who.session, "revoked")
        answered = [
            each.get("id") for each in who.session.received if each.get("type") == "res" and each.get("ok")
        ]
        assert pending not in answered
        assert "late" not in answered


@check("SESS-02")
def test_everything_survives_a_kill_and_a_restart(codebase: Codebase) -> None:
    token = random_secret()
    with gateways.new_home({}) as home:
        with (
            gateways.running(codebase.root, home, token=token) as running,
            login(running) as kept,
            login(running) as gone,
            login(running) as turned,
        ):
            new = str(turned.session.call("auth.sessions.rotate")["token"])
            kept.session.call("auth.sessions.revoke", {"sessionId": gone.id})
            running.kill()
        for ending in (Gateway.kill, Gateway.terminate):
            with gateways.running(codebase.root, home, token=token) as running:
                assert_everywhere(running, kept, kept.token, IN, "after a restart")
                assert_everywhere(running, gone, gone.token, REFUSED, "revoked before a restart")
                assert_everywhere(running, turned, new, IN, "rotated before a restart")
                with login(running) as boss:
                    listed = [
                        each["sessionId"] for each in boss.session.call("auth.sessions.list")["sessions"]
                    ]
                    assert kept.id in listed, "the session is not listed after a restart"
                    assert gone.id not in listed
                ending(running)
        with gateways.running(codebase.root, home, token=token) as running:
            assert by_websocket(running, turned, turned.token) == REFUSED, "rotated before a restart"
        secrets = {"kept": kept.token, "gone": gone.token, "new": new}
        assert leaks_in_files([home.state, home.tmp], secrets) == []


@check("SESS-02")
def test_tokens_that_live_on_are_caught(gateway: Gateway) -> None:
    """A second token instead of another one, a revocation that is not made."""

    def one_more(who: Login) -> str:
        with login(gateway, who.device) as again:
            return again.token

    with pytest.raises(AssertionError, match="the old token"):
        rotation_kills_the_old_token(gateway, one_more)
    with pytest.raises(AssertionError, match="still open"):
        revocation_is_immediate(gateway, lambda *_: None)


# SESS-03: theft, fixation, piles, mint


def replay_ends_the_family(target: Target, door: Callable[[Target, Login, str], str]) -> None:
    """A replaced token ends the session for whoever holds it, and administrators hear of it."""
    with login(target) as boss, login(target) as who:
        new = str(who.session.call("auth.sessions.rotate")["token"])
        newer = str(who.session.call("auth.sessions.rotate")["token"])
        heard = len(boss.session.events)
        assert door(target, who, who.token) == REFUSED
        assert_closed_at_once(who.session, "a replaced token was shown")
        assert_everywhere(target, who, newer, REFUSED, "after a replay")
        alert = boss.session.event("auth.session.alert", AT_ONCE_S, after=heard, sessionId=who.id)
        assert (alert["kind"], alert["severity"]) == ("token-reuse", "critical"), alert
        assert not {who.token, new, newer} & set(json.dumps(alert).split('"')), "the alert shows a token"


def identifiers_are_the_servers(target: Target) -> None:
    planted, device = "00000000-0000-4000-8000-00000000beef", Device()
    headers = {"Cookie": f"session={planted}; sessionId={planted}", "X-Session-Id": planted}
    seen = []
    for _ in range(2):
        with login(target, device, headers=headers) as who:
            seen.append((who.id, who.token))
            told = by_websocket(target, who, "ab" * 40)
            assert told == REFUSED, f"a token of the client's choosing: {told}"
    assert planted not in json.dumps(seen), "a session has the identifier that a client chose"
    assert len(set(seen[0]) | set(seen[1])) == 4, "two logins share an identifier or a token"


def eleven_are_ten(target: Target) -> None:
    """The one not used for longest ends, with its connection, and no other."""
    device, other = Device(), Device()
    with contextlib.ExitStack() as stack:
        apart = stack.enter_context(login(target, other))
        many = [stack.enter_context(login(target, device)) for _ in range(10)]
        assert many[0].session.ask("health").ok
        many.append(stack.enter_context(login(target, device)))
        assert_closed_at_once(many[1].session, "the eleventh login")
        assert by_bearer(target, many[1], many[1].token) == REFUSED
        for who in (apart, many[0], *many[2:]):
            assert who.session.ask("health").ok, "another session ended"


def nobody_mints(target: Target, clerk_scopes: list[str]) -> None:
    """Neither one's own token, nor another's, nor an approval gives scopes that the caller lacks."""
    with login(target) as chief, login(target, scopes=clerk_scopes) as clerk:
        role = {"role": "operator"}
        mine = {"deviceId": clerk.device.id, **role}
        for method, params in (
            ("device.token.rotate", mine | {"scopes": ["operator.admin"]}),
            ("device.token.rotate", mine | {"scopes": ["operator.pairing", "operator.write"]}),
            ("device.token.rotate", {"deviceId": chief.device.id, **role}),
            ("auth.sessions.rotate", {"sessionId": chief.id}),
        ):
            answer = clerk.session.ask(method, params)
            assert not answer.ok, f"{method} {params} gave scopes that the caller lacks"
        assert chief.session.ask("health").ok, "the refused rotation ended something"
        remote, answer = target.attempt(
            device=Device(), auth=target.auth, headers={"X-Forwarded-For": "203.0.113.9"}
        )
        remote.close()
        request = {"requestId": answer.details["requestId"]}
        assert not clerk.session.ask("device.pair.approve", request).ok, "an approval gave away admin"
        assert chief.session.ask("device.pair.approve", request).ok
        assert clerk.session.ask("auth.sessions.rotate").ok, "one's own token cannot be rotated any more"
        narrower = chief.session.ask("device.token.rotate", mine | {"scopes": READ})
        assert narrower.ok, narrower.message
        answer = clerk.session.ask("auth.sessions.list")
        assert not answer.ok, "an open connection kept the scopes that were taken"


@check("SESS-03")
@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_a_replayed_token_ends_its_family(
    gateway: Gateway, door: Callable[[Target, Login, str], str]
) -> None:
    replay_ends_the_family(gateway, door)


@check("SESS-03")
def test_a_client_chooses_neither_identifier_nor_token(gateway: Gateway) -> None:
    identifiers_are_the_servers(gateway)


@check("SESS-03")
def test_a_device_has_ten_sessions(gateway: Gateway) -> None:
    eleven_are_ten(gateway)


@check("SESS-03")
def test_where_the_policy_says_so_the_newcomer_is_refused(codebase: Codebase) -> None:
    with gateways.boot(codebase.root, lifetimes(perDevice=2, whenFull="refuse")) as running:
        device = Device()
        with login(running, device) as one, login(running, device) as two:
            session, answer = running.attempt(device=device, auth=running.auth)
            session.close()
            assert not answer.ok, "a third session where two are allowed"
            assert one.session.ask("health").ok
            assert two.session.ask("health").ok
            revoke_session(two.session, one)
            with login(running, device):
                pass


@check("SESS-03")
def test_nobody_hands_out_scopes_that_they_lack(gateway: Gateway) -> None:
    nobody_mints(gateway, ["operator.pairing"])


class Fixated(Target):
    """Takes over the identifier that a client proposes."""

    def login(self, **options: Any) -> Session:
        session = super().login(**options)
        session.hello["auth"]["sessionId"] = options["headers"]["X-Session-Id"]
        return session


@check("SESS-03")
def test_a_server_without_a_guard_is_caught(gateway: Gateway, codebase: Codebase) -> None:
    with pytest.raises(AssertionError, match="still open"):
        replay_ends_the_family(gateway, lambda *_: REFUSED)
    with weak_server() as weak, pytest.raises(AssertionError):
        identifiers_are_the_servers(Fixated(**vars(weak)))
    with gateways.boot(codebase.root, lifetimes(perDevice=50)) as roomy:
        with pytest.raises(AssertionError, match="still open"):
            eleven_are_ten(roomy)
        with pytest.raises(AssertionError, match="gave scopes"):
            nobody_mints(roomy, clerk_scopes=["operator.pairing", "operator.write"])
