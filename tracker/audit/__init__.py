"""Reading other people's projects, and holding what their documents claim against their files.

``audit_path`` reads and audits in one step; ``read`` and ``audit`` are its halves. Nothing here writes,
runs git or knows the tracker's own definitions: history comes in as ``Commit`` values.

What is imported from here is loaded when it is asked for: commit scopes alone serve a command that only links.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracker.audit.model import Claim, Commit, Document, Finding, Phase, Plan, Project, Report, Unread
    from tracker.audit.project import find, read
    from tracker.audit.report import audit, audit_path, read_commits
    from tracker.audit.text import decode, repair

__all__ = [
    "Claim",
    "Commit",
    "Document",
    "Finding",
    "Phase",
    "Plan",
    "Project",
    "Report",
    "Unread",
    "audit",
    "audit_path",
    "decode",
    "find",
    "read",
    "read_commits",
    "repair",
]

_HOMES = {
    "find": "project",
    "read": "project",
    "audit": "report",
    "audit_path": "report",
    "read_commits": "report",
    "decode": "text",
    "repair": "text",
}


def __getattr__(name: str) -> Any:
    import importlib

    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES.get(name, 'model')}"), name)
