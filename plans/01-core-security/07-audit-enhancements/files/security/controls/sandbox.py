"""Controls of the sandbox, looked at from inside: `cat` and `ls` report what a command sees."""

import re
from collections.abc import Iterator
from pathlib import Path

from gateway.security.controls.access import login
from gateway.security.controls.registry import NotObservable, Observation, control, saw
from gateway.security.controls.site import Site
from gateway.security.controls.talk import Talk, talk

SESSION = "audit-rehearsal"
NAMESPACES = ("pid", "mnt", "ipc", "user", "uts")
MISSING = "bubblewrap"


def run(conn: Talk, *argv: str) -> dict[str, object]:
    """Approve a command as an operator would, run it in a session that is not the main one."""
    asked = conn.send("exec.approval.request", {"argv": list(argv), "sessionKey": SESSION, "timeoutMs": 4000})
    event = conn.event(
        "exec.approval.requested", lambda payload: payload["request"].get("argv") == list(argv)
    )
    conn.ask("exec.approval.resolve", {"id": event["id"], "decision": "allow-once"})
    approved = conn.response(asked)
    if not approved.get("ok"):
        return approved
    args = {"argv": list(argv), "approvalId": event["id"]}
    return conn.ask("tools.invoke", {"tool": "exec", "args": args, "sessionKey": SESSION})


def output(conn: Talk, *argv: str) -> str:
    """Return what a command printed. Raises NotObservable when no sandbox can be made here."""
    answer = run(conn, *argv)
    error = answer.get("error")
    if isinstance(error, dict) and error.get("code") == "UNAVAILABLE":
        raise NotObservable(f"no sandbox can be made on this machine: {error.get('message')}")
    payload = answer.get("payload")
    result = payload.get("result", {}) if isinstance(payload, dict) else {}
    return str(result.get("stdout", "")) + str(result.get("stderr", ""))


@control(
    "sandbox.namespaces", "Sessions run their commands in namespaces of their own", points=2, critical=True
)
def namespaces(site: Site) -> Iterator[Observation]:
    with talk(site.port) as conn:
        login(conn, site)
        inside = dict(re.findall(r"(\w+) -> (\w+:\[\d+\])", output(conn, "ls", "-l", "/proc/self/ns")))
        for name in NAMESPACES:
            outside = str(Path(f"/proc/self/ns/{name}").readlink())
            own = inside.get(name)
            yield saw(own and own != outside, f"{name}: {own or 'not seen'}, the host has {outside}")
        for path in (str(site.rehearsal.state), "/etc/shadow", "/root"):
            text = output(conn, "ls", "-d", path)
            yield saw("No such file" in text, f"{path}: {text.strip()[:80]}")


@control("sandbox.no_network", "Sandboxed commands have no network", points=1)
def no_network(site: Site) -> Iterator[Observation]:
    with talk(site.port) as conn:
        login(conn, site)
        inside = re.findall(r"net:\[\d+\]", output(conn, "ls", "-l", "/proc/self/ns/net"))
        text = output(conn, "cat", "/proc/net/dev", "/proc/net/tcp")
    outside = str(Path("/proc/self/ns/net").readlink())
    yield saw(
        inside and outside not in inside, f"network {', '.join(inside) or 'not seen'}, the host has {outside}"
    )
    devices = [name for name in re.findall(r"^\s*(\w+):", text, re.MULTILINE) if not name.isdigit()]
    yield saw(devices == ["lo"], f"network devices: {', '.join(devices) or 'not seen'}")
    listening = f":{site.port:04X} "
    yield saw(listening not in text, f"the gateway's port is {'seen' if listening in text else 'not there'}")


@control("sandbox.privileges", "Sandboxed commands have no privileges", points=1)
def privileges(site: Site) -> Iterator[Observation]:
    with talk(site.port) as conn:
        login(conn, site)
        status = dict(re.findall(r"^(\w+):\s*(\S+)", output(conn, "cat", "/proc/self/status"), re.MULTILINE))
    none = "0" * 16
    for name, wanted in {"CapEff": none, "CapBnd": none, "NoNewPrivs": "1", "Seccomp": "2"}.items():
        yield saw(status.get(name) == wanted, f"{name} is {status.get(name, 'not seen')}")


@control("sandbox.limits", "Sandboxed commands are bounded", points=1)
def limits(site: Site) -> Iterator[Observation]:
    with talk(site.port) as conn:
        login(conn, site)
        text = output(conn, "cat", "/proc/self/limits")
        for name in ("Max file size", "Max address space", "Max core file size"):
            found = re.search(rf"^{name}\s+(\S+)", text, re.MULTILINE)
            value = found[1] if found else "not seen"
            yield saw(found and value != "unlimited", f"{name}: {value}")


@control("sandbox.fails_closed", "Without a sandbox nothing runs", points=1, critical=True)
def fails_closed(site: Site) -> Iterator[Observation]:
    proof = site.rehearsal.state / "workspace" / "sandbox-probe"
    key = f"agents: {{defaults: {{sandbox: {{{MISSING}: %s}}}}}}"
    with talk(site.port) as conn:
        login(conn, site)
        _patch(conn, "{" + key % '"/nonexistent/bwrap"' + "}")
        try:
            answer = run(conn, "touch", str(proof))
        finally:
            _patch(conn, "{" + key % "null" + "}")
    error = answer.get("error") or {}
    code = error.get("code") if isinstance(error, dict) else None
    yield saw(code == "UNAVAILABLE", f"a command while bubblewrap is gone: {code or 'ran'}")
    yield saw(not Path(proof).exists(), "it did not run on the host")


def _patch(conn: Talk, raw: str) -> None:
    current = conn.ask("config.get")["payload"]["hash"]
    answer = conn.ask("config.patch", {"raw": raw, "baseHash": current})
    if not answer.get("ok"):
        raise NotObservable(f"the sandbox cannot be taken away: {answer.get('error')}")
