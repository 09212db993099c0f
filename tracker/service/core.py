"""Service: what every shell calls, each method one sentence."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracker.service import base

if TYPE_CHECKING:
    import threading

    from tracker.model import progress as pg
    from tracker.model import snapshot as sn
    from tracker.service.auditing import AuditedClaim
    from tracker.service.links import Links
    from tracker.service.liveness import Live
    from tracker.service.reports import CommitInfo, LogEntry, RunPlan, RunReport, VerifyReport


class Service:
    """One repository and all that can be done with it.

    Long methods tell an ``observer`` what happens (from worker threads) and stop soon after ``cancelled`` is set.
    """

    def __init__(self, repository: base.Repository) -> None:
        self.repository = repository

    @classmethod
    def open(cls, start: Path) -> Service:
        """The repository that holds ``start``. Raises Usage where there is none."""
        return cls(base.Repository.find(start))

    @property
    def root(self) -> Path:
        """The top of the repository."""
        return self.repository.root

    @property
    def native(self) -> bool:
        """Whether the repository has plans of tracker's own."""
        return self.repository.native

    # Reading

    def snapshot(self) -> sn.Snapshot:
        """The state, computed from the files. Faults in them are in ``faults``; nothing is raised for them."""
        return self.repository.snapshot()

    def body(self, ref: str) -> str:
        """The Markdown of a plan."""
        snapshot = self.snapshot()
        return self.repository.body(snapshot.plan(self.repository.resolve(ref, snapshot)))

    def reasons(self) -> dict[str, str]:
        """Check → why it was red or did not run, the last time it was verified on this machine."""
        from tracker.service.local import reasons

        return reasons(self.repository)

    def state_text(self) -> str:
        """STATE.md as it has to be."""
        return self.repository.state_text()

    def state_diff(self) -> str:
        """How STATE.md differs from what it has to be; empty when it is fresh."""
        import difflib

        have, want = self.repository.state_on_disk(), self.state_text()
        lines = difflib.unified_diff(
            have.splitlines(keepends=True),
            want.splitlines(keepends=True),
            "STATE.md",
            "STATE.md as the files imply it",
        )
        return "".join(lines)

    def write_state(self) -> bool:
        """Regenerate STATE.md; whether that changed it."""
        with self.repository.writing():
            return self.repository.write_state()

    # Recording

    def note(self, text: str, ref: str | None = None) -> None:
        """Write a note, to a plan or to the project."""
        from tracker.service import records

        records.note(self.repository, text, ref)

    def start(self, ref: str) -> None:
        """Say that a plan is being worked on."""
        from tracker.service import records

        records.start(self.repository, ref)

    def defer(self, ref: str, reason: str, check: str | None = None) -> None:
        """Put off a plan, or one of its checks."""
        from tracker.service import records

        records.defer(self.repository, ref, reason, check)

    def reopen(self, ref: str, check: str | None = None) -> None:
        """Make a plan pending again, or take a deferred check up again."""
        from tracker.service import records

        records.reopen(self.repository, ref, check)

    def done_by_word(self, ref: str, because: str) -> bool:
        """Record a person's word; it earns no points and is shown as unproven."""
        from tracker.service import records

        return records.done_by_word(self.repository, ref, because)

    def link(self, ref: str, commit: str) -> str:
        """Say that a commit belongs to a plan."""
        from tracker.service import records

        return records.link(self.repository, ref, commit)

    def undo(self, ref: str | None = None) -> str:
        """Take back what was said last; what it was, in words."""
        from tracker.service import records

        return records.undo(self.repository, ref)

    # Executing

    def trusted(self) -> bool:
        """Whether code of this repository may run."""
        from tracker.store import trust

        return trust.trusted(self.root)

    def trust(self) -> None:
        """Say that code of this repository may run."""
        from tracker.store import trust

        trust.trust(self.root)

    def would_execute(self, refs: Sequence[str] = ()) -> list[str]:
        """What running or verifying would execute: files and command lines of the repository."""
        known = self.repository.load().definitions
        wanted = {self.repository.resolve(ref, known) for ref in refs}
        lines = [known.project.setup] if known.project.setup else []
        if known.project.baseline.file:
            lines.append(f"plans/{known.project.baseline.file}")
        for plan in known.plans:
            if wanted and plan.ref not in wanted:
                continue
            if plan.implementation.kind == "module":
                lines.append(f"{plan.path}/{plan.implementation.value}")
            elif plan.implementation.value:
                lines.append(plan.implementation.value)
            if plan.verification.file:
                lines.append(f"{plan.path}/{plan.verification.file}")
            lines += [command for _, command in plan.verification.commands]
        return lines

    def plan_run(
        self, refs: Sequence[str] = (), *, phase: str | None = None, all_plans: bool = False
    ) -> RunPlan:
        """What a run would do, in which wave, and why or why not."""
        from tracker.service.planning import plan_run

        loaded = self.repository.valid()
        return plan_run(
            self.repository, loaded, self.repository.snapshot(), refs, phase=phase, all_plans=all_plans
        )

    def run(
        self,
        refs: Sequence[str] = (),
        *,
        phase: str | None = None,
        all_plans: bool = False,
        jobs: int = 1,
        land: bool = True,
        observer: pg.Observer | None = None,
        cancelled: threading.Event | None = None,
    ) -> RunReport:
        """Implement, verify and land plans."""
        from tracker.service import running

        options = running.Options(jobs=jobs, land=land, observer=observer or _silent, cancelled=cancelled)
        return running.run(self.repository, refs, phase=phase, all_plans=all_plans, options=options)

    def verify(
        self,
        refs: Sequence[str] = (),
        *,
        jobs: int = 1,
        observer: pg.Observer | None = None,
        cancelled: threading.Event | None = None,
    ) -> VerifyReport:
        """Prove the working tree and record what was found."""
        from tracker.service import verifying

        return verifying.verify(
            self.repository, refs, jobs=jobs, observer=observer or _silent, cancelled=cancelled
        )

    def stale(self) -> list[tuple[str, str]]:
        """What would have to be verified again, and why."""
        from tracker.service import verifying

        return verifying.stale(self.snapshot())

    def done(
        self, ref: str, *, observer: pg.Observer | None = None, cancelled: threading.Event | None = None
    ) -> VerifyReport:
        """Mark a plan done if its checks pass."""
        from tracker.service import verifying

        return verifying.done(self.repository, ref, observer=observer or _silent, cancelled=cancelled)

    def revert(
        self, ref: str, *, observer: pg.Observer | None = None, cancelled: threading.Event | None = None
    ) -> RunReport:
        """Take a landed plan back."""
        from tracker.service import running

        return running.revert(
            self.repository, ref, options=running.Options(observer=observer or _silent, cancelled=cancelled)
        )

    # Setting up

    def new_phase(self, title: str, *, goal: str = "") -> list[Path]:
        """A phase after the others; the files written."""
        from tracker.service import setup

        return setup.new_phase(self.repository, title, goal=goal)

    def new_plan(
        self,
        title: str,
        *,
        phase: str = "",
        kind: str = "module",
        command: str = "",
        depends_on: Sequence[str] = (),
    ) -> list[Path]:
        """A plan at the end of a phase; the files written."""
        from tracker.service import setup

        return setup.new_plan(
            self.repository, title, phase=phase, kind=kind, command=command, depends_on=depends_on
        )

    # History

    def log(self, ref: str | None = None, limit: int = 50) -> list[LogEntry]:
        """The newest events first."""
        from tracker.service import history

        return history.log(self.repository, ref, limit)

    def commits(self, ref: str) -> list[CommitInfo]:
        """The commits that belong to a plan."""
        from tracker.service import history

        return history.commits(self.repository, ref)

    def audit(self) -> list[AuditedClaim]:
        """What documents claim, each with its verdict and what that rests on."""
        from tracker.service import auditing

        return auditing.audit_repository(self.repository)

    def links(self, *, loose: int = sys.maxsize) -> Links:
        """Every plan's commits, and what is loose on both sides: of loose commits the newest so many, or some more."""
        from tracker.service import links

        return links.links(self.repository, loose=loose)

    def diff(self, commit: str) -> str:
        """What a commit changed."""
        from tracker.git import history

        return history.diff(self.root, commit)

    def runs(self, limit: int = 20) -> list[dict[str, Any]]:
        """The newest runs of this machine first."""
        return self.repository.index.runs(limit)

    def attempts(self, ref: str) -> list[dict[str, Any]]:
        """What runs of this machine have made of a plan."""
        return self.repository.index.attempts(self.repository.resolve(ref))

    def live(self) -> Live | None:
        """The run that is going on now, in whichever process."""
        from tracker.service import liveness

        return liveness.live(self.root)

    def interrupted(self) -> str:
        """The id of a run that was killed and not taken up again; empty where there is none."""
        from tracker.service import liveness

        return liveness.interrupted(self.root)

    def ui_state_path(self) -> Path:
        """Where a shell may keep what it was showing."""
        import hashlib

        from tracker.store import files

        name = hashlib.sha1(str(self.root).encode(), usedforsecurity=False).hexdigest()[:12]
        return files.user_directory("state") / f"ui-{name}.json"


def _silent(progress: pg.Progress) -> None:
    """The observer that says nothing."""
