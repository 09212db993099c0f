"""Every error that tracker raises on purpose.

TrackerError                 message, hint, exit code
├── ProjectSaysNo            1  failed checks, stale state, contradictions, a plan that did not land
│   └── PlanFailed           1  one plan's implementation or verification failed
├── Usage                    2  wrong arguments, unknown references, a repository that is not one
│   ├── DefinitionsInvalid   2  faults in the files, each with file:line:column
│   └── NotTrusted           2  code of the repository would have to run, and nobody said it may
├── Locked                   1  another process holds the repository's lock
├── PlanError                1  raised inside an implementation: a change that could not be made
│   ├── PathRefused          1  a path outside what the plan may touch
│   └── EditFailed           1  the text or syntax to change was not found
└── Interrupted            130  ^C or SIGTERM
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing wrong in a file. Lines and columns count from 1."""

    path: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}"


class TrackerError(Exception):
    """An error to be shown to a person: what is wrong, and what would be right."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ProjectSaysNo(TrackerError):
    """The command worked and the answer is no."""


class PlanFailed(ProjectSaysNo):
    """A plan's implementation or verification failed; nothing of it landed."""


class Usage(TrackerError):
    """The command cannot be carried out as it was given."""

    exit_code = 2


class NotTrusted(Usage):
    """The repository's code would run, and no one has said that it may."""


class DefinitionsInvalid(Usage):
    """The definitions have faults; all of them are listed."""

    def __init__(self, faults: Sequence[Fault], *, hint: str = "") -> None:
        super().__init__("\n".join(str(fault) for fault in faults), hint=hint)
        self.faults = tuple(faults)


class Locked(TrackerError):
    """Another process holds the lock."""


class PlanError(TrackerError):
    """An implementation could not make its change."""


class PathRefused(PlanError):
    """A path outside what the plan declared, or through a symlink."""


class EditFailed(PlanError):
    """The place to change was not found, or found too often."""


class Interrupted(TrackerError):
    """The person or the system asked to stop."""

    exit_code = 130
