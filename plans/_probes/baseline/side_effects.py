"""Host execution, idempotency, atomic writes."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from _probes import gateways
from _probes.gateways import Gateway, Home
from _probes.sessions import Answer, Session
from _probes.targets import Target

DENIALS = {"INVALID_REQUEST", "FORBIDDEN", "UNAUTHORIZED"}


def invoke_exec(session: Session, args: dict[str, Any], key: str = "main", timeout: float = 8.0) -> Answer:
    return session.ask("tools.invoke", {"tool": "exec", "args": args, "sessionKey": key}, timeout)


def undecided_exec_is_denied(target: Target) -> None:
    """An unlisted binary asks for approval, and is denied when nobody decides."""
    with target.login() as operator:
        request = operator.request(
            "tools.invoke", {"tool": "exec", "args": {"argv": ["/usr/bin/touch", "undecided"]}}
        )
        answer = operator.answer_to(request)
        assert not answer.ok, "an unlisted binary ran without approval"
        assert answer.code in DENIALS, answer.code
        assert operator.heard("exec.approval.requested"), "nobody was asked"


def approval(operator: Session, approver: Session, request: dict[str, Any]) -> str:
    """The id of an approval that was asked for and given once."""
    mark = len(approver.events)
    pending = operator.request("exec.approval.request", request)
    asked = approver.event("exec.approval.requested", after=mark)
    assert approver.ask("exec.approval.resolve", {"id": asked["id"], "decision": "allow-once"}).ok
    answer = operator.answer_to(pending)
    assert answer.ok, answer.message
    assert answer.payload["decision"] == "allow-once"
    return str(answer.payload["id"])


def approvals_bind_what_was_approved(gateway: Gateway) -> None:
    """Another argv, directory or session than the approved one is refused; so is a second use."""
    with gateway.login() as operator, gateway.login() as approver:
        argv = ["/usr/bin/touch", "approved"]
        cwd = str(gateway.home.workspace)
        elsewhere = gateway.home.top / "elsewhere"
        elsewhere.mkdir()
        elsewhere.chmod(0o777)
        mutations: list[tuple[dict[str, Any], str]] = [
            ({"argv": ["/usr/bin/touch", "mutated"], "cwd": cwd}, "main"),
            ({"argv": argv, "cwd": str(elsewhere)}, "main"),
            ({"argv": argv, "cwd": cwd}, "another-session"),
        ]
        for args, key in mutations:
            given = approval(operator, approver, {"argv": argv, "cwd": cwd, "sessionKey": "main"})
            answer = invoke_exec(operator, args | {"approvalId": given}, key)
            assert not answer.ok, f"the approval served for {args} in {key}"
            assert answer.code in DENIALS, answer.code
        assert not list(elsewhere.iterdir()), "something ran elsewhere"
        approved = gateway.home.workspace / "approved"
        assert not approved.exists(), "something ran under an approval for something else"
        given = approval(operator, approver, {"argv": argv, "cwd": cwd, "sessionKey": "main"})
        answer = invoke_exec(operator, {"argv": argv, "cwd": cwd, "approvalId": given})
        assert answer.ok, answer.message
        assert approved.exists(), "the approved command had no effect"
        approved.unlink()
        answer = invoke_exec(operator, {"argv": argv, "cwd": cwd, "approvalId": given})
        assert not answer.ok, "an approval served twice"
        assert not approved.exists()


def sends_once(target: Target) -> None:
    """The same idempotency key gives the same run and one line of transcript."""
    key = f"once-{uuid.uuid4()}"
    text = f"only once {key}"
    with target.login() as session:
        send = {"sessionKey": "idempotency", "message": text, "idempotencyKey": key}
        first = session.call("chat.send", send)
        session.event("chat", state="final", runId=first["runId"])
        second = session.call("chat.send", send)
        assert first["runId"] == second["runId"], "a second run was started"
        messages = session.call("chat.history", {"sessionKey": "idempotency"})["messages"]
        said = [message for message in messages if message["role"] == "user" and message["text"] == text]
        assert len(said) == 1, f"{len(said)} lines of transcript"


def refuses_stale_config_writes(gateway: Gateway) -> None:
    with gateway.login() as session:
        stale = session.call("config.get")["hash"]
        session.call("config.patch", {"raw": '{logging: {level: "warn"}}', "baseHash": stale})
        before = gateway.home.config_file.read_bytes()
        answer = session.ask("config.patch", {"raw": '{logging: {level: "error"}}', "baseHash": stale})
        assert (answer.ok, answer.code) == (False, "INVALID_REQUEST"), "a stale baseHash was accepted"
        assert gateway.home.config_file.read_bytes() == before


LEVELS = ("info", "debug")


def kill_while_patching(codebase: Path, home: Home, token: str, seconds: float) -> None:
    """Patch the config back and forth, and kill the gateway in the middle."""
    with gateways.running(codebase, home, token=token) as gateway, gateway.login() as session:
        base = session.call("config.get")["hash"]
        timer = threading.Timer(seconds, os.killpg, (gateway.process.pid, signal.SIGKILL))
        timer.start()
        with contextlib.suppress(OSError, TimeoutError):
            number = 0
            while True:
                number += 1
                raw = json.dumps({"logging": {"level": LEVELS[number % 2]}})
                answer = session.ask("config.patch", {"raw": raw, "baseHash": base})
                if not answer.ok:
                    assert not answer.code, f"config.patch: {answer.message}"
                    break
                base = answer.payload["hash"]
        timer.join()


def judge_config_file(text: str, keys: set[str]) -> None:
    """The file is one of the versions that were written, whole."""
    config = json.loads(text)
    assert set(config) == keys, f"keys are {sorted(config)}"
    assert config["logging"]["level"] in LEVELS


def survives_kills(codebase: Path, kills: int = 30, lanes: int = 2) -> None:
    """Kill at random instants, in parallel lanes; each next start is on what the last one left."""

    def lane(_: int) -> None:
        with gateways.new_home({"logging": {"level": "info"}, "session": {}}) as home:
            token = gateways.random_secret()
            for _ in range(kills // lanes):
                kill_while_patching(codebase, home, token, (5 + secrets.randbelow(145)) / 1000)
                judge_config_file(home.config_file.read_text(), {"logging", "session"})

    with ThreadPoolExecutor(lanes) as pool:
        for _ in pool.map(lane, range(lanes)):
            pass
