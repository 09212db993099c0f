"""The suite itself: every control has tests that say something, and the table of ablation fits the code."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from gateway.tests.ablation.__main__ import ablate
from gateway.tests.ablation.table import MUTATIONS, DoesNotFit, Mutation
from gateway.tests.controls import CONTROLS, controls_of, written_tests
from gateway.tests.support import ROOT

CRITICAL = {"AUTH-10", "ORIG-01", "SAND-01", "SAND-05", "DM-01", "ENC-01", "ENC-02", "CMD-01"}


@pytest.mark.parametrize("number", range(len(MUTATIONS)))
def test_test_01_each_edit_fits_and_leaves_a_program(tmp_path: Path, number: int) -> None:
    """TEST-01: an edit that does not fit would take nothing away."""
    mutation = MUTATIONS[number]
    file = tmp_path / mutation.path
    file.parent.mkdir(parents=True)
    shutil.copyfile(ROOT / "gateway" / mutation.path, file)
    mutation.apply(tmp_path)
    compile(file.read_text(encoding="utf-8"), mutation.path, "exec")
    with pytest.raises(DoesNotFit):
        Mutation(mutation.control, "none.py", mutation.old, "").apply(tmp_path)


def test_test_01_every_critical_control_is_taken_out() -> None:
    """TEST-01: and no test code is changed for it."""
    assert {mutation.control for mutation in MUTATIONS} >= CRITICAL
    assert not [mutation for mutation in MUTATIONS if mutation.path.startswith("tests/")]


def test_test_01_what_nothing_notices_is_said() -> None:
    """TEST-01: an edit that takes nothing away, and one that breaks the program, prove nothing."""
    harmless = Mutation("AUTH-12", "config/direct_messages.py", 'OPEN = "open"', 'OPEN = "op" + "en"')
    broken = Mutation("AUTH-12", "__main__.py", "from gateway", "raise SystemExit\nfrom gateway")
    untouched, *copies = ablate([harmless, broken])
    assert not untouched.fault
    assert copies[0].fault == "nothing noticed that it is gone"
    assert copies[1].fault.startswith("the copy does not work at all")


def test_test_02_every_control_has_a_test_that_asserts() -> None:
    """TEST-02: by the name of the test, or by how its docstring begins."""
    asserted = Counter(control for test in written_tests() if test.asserts for control in test.controls)
    assert not [control for control in CONTROLS if not asserted[control]]
    assert controls_of("test_auth_10_x", "AUTH-11, DM-01: y") == {"AUTH-10", "AUTH-11", "DM-01"}
    assert controls_of("test_auth", "no id: y") == set()


def test_test_02_no_test_of_a_control_can_be_left_out() -> None:
    """TEST-02: neither skipped nor expected to fail."""
    found = [test for test in written_tests() if test.controls]
    assert len(found) > len(CONTROLS)
    assert not [(test.file, test.name) for test in found if test.evasions]
