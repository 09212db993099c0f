"""The record of commands: each attempt is written before anything runs, its end when it has run.

Both lines have the same id, in the chained log logs/command-audit.jsonl. What
cannot be recorded does not run.
"""

import hashlib
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gateway.errors import RequestError, StateError
from gateway.protocol.schema.error_codes import UNAVAILABLE
from gateway.security.actor import actor
from gateway.security.audit_log import ChainedLog

if TYPE_CHECKING:
    from gateway.server.gateway import Gateway
    from gateway.tools.exec_tool import Command
    from gateway.tools.runner import Outcome

ALLOWED, REFUSED = "allowed", "refused"
LONGEST_ARGV = 32_768
UNRECORDED = "commands cannot be recorded, so nothing was run"


class CommandRecord:
    """The lines of one attempt."""

    def __init__(self, audit: "CommandAudit", asked: dict[str, Any]) -> None:
        self._audit = audit
        self._asked = asked
        self._id = str(uuid.uuid4())
        self._decided = False

    def understood(self, command: "Command") -> None:
        """Record the command as it would run, instead of as it was asked for."""
        described = command.describe()
        self._asked |= {"argv": list(command.argv), "cwd": command.cwd, "env": sorted(command.env)}
        self._asked |= {key: described[key] for key in ("executable", "sha256") if described[key]}

    def allowed(self, reason: str, approval_id: str | None = None) -> None:
        """Write the attempt.

        Raises RequestError when it cannot be written: then the command must not run.
        """
        self._decided = True
        try:
            self._write_attempt(ALLOWED, reason, approval_id)
        except (OSError, StateError) as error:
            self._audit.complain(error)
            raise RequestError(UNAVAILABLE, UNRECORDED, retryable=True) from None

    def ended(self, outcome: "Outcome") -> None:
        fields = {
            "exitCode": outcome.exit_code,
            "timedOut": outcome.timed_out,
            "durationMs": outcome.duration_ms,
        }
        self._try(lambda: self._audit.write({"event": "end", "id": self._id, **fields}))

    def failed(self, error: RequestError) -> None:
        """Write that the attempt was refused, or that what was allowed could not be started."""
        if self._decided:
            line = {"event": "end", "id": self._id, "exitCode": None, "error": error.message}
            self._try(lambda: self._audit.write(line))
        else:
            reason = str((error.details or {}).get("reason") or error.message)
            self._try(lambda: self._write_attempt(REFUSED, reason))

    def _write_attempt(self, decision: str, reason: str, approval_id: str | None = None) -> None:
        words = self._asked.get("argv")
        cut = _cut(words) if isinstance(words, list) else {}
        line = {"event": "attempt", "id": self._id, **self._asked, **cut}
        line |= {"decision": decision, "reason": reason}
        self._audit.write(line | ({"approvalId": approval_id} if approval_id else {}))

    def _try(self, write: Callable[[], None]) -> None:
        try:
            write()
        except (OSError, StateError) as error:
            self._audit.complain(error)


class CommandAudit:
    """Writes who wanted to run which command where, what was decided, and what came of it."""

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway
        largest = gateway.config.number_at("logging.auditMaxBytes")
        self._log = ChainedLog(gateway.paths, "command-audit", largest)

    @contextmanager
    def attempt(self, args: dict[str, Any], session_key: str, *, sandbox: bool) -> Iterator[CommandRecord]:
        """Record an attempt; one that is refused within the block is recorded as such.

        Raises what the block raises.
        """
        asked: dict[str, Any] = {key: args[key] for key in ("command", "argv", "cwd") if key in args}
        if isinstance(asked.get("command"), str):
            asked["command"] = asked["command"][:LONGEST_ARGV]
        record = CommandRecord(self, {"actor": actor(), "session": session_key, "sandbox": sandbox, **asked})
        try:
            yield record
        except RequestError as error:
            if error.message != UNRECORDED:
                record.failed(error)
            raise

    def write(self, fields: dict[str, Any]) -> None:
        """Append one line. Raises OSError or StateError."""
        moment = datetime.fromtimestamp(self._gateway.clock.now_ms() / 1000, UTC)
        time = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._log.append(_redacted({"time": time, **fields}, self._gateway.journal.redact))

    def complain(self, error: Exception) -> None:
        self._gateway.journal.error("exec", "command not recorded", path=self._log.path, error=str(error))


def _redacted(value: Any, redact: Callable[[str], str]) -> Any:
    """Mask credentials in each text by itself: what a command says cannot break the line."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [_redacted(item, redact) for item in value]
    if isinstance(value, dict):
        return {key: _redacted(item, redact) for key, item in value.items()}
    return value


def _cut(words: Sequence[str]) -> dict[str, Any]:
    """Return the words for the record; of very long ones the beginning, and a digest of all."""
    if sum(len(word) for word in words) <= LONGEST_ARGV:
        return {"argv": list(words)}
    digest = hashlib.sha256("\0".join(words).encode("utf-8", "replace")).hexdigest()
    each = max(1, LONGEST_ARGV // len(words))
    return {"argv": [word[:each] for word in words], "argvSha256": digest}
