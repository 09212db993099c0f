"""The table of the plans' controls fits the hardened gateway and covers every critical check that is delivered."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ablation.controls import CONTROLS
from tests.ablation.hardened import delivered, hardened_copy

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def hardened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hardened_copy(REPOSITORY, tmp_path_factory.mktemp("hardened"))


def test_mutations_fit_once_and_leave_python(hardened: Path) -> None:
    critical = {check for plan in delivered(REPOSITORY) for check in plan.critical}
    for mutation in CONTROLS:
        if mutation.check in critical:
            file = hardened / mutation.path
            before = file.read_text(encoding="utf-8")
            mutation.apply(hardened)
            compile(file.read_text(encoding="utf-8"), mutation.path, "exec")
            file.write_text(before, encoding="utf-8")


def test_every_critical_check_has_a_mutation() -> None:
    critical = {check for plan in delivered(REPOSITORY) for check in plan.critical}
    assert critical <= {mutation.check for mutation in CONTROLS}
