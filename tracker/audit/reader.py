"""What the reading of one state document collects, and which words name its sections and fields."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tracker.audit import words
from tracker.audit.model import Claim, Mark, Unread

_WORDS = {
    "metrics": "performance metric velocity métric метрик",
    "history": "session histor recent~activity activity completion~report quick~task note decision decis accumulated blocker "
    "todo evolution next deferred changelog log~ result risk handoff question assumption template context~gathering",
    "milestones": "milestones milestone~history shipped",
    "progress": "progress прогресс 进度 进展 진행 fremdrift fortschritt avance tracking overview",
    "position": "position current~phase current~status current~state current~milestone status active~phase fase~atual "
    "estado~atual situação текущ статус 当前 状态 현재 nåværende aktuell project~state",
}
SECTIONS = tuple(
    (
        name,
        re.compile(
            "|".join(
                rf"(?:\b|(?=[^\x00-\x7f])){word.replace('~', ' ').strip()}"
                + (r"\b" if word.endswith("~") else "")
                for word in text.split()
            )
        ),
    )
    for name, text in _WORDS.items()
)
"""Names of a document's parts and the words in a heading that open them; the first that matches counts."""

DECISIVE = {"front matter", "position", "progress", "status table"}
PHASE_KEYS = words.of_now(words.PHASE)
PLAN_KEYS = words.of_now(("plan", "plano", "план", "计划", "계획"))
STATUS_KEYS = words.of_now(words.STATUS) | {"overall status", "phase status", "situação"}
PROGRESS_KEYS = words.of_now(words.PROGRESS) | {"overall progress", "completion"}
FOCUS_KEYS = {"current focus", "focus", "foco atual", "fokus"}
COUNT_KEYS = {
    "total plans completed": ("plans", "done"), "plans completed": ("plans", "done"), "completed plans": ("plans", "done"),
    "total phases completed": ("phases", "done"), "phases completed": ("phases", "done"), "completed phases": ("phases", "done"),
    "plans complete": ("plans", "done"), "phases complete": ("phases", "done"), "plans done": ("plans", "done"),
    "total phases": ("phases", "total"), "total plans in phase": ("plans", "phase"), "total plans": ("plans", "total"), "phases": ("phases", "both"),
}  # fmt: skip
NOTED = {
    "last activity", "last updated", "last session", "stopped at", "resume file", "resume", "next", "next step", "next action",
    "next steps", "milestone", "core value", "see", "version", "project", "goal", "building", "core requirements", "constraints",
    "started", "completed", "requirements", "waves", "uat", "shipped", "last activity description", "mode", "depth", "updated",
    "created", "paused at", "target", "remaining", "plans", "gap", "duration", "date", "branch", "owner", "summary", "tag", "ultima atualização",
    "дата", "целевая среда",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PhaseHeading:
    """A heading that names a phase, and the section that it stands in."""

    line: int
    column: int
    phase: str
    text: str
    section: str


@dataclass(slots=True)
class Reader:
    """What a document's reading collects. ``phase`` is the phase that the position names.

    ``heading`` is the last heading in small letters, ``around`` the section of the last one that names no phase,
    ``label`` the milestone that a part of the metrics is about, ``listing`` the mark of a list of plans.
    """

    file: str
    claims: list[Claim] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    section: str = "position"
    heading: str = ""
    scope: str = ""
    phase: str = ""
    milestone: str = ""
    slice: str = ""
    label: str = ""
    listing: Mark | None = None
    around: str = "other"
    headings: list[PhaseHeading] = field(default_factory=list)

    def claim(
        self,
        line: int,
        column: int,
        kind: str,
        text: str,
        *,
        section: str = "",
        scope: str = "",
        value: str = "",
        mark: Mark | None = None,
        done: int | None = None,
        total: int | None = None,
        percent: float | None = None,
        decisive: bool | None = None,
    ) -> None:
        """Note a claim at a place."""
        part = section or self.section
        self.claims.append(
            Claim(
                file=self.file,
                line=line,
                column=column,
                kind=kind,
                text=text.strip()[:200],
                section=part,
                scope=scope,
                value=value,
                mark=mark,
                done=done,
                total=total,
                percent=percent,
                decisive=part in DECISIVE if decisive is None else decisive,
            )
        )
