"""One mandatory authentication, from outside: every bind, every surface, every failure alike."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from _probes import addresses, gateways, proc, weak
from _probes.canaries import canary, leaks_in_bytes, leaks_in_files
from _probes.devices import Device
from _probes.gateways import Gateway, random_secret
from _probes.host import has
from _probes.sessions import Answer, Session, UpgradeRefused
from _probes.targets import Target

from tracker.api import Codebase, check

CHANNEL, PEER = "telegram", "peer-allowed"
LISTED_ORIGIN = "https://ui.example"


@pytest.fixture(scope="module")
def gateway(codebase: Codebase) -> Iterator[Gateway]:
    config = {
        "gateway": {"trustedProxies": ["127.0.0.77"]},
        "hooks": {"enabled": True, "token": random_secret()},
        "channels": {CHANNEL: {"dmPolicy": "allowlist", "allowFrom": [PEER]}},
    }
    with gateways.boot(codebase.root, config) as running:
        yield running


@pytest.fixture(scope="module")
def stand_in() -> Iterator[Target]:
    with weak.weak_server() as target:
        yield target


def caught() -> contextlib.AbstractContextManager[object]:
    """The weak variant must fail its probe."""
    return pytest.raises(AssertionError)


# AUTH-10


def nothing_but_liveness(target: Target) -> None:
    """Without a credential, no WebSocket method and no HTTP path gives anything but liveness."""
    for device in (None, Device()):
        session, answer = target.attempt(device=device, auth=None)
        session.close()
        assert not answer.ok, f"connected without a credential ({'no ' if device is None else ''}device)"
    body = {"from": PEER, "text": "hello", "message": "hello", "tool": "read", "args": {"path": "note.txt"}}
    for method, path in (
        ("GET", "/"),
        ("GET", "/chat/main"),
        ("GET", "/status"),
        ("GET", "/config"),
        ("POST", "/tools/invoke"),
        ("POST", "/hooks/wake"),
        ("POST", "/hooks/agent"),
        ("POST", f"/channels/{CHANNEL}/inbound"),
    ):
        reply = target.http(method, path, body=body if method == "POST" else None)
        assert reply.status in {401, 404}, f"{method} {path}: HTTP {reply.status} without a credential"
    assert target.http("GET", "/health").status == 200


@check("AUTH-10")
def test_every_surface_asks_for_a_credential(gateway: Gateway, stand_in: Target) -> None:
    nothing_but_liveness(gateway)
    if has("ipv6") and any(str(found.address) == "::1" for found in proc.listeners(gateway.pid)):
        nothing_but_liveness(dataclasses.replace(gateway, host="::1"))
    with gateway.login() as session:
        assert session.ask("health").ok
    with caught():
        nothing_but_liveness(stand_in)


@check("AUTH-10")
def test_a_start_without_a_secret_refuses_or_makes_one(codebase: Codebase) -> None:
    with gateways.new_home({}) as home:
        start = gateways.try_start(codebase.root, home)
        if start.exit_code is not None:
            assert start.exit_code != 0
            assert re.search(r"token|password|secret", start.stderr), start.stderr
            return
        made = [
            path
            for path in home.state.rglob("*")
            if path.is_file()
            and re.search(r"\b[0-9a-f]{64}\b|\b[\w-]{43}\b", path.read_text(errors="replace"))
        ]
        assert made, "it started without a secret, and made none"
        assert all(path.stat().st_mode & 0o077 == 0 for path in made), "the secret it made is not private"


@check("AUTH-10")
@pytest.mark.parametrize("arguments", [(), ("--auth", "none")], ids=["config", "flag"])
def test_auth_mode_none_is_refused(codebase: Codebase, arguments: tuple[str, ...]) -> None:
    config: dict[str, Any] = {} if arguments else {"gateway": {"auth": {"mode": "none"}}}
    with gateways.new_home(config) as home:
        start = gateways.try_start(codebase.root, home, *arguments, token=random_secret())
    assert_refused(start, "none")


def assert_refused(start: gateways.Start, *words: str) -> None:
    """The start ended with an error in words, not a traceback."""
    assert not start.served, "it started"
    assert start.exit_code not in {None, 0}, f"exit {start.exit_code}"
    assert "Traceback" not in start.stderr
    for word in words:
        assert re.search(word, start.stderr, re.IGNORECASE), f"{word!r} is not in: {start.stderr}"


# AUTH-11

MIXED_32 = "kV8#rT2!mQ9@xL4$wZ7%bN1^cJ5&hD3*"
WEAK = {
    "31 characters": (MIXED_32[:31], "31|short"),
    "one letter": ("a" * 32, "repeat|distinct"),
    "19 distinct": ("abcdXefghiYjklmnZ0" + "9" + "abXcdYefZghi9", "distinct"),
    "changeme": ("changeme-kV8rT2mQ9xL4wZ7bN1cJ5hD3", "placeholder"),
    "block": ("kV8#rT2!" * 5, "repeat"),
    "long block": ("kV8rT2mQ9xL4wZ7bN1cJ5hD3" * 2, "repeat"),
    "padded": (f" {MIXED_32}", "space"),
    "inner space": (f"{MIXED_32[:16]} {MIXED_32[16:]}", "space"),
    "undefined": ("undefined", "placeholder"),
    "null": ("null", "placeholder|short"),
    "sequence": ("abcdefghijklmnopqrstuvwxyz0123456789", "sequence"),
    "sample": ("your-secret-token-here-at-least-32-characters", "placeholder"),
    "short hex": ("0f" + "1a2b3c4d5e6f708192a3b4c5d6e7f809" + "1", "distinct"),
}


def weak_secret_is_refused(codebase: Path, secret: str, rule: str, place: str) -> None:
    config: dict[str, Any] = {}
    options: dict[str, Any] = {}
    if place == "config":
        config = {"gateway": {"auth": {"token": secret}}}
    elif place == "hooks":
        config = {"hooks": {"enabled": True, "token": secret}}
        options = {"token": random_secret()}
    else:
        options = {"token": secret}
    with gateways.new_home(config) as home:
        start = gateways.try_start(codebase, home, **options)
    assert_refused(start, rule)
    assert len(secret) < 8 or secret.strip() not in start.stderr, "the secret is shown"


@check("AUTH-11")
@pytest.mark.parametrize("name", WEAK)
def test_weak_tokens_are_refused(codebase: Codebase, name: str) -> None:
    secret, rule = WEAK[name]
    weak_secret_is_refused(codebase.root, secret, rule, "config")


@check("AUTH-11")
@pytest.mark.parametrize("place", ["environment", "hooks"])
def test_weak_tokens_are_refused_wherever_they_come_from(codebase: Codebase, place: str) -> None:
    weak_secret_is_refused(codebase.root, *WEAK["block"], place)


@check("AUTH-11")
def test_a_weak_password_is_refused(codebase: Codebase) -> None:
    with gateways.new_home({"gateway": {"auth": {"password": "hunter2hunter2"}}}) as home:
        assert_refused(gateways.try_start(codebase.root, home), "password")


@check("AUTH-11")
def test_tokens_that_the_documentation_shows_are_refused(codebase: Codebase) -> None:
    """Whatever in the shipped documents could be taken for a token does not start a gateway."""
    text = "\n".join(path.read_text() for path in sorted(codebase.root.rglob("*.md")))
    shown = set(re.findall(r"(?:token|TOKEN)\S{0,3}[=:\s]\s*[\"'`]?([A-Za-z0-9_-]{32,})", text))
    for secret in sorted(shown):
        weak_secret_is_refused(codebase.root, secret, r"\w", "config")


@check("AUTH-11")
@pytest.mark.parametrize("secret", [MIXED_32, random_secret()], ids=["mixed", "hex"])
def test_strong_tokens_start(codebase: Codebase, secret: str) -> None:
    config = {"gateway": {"auth": {"token": secret}}}
    with (
        gateways.boot(codebase.root, config, token=None) as gateway,
        dataclasses.replace(gateway, token=secret).login() as session,
    ):
        assert session.ask("health").ok


@check("AUTH-11")
def test_a_patch_cannot_weaken_the_secret(gateway: Gateway) -> None:
    raw = json.dumps({"gateway": {"auth": {"token": WEAK["changeme"][0]}}})
    patch_is_refused(gateway, raw)


def patch_is_refused(gateway: Gateway, raw: str) -> None:
    before = gateway.home.config_file.read_bytes()
    with gateway.login() as session:
        answer = session.ask("config.patch", {"raw": raw, "baseHash": session.call("config.get")["hash"]})
    assert (answer.ok, answer.code) == (False, "INVALID_REQUEST"), f"{raw} was accepted"
    assert gateway.home.config_file.read_bytes() == before


# AUTH-12

BYPASSES: dict[str, dict[str, Any]] = {
    "allowInsecureAuth": {"gateway": {"controlUi": {"allowInsecureAuth": True}}},
    "dangerouslyDisableDeviceAuth": {"gateway": {"controlUi": {"dangerouslyDisableDeviceAuth": True}}},
    "another dangerously": {"gateway": {"dangerouslyAllowAnything": True}},
    "in a channel": {"channels": {CHANNEL: {"dangerouslySkipPairing": True}}},
}


@check("AUTH-12")
@pytest.mark.parametrize("name", BYPASSES)
def test_bypass_switches_stop_the_start(codebase: Codebase, name: str) -> None:
    with gateways.new_home(BYPASSES[name]) as home:
        start = gateways.try_start(codebase.root, home, token=random_secret())
    assert_refused(start, "allowInsecureAuth|dangerously")


@check("AUTH-12")
@pytest.mark.parametrize("name", BYPASSES)
def test_bypass_switches_cannot_be_patched_in(gateway: Gateway, name: str) -> None:
    patch_is_refused(gateway, json.dumps(BYPASSES[name]))


@check("AUTH-12")
def test_bypass_variables_are_ignored(codebase: Codebase) -> None:
    env = {"GATEWAY_ALLOW_INSECURE_AUTH": "1", "GATEWAY_DANGEROUSLY_DISABLE_DEVICE_AUTH": "1"}
    with gateways.boot(codebase.root, {}, env=env) as gateway:
        session, answer = gateway.attempt(auth=gateway.auth, client_id="control-ui", mode="ui")
        session.close()
        assert not answer.ok, "a control page without a device was let in"


# AUTH-13


@dataclasses.dataclass(frozen=True)
class Failure:
    """All that a refused client sees."""

    code: str
    message: str
    close_code: int | None
    close_reason: str
    length: int
    details: str


def failure(target: Target, **attempt: Any) -> Failure:
    session, answer = target.attempt(**attempt)
    with session:
        assert not answer.ok, "a wrong credential was accepted"
        return Failure(
            answer.code,
            answer.message,
            session.close_code,
            session.close_reason,
            len(json.dumps(answer.frame)),
            json.dumps(answer.details),
        )


def failures_are_uniform(target: Target, paired: Device) -> None:
    """Whatever is wrong with a credential, the refusal is the same to the last byte."""
    wrong, other = {"token": "w" * 64}, {"password": "w" * 64}
    forged = Device()

    def forgery(session: Session) -> Answer:
        from _probes.sessions import connect_params

        params = connect_params(session.challenge(), device=forged, auth=target.auth)
        params["device"]["signature"] = params["device"]["signature"][::-1]
        return session.ask("connect", params)

    seen = {
        "wrong token": failure(target, auth=wrong),
        "missing token": failure(target, auth=None),
        "empty token": failure(target, auth={"token": ""}),
        "unknown device, wrong token": failure(target, auth=wrong, device=Device()),
        "unknown device, no token": failure(target, auth=None, device=Device()),
        "paired device, wrong token": failure(target, auth=wrong, device=paired),
        "password where a token is asked": failure(target, auth=other),
        "control page": failure(target, auth=wrong, client_id="control-ui", mode="ui"),
    }
    with target.open() as session:
        answer = forgery(session)
        session.wait_closed()
        seen["forged signature"] = Failure(
            answer.code,
            answer.message,
            session.close_code,
            session.close_reason,
            len(json.dumps(answer.frame)),
            json.dumps(answer.details),
        )
    first = seen["wrong token"]
    assert first.close_code == 1008
    different = {name: look for name, look in seen.items() if look != first}
    assert not different, f"{first} is not {different}"


@check("AUTH-13")
def test_failures_are_uniform(gateway: Gateway, codebase: Codebase, stand_in: Target) -> None:
    paired = Device()
    with gateway.login(device=paired):
        pass
    failures_are_uniform(gateway, paired)
    with gateways.boot(codebase.root, {}, password=random_secret()) as by_password:
        assert failure(by_password, auth={"password": "w" * 64}) == failure(gateway, auth={"token": "w" * 64})
    with caught():
        failures_are_uniform(stand_in, paired)


def credentials_in_urls_are_refused(target: Target, secret: str) -> None:
    for path in (f"/?token={secret}", f"/chat/main?token={secret}", f"/?x=1&password={secret}"):
        reply = target.http("GET", path)
        assert reply.status == 400, f"{path.split('?')[0]}: HTTP {reply.status}"
        assert secret not in reply.text
    try:
        target.open(path=f"/?token={secret}").close()
    except UpgradeRefused as refused:
        assert refused.reply.status == 400  # noqa: PT017 - the exception is one of two outcomes
    else:
        pytest.fail("a WebSocket with a token in its URL was opened")
    hook = target.http("POST", f"/hooks/agent?token={target.hook_token}", body={"message": "hello"})
    assert hook.status == 400, f"hooks: HTTP {hook.status}"


@check("AUTH-13")
def test_credentials_in_urls_are_refused(gateway: Gateway, stand_in: Target) -> None:
    secret = canary()
    credentials_in_urls_are_refused(gateway, secret)
    assert not leaks_in_bytes(gateway.everything_said().encode(), {"url": secret})
    assert not leaks_in_files([gateway.state, gateway.home.tmp], {"url": secret})
    with caught():
        credentials_in_urls_are_refused(stand_in, secret)


# AUTH-14

AUDIT_LOG = "auth-audit.jsonl"


def audit_lines(gateway: Gateway) -> list[dict[str, Any]]:
    found = list(gateway.state.rglob(AUDIT_LOG))
    assert len(found) == 1, f"{len(found)} files are named {AUDIT_LOG}"
    return [json.loads(line) for line in found[0].read_text().splitlines()]


@dataclasses.dataclass
class Attempts:
    """Attempts made so far: the address each comes from, its outcome and its method."""

    made: list[tuple[str, str, str]] = dataclasses.field(default_factory=list)

    def note(self, address: str, outcome: str, method: str) -> None:
        self.made.append((address, outcome, method))


def make_attempts(gateway: Gateway) -> Attempts:
    """Fifty attempts of ten kinds; the failures of a kind stay below what locks an address out."""
    attempts = Attempts()
    device = Device()
    with gateway.login(device=device, source=(first := addresses.fresh())) as session:
        token = session.hello["auth"]["deviceToken"]
    attempts.note(first, "accepted", "token")

    def websocket(count: int, outcome: str, method: str, **attempt: Any) -> None:
        source = addresses.fresh()
        for _ in range(count):
            gateway.attempt(source=source, **attempt)[0].close()
            attempts.note(source, outcome, method)

    wrong = {"token": "w" * 64}
    websocket(5, "accepted", "device-token", device=device, auth={"token": token})
    websocket(10, "accepted", "token", auth=gateway.auth)
    websocket(4, "refused", "token", auth=wrong)
    websocket(4, "refused", "token", auth=wrong, device=Device())
    websocket(4, "refused", "none", auth=None)
    websocket(4, "refused", "token", auth=gateway.auth, device=Device(), protocol=(99, 99))

    def http(count: int, outcome: str, kind: str, path: str, status: int, **request: Any) -> None:
        source = addresses.fresh()
        for _ in range(count):
            reply = gateway.http(source=source, path=path, **request)
            assert reply.status == status, f"{path}: HTTP {reply.status} {reply.text}"
            attempts.note(source, outcome, kind)

    hook = {"message": "hello", "sessionKey": "audit-probe"}
    invoke = {"tool": "write", "args": {"path": "audit.txt", "content": "x"}}
    http(4, "refused", "token", "/tools/invoke", 401, method="POST", bearer="w" * 64, body=invoke)
    http(3, "refused", "none", "/", 401, method="GET")
    http(4, "accepted", "token", "/tools/invoke", 200, method="POST", bearer=gateway.token, body=invoke)
    http(2, "refused", "hook-token", "/hooks/agent", 401, method="POST", bearer="w" * 64, body=hook)
    http(
        2, "accepted", "hook-token", "/hooks/agent", 202, method="POST", bearer=gateway.hook_token, body=hook
    )
    http(1, "refused", "none", "/", 403, method="GET", headers={"Origin": "https://evil.example"})

    forwarded = {"X-Forwarded-For": "203.0.113.5"}
    gateway.attempt(source="127.0.0.77", headers=forwarded, auth=wrong)[0].close()
    attempts.note("203.0.113.5", "refused", "token")
    gateway.http(
        "POST", "/tools/invoke", source="127.0.0.77", headers=forwarded, bearer="w" * 64, body=invoke
    )
    attempts.note("203.0.113.5", "refused", "token")
    return attempts


@check("AUTH-14")
def test_every_attempt_is_recorded_once(gateway: Gateway) -> None:
    with contextlib.suppress(UpgradeRefused):
        gateway.open(headers={"Origin": "https://evil.example"}).close()
    before = len(audit_lines(gateway))
    attempts = make_attempts(gateway)
    assert len(attempts.made) == 50
    lines = audit_lines(gateway)[before:]
    seen = sorted((line["client"], line["outcome"], line["method"]) for line in lines)
    assert seen == sorted(attempts.made)
    for line in lines:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", line["time"]), line["time"]
        assert line["connId"]
        assert line["surface"] in {"ws", "http", "hooks"}
    assert len({line["connId"] for line in lines}) == len(lines), "two attempts share a connection id"
    secrets = {"token": str(gateway.token), "hook": str(gateway.hook_token), "wrong": "w" * 64}
    assert not leaks_in_bytes(json.dumps(lines).encode(), secrets)


# AUTH-15


@check("AUTH-15")
def test_the_password_is_kept_as_argon2id(codebase: Codebase) -> None:
    password = f"{canary()}{canary()}"
    config = {"gateway": {"auth": {"password": password}}}
    with gateways.new_home(config) as home:
        for _ in range(2):
            with gateways.running(codebase.root, home) as gateway:
                by_password = dataclasses.replace(gateway, password=password)
                with by_password.login() as session:
                    assert session.ask("health").ok
                assert failure(by_password, auth={"password": f"{password}x"}).code
                assert leaks_in_files([gateway.state, home.tmp], {"password": password}) == []
        stored = json.loads(home.config_file.read_text())["gateway"]["auth"]["password"]
        assert stored.startswith(("$argon2id$", "$scrypt$")), stored
        with gateways.running(codebase.root, home) as gateway:
            session, answer = gateway.attempt(device=Device(), auth={"password": stored})
            session.close()
            assert not answer.ok, "what is stored opens the gateway"


@check("AUTH-15")
def test_device_tokens_are_kept_as_keyed_hashes(codebase: Codebase) -> None:
    token, device = random_secret(), Device()
    with gateways.new_home({}) as home:
        with (
            gateways.running(codebase.root, home, token=token) as gateway,
            gateway.login(device=device) as session,
        ):
            issued = session.hello["auth"]["deviceToken"]
            rotated = session.call("device.token.rotate", {"deviceId": device.id, "role": "operator"})[
                "token"
            ]
        tokens = {"issued": issued, "rotated": rotated}
        assert leaks_in_files([home.state, home.tmp], tokens) == []
        with gateways.running(codebase.root, home, token=token) as gateway:
            session, answer = gateway.attempt(device=device, auth={"token": rotated})
            session.close()
            assert answer.ok, answer.message
            session, answer = gateway.attempt(device=device, auth={"token": issued})
            session.close()
            assert not answer.ok, "a rotated token still opens the gateway"
            assert leaks_in_files([home.state, home.tmp], tokens) == []


@check("AUTH-15")
def test_the_shared_token_is_not_kept(codebase: Codebase) -> None:
    token = random_secret()
    text = f"{{\n  // the shared token\n  gateway: {{auth: {{token: '{token}'}}}},\n}}\n"
    with gateways.new_home({}) as home:
        home.config_file.write_text(text)
        for _ in range(2):
            with gateways.running(codebase.root, home) as gateway:
                with dataclasses.replace(gateway, token=token).login() as session:
                    assert session.ask("health").ok
                assert leaks_in_files([home.state, home.tmp], {"token": token}) == []
        assert "// the shared token" in home.config_file.read_text(), "the comments of the file are gone"


# ORIG-01


def upgrade_status(target: Target, headers: dict[str, str]) -> int:
    try:
        target.open(headers=headers).close()
    except UpgradeRefused as refused:
        return refused.reply.status
    return 101


def foreign_pages_are_refused(target: Target) -> None:
    port = target.port
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.com"},
        {"Origin": f"{LISTED_ORIGIN}:8443"},
        {"Origin": f"{LISTED_ORIGIN}.evil.com"},
        {"Origin": f"http://127.0.0.1:{port + 1}"},
        {"Host": f"rebind.example:{port}"},
        {"Host": f"127.0.0.1.rebind.example:{port}"},
        {"Host": f"localhost.rebind.example:{port}", "Origin": f"http://localhost.rebind.example:{port}"},
    ):
        status = upgrade_status(target, headers)
        assert status == 403, f"{headers}: {status}"


@check("ORIG-01")
def test_foreign_pages_are_refused_before_101(codebase: Codebase, stand_in: Target) -> None:
    config: dict[str, Any] = {"gateway": {"controlUi": {"allowedOrigins": [LISTED_ORIGIN]}}}
    with gateways.boot(codebase.root, config) as gateway:
        foreign_pages_are_refused(gateway)
        for welcome in (
            {},
            {"Origin": LISTED_ORIGIN},
            {"Origin": f"http://{gateway.authority}"},
            {"Host": f"localhost:{gateway.port}"},
        ):
            assert upgrade_status(gateway, welcome) == 101, f"{welcome} was refused"
        invoke = {"tool": "write", "args": {"path": "x", "content": "x"}}
        reply = gateway.http(
            "POST",
            "/tools/invoke",
            bearer=gateway.token,
            body=invoke,
            headers={"Origin": "https://evil.example"},
        )
        assert reply.status == 403, f"a foreign page posted: HTTP {reply.status}"
    with caught():
        foreign_pages_are_refused(stand_in)


@check("ORIG-01")
def test_foreign_pages_are_refused_by_default(gateway: Gateway) -> None:
    foreign_pages_are_refused(gateway)
    assert upgrade_status(gateway, {"Origin": LISTED_ORIGIN}) == 403
