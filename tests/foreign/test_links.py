"""Commits and plans: every way of naming, both loose ends, and only new commits read the second time."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.audit.samples import plan
from tests.project import SampleProject
from tracker.errors import Usage
from tracker.service import linking, links


def change(project: SampleProject, path: str, message: str) -> str:
    place = project.root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"{message}\n", encoding="utf-8")
    return project.commit(message)


def read(project: SampleProject) -> dict[str, Any]:
    outcome = project.run("link", "--json")
    assert outcome.code == 0, outcome.err
    found: dict[str, Any] = json.loads(outcome.out)
    return found


def hashes(rows: list[dict[str, str]]) -> list[str]:
    return [row["hash"] for row in rows]


def test_every_way_of_naming(sample: SampleProject) -> None:
    scope = change(sample, "app/a.py", "feat(01-01): by scope")
    trailer = change(sample, "app/b.py", "by trailer\n\nPlan: 1.02")
    both = change(sample, "app/c.py", "feat(01-01): the trailer counts\n\nPlan: 1.02")
    hand = change(sample, "app/d.py", "by hand")
    sample.run("link", "1.03", hand)
    found = read(sample)
    assert {ref: [(row["hash"], row["source"]) for row in rows] for ref, rows in found["plans"].items()} == {
        "1.01": [(scope, "scope")],
        "1.02": [(both, "trailer"), (trailer, "trailer")],
        "1.03": [(hand, "by hand")],
    }


def test_the_loose_ends_of_both_sides(sample: SampleProject) -> None:
    start = sample.git("rev-parse", "HEAD")
    loose = change(sample, "app/a.py", "chore: nobody's")
    change(sample, "README.md", "docs: beside the codebase")
    unknown = change(sample, "app/b.py", "feat(07-01): no such plan")
    change(sample, "app/c.py", "closing\n\nVerify: 3")
    sample.run("done", "1.01", "--because", "seen")
    found = read(sample)
    assert hashes(found["commits_without_plan"]) == [unknown, loose, start]
    assert found["plans_without_commits"] == ["1.01"]


def test_people_see_the_newest_and_no_more_is_asked(
    sample: SampleProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linking, "_BATCH", 4)
    monkeypatch.setattr(links, "LOOSE_SHOWN", 2)
    monkeypatch.setattr(links, "_SHOWN_OF_PLAN", 2)
    named = [change(sample, "app/a.py", f"feat(01-01): {number}") for number in range(3)]
    loose = [change(sample, "app/a.py", f"chore: {number}") for number in range(9)]
    asked: list[str] = []
    real = linking.History._ask

    def noted(self: linking.History, commits: list[str]) -> None:
        asked.extend(commits)
        real(self, commits)

    monkeypatch.setattr(linking.History, "_ask", noted)
    lines = sample.run("link").out.splitlines()
    assert [line.split()[0] for line in lines] == [
        *("1.01", named[2][:10], named[1][:10], "and", "changed", loose[8][:10], loose[7][:10], "and")
    ]
    assert lines[3] == "  and 1 more: `tracker link 1.01`"
    assert asked == loose[:4:-1]
    assert hashes(read(sample)["commits_without_plan"])[:9] == loose[::-1]
    assert len(asked) == len(set(asked))


def test_a_linked_commit_that_is_gone_is_named(sample: SampleProject) -> None:
    commit = change(sample, "app/a.py", "by hand")
    sample.run("link", "1.01", commit)
    journal = sample.read("plans/journal.jsonl")
    sample.git("reset", "-q", "--hard", "HEAD~1")
    sample.write({"plans/journal.jsonl": journal.encode()})
    assert read(sample)["unknown_commits"] == [{"plan": "1.01", "commit": commit}]


def test_only_new_commits_are_read_again(sample: SampleProject, monkeypatch: pytest.MonkeyPatch) -> None:
    change(sample, "app/a.py", "feat(01-01): one")
    first = read(sample)
    spans: list[str] = []
    real = linking.History._log

    def noted(self: linking.History, span: str) -> subprocess.Popen[bytes]:
        spans.append(span)
        return real(self, span)

    monkeypatch.setattr(linking.History, "_log", noted)
    assert read(sample) == first
    assert spans == []
    old = sample.git("rev-parse", "HEAD")
    change(sample, "app/b.py", "feat(01-01): two")
    change(sample, "app/b.py", "chore: three")
    again = read(sample)
    assert spans == [f"{old}..{sample.git('rev-parse', 'HEAD')}"]
    (sample.root / ".tracker" / "links.tsv").unlink()
    assert read(sample) == again
    assert len(again["plans"]["1.01"]) == 2


def test_a_rewritten_history_is_read_anew(sample: SampleProject) -> None:
    gone = change(sample, "app/a.py", "feat(01-01): one")
    assert hashes(read(sample)["plans"]["1.01"]) == [gone]
    sample.git("commit", "-q", "--amend", "-m", "feat(01-02): another")
    assert list(read(sample)["plans"]) == ["1.02"]


def test_a_plan_that_is_new_takes_its_older_commits(sample: SampleProject) -> None:
    early = change(sample, "app/a.py", "feat(01-04): early")
    assert hashes(read(sample)["commits_without_plan"])[0] == early
    sample.plan(4, "delta")
    found = read(sample)
    assert hashes(found["plans"]["1.04"]) == [early]
    assert early not in hashes(found["commits_without_plan"])


@pytest.mark.parametrize(
    "torn", [b"", b"tracker links 1\n", b"\xff\xfe\x00", b"tracker links 1 app\tbeef\na\tb\n"]
)
def test_a_broken_cache_is_as_good_as_none(sample: SampleProject, torn: bytes) -> None:
    change(sample, "app/a.py", "feat(01-01): one")
    right = read(sample)
    (sample.root / ".tracker" / "links.tsv").write_bytes(torn)
    assert read(sample) == right


def test_broken_rows_below_a_good_head_are_read_anew(sample: SampleProject) -> None:
    change(sample, "app/a.py", "feat(01-01): one")
    right = read(sample)
    place = sample.root / ".tracker" / "links.tsv"
    place.write_text(f"{place.read_text().splitlines()[0]}\nonly this\n")
    assert read(sample) == right


def test_subjects_are_json_whatever_they_hold(sample: SampleProject) -> None:
    subject = 'feat(01-01): "quoted" \\ tab\there \u202e ünï 🚀'
    change(sample, "app/a.py", subject)
    assert read(sample)["plans"]["1.01"][0]["subject"] == subject


def test_line_ends_of_other_systems_and_settings_of_people_are_no_matter(sample: SampleProject) -> None:
    (sample.root / "app" / "a.py").write_text("a\n", encoding="utf-8")
    sample.git("add", "-A")
    message = sample.root / ".git" / "message"
    message.write_bytes(b"feat(01-01): one\rhalf  \r\n\r\nWords.\r\n\r\nPlan: 1.02\r\n")
    sample.git("commit", "-q", "--cleanup=verbatim", "-F", str(message))
    for setting in (
        ("log.showSignature", "true"),
        ("i18n.logOutputEncoding", "ISO-8859-1"),
        ("color.ui", "always"),
    ):
        sample.git("config", *setting)
    found = read(sample)
    assert [row["subject"] for row in found["plans"]["1.02"]] == ["feat(01-01): one half"]
    assert read(sample) == found


def test_a_codebase_two_directories_down(project: SampleProject) -> None:
    project.base(project="name: Deep\ncodebase: a/b\n")
    project.write({"a/b/x.py": "x\n", "a/c.py": "c\n"})
    start = project.commit()
    change(project, "a/c.py", "chore: beside")
    inside = change(project, "a/b/x.py", "chore: inside")
    assert hashes(read(project)["commits_without_plan"]) == [inside, start]


def test_decimal_phases_of_a_foreign_project(beacon: SampleProject) -> None:
    beacon.write({".planning/phases/02.1-polish/02.1-01-PLAN.md": plan("01").encode()})
    commit = beacon.commit("feat(02.1-01): rub")
    assert hashes(read(beacon)["plans"]["2.1.01"]) == [commit]
    assert [info.hash for info in beacon.service.commits("02.1-01")] == [commit]


def test_a_commit_s_change_is_shown(sample: SampleProject) -> None:
    commit = change(sample, "app/a.py", "feat(01-01): one")
    text = sample.service.diff(commit)
    assert text.startswith(f"commit {commit}\n")
    assert "+feat(01-01): one" in text


@pytest.mark.parametrize("name", ["deadbee", "--output=taken"])
def test_a_name_that_is_no_commit_is_refused(sample: SampleProject, name: str) -> None:
    with pytest.raises(Usage, match="no commit"):
        sample.service.diff(name)
    assert not (sample.root / "taken").exists()
