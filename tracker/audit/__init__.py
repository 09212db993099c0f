"""Reading other people's projects, and holding what their documents claim against their files.

``audit_path`` reads and audits in one step; ``read`` and ``audit`` are its halves. Nothing here writes,
runs git or knows the tracker's own definitions: history comes in as ``Commit`` values.
"""

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
