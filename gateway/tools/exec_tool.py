"""The tool that runs commands."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.errors import RequestError
from gateway.protocol.schema.error_codes import INVALID_REQUEST
from gateway.protocol.schema.types import Integer, Many, Table, Text, record
from gateway.tools import allowlist, paths
from gateway.tools.runner import Job, runner_for

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway

SHELL = "/bin/sh"

_word = Text(max=65_536)
COMMAND_FIELDS = {
    "command": Text(min=1, max=65_536),
    "argv": Many(item=_word, max=1000),
    "cwd": Text(min=1, max=4096),
}
PARAMS = record(
    **COMMAND_FIELDS,
    env=Table(value=_word, key=r"[A-Za-z_][A-Za-z0-9_]*"),
    timeoutMs=Integer(min=1, max=600_000),
    approvalId=Text(min=1, max=200),
)


@dataclass(frozen=True)
class Command:
    """A command as it was asked for; an approval holds for exactly this."""

    text: str
    argv: tuple[str, ...]
    cwd: str
    session_key: str

    @classmethod
    def from_args(cls, gateway: "Gateway", args: dict[str, Any], session_key: str) -> "Command":
        """Read a command from the arguments of the tool or of an approval request.

        Raises RequestError when it does not say exactly one command.
        """
        if ("command" in args) == ("argv" in args):
            raise RequestError(INVALID_REQUEST, "exec needs either command or argv")
        words = tuple(args.get("argv") or ())
        text = args.get("command") or " ".join(words)
        if not text.strip():
            raise RequestError(INVALID_REQUEST, "exec needs a command that is not empty")
        cwd = str(paths.workspace(gateway) / args.get("cwd", ""))
        return cls(text, words, cwd, session_key)

    def describe(self) -> dict[str, Any]:
        """Return what an operator is shown, and what an approval is bound to."""
        return {
            "command": self.text,
            "argv": list(self.argv),
            "cwd": self.cwd,
            "sessionKey": self.session_key,
        }


def denied(reason: str) -> RequestError:
    return RequestError(INVALID_REQUEST, f"exec denied: {reason}", details={"reason": reason})


async def authorize(gateway: "Gateway", command: Command, approval_id: str | None) -> None:
    """Let a command pass by policy, allowlist or an operator's approval.

    Raises RequestError when none of them allows it.
    """
    security = gateway.config.text_at("tools.exec.security")
    ask = gateway.config.text_at("tools.exec.ask")
    if security == "deny":
        raise denied("policy")
    if approval_id is not None:
        fault = gateway.approvals.redeem(approval_id, command.describe())
        if fault is not None:
            raise denied(fault)
        return
    listed = security == "full" or allowlist.contains(gateway, command.text)
    if listed and ask != "always":
        return
    if ask == "off":
        raise denied("policy")
    approval = await gateway.approvals.ask(command.describe())
    if approval.decision is None:
        raise denied("timeout")
    if approval.decision == "deny":
        raise denied("denied")
    fault = gateway.approvals.redeem(approval.id, command.describe())
    if fault is not None:
        raise denied(fault)


async def run(gateway: "Gateway", args: dict[str, Any], session_key: str) -> dict[str, Any]:
    """Run a command in the session's runner once it is authorized."""
    command = Command.from_args(gateway, args, session_key)
    await authorize(gateway, command, args.get("approvalId"))
    config = gateway.config
    seconds = args["timeoutMs"] / 1000 if "timeoutMs" in args else config.seconds_at("tools.exec.timeoutMs")
    job = Job(
        argv=(SHELL, "-c", command.text),
        cwd=Path(command.cwd),
        env={**os.environ, **args.get("env", {})},
        seconds=seconds,
        max_output=config.number_at("tools.exec.maxOutputBytes"),
        session_key=session_key,
    )
    outcome = await runner_for(gateway, session_key).run(job)
    return {
        "exitCode": outcome.exit_code,
        "stdout": outcome.stdout,
        "stderr": outcome.stderr,
        "timedOut": outcome.timed_out,
        "durationMs": outcome.duration_ms,
    }
