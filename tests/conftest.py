"""Fixtures for every test: no test sees this person's home, git configuration or trust."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from tests.project import SampleProject

settings.register_profile("suite", deadline=None)  # a busy machine is no failure
settings.load_profile("suite")


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "TRACKER_NOW", "TRACKER_ACTOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRACKER_TRUST", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / "gitconfig"))


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SampleProject:
    """An empty repository to be filled."""
    return SampleProject(tmp_path / "sample", capsys)


@pytest.fixture
def sample(project: SampleProject) -> SampleProject:
    """Three plans: alpha, beta (after alpha), gamma; committed."""
    project.base()
    project.plan(1, "alpha")
    project.plan(2, "beta", front="depends_on: [1.01]\n")
    project.plan(3, "gamma", implement=GAMMA, verify=GAMMA_CHECK)
    project.commit()
    return project


GAMMA = """
    def implement(codebase):
        codebase.write("gamma.py", "value = 3\\n", why="gamma stands apart")
"""
GAMMA_CHECK = """
    from tracker.api import check

    @check("GAMMA-01")
    def test_gamma(codebase):
        assert codebase.read("gamma.py") == "value = 3\\n"
"""
