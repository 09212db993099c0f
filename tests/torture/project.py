"""A small project whose plans and checks are shell commands, so that git and tracker are most of the work."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracker.service import Service

PLANS = {
    "one": ("test -f app/one.txt || echo 1 > app/one.txt", "grep -q 1 one.txt", ""),
    "two": ("sed -i s/first/second/ app/shared.txt", "grep -q second shared.txt", ""),
    "three": ("rm -f app/old.txt; mkdir -p app/deep && echo 3 > app/deep/three.txt", "! test -e old.txt", ""),
    "four": (
        "grep -q four app/shared.txt || sed -i 's/$/ four/' app/shared.txt",
        "grep -q four shared.txt",
        "",
    ),
    "five": ("cp app/one.txt app/five.txt", "grep -q 1 five.txt", "depends_on: [1.01]\n"),
}
"""Slug → (implementation, check, front matter). two and four change the same line."""


def make(root: Path, *, plans: int = len(PLANS)) -> None:
    """The project, committed, with a person's own changes in the working tree."""
    _write(root / "app/shared.txt", "first\n")
    _write(root / "app/old.txt", "old\n")
    _write(root / "mine/tracked.txt", "as committed\n")
    _write(root / "mine/staged.txt", "as committed\n")
    _write(root / ".gitattributes", "plans/journal.jsonl merge=union\nSTATE.md merge=union\n")
    _write(
        root / "plans/project.yaml",
        "name: Torture\ncodebase: app\nbaseline:\n  checks:\n    - {id: BASE-01, title: Shared, points: 1}\n"
        "  commands:\n    - {check: BASE-01, run: test -f shared.txt}\n",
    )
    _write(root / "plans/01-only/PHASE.md", "---\ntitle: Only\n---\n")
    for number, (slug, (run, check, front)) in enumerate(list(PLANS.items())[:plans], 1):
        _write(
            root / f"plans/01-only/{number:02d}-{slug}/PLAN.md",
            f"---\ntitle: {slug.title()}\nsummary: does {slug}\n{front}run: {json.dumps(run)}\n"
            f"checks:\n  - {{id: {slug.upper()}-01, title: It did {slug}, points: 1}}\n"
            f"commands:\n  - {{check: {slug.upper()}-01, run: {json.dumps(check)}}}\n---\n\nDo it.\n",
        )
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "user.name", "Ada")
    git(root, "config", "user.email", "ada@example.org")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "start")
    _write(root / "mine/tracked.txt", "changed, not committed\n")
    _write(root / "mine/staged.txt", "changed and staged\n")
    git(root, "add", "mine/staged.txt")
    _write(root / "mine/untracked.txt", "never added\n")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a project has come to, without dates and ids."""

    files: tuple[tuple[str, str], ...]
    state: str
    journal: tuple[str, ...]
    status: str
    person: str


def meaning(root: Path) -> Meaning:
    """Of the committed tree, STATE.md, the journal, the Snapshot, and the person's own files."""
    names = git(root, "ls-tree", "-r", "--name-only", "HEAD").splitlines()
    skipped = ("plans/journal.jsonl", "STATE.md")
    files = tuple(
        (name, _timeless(git(root, "show", f"HEAD:{name}"))) for name in names if name not in skipped
    )
    snapshot = Service.open(root).snapshot()
    plans = [(plan.ref, plan.status, plan.proof) for plan in snapshot.plans]
    return Meaning(
        files=files,
        state=_timeless((root / "STATE.md").read_text(encoding="utf-8")),
        journal=tuple(sorted(_event(line) for line in _journal(root))),
        status=f"{plans} {snapshot.score.points if snapshot.score else None}",
        person=git(root, "status", "--porcelain")
        + "".join(place.read_text(encoding="utf-8") for place in sorted((root / "mine").iterdir())),
    )


def left_over(root: Path) -> list[str]:
    """What a run leaves behind that it should not: locks, worktrees, branches, half-written files."""
    wrong = [str(place) for place in (root / ".git").rglob("*.lock")]
    wrong += [str(place) for place in (root / ".git").glob("tracker*")]
    wrong += [str(place) for place in (root / ".git").glob("worktrees/*")]
    wrong += [str(place) for place in (root / ".tracker").glob("worktrees/*")]
    wrong += [str(place) for place in (root / ".tracker").glob("tmp/*")]
    wrong += [str(place) for place in root.rglob("*.new")]
    wrong += [
        str(root / ".tracker" / name)
        for name in ("landing.json", "runs/current")
        if (root / ".tracker" / name).exists()
    ]
    branches = git(root, "for-each-ref", "--format=%(refname)").splitlines()
    wrong += [name for name in branches if name != "refs/heads/main"]
    clean = {"mine/tracked.txt", "mine/staged.txt", "mine/untracked.txt"}
    wrong += [
        line for line in git(root, "status", "--porcelain").splitlines() if line.split()[-1] not in clean
    ]
    return wrong


def copy(source: Path, target: Path) -> None:
    """The project once more, with everything that git and tracker know of it."""
    shutil.copytree(source, target, symlinks=True)


def git(root: Path, *arguments: str) -> str:
    """git's output. Raises CalledProcessError."""
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout.rstrip("\n")


def environment(home: Path) -> dict[str, str]:
    """Of a person who trusts the project and has no configuration."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return kept | {"HOME": str(home), "TRACKER_TRUST": "1", "GIT_CONFIG_GLOBAL": os.devnull}


def _journal(root: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line) for line in (root / "plans/journal.jsonl").read_text(encoding="utf-8").splitlines()
    ]


def _event(event: dict[str, Any]) -> str:
    data = {name: value for name, value in event["data"].items() if name not in ("run", "tree")}
    return json.dumps([event["kind"], event["plan"], data], sort_keys=True)


def _timeless(text: str) -> str:
    return re.sub(r"\d{4}-\d{2}-\d{2}|\d{8}-\d{6}-[0-9a-f]{4}", "DATE", text)


def _write(place: Path, text: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")
