"""Controls of authentication: who gets in, and what is kept of the secrets."""

import json
import secrets
from collections.abc import Iterator

from gateway.config import config as configuration
from gateway.security.controls.registry import Observation, control, saw
from gateway.security.controls.site import Site, refused_start
from gateway.security.controls.talk import Device, Talk, http_status, talk, upgrade_status

WRONG = "w" * 64
RECORDED = "127.99.98.97"
WEAK = ("a" * 32, "0123456789abcdefghij", "changeme-changeme-changeme-1234", "undefined")


def host(site: Site) -> dict[str, str]:
    return {"Host": f"127.0.0.1:{site.port}"}


def bearer(site: Site, secret: str) -> dict[str, str]:
    return {**host(site), "Authorization": f"Bearer {secret}", "Content-Type": "application/json"}


def login(conn: Talk, site: Site, device: Device | None = None) -> bool:
    return bool(conn.connect(site.rehearsal.token, device=device or Device.new()).get("ok"))


@control(
    "auth.exposed_start", "Beyond loopback no gateway starts without a secret", points=2.5, critical=True
)
def exposed_start(_site: Site) -> Iterator[Observation]:
    said = refused_start("--bind", "lan")
    yield saw(said, f"start on every address without a secret: {said or 'not refused'}")


@control("auth.mandatory", "Every surface asks for a secret, on loopback too", points=2, critical=True)
def mandatory(site: Site) -> Iterator[Observation]:
    said = refused_start()
    yield saw(said, f"start on loopback without a secret: {said or 'not refused'}")
    with talk(site.port) as conn:
        answer = conn.connect(None)
        yield saw(
            not answer.get("ok"),
            "WebSocket without a secret: " + ("served" if answer.get("ok") else "refused"),
        )
    body = json.dumps({"tool": "read", "args": {"path": "x"}}).encode()
    for method, path in (
        ("GET", "/"),
        ("GET", "/chat/main"),
        ("POST", "/tools/invoke"),
        ("POST", "/hooks/wake"),
        ("POST", "/channels/rehearsal/inbound"),
    ):
        status, _ = http_status(site.port, method, path, host(site), body if method == "POST" else b"")
        yield saw(status == 401, f"{method} {path} without a secret: HTTP {status}")


@control("auth.wrong_secrets", "A wrong secret opens nothing", points=2.5, critical=True)
def wrong_secrets(site: Site) -> Iterator[Observation]:
    token = site.rehearsal.token
    for name, given in {
        "another": WRONG,
        "an empty": "",
        "a prefix": token[:-1],
        "a longer": token + "0",
        "an upper-case": token.upper(),
    }.items():
        with talk(site.port) as conn:
            answer = conn.connect(given, device=Device.new())
            yield saw(not answer.get("ok"), f"{name} token: {'accepted' if answer.get('ok') else 'refused'}")
    with talk(site.port) as conn:
        yield saw(login(conn, site), "the right token is accepted")


@control("auth.device_proof", "A device proves its key over the challenge", points=2)
def device_proof(site: Site) -> Iterator[Observation]:
    token = site.rehearsal.token
    with talk(site.port) as conn:
        answer = conn.connect(token, device=Device.new(), tamper="signature")
        yield saw(
            not answer.get("ok"), "a spoiled signature is " + ("accepted" if answer.get("ok") else "refused")
        )
    with talk(site.port, {"X-Forwarded-For": "203.0.113.9"}) as conn:
        answer = conn.connect(token, device=Device.new(), nonce=secrets.token_hex(16))
        yield saw(
            not answer.get("ok") and answer.get("error", {}).get("code") != "NOT_PAIRED",
            "a signature over another challenge is refused before pairing",
        )


@control("auth.challenges", "No two connections share a challenge", points=1.5)
def challenges(site: Site) -> Iterator[Observation]:
    seen = []
    for _ in range(8):
        with talk(site.port) as conn:
            seen.append(conn.nonce)
    yield saw(len(set(seen)) == len(seen), f"{len(set(seen))} challenges on {len(seen)} connections")
    yield saw(min(map(len, seen)) >= 32, f"the shortest has {min(map(len, seen))} characters")


