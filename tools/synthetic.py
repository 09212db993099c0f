"""Synthetic projects of any size, for timings: ``python -m tools.synthetic DIR PLANS [EVENTS]``."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tracker.model import events as ev

PER_PHASE = 100


def make(root: Path, plans: int, events: int = 0) -> None:
    """A committed repository with so many plans (each with one check) and a year of so many journal events.

    Over the year, every second plan is done by word; the other events are notes.
    """
    (root / "app").mkdir(parents=True)
    (root / "app" / "main.txt").write_text("start\n", encoding="utf-8")
    home = root / "plans"
    home.mkdir()
    (home / "project.yaml").write_text(
        "name: Synthetic\ncodebase: app\nscore: {of: 100000}\n", encoding="utf-8"
    )
    refs = []
    for number in range(plans):
        phase, place = number // PER_PHASE + 1, number % PER_PHASE + 1
        directory = home / f"{phase:02d}-phase-{phase}"
        if place == 1:
            directory.mkdir()
            (directory / "PHASE.md").write_text(f"---\ntitle: Phase {phase}\n---\n", encoding="utf-8")
        plan = directory / f"{place:02d}-plan-{place}"
        plan.mkdir()
        before = f"depends_on: [{phase}.{place - 1:02d}]\n" if place > 1 else ""
        (plan / "PLAN.md").write_text(
            f"---\ntitle: Plan {place} of phase {phase}\nsummary: the work of plan {place}\n{before}"
            f"manual: true\nchecks:\n  - {{id: C-{number}, title: It works, points: 1}}\n"
            f"commands:\n  - {{check: C-{number}, run: 'true'}}\n---\n\nDo it.\n",
            encoding="utf-8",
        )
        refs.append(f"{phase}.{place:02d}")
    every = max(1, events // max(1, plans // 2))
    lines = []
    for number in range(events):
        finished = number // every if number % every == 0 and number // every < plans // 2 else None
        kind, data = (
            (ev.NOTE, {"text": f"note {number}"}) if finished is None else (ev.DONE, {"because": "seen"})
        )
        ref = refs[number % plans if finished is None else finished]
        lines.append(ev.dumps(ev.Event(f"{number:016x}", _time(number, events), "Ada", kind, ref, data)))
    (home / "journal.jsonl").write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    for command in (
        ["init", "-q", "-b", "main"],
        ["add", "-A"],
        ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "-q", "-m", "start"],
    ):
        subprocess.run(["git", *command], cwd=root, check=True)


def commits(root: Path, number: int, *, every: int = 1) -> None:
    """So many commits on top; one in ``every`` has a conventional scope of one of the plans, the others have none."""
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=root, check=True, capture_output=True, text=True
    ).stdout.strip()
    lines = []
    for step in range(number):
        scope = f"(01-{step % 18 + 1:02d})" if step % every == 0 else ""
        subject = f"feat{scope}: step {step}"
        lines.append(
            f"commit refs/heads/main\ncommitter Ada <ada@example.org> {1700000000 + step} +0000\n"
            f"data {len(subject)}\n{subject}\n{f'from {head}{chr(10)}' if step == 0 else ''}"
            f"M 100644 inline app/step.txt\ndata {len(str(step))}\n{step}\n\n"
        )
    subprocess.run(["git", "fast-import", "--quiet"], cwd=root, check=True, input="".join(lines).encode())
    subprocess.run(["git", "reset", "-q", "--hard"], cwd=root, check=True)


def planning(root: Path, phases: int, plans: int) -> None:
    """Somebody's ``.planning`` directory, kept by hand: so many phases of so many plans, each done but the last phase's."""
    home = root / ".planning"
    roadmap, rows = ["# Roadmap", ""], ["# Project State", "", "| Phase | Plans | Status |", "|---|---|---|"]
    prose = "Read what is there, change it in one place, and say why in the summary.\n" * 40
    for phase in range(1, phases + 1):
        done = phase < phases
        place = home / f"phases/{phase:02d}-part-{phase}"
        place.mkdir(parents=True)
        roadmap.append(f"- [{'x' if done else ' '}] **Phase {phase}: Part {phase}** - its work")
        rows.append(
            f"| {phase}. Part {phase} | {plans if done else 0}/{plans} | {'Complete' if done else 'Open'} |"
        )
        for plan in range(1, plans + 1):
            name = f"{phase:02d}-{plan:02d}"
            (place / f"{name}-PLAN.md").write_text(
                f"---\nphase: {phase:02d}-part-{phase}\nplan: {plan:02d}\ntype: execute\nwave: 1\n"
                f"depends_on: []\nfiles_modified:\n  - src/part{phase}/{plan}.py\n---\n\n# Plan {plan}\n\n{prose}",
                encoding="utf-8",
            )
            if done:
                (place / f"{name}-SUMMARY.md").write_text(
                    f"---\nphase: {phase:02d}-part-{phase}\nplan: {plan:02d}\n---\n\n# Summary\n\n{prose}",
                    encoding="utf-8",
                )
    (home / "ROADMAP.md").write_text("\n".join(roadmap) + "\n", encoding="utf-8")
    (home / "STATE.md").write_text("\n".join(rows) + "\n", encoding="utf-8")


def _time(number: int, events: int) -> str:
    moment = datetime(2025, 11, 1, tzinfo=UTC) + timedelta(days=365) * number / events
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 0)
