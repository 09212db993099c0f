"""The moment that the first STATE.md tells of, replayed: phase 1 done, Plan 2.01 done with its command log put off.

The journal of a real run (``make moment``) is recorded anew, event by event, in a copy of the programme; STATE.md
has to be the reviewed one, byte for byte.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.project import SampleProject
from tracker.git import trees
from tracker.model import events as ev

REPOSITORY = Path(__file__).resolve().parents[2]
KEPT = Path(__file__).parent / "moment"
GOLDEN = (KEPT / "STATE.md").read_text(encoding="utf-8")
SEED = (REPOSITORY / "tests/foreign/seed/STATE.repaired.md").read_text(encoding="utf-8")
EVENTS = [json.loads(line) for line in (KEPT / "journal.jsonl").read_text(encoding="utf-8").splitlines()]

SAME = (
    "## 📊 Overall Progress",
    "### Active Plans 🚧",
    "### Pending Plans ⏳",
    "## 🔍 Next Steps",
)
"""Sections that have the very lines of the first STATE.md."""


@pytest.fixture
def programme(project: SampleProject) -> SampleProject:
    """The definitions as they are here, nothing recorded, and something in the place of the gateway."""
    ignored = shutil.ignore_patterns("__pycache__", "journal.jsonl", "SUMMARY.md")
    shutil.copytree(REPOSITORY / "plans", project.root / "plans", ignore=ignored)
    project.write({"gateway/__main__.py": "", "plans/journal.jsonl": ""})
    project.commit()
    return project


def replay(programme: SampleProject, monkeypatch: pytest.MonkeyPatch) -> None:
    """Record every event again, at its time; what was proved of the gateway is said of what is in its place."""
    monkeypatch.setenv("TRACKER_ACTOR", "maintainers")
    proved, here = final_tree(), trees.codebase_tree(programme.root, "gateway")
    for event in EVENTS:
        data: dict[str, Any] = event["data"]
        monkeypatch.setenv("TRACKER_NOW", event["time"])
        if event["kind"] == ev.DEFERRED:
            programme.service.defer(event["plan"], data["reason"], data["check"])
            continue
        if data["tree"] == proved:
            data = data | {"tree": here}
        programme.service.repository.record([(event["kind"], event["plan"], data)])


def final_tree() -> str:
    return str(next(event for event in reversed(EVENTS) if event["kind"] == ev.VERIFIED)["data"]["tree"])


def test_the_records_of_a_real_run_give_the_reviewed_state(
    programme: SampleProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay(programme, monkeypatch)
    here = trees.codebase_tree(programme.root, "gateway")
    assert programme.read("STATE.md").replace(here, final_tree()) == GOLDEN
    assert programme.run("state", "--check").code == 0
    snapshot = programme.snapshot
    assert [(phase.done, phase.total) for phase in snapshot.phases] == [(10, 10), (1, 8)]
    assert {plan.proof for plan in snapshot.plans if plan.status == "done"} == {"verified"}
    assert snapshot.score is not None
    assert snapshot.score.points == 86
    assert [check.outcome for check in snapshot.plan("2.01").checks if check.deferred] == ["failed"]


def section(text: str, heading: str) -> str:
    """The lines below a heading, up to the next one."""
    return re.split(r"\n(?:#{2,3} |---)", text.partition(f"{heading}\n")[2], maxsplit=1)[0].strip()


def headings(text: str) -> list[str]:
    """The headings, without dates and the names that people gave to days."""
    found = re.findall(r"^#{1,3} .*$", text, re.MULTILINE)
    return [re.sub(r"(### Phase \d+)( \w+)? \([\d-]+\)", r"\1", heading) for heading in found]


@pytest.mark.parametrize("heading", SAME)
def test_what_is_the_same_has_the_same_lines(heading: str) -> None:
    assert section(SEED, heading)
    assert section(GOLDEN, heading) == section(SEED, heading)


def test_the_headings_stand_in_their_order() -> None:
    own = {"### Phase 1", "## 🛡️ Score by Domain", "## ⚠️ Residual Risk", "## 🔬 Evidence"}
    assert own <= set(headings(GOLDEN))
    assert [heading for heading in headings(GOLDEN) if heading not in own] == headings(SEED)
