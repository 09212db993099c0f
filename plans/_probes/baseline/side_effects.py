"""Host execution, idempotency, atomic writes."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Approved:
    """What came of an approval for one command."""

    mutated: tuple[Answer, ...]
    """Another argv, another directory, another session under it."""
    strays: tuple[str, ...]
    """Files that only a command without approval can have made."""
    first: Answer
    first_ran: bool
    again: Answer
    again_ran: bool


def watch_approvals(gateway: Gateway) -> Approved:
    """Have a command approved, and try to use the approval for others, for itself, and once more."""
    with gateway.login() as operator, gateway.login() as approver:
        argv = ["/usr/bin/touch", "approved"]
        workspace = gateway.home.workspace
        elsewhere = gateway.home.top / "elsewhere"
        elsewhere.mkdir()
        elsewhere.chmod(0o777)
        effect = workspace / "approved"
        asked = {"argv": argv, "cwd": str(workspace), "sessionKey": "main"}
        mutations: list[tuple[dict[str, Any], str]] = [
            ({"argv": ["/usr/bin/touch", "mutated"], "cwd": str(workspace)}, "main"),
            ({"argv": argv, "cwd": str(elsewhere)}, "main"),
            ({"argv": argv, "cwd": str(workspace)}, "another-session"),
        ]
        mutated = []
        for args, key in mutations:
            given = approval(operator, approver, asked)
            mutated.append(invoke_exec(operator, args | {"approvalId": given}, key))
        made = [effect, workspace / "mutated", *elsewhere.iterdir()]
        strays = tuple(path.name for path in made if path.exists())
        args = {"argv": argv, "cwd": str(workspace), "approvalId": approval(operator, approver, asked)}
        first = invoke_exec(operator, args)
        first_ran = effect.exists()
        effect.unlink(missing_ok=True)
        again = invoke_exec(operator, args)
        return Approved(tuple(mutated), strays, first, first_ran, again, effect.exists())


def judge_approvals(seen: Approved) -> None:
    """Another argv, directory or session than the approved one is refused; so is a second use."""
    for answer in seen.mutated:
        assert not answer.ok, "an approval served for something else"
        assert answer.code in DENIALS, answer.code
    assert not seen.strays, f"something ran that was not approved: {seen.strays}"
    assert seen.first.ok, seen.first.message
    assert seen.first_ran, "the approved command had no effect"
    assert not seen.again.ok, "an approval served twice"
    assert not seen.again_ran, "a command ran twice under one approval"


@dataclass(frozen=True)
class SentTwice:
    """The runs that three requests with one idempotency key were given, and the lines that came of them."""

    runs: tuple[str, ...]
    lines: int


def watch_sending_twice(target: Target) -> SentTwice:
    """One message with one key: twice at once, and again when its run has ended."""
    key = f"once-{uuid.uuid4()}"
    text = f"only once {key}"
    send = {"sessionKey": "idempotency", "message": text, "idempotencyKey": key}
    with target.login() as session:
        pending = [session.request("chat.send", send) for _ in range(2)]
        answers = [session.answer_to(request) for request in pending]
        if answers[0].ok:
            session.event("chat", state="final", runId=answers[0].payload["runId"])
        answers.append(session.ask("chat.send", send))
        messages = session.call("chat.history", {"sessionKey": "idempotency"})["messages"]
    said = [message for message in messages if message["role"] == "user" and message["text"] == text]
    return SentTwice(tuple(answer.payload["runId"] if answer.ok else "" for answer in answers), len(said))


def judge_sending_twice(seen: SentTwice) -> None:
    """The same idempotency key gives the same run and one line of transcript."""
    assert all(seen.runs), "a repeated message was refused"
    assert len(set(seen.runs)) == 1, "a second run was started"
    assert seen.lines == 1, f"{seen.lines} lines of transcript"


def refuses_stale_config_writes(target: Target, config_file: Path) -> None:
    """A patch of a version that is no longer there is refused, and the file stays as it is."""
    with target.login() as session:
        stale = session.call("config.get")["hash"]
        session.call("config.patch", {"raw": '{logging: {level: "warn"}}', "baseHash": stale})
        before = config_file.read_bytes()
        answer = session.ask("config.patch", {"raw": '{logging: {level: "error"}}', "baseHash": stale})
        judge_stale_write(answer, before, config_file.read_bytes())


def judge_stale_write(answer: Answer, before: bytes, after: bytes) -> None:
    assert (answer.ok, answer.code) == (False, "INVALID_REQUEST"), "a stale baseHash was accepted"
    assert before == after, "a refused patch changed the file"


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


def judge_config_file(text: str) -> None:
    """The file is one of the versions that were written, whole."""
    config = json.loads(text)
    assert set(config) == {"logging", "session"}, f"keys are {sorted(config)}"
    assert config["logging"]["level"] in LEVELS


WriteUntilKilled = Callable[[Home, str, float], None]
"""Writes the config file of the home back and forth, and is killed after so many seconds."""

_TORN_WRITER = """
import itertools, sys
for level in itertools.cycle(("info", "debug")):
    with open(sys.argv[1], "w") as file:
        for letter in '{"logging": {"level": "%s"}, "session": {}}' % level:
            file.write(letter)
            file.flush()
"""


def tear(home: Home, _token: str, seconds: float) -> None:
    """Write the file as no gateway may: letter by letter, in its place."""
    with subprocess.Popen([sys.executable, "-c", _TORN_WRITER, str(home.config_file)]) as writer:
        threading.Timer(seconds, writer.kill).start()


def survives_kills(write: WriteUntilKilled, kills: int = 30, lanes: int = 2) -> None:
    """Kill at random instants, in parallel lanes; each next start is on what the last one left."""

    def lane(_: int) -> None:
        with gateways.new_home({"logging": {"level": "info"}, "session": {}}) as home:
            token = gateways.random_secret()
            for _ in range(kills // lanes):
                write(home, token, (5 + secrets.randbelow(145)) / 1000)
                judge_config_file(home.config_file.read_text())

    with ThreadPoolExecutor(lanes) as pool:
        for _ in pool.map(lane, range(lanes)):
            pass


def starts(codebase: Path, config: str) -> None:
    """A gateway starts on a config file of this text. Raises NotReady."""
    with gateways.new_home({}) as home:
        home.config_file.write_text(config)
        with gateways.running(codebase, home, token=gateways.random_secret()):
            pass
