"""Shapes of the keys that say who may write to the assistant: none of them opens it to everybody."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gateway.channels.senders import fault
from gateway.protocol.schema.types import Problem, Text

POLICIES = ("pairing", "allowlist", "disabled")
OPEN = "open"


@dataclass(frozen=True, kw_only=True)
class DmPolicy(Text):
    """How direct messages of strangers are met."""

    one_of: tuple[str, ...] = POLICIES

    def problems(self, value: Any, path: str = "") -> Iterator[Problem]:
        if isinstance(value, str) and value.strip().lower() == OPEN:
            yield Problem(
                path,
                f'"{OPEN}" lets anybody direct the assistant and its tools; use one of {", ".join(POLICIES)}',
                "channels.dm.open",
            )
        else:
            yield from super().problems(value, path)


@dataclass(frozen=True, kw_only=True)
class Sender(Text):
    """The id of one sender, never a pattern for many."""

    max: int = 1000

    def problems(self, value: Any, path: str = "") -> Iterator[Problem]:
        yield from super().problems(value, path)
        reason = fault(value) if isinstance(value, str) else None
        if reason:
            yield Problem(
                path,
                f"{value[:40]!r} is not the id of one sender: {reason}; list each sender, "
                "or let them pair with a code",
                "channels.dm.wildcard",
            )
