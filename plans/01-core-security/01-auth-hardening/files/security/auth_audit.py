"""The record of authentication attempts: one JSON line each, in logs/auth-audit.jsonl."""

import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gateway.state import files

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway
    from gateway.server.net import Client

ACCEPTED, REFUSED = "accepted", "refused"


class AuthAudit:
    """Writes who tried to get in, how, and what came of it; never the credential."""

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway
        self.path = gateway.paths.logs / "auth-audit.jsonl"

    def record(
        self,
        outcome: str,
        *,
        surface: str,
        method: str,
        client: "Client",
        conn_id: str | None = None,
        reason: str = "",
        **fields: Any,
    ) -> None:
        """Append one attempt.

        `client` is who is behind a trusted proxy, `peer` the address of the
        socket. A log that cannot be written is told to the operator and locks
        nobody out: repairing it needs a way in.
        """
        moment = datetime.fromtimestamp(self._gateway.clock.now_ms() / 1000, UTC)
        entry = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "outcome": outcome,
            "surface": surface,
            "method": method,
            "client": client.address,
            "peer": client.peer,
            "connId": conn_id or str(uuid.uuid4()),
            **({"reason": reason} if reason else {}),
            **{key: value for key, value in fields.items() if value is not None},
        }
        try:
            files.ensure_dir(self.path.parent)
            files.append_line(self.path, self._gateway.journal.redact(json.dumps(entry, ensure_ascii=False)))
        except OSError as error:
            self._gateway.journal.error("auth", "attempt not recorded", path=self.path, error=error.strerror)
