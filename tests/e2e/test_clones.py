"""The files are the truth: clones agree, merge, and need nothing that is local."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.project import SampleProject


def test_without_the_local_directory_everything_is_the_same(sample: SampleProject) -> None:
    sample.run("run", "--all")
    sample.run("note", "said")
    before = sample.run("status", "--json").out
    shutil.rmtree(sample.root / ".tracker")
    assert sample.run("status", "--json").out == before
    assert sample.run("state", "--check").code == 0
    outcome = sample.run("run", "--all")
    assert outcome.code == 0
    assert outcome.out.count("up to date") == 3


def test_two_clones_merge_and_show_both(sample: SampleProject, tmp_path: Path) -> None:
    sample.run("run", "1.01")
    with (sample.root / "STATE.md").open("a", encoding="utf-8") as file:
        file.write("<!-- notes -->\nOurs.\n<!-- /notes -->\n")
    sample.run("state")
    sample.commit("notes")
    twin = sample.clone(tmp_path / "twin")
    sample.run("note", "--plan", "1.02", "from Ada")
    sample.commit("Ada's")
    twin.run("note", "--plan", "1.02", "from Grace")
    twin.run("defer", "1.03", "--reason", "Grace is away")
    twin.commit("Grace's")
    twin.git("pull", "-q", "--no-rebase", "--no-edit")
    shown = twin.run("show", "1.02").out
    assert "from Ada" in shown
    assert "from Grace" in shown
    assert twin.state("1.03").reason == "Grace is away"
    assert twin.run("state").code == 0
    twin.commit("state")
    sample.git("pull", "-q", "--no-rebase", "--no-edit", str(twin.root))
    assert sample.run("status", "--json").out == twin.run("status", "--json").out
    assert sample.run("state", "--check").code == 0
    assert sample.read("STATE.md").count("Ours.") == 1


def test_runs_of_two_clones_merge(sample: SampleProject, tmp_path: Path) -> None:
    twin = sample.clone(tmp_path / "twin")
    sample.run("run", "1.01")
    twin.run("run", "1.03")
    twin.git("pull", "-q", "--no-rebase", "--no-edit")
    assert [twin.state(ref).status for ref in ("1.01", "1.03")] == ["done", "done"]
    assert twin.run("run", "1.02").code == 0
    assert [plan.proof for plan in twin.snapshot.plans] == ["verified"] * 3
    assert twin.run("state", "--check").code == 0
