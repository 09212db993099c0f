"""Controls of sessions, limits, secrets, commands and inputs, and of what holds since the beginning."""

import json
import secrets
from collections.abc import Iterator
from typing import Any

from gateway.security.controls.access import WRONG, host, login
from gateway.security.controls.registry import Observation, control, saw
from gateway.security.controls.site import CHANNEL, Site
from gateway.security.controls.talk import Device, Talk, fresh_address, http_status, talk

REMOTE = {"X-Forwarded-For": "203.0.113.9"}
PAIRING = ("operator.pairing",)
READING = ("operator.read",)
SHELL_WORDS = ("; touch {0}", "$(touch {0})", "`touch {0}`", "| touch {0}", "&& touch {0}", "\ntouch {0}")
ESCAPES = (
    "../moltbot.json",
    "/etc/passwd",
    "./../../state/moltbot.json",
    "/proc/self/root/etc/passwd",
    "sub/../../moltbot.json",
    "\uff0e\uff0e/moltbot.json",
)
INSIDE_URLS = (
    "http://127.0.0.1:{0}/health",
    "http://2130706433:{0}/health",
    "http://[::ffff:127.0.0.1]:{0}/health",
)


def _invoke(conn: Talk, tool: str, **args: Any) -> dict[str, Any]:
    return conn.ask("tools.invoke", {"tool": tool, "args": args, "sessionKey": "main"})


def _code(answer: dict[str, Any]) -> str:
    return str((answer.get("error") or {}).get("code", "none"))


@control("pairing.held", "An unknown device waits for an operator", points=2)
def held(site: Site) -> Iterator[Observation]:
    device = Device.new()
    with talk(site.port, REMOTE) as conn:
        error = conn.connect(site.rehearsal.token, device=device).get("error") or {}
        request_id = str((error.get("details") or {}).get("requestId", ""))
        yield saw(
            error.get("code") == "NOT_PAIRED" and request_id, f"a remote device is told {error.get('code')}"
        )
    with talk(site.port) as conn:
        login(conn, site)
        yield saw(
            conn.ask("device.pair.approve", {"requestId": request_id}).get("ok"), "an operator approves it"
        )
    with talk(site.port, REMOTE) as conn:
        answer = conn.connect(site.rehearsal.token, device=device)
        yield saw(answer.get("ok"), f"then it is let in: {_code(answer)}")


@control("events.scoped", "Events go to those who may see them", points=1)
def scoped(site: Site) -> Iterator[Observation]:
    device = Device.new()
    with talk(site.port) as reader, talk(site.port) as pairer, talk(site.port, REMOTE) as conn:
        reader.connect(site.rehearsal.token, device=Device.new(), scopes=READING)
        pairer.connect(site.rehearsal.token, device=Device.new(), scopes=PAIRING)
        conn.connect(site.rehearsal.token, device=device)
        heard = pairer.event("device.pair.requested", lambda payload: payload.get("deviceId") == device.id)
        yield saw(heard, "a client with the pairing scope hears of a device that asks")
        reader.ask("health")
        told = [frame["event"] for frame in reader.events if frame["event"].startswith("device.")]
        yield saw(not told, f"a client that may only read hears {', '.join(told) or 'nothing of it'}")


@control("effects.once", "The same request has its effect once", points=1)
def once(site: Site) -> Iterator[Observation]:
    with talk(site.port) as conn:
        login(conn, site)
        key = secrets.token_hex(8)
        message = {"sessionKey": "audit-once", "message": key, "idempotencyKey": key}
        runs = {str((conn.ask("chat.send", message).get("payload") or {}).get("runId")) for _ in range(2)}
        yield saw(len(runs) == 1, f"a message that was sent twice made {len(runs)} runs")
        answer = conn.ask("config.patch", {"raw": "{logging: {level: 'debug'}}", "baseHash": "0" * 64})
        yield saw(
            _code(answer) == "INVALID_REQUEST", f"a change of an outdated configuration: {_code(answer)}"
        )


@control("rate.lockout", "Five failures lock an address out", points=0.5, critical=True)
def lockout(site: Site) -> Iterator[Observation]:
    source = fresh_address()
    for _ in range(5):
        with talk(site.port, source=source) as conn:
            conn.connect(WRONG, device=Device.new())
    with talk(site.port, source=source) as conn:
        error = conn.connect(site.rehearsal.token, device=Device.new()).get("error") or {}
        yield saw(
            error.get("code") == "RATE_LIMITED",
            f"the sixth attempt, with the right secret: {error.get('code')}",
        )
        yield saw(
            int(error.get("retryAfterMs") or 0) > 0, f"it may come back in {error.get('retryAfterMs')} ms"
        )
    with talk(site.port) as conn:
        yield saw(login(conn, site), "another address is not concerned")


