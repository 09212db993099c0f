"""The successor's state document: its active milestone, slice and task, and what it calls done, as claims."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tracker.audit import marks, wording
from tracker.audit.model import CONTRADICTED, SUPPORTED, UNSUPPORTED, Claim, Verdict
from tracker.audit.reader import Reader

if TYPE_CHECKING:
    from tracker.audit.evidence import Evidence

_ACTIVE = re.compile(
    r"[*_\s]*Active (?P<what>Milestone|Slice|Task):[*_\s]*(?P<id>[MST]\d{2,4})\b", re.IGNORECASE
)
_TASKS_DONE = re.compile(r"\ball tasks (?:are )?(?:done|complete[d]?) in (?P<id>S\d{2,3})\b", re.IGNORECASE)
_REGISTERED = re.compile(r"[-*+]\s+(?P<mark>\W{1,3}?)\s*\*\*(?P<id>M\d{3,4}):")


def read_line(reader: Reader, bare: str, column: int, line: int) -> bool:
    """Read one line as claims about milestones, slices and tasks; False when it is about none of them."""
    if active := _ACTIVE.match(bare):
        # Milestone, slice and task are named in this order, each within the one before.
        above = {"milestone": "", "slice": reader.milestone, "task": reader.slice}[active["what"].casefold()]
        scope = f"{above}/{active['id']}".lstrip("/")
        if active["id"][0] == "M":
            reader.milestone = scope
        elif active["id"][0] == "S":
            reader.slice = scope
        reader.claim(line, column, "slice position", bare, scope=scope)
        return True
    if done := _TASKS_DONE.search(bare):
        scope = f"{reader.milestone}/{done['id']}".lstrip("/")
        reader.claim(line, column, "slice status", bare, scope=scope, mark="done", decisive=True)
        return True
    if (registered := _REGISTERED.match(bare)) and (mark := marks.symbol(registered["mark"])) is not None:
        reader.claim(line, column, "slice status", bare, scope=registered["id"], mark=mark, decisive=False)
        return True
    return False


def judge(claim: Claim, evidence: Evidence) -> tuple[Verdict, str]:
    """Hold such a claim against the slices and their tasks as they lie on disk."""
    phases = evidence.project.phases
    inside = [
        phase for phase in phases if phase.number == claim.scope or phase.number.startswith(f"{claim.scope}/")
    ]
    plans = [plan for phase in inside for plan in phase.plans]
    if not inside:
        known = any(plan.ref == claim.scope for phase in phases for plan in phase.plans)
        words = f"{claim.scope} exists" if known else f"nothing here is named {claim.scope}"
        return (SUPPORTED if known and claim.kind == "slice position" else UNSUPPORTED), words
    if claim.kind == "slice position":
        return SUPPORTED, f"{claim.scope} exists"
    done = sum(plan.status == "done" for plan in plans)
    words = f"{claim.scope}: {wording.share(done, len(plans), 'task', 'has', 'a SUMMARY or a ticked box')}"
    finished = bool(plans) and done == len(plans)
    if claim.mark == "done":
        recorded = any(plan.status == "done" for phase in phases for plan in phase.plans)
        against = plans and not finished and recorded
        return (SUPPORTED if finished else CONTRADICTED if against else UNSUPPORTED), words
    return (UNSUPPORTED if finished else SUPPORTED), words
