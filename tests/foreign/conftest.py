"""Projects of other tools in a repository of their own."""

from __future__ import annotations

import pytest

from tests.audit.samples import lighthouse
from tests.project import SampleProject


@pytest.fixture
def beacon(project: SampleProject) -> SampleProject:
    """A planning directory with one phase done, one planned and one inserted; committed, and not imported."""
    for name, text in lighthouse().items():
        project.write({name: text.encode()})
    project.commit("feat(01-01): wick")
    return project
