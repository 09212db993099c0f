"""Small projects made of text: files in, tracker in-process, outcome out."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from tracker.cli.main import main
from tracker.model.snapshot import PlanState, Snapshot
from tracker.service import Service

PROJECT = """
    name: Sample
    goal: Everything green
    codebase: app
    score: {target: 5, of: 10}
    baseline:
      verification: baseline.py
      checks:
        - {id: BASE-01, title: It starts, points: 2, domain: Core}
"""

BASELINE = """
    from tracker.api import check

    @check("BASE-01")
    def test_starts(codebase):
        assert "start" in codebase.read("main.py")
"""

IMPLEMENT = """
    def implement(codebase):
        codebase.append("main.py", "{word} = True\\n", why="{word} is wanted")
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command did."""

    code: int
    out: str
    err: str


class SampleProject:
    """A git repository with a project in it."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str] | None = None) -> None:
        self.root = root
        self._capsys = capsys
        root.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "Ada")
        self.git("config", "user.email", "ada@example.org")

    # Building

    def write(self, files: Mapping[str, str | bytes]) -> SampleProject:
        for name, content in files.items():
            place = self.root / name
            place.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                place.write_bytes(content)
            else:
                place.write_text(dedent(content).lstrip("\n"), encoding="utf-8")
        return self

    def base(self, **project: str) -> SampleProject:
        """The project without plans: app/main.py, a baseline check, one phase."""
        return self.write(
            {
                "app/main.py": "start = True\n",
                "plans/project.yaml": project.get("project", PROJECT),
                "plans/baseline.py": BASELINE,
                "plans/01-first/PHASE.md": "---\ntitle: First\n---\n",
                ".gitattributes": "plans/journal.jsonl merge=union\nSTATE.md merge=union\n",
            }
        )

    def plan(
        self,
        number: int,
        slug: str,
        *,
        front: str = "",
        implement: str | None = None,
        verify: str | None = None,
        points: float = 1,
        phase: str = "01-first",
    ) -> SampleProject:
        """A plan that adds ``slug = True`` to app/main.py and has one check, ``SLUG-01``.

        Without ``verify`` the check is a command: a fifth of a second instead of half a one.
        """
        check = f"{slug.upper()}-01"
        head = f"title: {slug.title()}\nsummary: adds {slug}\n"
        checks = f"checks:\n  - {{id: {check}, title: It has {slug}, points: {points}, domain: Core}}\n"
        directory = f"plans/{phase}/{number:02d}-{slug}"
        if verify is None:
            head += "" if "run:" in front else "implementation: implementation.py\n"
            checks += f"commands:\n  - {{check: {check}, run: grep -q '{slug} = True' main.py}}\n"
        else:
            text = dedent(verify).replace("{word}", slug).replace("{check}", check)
            self.write({f"{directory}/verification.py": text})
        return self.write(
            {
                f"{directory}/PLAN.md": f"---\n{head}{dedent(front)}{checks}---\n\nAdd {slug}.\n",
                f"{directory}/implementation.py": dedent(implement or IMPLEMENT).replace("{word}", slug),
            }
        )

    def commit(self, message: str = "start") -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")

    # Using

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.root, capture_output=True, text=True, check=True)
        return done.stdout.rstrip("\n")

    def run(self, *arguments: str) -> Outcome:
        """tracker in this process; no error escapes."""
        before = Path.cwd()
        os.chdir(self.root)
        try:
            code = main(list(arguments))
        finally:
            os.chdir(before)
        if self._capsys is None:
            return Outcome(code, "", "")
        captured = self._capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    def command(self, *arguments: str, **environment: str) -> Outcome:
        """tracker in a process of its own, as a person calls it."""
        done = subprocess.run(
            [sys.executable, "-m", "tracker", *arguments],
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **environment},
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    @property
    def service(self) -> Service:
        return Service.open(self.root)

    @property
    def snapshot(self) -> Snapshot:
        return self.service.snapshot()

    def state(self, ref: str) -> PlanState:
        return self.snapshot.plan(ref)

    def read(self, name: str) -> str:
        return (self.root / name).read_text(encoding="utf-8")

    def clone(self, place: Path) -> SampleProject:
        subprocess.run(["git", "clone", "-q", str(self.root), str(place)], check=True)
        twin = object.__new__(SampleProject)
        twin.root = place
        twin._capsys = self._capsys
        twin.git("config", "user.name", "Grace")
        twin.git("config", "user.email", "grace@example.org")
        return twin
