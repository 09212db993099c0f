"""The shape of a sandbox's set-up command: the gate that commands pass, before any of them is run."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gateway.protocol.schema.types import Problem, Text
from gateway.tools.command_line import NotWords, split

PROGRAMS = ("cp", "date", "ln", "mkdir", "mktemp", "mv", "rm", "rmdir", "touch", "true")


@dataclass(frozen=True, kw_only=True)
class SetupCommand(Text):
    """Words of which the first names one of a few programs that only arrange files."""

    def problems(self, value: Any, path: str = "") -> Iterator[Problem]:
        """Yield what is wrong with the command."""
        found = list(super().problems(value, path))
        yield from found
        if found:
            return
        try:
            words = split(value)
        except NotWords as error:
            yield Problem(path, str(error))
            return
        if words and words[0] not in PROGRAMS:
            yield Problem(path, f"must start one of {', '.join(PROGRAMS)}, not {words[0][:80]!r}")