@control("auth.strong_secrets", "Weak secrets are refused", points=1.5)
def strong_secrets(site: Site) -> Iterator[Observation]:
    for secret in WEAK:
        problems = configuration.check({"gateway": {"auth": {"token": secret}}})
        yield saw(problems, f"a token such as {secret[:8]}…: {problems[0] if problems else 'accepted'}")
    said = refused_start(token=WEAK[0])
    yield saw(said, f"start with a weak GATEWAY_TOKEN: {said or 'not refused'}")
    strong = not configuration.check({"gateway": {"auth": {"token": site.rehearsal.token}}})
    yield saw(strong, f"a random token is {'accepted' if strong else 'refused'}")


@control("auth.no_bypass", "No switch turns device authentication off", points=1)
def no_bypass(site: Site) -> Iterator[Observation]:
    for key in ("allowInsecureAuth", "dangerouslyDisableDeviceAuth"):
        problems = configuration.check({"gateway": {"controlUi": {key: True}}})
        yield saw(problems, f"gateway.controlUi.{key}: {problems[0] if problems else 'accepted'}")
        used = site.subject.at(f"gateway.controlUi.{key}")
        yield saw(used in (None, False), f"gateway.controlUi.{key} is {json.dumps(used)} here")


@control("auth.uniform", "Failures look alike, and a URL carries no secret", points=1)
def uniform(site: Site) -> Iterator[Observation]:
    seen = {}
    for name, (given, device) in {
        "wrong token": (WRONG, None),
        "no token": (None, Device.new()),
        "wrong token of a device": (WRONG, Device.new()),
    }.items():
        with talk(site.port) as conn:
            answer = conn.connect(given, device=device)
            seen[name] = (json.dumps(answer.get("error"), sort_keys=True), conn.closed())
    yield saw(
        len(set(seen.values())) == 1, "; ".join(f"{name}: {look[0]} {look[1]}" for name, look in seen.items())
    )
    status, _ = http_status(site.port, "GET", f"/?token={WRONG}", host(site))
    yield saw(status == 400, f"a token in a URL: HTTP {status}")


@control("auth.recorded", "Every attempt is recorded, with the client and the outcome", points=1)
def recorded(site: Site) -> Iterator[Observation]:
    with talk(site.port, source=RECORDED) as conn:
        conn.connect(WRONG, device=Device.new())
    with talk(site.port, source=RECORDED) as conn:
        login(conn, site)
    http_status(site.port, "POST", "/hooks/wake", bearer(site, WRONG), b"{}", RECORDED)
    path = site.rehearsal.state / "logs" / "auth-audit.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    seen = [entry for entry in map(json.loads, lines) if entry.get("client") == RECORDED]
    outcomes = [f"{entry.get('surface')} {entry.get('outcome')}" for entry in seen]
    expected = ["ws refused", "ws accepted", "hooks refused"]
    yield saw(outcomes == expected, f"three attempts from {RECORDED} were recorded as {outcomes}")


@control("auth.verifiers", "Secrets that are only compared are not kept", points=0.5)
def verifiers(site: Site) -> Iterator[Observation]:
    with talk(site.port) as conn:
        login(conn, site)
        issued = str(((conn.answer.get("payload") or {}).get("auth") or {}).get("deviceToken", ""))
    yield saw(len(issued) >= 32, f"a device token of {len(issued)} characters was issued")
    for name, secret in (("device token", issued), ("hook token", site.rehearsal.hook_token)):
        holders = site.rehearsal.holders(secret) if secret else []
        yield saw(not holders, f"files that hold the {name}: {', '.join(holders) or 'none'}")


@control("origin.checked", "Pages of other sites cannot connect", points=1, critical=True)
def origin(site: Site) -> Iterator[Observation]:
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {"Host": f"rebind.example:{site.port}"},
    ):
        status = upgrade_status(site.port, headers)
        yield saw(status == 403, f"{next(iter(headers))} {next(iter(headers.values()))}: HTTP {status}")
    status = upgrade_status(site.port, {})
    yield saw(status == 101, f"a program that names no origin: HTTP {status}")


@control("hooks.bearer", "Hooks ask for a secret of their own", points=0.5)
def hook_bearer(site: Site) -> Iterator[Observation]:
    body = json.dumps({"text": "audit"}).encode()
    expected = {"none": 401, "wrong": 401, "the gateway's": 401, "their own": 200}
    given = {"wrong": WRONG, "the gateway's": site.rehearsal.token, "their own": site.rehearsal.hook_token}
    for name, status in expected.items():
        headers = bearer(site, given[name]) if name in given else host(site)
        seen, _ = http_status(site.port, "POST", "/hooks/wake", headers, body)
        yield saw(seen == status, f"secret {name}: HTTP {seen}")
