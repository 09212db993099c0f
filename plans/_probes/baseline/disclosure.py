"""What logs and errors give away, and what a failure takes down."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path

from _probes.canaries import canary, leaks_in_bytes, leaks_in_files
from _probes.gateways import Gateway
from _probes.sessions import Answer

SERVICE_RESTART = 1012


def judge_no_leak(text: str, directories: list[Path], secrets: dict[str, str]) -> None:
    found = leaks_in_bytes(text.encode(), secrets) + leaks_in_files(directories, secrets)
    assert not found, f"credentials in logs: {', '.join(found)}"


def use_credentials(gateway: Gateway) -> dict[str, str]:
    """Present every kind of credential, right and wrong, where a careless log would keep it: the secrets."""
    assert gateway.token is not None
    assert gateway.hook_token is not None
    used = {
        name: canary() for name in ("wrong token", "wrong password", "wrong bearer", "query token", "tool")
    }
    used |= {"token": gateway.token, "hook bearer": gateway.hook_token}
    with gateway.login() as session:
        used["device token"] = session.hello["auth"]["deviceToken"]
        args = {"path": "note.txt", "content": used["tool"]}
        session.ask("tools.invoke", {"tool": "write", "args": args})
        session.ask("tools.invoke", {"tool": "no-such-tool", "args": {"secret": used["tool"]}})
        session.ask("chat.history", {"sessionKey": "main", "limit": used["tool"]})
    with gateway.login(device=session.device, auth={"token": used["device token"]}):
        pass
    for wrong in ({"token": used["wrong token"]}, {"password": used["wrong password"]}):
        gateway.attempt(auth=wrong)[0].close()
    hook = {"message": "hello", "sessionKey": "log-probe"}
    gateway.http("POST", "/hooks/agent", bearer=gateway.hook_token, body=hook)
    gateway.http("POST", "/hooks/agent", bearer=used["wrong bearer"], body=hook)
    gateway.http("POST", f"/hooks/agent?token={used['query token']}", body=hook)
    gateway.http("GET", f"/?token={used['query token']}")
    gateway.http("POST", "/tools/invoke", bearer=gateway.token, body={"tool": "write", "args": args})
    return used


def logged_text(gateway: Gateway) -> str:
    """Everything that the gateway said, and what it serves of its log."""
    with gateway.login() as session:
        tail = session.call("logs.tail", {"limit": 5000, "maxBytes": 1_000_000})
    assert tail["lines"], "logs.tail is empty: nothing could have leaked into it"
    return gateway.everything_said() + json.dumps(tail)


def log_directories(gateway: Gateway) -> list[Path]:
    return [gateway.home.tmp, *(path for path in gateway.state.rglob("*log*") if path.is_dir())]


def judge_generic_failure(answer: Answer, *names: str) -> None:
    """The answer says that something failed, and nothing of where or why."""
    assert (answer.ok, answer.code) == (False, "UNAVAILABLE"), f"{answer.code}: {answer.message}"
    text = json.dumps(answer.frame)
    for pattern in (
        r"Traceback",
        r"\w(Error|Exception)\b",
        r"\bErrno\b",
        r"\.py\b",
        r"\.jsonl\b",
        r"/[a-z]+/[a-z]+",
        *names,
    ):
        assert not re.search(pattern, text), f"the answer gives away: {text}"


def break_transcript(gateway: Gateway, key: str) -> None:
    """Put a directory where the session's transcript should be."""
    with gateway.login() as session:
        send = {"sessionKey": key, "message": "hello", "idempotencyKey": f"break-{key}"}
        session.call("chat.send", send)
        session.event("chat", state="final", runId=f"break-{key}")
        sessions = session.call("sessions.list")["sessions"]
    [session_id] = [entry["sessionId"] for entry in sessions if entry["key"].endswith(f":{key}")]
    files = [path for path in gateway.state.rglob(f"{session_id}*") if path.is_file()]
    assert files, "the session has no transcript file"
    for path in files:
        path.unlink()
        path.mkdir()


def failures_stay_generic_and_local(gateway: Gateway) -> None:
    """A handler that fails says so without detail; others keep their ticks."""
    break_transcript(gateway, "broken")
    with gateway.login() as bystander, gateway.login() as session:
        judge_generic_failure(session.ask("chat.history", {"sessionKey": "broken"}), str(gateway.home.top))
        mark = len(bystander.events)
        bystander.event("tick", after=mark)
        assert session.ask("health").ok


def says_goodbye(gateway: Gateway) -> None:
    """SIGTERM: a `shutdown` event, close 1012, exit 0."""
    with gateway.login() as session:
        os.kill(gateway.pid, signal.SIGTERM)
        session.event("shutdown")
        assert session.wait_closed() == SERVICE_RESTART
    assert gateway.process.wait(10) == 0
