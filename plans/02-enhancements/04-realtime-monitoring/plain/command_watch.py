"""What the monitor sees of commands while they have no record of their own: each one when it has ended."""

from typing import TYPE_CHECKING, Any

from gateway.errors import RequestError

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway

EXEC = "exec"


def notice(
    gateway: "Gateway", tool: str, args: dict[str, Any], session: str, refusal: RequestError | None = None
) -> None:
    """Show the monitor a command that was run, or refused."""
    if tool != EXEC:
        return
    config = gateway.config
    asked = config.text_at("tools.exec.ask") == "always" or "approvalId" in args
    anything = config.text_at("tools.exec.security") == "full" and not asked
    reason = refusal.message if refusal else "full" if anything else "allowlist"
    line = {"event": "attempt", "session": session, "decision": "refused" if refusal else "allowed"}
    words = {key: args[key] for key in ("argv", "command") if key in args}
    gateway.monitor.command(line | {"reason": reason} | words)
