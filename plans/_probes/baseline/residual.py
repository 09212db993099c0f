"""Weaknesses that stay: each probe shows that its weakness is still there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from _probes import addresses, gateways
from _probes.baseline.authorization import denied
from _probes.devices import Device
from _probes.gateways import Gateway, Home
from _probes.targets import Target

LOCKOUT_AFTER = 5


def same_user_can_use_the_keys(gateway: Gateway) -> None:
    """A process of the same user copies what the gateway keeps, and the copy's sealed secrets work."""
    assert gateway.hook_token is not None
    with gateways.new_home() as stolen:
        shutil.rmtree(stolen.state)
        shutil.copytree(gateway.state, stolen.state, ignore=shutil.ignore_patterns("*.tmp", "*.lock"))
        with gateways.running(gateway.codebase, stolen, token=gateways.random_secret()) as copy:
            body = {"message": "hello", "sessionKey": "stolen"}
            reply = copy.http("POST", "/hooks/agent", bearer=gateway.hook_token, body=body)
    assert reply.status == 202, f"the copy does not know the secret: HTTP {reply.status}"


def allowed_sender_steers_tools(gateway: Gateway, channel: str, peer: str) -> None:
    """The agent does what an allowed peer's message tells it, with the tools that it has."""
    order = "/tool write " + json.dumps({"path": "steered.txt", "content": "as told"})
    answer = gateway.inbound(channel, peer, order)
    assert answer["accepted"], "the peer was not heard"
    text = " ".join(answer["replies"])
    assert "tool error" not in text, f"the tool did not run: {text}"
    assert "steered.txt" in text, f"the tool did not run: {text}"


def slow_guessing_is_not_locked(target: Target, sources: int = 40) -> None:
    """Many addresses with fewer failures than the limit each: none is locked out."""
    for _ in range(sources):
        source = addresses.fresh()
        for _ in range(LOCKOUT_AFTER - 1):
            session, answer = target.attempt(source=source, auth={"token": "w" * 64})
            session.close()
            assert not answer.ok, "a wrong token was accepted"
        with target.login(source=source):
            pass


def no_mac_label(pid: int) -> None:
    """No AppArmor or SELinux label confines the process."""
    try:
        label = Path(f"/proc/{pid}/attr/current").read_text().strip("\0\n ")
    except OSError:
        return
    assert label in {"", "unconfined", "kernel"} or label.startswith("unconfined"), f"confined as {label}"


def truncated_log_goes_unnoticed(codebase: Path, home: Home, *, keep: int = 2) -> None:
    """Cut the end off every log, remove what attests its head, and nothing that is shipped objects.

    The audit log is verified where the gateway has a command for it; before that there is nothing to ask.
    """
    logs = [
        path
        for path in home.top.rglob("*")
        if path.is_file() and path.suffix in {".log", ".jsonl"} and "sessions" not in path.parts
    ]
    assert logs, "there is no log to cut"
    for log in logs:
        lines = log.read_bytes().splitlines(keepends=True)
        log.write_bytes(b"".join(lines[:keep]))
        for head in log.parent.glob("*head*"):
            head.unlink()
    outcome = gateways.command(codebase, home, "audit", "verify", "--state-dir", str(home.state))
    usage_error = 2
    assert outcome.exit_code in {0, usage_error}, f"the cut was noticed: {outcome.stdout}{outcome.stderr}"
    assert "Traceback" not in outcome.stderr


def token_alone_is_enough(target: Target) -> None:
    """A paired device and the shared token give operator.admin; nothing else is asked for."""
    device = Device()
    with target.login(device=device, scopes=["operator.admin"]):
        pass
    with target.login(device=device, scopes=["operator.admin"]) as session:
        assert "operator.admin" in session.scopes
        answer = session.ask("config.get")
        assert answer.ok, answer.message
        assert not denied(answer)
