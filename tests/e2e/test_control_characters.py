"""Text of others never reaches the terminal, or STATE.md, with its control characters."""

from __future__ import annotations

import re

import pytest

from tests.project import SampleProject

EVIL = "\x1b[31mred\x1b[0m\x07\x1b]0;title\x07\u202egnp\u2066"
YAML = r'"\e[31mred\e[0m\a\e]0;title\a\u202Egnp\u2066"'
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

VERIFY = """
    from tracker.api import check

    @check("{check}")
    def test_it(codebase):
        print("\\x1b[2J out")
        assert "{word} = True" in codebase.read("main.py"), "\\x1b[31m no \\u202e"
"""
IMPLEMENT = """
    def implement(codebase):
        print("\\x1b[2J working")
        codebase.append("main.py", "{word} = True\\n", why="\\x1b[31mbecause\\x07")
"""
FAILING = """
    def implement(codebase):
        raise ValueError("\\x1b[31mbad\\x07")
"""


@pytest.fixture
def evil(project: SampleProject) -> SampleProject:
    project.base().plan(1, "alpha", implement=IMPLEMENT, verify=VERIFY, front=f"highlights: [{YAML}]\n")
    project.plan(2, "beta", implement=FAILING)
    project.plan(3, "gamma", verify=VERIFY)
    for slug in ("01-alpha", "02-beta", "03-gamma"):
        place = project.root / f"plans/01-first/{slug}/PLAN.md"
        text = re.sub("title: .*\n", lambda _: f"title: {YAML}\n", place.read_text(encoding="utf-8"), count=1)
        text = re.sub("summary: .*\n", lambda _: f"summary: {YAML}\n", text, count=1)
        place.write_text(f"{text}\nProse {EVIL}\n", encoding="utf-8")
    project.write({"plans/01-first/PHASE.md": f"---\ntitle: {YAML}\ngoal: {YAML}\n---\n"})
    project.commit(f"feat(01-01): {EVIL}")
    return project


def test_nothing_raw_is_shown(evil: SampleProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKER_ACTOR", f"Mallory {EVIL}")
    commands = [
        ("note", EVIL),
        ("note", "--plan", "1.02", EVIL),
        ("run", "--all"),
        ("done", "1.03"),
        ("verify",),
        ("defer", "1.03", "--reason", EVIL),
        ("done", "1.02", "--because", EVIL),
        ("link", "1.01", "HEAD"),
        ("link", "1.01"),
        ("status",),
        ("show", "1.01"),
        ("show", "1.02"),
        ("show", "1.03"),
        ("next",),
        ("log",),
        ("run", "--all", "--dry-run"),
        ("verify", "--dry-run"),
        ("undo",),
        ("show", EVIL),
        ("run", EVIL),
        ("state", "--check"),
        ("state", "--print"),
        ("revert", "1.01"),
    ]
    for command in commands:
        outcome = evil.run(*command)
        found = RAW.findall(outcome.out + outcome.err)
        assert not found, (command, outcome)
        assert outcome.code != 3, outcome.err
    assert not RAW.search(evil.read("STATE.md"))
    assert "red" in evil.read("STATE.md")


def test_json_escapes_what_it_carries(evil: SampleProject) -> None:
    evil.run("note", EVIL)
    for command in (("status", "--json"), ("log", "--json"), ("show", "1.01", "--json")):
        assert "\x1b" not in evil.run(*command).out
