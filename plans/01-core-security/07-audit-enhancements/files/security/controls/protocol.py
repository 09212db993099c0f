"""Controls of the protocol: what a client may say, how much of it, and for which scopes."""

import json
from collections.abc import Iterator
from pathlib import Path

from gateway.security.controls.access import bearer, host, login
from gateway.security.controls.registry import Observation, control, saw
from gateway.security.controls.site import Site
from gateway.security.controls.talk import Device, http_status, talk

READ = "operator.read"
WRITING = {
    "chat.send": {"sessionKey": "main", "message": "x", "idempotencyKey": "audit-scope"},
    "tools.invoke": {"tool": "write", "args": {"path": "scope-probe", "content": "x"}},
    "sessions.reset": {"key": "main"},
    "config.get": {},
    "config.patch": {"raw": "{}", "baseHash": "0"},
    "exec.approval.resolve": {"id": "x", "decision": "deny"},
    "device.pair.list": {},
    "device.token.revoke": {"deviceId": "x", "role": "operator"},
    "no.such.method": {},
}
BAD_FRAMES = (
    "[]",
    "7",
    "{}",
    '{"type":"req","id":7,"method":"health"}',
    '{"type":"req","id":"b1","method":"health","extra":1}',
    '{"type":"req","id":"b2","method":"chat.history","params":{"sessionKey":"main","unknown":1}}',
)


@control("protocol.handshake_first", "Nothing is served before the handshake", points=1.5)
def handshake_first(site: Site) -> Iterator[Observation]:
    with talk(site.port) as conn:
        answer = conn.ask("health")
        yield saw(not answer.get("ok"), f"health before connect: {answer.get('error') or 'no answer'}")
        yield saw(conn.closed() == 1008, f"then the connection was closed with {conn.close_code}")
    with talk(site.port) as conn:
        login(conn, site)
        answer = conn.connect(site.rehearsal.token, device=Device.new())
        yield saw(not answer.get("ok"), "a second connect is refused")


@control("protocol.negotiated", "Protocol and role are negotiated or refused", points=1)
def negotiated(site: Site) -> Iterator[Observation]:
    token = site.rehearsal.token
    with talk(site.port) as conn:
        error = conn.connect(token, device=Device.new(), protocol=99).get("error", {})
        expected = (error.get("details") or {}).get("expectedProtocol")
        yield saw(expected, f"protocol 99: refused, {expected} is spoken")
        yield saw(conn.closed() == 1002, f"closed with {conn.close_code}")
    with talk(site.port) as conn:
        ok = conn.connect(token, device=Device.new(), role="root").get("ok")
        yield saw(not ok, f"role root: {'accepted' if ok else 'refused'}")


@control("protocol.strict_frames", "Frames that break the schema change nothing", points=2)
def strict_frames(site: Site) -> Iterator[Observation]:
    with talk(site.port) as conn:
        yield saw(login(conn, site), "logged in")
        for text in BAD_FRAMES:
            conn.socket.send(text)
            frame = json.loads(conn.socket.recv(5))
            while frame.get("type") == "event":
                frame = json.loads(conn.socket.recv(5))
            code = (frame.get("error") or {}).get("code")
            yield saw(code == "INVALID_REQUEST", f"{text}: {code}")
        yield saw(conn.ask("health").get("ok"), "the connection still serves health")


@control("limits.payload", "A message has a largest size", points=2)
def payload(site: Site) -> Iterator[Observation]:
    with talk(site.port) as conn:
        login(conn, site)
        most = int(conn.answer["payload"]["policy"]["maxPayload"])
        yield saw(most <= 16 << 20, f"the largest message has {most} bytes")
        conn.socket.send("x" * (most + 1))
        yield saw(conn.closed() == 1009, f"one byte more: closed with {conn.close_code}")


@control("limits.bounded", "Answers, headers and bodies are bounded", points=1)
def bounded(site: Site) -> Iterator[Observation]:
    with talk(site.port) as conn:
        login(conn, site)
        for method, params in (
            ("chat.history", {"sessionKey": "main", "limit": 1_000_000}),
            ("logs.tail", {"maxBytes": 1 << 30}),
        ):
            code = (conn.ask(method, params).get("error") or {}).get("code")
            yield saw(code == "INVALID_REQUEST", f"{method} without bounds: {code}")
    most = site.subject.config.limit("maxHeaders")
    many = host(site) | {f"X-Probe-{number}": "x" for number in range(most + 20)}
    status, _ = http_status(site.port, "GET", "/health", many)
    yield saw(status == 431, f"{most + 20} headers: HTTP {status}")
    largest = site.subject.config.limit("hookMaxBodyBytes")
    headers = bearer(site, site.rehearsal.hook_token)
    status, _ = http_status(site.port, "POST", "/hooks/wake", headers, b"x" * (largest + 1))
    yield saw(status in {413, 0}, f"a body of {largest + 1} bytes: HTTP {status}")


