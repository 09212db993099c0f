"""What the monitor sees of commands while they have no record of their own."""

from typing import TYPE_CHECKING, Any

from gateway.errors import RequestError

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway


def notice_allowed(gateway: "Gateway", args: dict[str, Any], session: str) -> None:
    """Show the monitor a command that is about to run."""
    config = gateway.config
    asked = config.text_at("tools.exec.ask") == "always" or "approvalId" in args
    anything = config.text_at("tools.exec.security") == "full" and not asked
    _show(gateway, args, session, "allowed", "full" if anything else "allowlist")


def notice_refused(
    gateway: "Gateway", tool: str, args: dict[str, Any], session: str, error: RequestError
) -> None:
    """Show the monitor a command that was refused."""
    if tool == "exec":
        _show(gateway, args, session, "refused", error.message)


def _show(gateway: "Gateway", args: dict[str, Any], session: str, decision: str, reason: str) -> None:
    words = {key: args[key] for key in ("argv", "command") if key in args}
    line = {"event": "attempt", "session": session, "decision": decision, "reason": reason}
    gateway.monitor.command(line | words)
