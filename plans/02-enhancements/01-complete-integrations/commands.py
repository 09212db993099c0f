"""Probes of the record of commands: what was asked for, against what stands in the log."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from _probes import gateways
from _probes.gateways import Gateway, Home
from _probes.sessions import Answer, Session

LOG = "command-audit.jsonl"
SAFE = ["head", "grep", "sleep", "cat", "touch"]
PEER = "clog-peer"
UNLISTED = "/usr/bin/id"


def configuration() -> dict[str, Any]:
    return {
        "channels": {"telegram": {"dmPolicy": "allowlist", "allowFrom": [PEER]}},
        "tools": {"exec": {"safeBins": [f"/usr/bin/{name}" for name in SAFE]}},
    }


@dataclass(frozen=True)
class Expected:
    """What one call must have left: `decision` and `exit` are None where nothing was run."""

    name: str
    argv: list[str]
    decision: str
    sandbox: bool = False
    exit_code: int | None = None
    timed_out: bool = False
    actor: dict[str, str] = field(default_factory=dict)


def lines_of(directory: Path) -> list[dict[str, Any]]:
    path = directory / LOG
    assert path.is_file(), f"there is no {LOG}"
    return [json.loads(line) for line in path.read_text().splitlines()]


def invoke(session: Session, argv: list[str], *, key: str = "main", **args: Any) -> Answer:
    call = {"tool": "exec", "args": {"argv": argv, **args}, "sessionKey": key}
    return session.ask("tools.invoke", call, 20)


def ten_calls(gateway: Gateway, log: Path) -> list[Expected]:
    """Ten attempts of ten kinds. The first reads the log, and so shows that it was written before."""
    with gateway.login() as session:
        assert session.device is not None
        me = {"surface": "ws", "deviceId": session.device.id}
        done = [_seen_by_itself(session, log, me)]
        invoke(session, ["/usr/bin/grep", "nothing", "/dev/null"])
        done.append(
            Expected("failed", ["/usr/bin/grep", "nothing", "/dev/null"], "allowed", exit_code=1, actor=me)
        )
        invoke(session, ["/usr/bin/sleep", "9"], timeoutMs=200)
        done.append(Expected("timed out", ["/usr/bin/sleep", "9"], "allowed", timed_out=True, actor=me))
        invoke(session, ["/usr/bin/head", "/etc/hostname"], key="clog")
        done.append(
            Expected("sandbox", ["/usr/bin/head", "/etc/hostname"], "allowed", sandbox=True, actor=me)
        )
        for decision, outcome in (("deny", "refused"), ("allow-once", "allowed")):
            done.append(_asked(session, decision, outcome, me))
        invoke(session, ["/usr/bin/no-such-program"])
        done.append(Expected("unknown", ["/usr/bin/no-such-program"], "refused", actor=me))
        words = ["/usr/bin/head", "-c", "1", "/dev/zero"]
        body = {"tool": "exec", "args": {"argv": words}}
        gateway.http("POST", "/tools/invoke", bearer=gateway.token, body=body)
        done.append(Expected("http", words, "allowed", exit_code=0, actor={"surface": "tools.invoke"}))
        words = ["/usr/bin/head", "-c", "2", "/dev/zero"]
        gateway.inbound("telegram", PEER, f"/tool exec {json.dumps({'command': shlex.join(words)})}")
        peer = {"channel": "telegram", "sender": PEER}
        done.append(Expected("message", words, "allowed", sandbox=True, exit_code=0, actor=peer))
        current = session.call("config.get")
        session.call(
            "config.patch", {"raw": "{tools: {exec: {security: 'deny'}}}", "baseHash": current["hash"]}
        )
        invoke(session, ["/usr/bin/head", "-c", "3", "/dev/zero"])
        done.append(Expected("policy", ["/usr/bin/head", "-c", "3", "/dev/zero"], "refused", actor=me))
    return done


def _seen_by_itself(session: Session, log: Path, actor: dict[str, str]) -> Expected:
    argv = ["/usr/bin/grep", "-c", "attempt", str(log)]
    answer = invoke(session, argv)
    assert answer.ok, f"{answer.code}: {answer.message}"
    assert answer.payload["result"]["stdout"].strip() == "1", (
        "the attempt was not in the log when the command ran"
    )
    return Expected("ok", argv, "allowed", exit_code=0, actor=actor)


def _asked(session: Session, decision: str, outcome: str, actor: dict[str, str]) -> Expected:
    argv = [UNLISTED, "-u" if decision == "deny" else "-g"]
    heard = len(session.events)
    call = {"tool": "exec", "args": {"argv": argv}, "sessionKey": "main"}
    pending = session.request("tools.invoke", call)
    asked = session.event("exec.approval.requested", after=heard)
    session.call("exec.approval.resolve", {"id": asked["id"], "decision": decision})
    session.answer_to(pending)
    return Expected(decision, argv, outcome, exit_code=0 if outcome == "allowed" else None, actor=actor)


def judge_records(lines: list[dict[str, Any]], expected: list[Expected]) -> None:
    """Each call has one attempt in the log, complete, and its end where it ran; nothing else is there."""
    attempts = [line for line in lines if line["event"] == "attempt"]
    assert len(attempts) == len(expected), f"{len(attempts)} records of {len(expected)} calls"
    ended = {line["id"]: line for line in lines if line["event"] == "end"}
    assert len(ended) + len(attempts) == len(lines), "a command ended twice"
    for line, call in zip(attempts, expected, strict=True):
        words = line["argv"] if "argv" in line else shlex.split(line["command"])
        assert words == call.argv, f"{call.name}: recorded {words}"
        assert (line["decision"], line["sandbox"]) == (call.decision, call.sandbox), f"{call.name}: {line}"
        assert line["reason"], f"{call.name}: decided without a reason"
        assert line["session"].startswith("agent:main:"), f"{call.name}: {line['session']}"
        assert call.actor.items() <= line["actor"].items(), f"{call.name}: by {line['actor']}"
        end = ended.get(line["id"])
        assert (end is not None) == (call.decision == "allowed"), f"{call.name}: {line} ended with {end}"
        if end is not None:
            assert end["timedOut"] is call.timed_out, f"{call.name}: {end}"
            assert end["durationMs"] >= (200 if call.timed_out else 0), f"{call.name}: {end}"
            assert call.exit_code is None or end["exitCode"] == call.exit_code, f"{call.name}: {end}"
            assert lines.index(end) > lines.index(line), f"{call.name}: ended before it began"


def verify(gateway: Gateway) -> int:
    """The exit code of the chain's verification."""
    return gateways.command(gateway.codebase, gateway.home, "audit", "verify").exit_code


