"""Proof is of a tree and of the checks that proved it: when either changes, it says so on every surface."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.project import SampleProject
from tracker.model import snapshot as sn

SHARED = "plans/_shared/words.py"
VERIFY = """
    import sys
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__).parents[2] / "_shared"))
    from tracker.api import check
    from words import WANTED

    @check("{check}")
    def test_it(codebase):
        assert WANTED in codebase.read("main.py")
"""


@pytest.fixture
def landed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> SampleProject:
    monkeypatch.setenv("TRACKER_TRUST", "1")
    project = SampleProject(tmp_path / "p", capsys).base().plan(1, "alpha", verify=VERIFY)
    project.write({SHARED: "WANTED = 'alpha = True'\n"}).commit()
    assert project.run("run", "1.01").code == 0
    assert project.state("1.01").proof == sn.VERIFIED
    return project


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("plans/01-first/01-alpha/PLAN.md", "points: 1", "points: 8"),
        ("plans/01-first/01-alpha/PLAN.md", "It has alpha", "It has everything"),
        ("plans/01-first/01-alpha/verification.py", "assert WANTED in", "assert WANTED not in"),
        (SHARED, "alpha", "omega"),
    ],
)
def test_a_changed_check_proves_nothing(landed: SampleProject, file: str, old: str, new: str) -> None:
    text = landed.read(file)
    assert old in text
    (landed.root / file).write_text(text.replace(old, new))
    landed.commit("another check")
    state = landed.state("1.01")
    assert (state.proof, landed.snapshot.score.stale if landed.snapshot.score else None) == (sn.STALE, True)
    assert "its checks have changed since it was verified" in landed.run("verify", "--dry-run").out
    assert landed.run("state", "--check").code == 1
    landed.run("state")
    assert "🔄 stale (its checks have changed since it was verified)" in landed.read("STATE.md")
    assert landed.run("done", "1.01").code == (0 if file.endswith("PLAN.md") else 1)
    assert landed.state("1.01").proof == (sn.VERIFIED if file.endswith("PLAN.md") else "")


def test_the_project_s_own_checks_too(landed: SampleProject) -> None:
    place = landed.root / "plans/baseline.py"
    place.write_text(place.read_text().replace('"start"', '"nothing of this"'))
    assert [check.current for check in landed.snapshot.baseline] == [False]
    assert landed.state("1.01").proof == sn.VERIFIED


def test_a_codebase_that_is_gone_leaves_no_score_without_the_sign(landed: SampleProject) -> None:
    landed.git("rm", "-rq", "app")
    landed.git("commit", "-qm", "gone")
    snapshot = landed.snapshot
    assert snapshot.score is not None
    assert snapshot.score.stale
    assert snapshot.plan("1.01").proof == sn.STALE
