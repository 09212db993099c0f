"""A board of any size and state, without a repository: for pictures and for driving the screens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tracker.errors import ProjectSaysNo, Usage
from tracker.model import progress as pr
from tracker.model import snapshot as sn
from tracker.model.progress import Observer, Progress, silent

TREE = "4f2a9c81d0e7b3a5c6d8e9f00112233445566778"
OLD_TREE = "00aa11bb22cc33dd44ee55ff66778899aabbccdd"
DAY = "2026-01-27"

CORE = (
    "Auth Hardening", "Sandbox Defaults", "File Permissions", "DM Policy", "Secrets Encryption",
    "Command Validation", "Audit Enhancements", "Migration Tools", "Documentation", "Testing",
)  # fmt: skip
MORE = (
    "Complete Integrations", "Session Management", "Network Security", "Real-time Monitoring",
    "Input Sanitization", "Dependency Security", "Infrastructure Hardening", "Compliance & Reporting",
)  # fmt: skip
DOMAINS = (
    "Authentication", "Audit logging", "Encryption", "Network", "Session security", "Input validation",
    "Rate limiting", "Sandboxing", "Supply chain", "Monitoring", "Configuration", "Compliance",
)  # fmt: skip


def check(
    number: int, plan: str, outcome: str, *, current: bool = True, points: float = 1.5
) -> sn.CheckState:
    """A check with an outcome."""
    titles = (
        "Authentication is mandatory on every bind and every surface, loopback included",
        "Weak secrets are refused at start",
        "Bypass switches are gone, not warned about",
        "Failures look alike from outside",
    )
    return sn.CheckState(
        id=f"AUTH-{plan.replace('.', '')}{number}",
        title=titles[number % len(titles)],
        domain=DOMAINS[(number + int(plan[-2:])) % len(DOMAINS)],
        points=points,
        kind="stretch" if number == 3 else "need",
        critical=number == 0,
        outcome=outcome,
        current=bool(outcome) and current,
        tree=(TREE if current else OLD_TREE) if outcome else "",
        time=f"{DAY}T12:0{number}:00.000Z" if outcome else "",
    )


def plan(
    phase: str, number: int, title: str, status: str = sn.PENDING, proof: str = "", **more: Any
) -> sn.PlanState:
    """A plan with three checks whose outcomes go with its status."""
    ref = f"{phase}.{number:02d}"
    outcome = sn.PASSED if proof in (sn.VERIFIED, sn.STALE) else sn.RED if status == sn.FAILED else ""
    slug = title.lower().replace(" ", "-").replace("&", "and")
    landed = status == sn.DONE and proof != sn.UNPROVEN
    values: dict[str, Any] = {
        "ref": ref,
        "title": title,
        "phase": phase,
        "slug": slug,
        "path": f"plans/{int(phase):02d}-phase/{number:02d}-{slug}",
        "summary": f"what {title.lower()} is about, in a sentence",
        "status": status,
        "proof": proof,
        "source": "verification" if landed else "word" if proof == sn.UNPROVEN else "",
        "how": "module",
        "finished": DAY if status == sn.DONE else "",
        "run": "20260127-120000-ab12" if landed else "",
        "checks": tuple(check(item, ref, outcome, current=proof != sn.STALE) for item in range(3)),
        "changes": (
            sn.Change(f"gateway/{slug.replace('-', '_')}.py", f"the module of {title.lower()}", "added"),
            sn.Change("gateway/server/message_handler.py", "asks it before every request"),
        )
        if landed
        else (),
        "wave": 0 if status in (sn.DONE, sn.DEFERRED) else 1,
    }
    return sn.PlanState(**(values | more))


def phase(number: str, title: str, plans: Sequence[sn.PlanState], **more: Any) -> sn.PhaseState:
    """A phase of these plans."""
    done = sum(item.status == sn.DONE for item in plans)
    status = sn.DONE if done == len(plans) else sn.ACTIVE if done else sn.PENDING
    return sn.PhaseState(
        number=number,
        title=title,
        status=status,
        done=done,
        total=len(plans),
        plans=tuple(plans),
        **({"goal": f"Nothing of {title.lower()} stands open."} | more),
    )


def snapshot(phases: Sequence[sn.PhaseState], **more: Any) -> sn.Snapshot:
    """The state of a project of these phases."""
    current = next(
        (item.number for item in phases if item.status != sn.DONE), phases[-1].number if phases else ""
    )
    checks = [item for one in phases for each in one.plans for item in each.checks]
    earned, of = sum(item.earned for item in checks), sum(item.points for item in checks)
    domains: dict[str, list[sn.CheckState]] = {}
    for item in checks:
        domains.setdefault(item.domain, []).append(item)
    score = sn.Score(
        points=earned,
        of=of,
        target=round(of * 0.9, 1),
        measured=any(item.outcome for item in checks),
        stale=any(item.outcome == sn.PASSED and not item.current for item in checks),
        rating=earned,
        domains=tuple(
            sn.DomainScore(name, sum(item.earned for item in members), sum(item.points for item in members))
            for name, members in sorted(domains.items())
        ),
        history=tuple((f"2026-01-{20 + n:02d}T09:00:00.000Z", earned * (n + 3) / 10) for n in range(8)),
    )
    values: dict[str, Any] = {
        "name": "Moltbot Security Hardening",
        "goal": "Pentagon-level security (score 90+/100)",
        "codebase": "gateway",
        "tree": TREE,
        "current_phase": current,
        "updated": DAY,
        "done": sum(item.done for item in phases),
        "total": sum(item.total for item in phases),
        "phases": tuple(phases),
        "score": score if checks else None,
        "evidence": sn.Evidence(TREE, DAY, ((sn.PASSED, 30), (sn.RED, 1))) if checks else None,
        "activity": (
            sn.Activity(f"{DAY}T11:59:00.000Z", "started", "Ada", "started", "1.01", "e1"),
            sn.Activity(f"{DAY}T12:00:00.000Z", "landed", "Ada", "landed", "1.01", "e2"),
            sn.Activity(f"{DAY}T12:05:00.000Z", "note", "Ada", "the proxy needs a restart", "", "e3"),
        ),
    }
    return sn.Snapshot(**(values | more))


def normal() -> sn.Snapshot:
    """Phase 1 done in every shade of proof, phase 2 under way."""
    core = [plan("1", n, title, sn.DONE, sn.VERIFIED) for n, title in enumerate(CORE, 1)]
    core[4] = plan(
        "1", 5, CORE[4], sn.DONE, sn.STALE, reason="the code has changed since it was verified: verify again"
    )
    core[8] = plan("1", 9, CORE[8], sn.DONE, sn.UNPROVEN, reason="read by two people", how="manual", run="")
    more = [
        plan("2", n, title, depends_on=("2.01",), blocked_by=("2.01",), wave=2)
        for n, title in enumerate(MORE, 1)
    ]
    more[0] = plan("2", 1, MORE[0], sn.ACTIVE, notes=((DAY, "ask about the limiter first"),))
    more[4] = plan("2", 5, MORE[4], sn.DEFERRED, reason="waits for the new parser")
    more[5] = plan("2", 6, MORE[5])
    must = (sn.MustHaveState("Authentication mandatory on every surface", met=True, checks=("AUTH-1010",)),
            sn.MustHaveState("Sessions expire", met=False, checks=("AUTH-2020",)))  # fmt: skip
    return snapshot([phase("1", "Core Security", core, impact="+45 points (40→85)"),
                     phase("2", "Enhancements", more, must_haves=must, impact="+5-10 points (85→90+)")])  # fmt: skip


def fresh() -> sn.Snapshot:
    """Nothing done, nothing measured."""
    core = [plan("1", n, title) for n, title in enumerate(CORE, 1)]
    core[9] = plan("1", 10, CORE[9], depends_on=("1.01", "1.02"), blocked_by=("1.01", "1.02"), wave=2)
    return snapshot(
        [phase("1", "Core Security", core), phase("2", "Enhancements", [plan("2", 1, MORE[0])])], activity=()
    )


def failed() -> sn.Snapshot:
    """A plan that was done and is red, and two definitions that are broken."""
    core = [plan("1", n, title, sn.DONE, sn.VERIFIED) for n, title in enumerate(CORE, 1)]
    core[2] = plan(
        "1", 3, CORE[2], sn.FAILED, reason="red since it was done: AUTH-1030", run="20260127-120000-ab12"
    )
    found = snapshot(
        [phase("1", "Core Security", core), phase("2", "Enhancements", [plan("2", 1, MORE[0])])],
        faults=(
            "plans/02-enhancements/02-session-management/PLAN.md:4:1: unknown key 'depend_on', did you mean depends_on?",
            "plans/02-enhancements/03-network-security/PLAN.md:9:14: expected a number, found 'two'",
        ),
    )
    if found.score is None:
        raise AssertionError
    return found._replace(score=found.score._replace(rating=12, capped_by=("AUTH-1030",)))


def large(plans: int = 5_000, size: int = 50) -> sn.Snapshot:
    """Thousands of plans in phases of fifty."""
    phases = []
    for number in range(1, plans // size + 1):
        members = []
        for item in range(1, size + 1):
            done = number < 40 or (number == 40 and item <= 20)
            members.append(
                plan(str(number), item, f"{CORE[item % 10]} {number}-{item}", sn.DONE if done else sn.PENDING,
                     sn.VERIFIED if done else "")
            )  # fmt: skip
        phases.append(phase(str(number), f"Stage {number}", members))
    return snapshot(phases, name="A very large project")


def empty() -> sn.Snapshot:
    """A repository without plans."""
    return sn.Snapshot("", origin="none", codebase=".")


@dataclass(frozen=True)
class Entry:
    """A line of the log."""

    time: str
    kind: str
    plan: str
    actor: str
    text: str
    commit: str = ""


@dataclass(frozen=True)
class Commit:
    """A commit of a plan."""

    hash: str
    date: str
    subject: str
    source: str


@dataclass(frozen=True)
class Item:
    """A plan of a requested run."""

    ref: str
    title: str
    action: str = "run"
    reason: str = ""


@dataclass(frozen=True)
class Planned:
    """What a run would do."""

    waves: tuple[tuple[Item, ...], ...] = ()
    others: tuple[Item, ...] = ()


@dataclass
class Ran:
    """How a run ended."""

    landed: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    points: float | None = None
    of: float | None = None
    cancelled: bool = False
    exit_code: int = 0


@dataclass
class Verified:
    """How a verification ended."""

    red: tuple[str, ...] = ()
    points: float = 40
    of: float = 100
    exit_code: int = 0


@dataclass(frozen=True)
class Claim:
    """A statement of a document."""

    path: str
    line: int
    text: str
    verdict: str
    why: str = ""


def steps(ref: str, *, fails: str = "") -> list[Progress]:
    """What a run of one plan tells."""
    found = [
        Progress(pr.RUN_STARTED, "", "20260127-120000-ab12", {"plans": [ref], "jobs": 1}),
        Progress(pr.WAVE, "", ref, {"wave": 1, "of": 1}),
        Progress(pr.IMPLEMENTING, ref, "File Permissions"),
        Progress(pr.OUTPUT, ref, "adding gateway/file_permissions.py"),
        Progress(pr.OUTPUT, ref, "\x1b[31mred\x1b[0m and [bold]markup[/bold] and \x07bell"),
        Progress(pr.IMPLEMENTED, ref, "2 files changed"),
        Progress(pr.VERIFYING, ref, ""),
    ]
    outcome = sn.RED if fails else sn.PASSED
    found += [
        Progress(
            pr.CHECK,
            ref,
            fails,
            {"check": f"AUTH-{ref.replace('.', '')}{n}", "outcome": outcome, "seconds": 0.25},
        )
        for n in range(3)
    ]
    if fails:
        return [*found, Progress(pr.FAILED, ref, fails), Progress(pr.RUN_FINISHED, "", "failed")]
    return [
        *found,
        Progress(pr.LANDED, ref, "File Permissions", {"commit": "c0ffee1"}),
        Progress(pr.SCORE, "", "", {"points": 44.5, "of": 100, "before": 40}),
        Progress(pr.RUN_FINISHED, "", "finished"),
    ]


def until_cancelled(observer: Observer, cancelled: threading.Event) -> Ran:
    """A run that has landed a plan and works on the next until it is told to stop."""
    observer(Progress(pr.LANDED, "1.01", "Auth Hardening"))
    observer(Progress(pr.IMPLEMENTING, "1.02", "Sandbox Defaults"))
    if not cancelled.wait(20):
        raise TimeoutError
    return Ran(landed={"1.01": "c0ffee"}, cancelled=True, exit_code=130)


@dataclass(frozen=True)
class Taken:
    """What an import would make."""

    source: str = "STATE.md"
    phases: int = 2
    plans: int = 18
    done: int = 11
    changes: bool = True


class FakeBoard:
    """The service's methods over a Snapshot in memory. Every call is noted with the thread that made it."""

    def __init__(self, state: sn.Snapshot, place: Path, *, native: bool = True) -> None:
        self.state = state
        self.place = self.root = place
        self.native = native
        self.trust_given = True
        self.calls: list[tuple[str, str]] = []
        self.records: list[tuple[Any, ...]] = []
        self.script: Callable[[Observer, threading.Event], Ran] | None = None
        self.verify_red: tuple[str, ...] = ()
        self.crash: Exception | None = None
        self.delay = 0.0
        self.running: Any = None
        self.cut_short = ""

    def connect(self) -> FakeBoard:
        """A board for another thread: the same one."""
        return self

    def _called(self, name: str) -> None:
        self.calls.append((name, threading.current_thread().name))
        if self.delay:
            time.sleep(self.delay)

    def _change(self, ref: str, **values: Any) -> None:
        phases = []
        for one in self.state.phases:
            plans = tuple(item._replace(**values) if item.ref == ref else item for item in one.plans)
            done = sum(item.status == sn.DONE for item in plans)
            phases.append(one._replace(plans=plans, done=done))
        self.state = self.state._replace(phases=tuple(phases), done=sum(one.done for one in phases))

    def _record(self, *what: Any) -> None:
        self._called(what[0])
        self.records.append(what)

    def snapshot(self) -> sn.Snapshot:
        self._called("snapshot")
        return self.state

    def body(self, ref: str) -> str:
        self._called("body")
        return (
            "# Objective\n\nOne decision for every surface, **loopback included**.\n\n## Tasks\n\n"
            "1. Add the module\n2. Wire it in `message_handler.py`\n3. Refuse what it refuses\n\n"
            "| Risk | Answer |\n|------|--------|\n| Lock-out | a break-glass token |\n\n"
            "```python\ndef allow(request):\n    return verify(request.token)\n```\n"
        )

    def state_text(self) -> str:
        self._called("state_text")
        return (
            "# PROJECT STATE\n\n**Project:** Moltbot Security Hardening  \n**Current Phase:** 2 - Enhancements  \n\n---\n\n"
            "## 📊 Overall Progress\n\n| Phase | Status | Progress | Score Impact |\n|---|---|---|---|\n"
            "| Phase 1: Core Security | ✅ COMPLETE | 10/10 plans | +45 points (40→85) |\n"
            "| Phase 2: Enhancements | 🚧 IN PROGRESS | 0/8 plans | +5-10 points (85→90+) |\n"
        )

    def state_diff(self) -> str:
        self._called("state_diff")
        return "--- STATE.md\n+++ STATE.md as the files imply it\n@@ -1,2 +1,2 @@\n # PROJECT STATE\n-**Completed:** 9\n+**Completed:** 10\n"

    def write_state(self) -> bool:
        self._record("write_state")
        return True

    def note(self, text: str, ref: str | None = None) -> None:
        self._record("note", text, ref)

    def start(self, ref: str) -> None:
        self._record("start", ref)
        self._change(ref, status=sn.ACTIVE)

    def defer(self, ref: str, reason: str, check: str | None = None) -> None:
        self._record("defer", ref, reason, check)
        if check is None:
            self._change(ref, status=sn.DEFERRED, reason=reason)

    def reopen(self, ref: str, check: str | None = None) -> None:
        self._record("reopen", ref, check)
        self._change(ref, status=sn.PENDING, proof="", reason="")

    def done_by_word(self, ref: str, because: str) -> bool:
        self._record("done_by_word", ref, because)
        self._change(ref, status=sn.DONE, proof=sn.UNPROVEN, source="word", reason=because)
        return True

    def link(self, ref: str, commit: str) -> str:
        self._record("link", ref, commit)
        if commit == "nowhere":
            raise Usage("no commit 'nowhere' in this repository")
        return commit

    def undo(self, ref: str | None = None) -> str:
        self._record("undo", ref)
        return "1.03: note"

    def trusted(self) -> bool:
        self._called("trusted")
        return self.trust_given

    def trust(self) -> None:
        self._record("trust")
        self.trust_given = True

    def would_execute(self, refs: Sequence[str] = ()) -> list[str]:
        self._called("would_execute")
        return [f"plans/{ref}/implementation.py" for ref in refs] or ["plans/baseline.py"]

    def plan_run(
        self, refs: Sequence[str] = (), *, phase: str | None = None, all_plans: bool = False
    ) -> Planned:
        self._called("plan_run")
        chosen = [
            item
            for item in self.state.plans
            if item.status != sn.DONE and (all_plans or item.ref in refs or item.phase == phase)
        ]
        first = tuple(Item(item.ref, item.title) for item in chosen if not item.blocked_by)
        second = tuple(Item(item.ref, item.title) for item in chosen if item.blocked_by)
        others = tuple(
            Item(item.ref, item.title, "skip", "up to date")
            for item in self.state.plans
            if item.ref in refs and item not in chosen
        )
        return Planned(tuple(wave for wave in (first, second) if wave), others)

    def run(
        self,
        refs: Sequence[str] = (),
        *,
        phase: str | None = None,
        all_plans: bool = False,
        jobs: int = 1,
        observer: Observer = silent,
        cancelled: threading.Event | None = None,
    ) -> Ran:
        self._record("run", tuple(refs), phase, all_plans, jobs)
        if self.crash is not None:
            raise self.crash
        if self.script is not None:
            return self.script(observer, cancelled or threading.Event())
        for ref in refs:
            for step in steps(ref):
                observer(step)
            self._change(ref, status=sn.DONE, proof=sn.VERIFIED, finished=DAY)
        return Ran(landed=dict.fromkeys(refs, "c0ffee1"), points=44.5, of=100)

    def verify(
        self,
        refs: Sequence[str] = (),
        *,
        jobs: int = 1,
        observer: Observer = silent,
        cancelled: threading.Event | None = None,
    ) -> Verified:
        self._record("verify", tuple(refs))
        if self.crash is not None:
            raise self.crash
        for ref in refs:
            for step in steps(ref)[6:10]:
                observer(step)
        return Verified(red=self.verify_red, exit_code=1 if self.verify_red else 0)

    def done(
        self, ref: str, *, observer: Observer = silent, cancelled: threading.Event | None = None
    ) -> Verified:
        self._record("done", ref)
        if self.verify_red:
            raise ProjectSaysNo(
                f"{ref} is not done: 1 of its checks did not pass\n  {self.verify_red[0]} failed: the port answered",
                hint=f'`tracker done {ref} --because "…"` records your word instead, shown as unproven.',
            )
        self._change(ref, status=sn.DONE, proof=sn.VERIFIED)
        return Verified()

    def revert(
        self, ref: str, *, observer: Observer = silent, cancelled: threading.Event | None = None
    ) -> Ran:
        self._record("revert", ref)
        self._change(ref, status=sn.PENDING, proof="", run="", changes=())
        return Ran(landed={ref: "c0ffee2"})

    def reasons(self) -> dict[str, str]:
        self._called("reasons")
        return {"AUTH-1030": "expected mode 0600, found 0644: state/secrets.json"}

    def log(self, ref: str | None = None, limit: int = 50) -> list[Entry]:
        self._called("log")
        return [
            Entry(f"{DAY}T12:00:00.000Z", "landed", ref or "1.01", "Ada", "landed", "c0ffee1234567890"),
            Entry(f"{DAY}T11:59:00.000Z", "started", ref or "1.01", "Ada", "started"),
        ][:limit]

    def commits(self, ref: str) -> list[Commit]:
        self._called("commits")
        found = self.state.plan(ref)
        subject = f"feat({ref}): {found.title} \x1b]0;owned\x07[red]x[/red]"
        return [Commit("c0ffee1234567890", DAY, subject, "trailer")] if found.status == sn.DONE else []

    def diff(self, commit: str) -> str:
        self._called("diff")
        return (
            f"commit {commit}\n\ndiff --git a/gateway/x.py b/gateway/x.py\n--- a/gateway/x.py\n+++ b/gateway/x.py\n"
            "@@ -1,2 +1,3 @@\n import os\n-mode = 0o644\n+mode = 0o600\n+os.umask(0o077)\n"
        )

    def attempts(self, ref: str) -> list[dict[str, Any]]:
        self._called("attempts")
        return []

    def live(self) -> Any:
        self._called("live")
        return self.running

    def interrupted(self) -> str:
        self._called("interrupted")
        return self.cut_short

    def ui_state_path(self) -> Path:
        return self.place / "ui.json"


class AuditingBoard(FakeBoard):
    """A board that can audit too."""

    def audit(self) -> list[Claim]:
        self._called("audit")
        return [
            Claim("STATE.md", 12, "Phase 1 complete, 85/100", "contradicted", "the score was never measured"),
            Claim("STATE.md", 20, "10/10 plans", "supported", "ten plans are done"),
            Claim(".planning/ROADMAP.md", 7, "Rate limiter integrated", "unsupported", "no check says so"),
        ]