@control("authz.scopes", "Every method asks for its scope", points=2.5, critical=True)
def scopes(site: Site) -> Iterator[Observation]:
    with talk(site.port) as conn:
        answer = conn.connect(site.rehearsal.token, device=Device.new(), scopes=(READ,))
        yield saw(answer.get("ok"), "a device with read scope is connected")
        yield saw(conn.ask("health").get("ok"), "it may read health")
        for method, params in WRITING.items():
            error = conn.ask(method, params).get("error") or {}
            refused = "missing scope" in str(error.get("message")) or error.get("code") == "FORBIDDEN"
            yield saw(refused, f"{method}: {error.get('message', 'served')}")
    written = site.rehearsal.state / "workspace" / "scope-probe"
    yield saw(not written.exists(), "nothing was written")


@control("authz.roles", "Nodes and operators keep apart", points=1.5)
def roles(site: Site) -> Iterator[Observation]:
    with talk(site.port) as conn:
        node = conn.connect(site.rehearsal.token, device=Device.new(), role="node", scopes=())
        yield saw(node.get("ok"), "a node is connected")
        for method in ("status", "config.get"):
            yield saw(not conn.ask(method).get("ok"), f"a node is refused {method}")
    with talk(site.port) as conn:
        login(conn, site)
        answer = conn.ask("node.invoke.result", {"id": "x", "nodeId": "x", "ok": True})
        yield saw(not answer.get("ok"), "an operator is refused node.invoke.result")


@control("authz.no_widening", "A paired device cannot widen itself", points=1.5)
def no_widening(site: Site) -> Iterator[Observation]:
    device = Device.new()
    with talk(site.port) as conn:
        first = conn.connect(site.rehearsal.token, device=device, scopes=(READ,))
        yield saw(first.get("ok"), "a device is paired for reading")
    with talk(site.port) as conn:
        second = conn.connect(site.rehearsal.token, device=device)
        error = second.get("error") or {}
        yield saw(
            error.get("code") == "NOT_PAIRED", f"it asks for operator.admin: {error.get('code', 'granted')}"
        )


@control("net.loopback", "Unless told otherwise the gateway listens on loopback", points=2)
def loopback(site: Site) -> Iterator[Observation]:
    addresses = set()
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text(encoding="ascii").splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            address, port = local.split(":")
            if int(port, 16) == site.port and state == "0A":
                addresses.add(address)
    outside = {
        address for address in addresses if not (address.endswith("7F") or address == f"{'0' * 24}01000000")
    }
    yield saw(addresses, f"{len(addresses)} listening addresses")
    yield saw(not outside, f"addresses beyond loopback: {', '.join(sorted(outside)) or 'none'}")


@control("net.forwarding", "Forwarding headers of strangers grant nothing", points=1.5)
def forwarding(site: Site) -> Iterator[Observation]:
    for name in ("X-Forwarded-For", "X-Real-IP"):
        with talk(site.port, {name: "127.0.0.1"}) as conn:
            answer = conn.connect(site.rehearsal.token, device=Device.new())
            code = (answer.get("error") or {}).get("code")
            yield saw(code == "NOT_PAIRED", f"a new device behind {name}: {code or 'paired silently'}")


@control("exec.approval", "Commands beyond the allowlist wait for a person", points=2, critical=True)
def approval(site: Site) -> Iterator[Observation]:
    written = site.rehearsal.state / "workspace" / "approval-probe"
    with talk(site.port) as conn:
        login(conn, site)
        argv = ["touch", str(written)]
        answer = conn.ask("tools.invoke", {"tool": "exec", "args": {"argv": argv}, "sessionKey": "main"})
        error = answer.get("error") or {}
        yield saw(not answer.get("ok"), f"a command nobody decided on: {error.get('message', 'ran')}")
    yield saw(not written.exists(), "it did not run")


@control("log.no_credentials", "Credentials do not reach the log", points=1, last=True)
def no_credentials(site: Site) -> Iterator[Observation]:
    said = site.rehearsal.said()
    yield saw(len(said) > 1000, f"{len(said)} characters were logged")
    for name, secret in (("token", site.rehearsal.token), ("hook token", site.rehearsal.hook_token)):
        yield saw(secret not in said, f"the {name} is {'there' if secret in said else 'not in them'}")