@control("sessions.revoked", "A revoked session ends at once", points=0.5, critical=True)
def revoked(site: Site) -> Iterator[Observation]:
    device = Device.new()
    with talk(site.port) as operator, talk(site.port) as conn:
        login(operator, site)
        login(conn, site, device)
        token = str(((conn.answer.get("payload") or {}).get("auth") or {}).get("deviceToken", ""))
        answer = operator.ask("auth.sessions.revoke", {"deviceId": device.id})
        yield saw(answer.get("ok"), f"an operator revokes the sessions of a device: {_code(answer)}")
        yield saw(conn.closed() == 1008, f"its connection was closed with {conn.close_code}")
    with talk(site.port) as conn:
        answer = conn.connect(token, device=device)
        yield saw(
            token and not answer.get("ok"), f"its token: {'accepted' if answer.get('ok') else 'refused'}"
        )


@control("secrets.sealed", "No secret lies open below the state directory", points=2, critical=True)
def sealed(site: Site) -> Iterator[Observation]:
    canary = secrets.token_urlsafe(24)
    patch = {
        "channels": {CHANNEL: {"botToken": canary}},
        "models": {"providers": {"audit": {"apiKey": canary}}},
    }
    with talk(site.port) as conn:
        login(conn, site)
        current = conn.ask("config.get").get("payload") or {}
        answer = conn.ask("config.patch", {"raw": json.dumps(patch), "baseHash": current.get("hash", "")})
        yield saw(answer.get("ok"), f"two secrets were written: {_code(answer)}")
        shown = json.dumps(conn.ask("config.get"))
        yield saw(canary not in shown, f"config.get {'shows' if canary in shown else 'does not show'} them")
    holders = site.rehearsal.holders(canary)
    yield saw(not holders, f"files that hold them: {', '.join(holders) or 'none'}")


@control("commands.no_shell", "No shell interprets a command", points=1.5, critical=True)
def no_shell(site: Site) -> Iterator[Observation]:
    proof = site.rehearsal.state / "workspace" / "shell-probe"
    with talk(site.port) as conn:
        login(conn, site)
        for words in SHELL_WORDS:
            _invoke(conn, "exec", argv=["grep", "-c", f"x{words.format(proof)}", "/dev/null"])
            yield saw(not proof.exists(), f"argument {words.format('FILE')!r}: no file was made")


@control("inputs.paths", "Paths do not leave the workspace", points=0.5, critical=True)
def paths(site: Site) -> Iterator[Observation]:
    with talk(site.port) as conn:
        login(conn, site)
        _invoke(conn, "write", path="inside.txt", content="inside")
        answer = _invoke(conn, "read", path="inside.txt")
        yield saw(answer.get("ok"), f"a file of the workspace is read: {_code(answer)}")
        for path in ESCAPES:
            answer = _invoke(conn, "read", path=path)
            yield saw(not answer.get("ok"), f"read {path}: {'served' if answer.get('ok') else 'refused'}")
        for url in INSIDE_URLS:
            answer = _invoke(conn, "web_fetch", url=url.format(site.port))
            yield saw(
                not answer.get("ok"),
                f"fetch {url.format('PORT')}: {'served' if answer.get('ok') else 'refused'}",
            )


@control("inputs.inert", "Hostile text stays inert", points=0.5)
def inert(site: Site) -> Iterator[Observation]:
    markup = "<script>alert(1)</script>"
    with talk(site.port) as conn:
        login(conn, site)
        key = secrets.token_hex(8)
        conn.ask("chat.send", {"sessionKey": "audit-inert", "message": markup, "idempotencyKey": key})
        conn.ask("health")
    headers = {**host(site), "Authorization": f"Bearer {site.rehearsal.token}"}
    status, body = http_status(site.port, "GET", "/chat/audit-inert", headers)
    yield saw(status == 200, f"the transcript: HTTP {status}")
    yield saw(b"alert(1)" in body and markup.encode() not in body, "the script in it is text")
    with talk(site.port) as conn:
        login(conn, site)
        for text in ('{"type":"req","id":"n1","method":"health","params":{"probe":NaN}}', "[" * 100_000):
            conn.socket.send(text)
        yield saw(conn.ask("health").get("ok"), "NaN and deep nesting are answered, and the gateway goes on")
