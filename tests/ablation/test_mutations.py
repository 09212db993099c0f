"""The table of mutations fits the gateway and covers the baseline."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.ablation.mutations import MUTATIONS, Mutation

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.check)
def test_mutation_fits_once_and_leaves_python(mutation: Mutation, tmp_path: Path) -> None:
    copy = tmp_path / mutation.path
    copy.parent.mkdir(parents=True)
    copy.write_text((REPOSITORY / "gateway" / mutation.path).read_text())
    mutation.apply(tmp_path)
    compile(copy.read_text(), mutation.path, "exec")


def test_every_baseline_check_has_a_mutation() -> None:
    project = yaml.safe_load((REPOSITORY / "plans" / "project.yaml").read_text())
    baseline = {check["id"] for check in project["baseline"]["checks"] if check.get("kind") != "residual"}
    assert {mutation.check for mutation in MUTATIONS} == {
        check for check in baseline if not check.startswith("RES-")
    }