def on_a_small_disk(home: Home) -> list[str]:
    """What starts a gateway with its logs on a disk of 256 KiB, in a mount namespace of its own."""
    logs = home.state / "logs"
    logs.mkdir(mode=0o700)
    user = [] if os.geteuid() == 0 else ["-U", "-r"]
    mount = f'mount -t tmpfs -o size=256k,mode=700 tmpfs {shlex.quote(str(logs))} && exec "$@"'
    return ["unshare", "-m", *user, "sh", "-c", mount, "sh"]


@contextlib.contextmanager
def filled(directory: Path) -> Iterator[None]:
    """Take what is left of a disk."""
    filler = directory / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass
    try:
        yield
    finally:
        filler.unlink()


def run_until_refused(session: Session, directory: Path) -> tuple[list[str], list[str]]:
    """Commands that leave a file each: those that the gateway says it ran, and those it refused to run."""
    ran: list[str] = []
    for number in range(60):
        name = str(directory / f"trace-{number}")
        answer = invoke(session, ["/usr/bin/touch", name])
        if not answer.ok:
            assert answer.code == "UNAVAILABLE", f"{answer.code}: {answer.message}"
            return ran, [name]
        ran.append(name)
    return ran, []


def judge_traces(ran: list[str], refused: list[str], lines: list[dict[str, Any]]) -> None:
    """What ran was recorded, and what could not be recorded did not run."""
    recorded = {line["argv"][1] for line in lines if line["event"] == "attempt"}
    assert refused, "commands run although the disk of the log is full"
    assert not [name for name in refused if Path(name).exists()], "a command ran that was refused"
    assert set(ran) <= recorded, "a command ran without a record"
