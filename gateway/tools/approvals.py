"""Approvals of commands: asked of operators, bound to one command, good for one run."""

import asyncio
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateway.tools import allowlist

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway

DECISIONS = ("allow-once", "allow-always", "deny")
KEPT = 1000


@dataclass
class Approval:
    request: dict[str, Any]
    created_at_ms: int
    expires_at_ms: int
    answered: asyncio.Future[str]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    decision: str | None = None
    used: bool = False


class Approvals:
    """The approvals of this process; none survives it."""

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway
        self._known: dict[str, Approval] = {}

    async def ask(self, request: dict[str, Any], timeout_ms: int | None = None) -> Approval:
        """Ask the operators and wait; the decision stays None when nobody answers in time."""
        clock = self._gateway.clock
        wait_ms = timeout_ms or self._gateway.config.number_at("tools.exec.approvalTimeoutMs")
        # The time runs from before anybody is asked: an answer may come, or the clock move, at once.
        now, ends = clock.now_ms(), clock.monotonic() + wait_ms / 1000
        approval = Approval(request, now, now + wait_ms, asyncio.get_running_loop().create_future())
        self._known[approval.id] = approval
        while len(self._known) > KEPT:
            del self._known[next(iter(self._known))]
        self._gateway.events.emit(
            "exec.approval.requested",
            {
                "id": approval.id,
                "request": request,
                "createdAtMs": approval.created_at_ms,
                "expiresAtMs": approval.expires_at_ms,
            },
        )
        approval.decision = await clock.wait(approval.answered, ends - clock.monotonic())
        if approval.decision is None:
            approval.answered.cancel()
        return approval

    def resolve(self, approval_id: str, decision: str) -> bool:
        """Take an operator's decision; tell whether it was awaited."""
        approval = self._known.get(approval_id)
        if approval is None or approval.answered.done():
            return False
        approval.decision = decision
        approval.answered.set_result(decision)
        if decision == "allow-always":
            allowlist.add(self._gateway, approval.request["command"])
        self._gateway.events.emit(
            "exec.approval.resolved",
            {"id": approval_id, "decision": decision, "ts": self._gateway.clock.now_ms()},
        )
        self._gateway.journal.info("exec", "approval resolved", id=approval_id, decision=decision)
        return True

    def redeem(self, approval_id: str, request: dict[str, Any]) -> str | None:
        """Use an approval for a command; return why it does not hold, None when it does."""
        approval = self._known.get(approval_id)
        if approval is None or approval.decision not in {"allow-once", "allow-always"}:
            return "approval-unknown"
        if approval.used:
            return "approval-used"
        if approval.request != request:
            return "approval-mismatch"
        approval.used = True
        return None
