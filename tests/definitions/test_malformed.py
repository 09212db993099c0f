"""Whatever is wrong in the files: every fault in its place, all at once, and no plan lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.definitions.conftest import Write
from tests.definitions.malformed import CASES, PROJECT, SOUND, A, C
from tracker.definitions import load

ROOT = Path(__file__).parents[2]


def test_the_sound_project_has_no_fault(write: Write) -> None:
    loaded = load(write(SOUND))
    assert loaded.faults == ()
    assert [plan.title for plan in loaded.definitions.plans] == ["Alpha", "Beta", "Gamma"]


@pytest.mark.parametrize("name", CASES)
def test_each_fault_is_named_in_its_place(write: Write, name: str) -> None:
    case = CASES[name]
    loaded = load(write({**SOUND, **case.files}))
    assert [str(fault) for fault in loaded.faults] == case.faults


@pytest.mark.parametrize("name", sorted(set(CASES) - {"no plans at all"}))
def test_no_plan_is_lost_and_no_other_plan_changes(write: Write, name: str) -> None:
    case = CASES[name]
    sound = {plan.ref: plan for plan in load(write(SOUND)).definitions.plans}
    plans = {plan.ref: plan for plan in load(write(case.files)).definitions.plans}
    assert list(plans) == ["1.01", "1.02", "2.01"]
    assert all(plan.title for plan in plans.values())
    assert [plans[ref] for ref, path in (("1.01", A), ("2.01", C)) if path not in case.files] == [
        sound[ref] for ref, path in (("1.01", A), ("2.01", C)) if path not in case.files
    ]


def test_what_stands_beside_a_syntax_error_is_kept(write: Write) -> None:
    text = "---\ntitle: Alpha\nsummary: a: b\nchecks:\n  - id: A-1\n    title: T\n    points: 2\n---\n# A\n"
    alpha = load(write({**SOUND, A: text})).definitions.plans[0]
    assert (alpha.title, alpha.summary, alpha.checks[0].id, alpha.checks[0].points) == ("Alpha", "", "A-1", 2)


def test_a_title_comes_from_the_heading_and_else_from_the_slug(write: Write) -> None:
    headed = load(write({**SOUND, A: "# The first\n"})).definitions.plans[0]
    bare = load(write({A: ""})).definitions.plans[0]
    assert (headed.title, bare.title) == ("The first", "Alpha")


def test_a_symlink_out_of_the_repository_is_not_followed(write: Write, tmp_path: Path) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("---\ntitle: Secret\n---\n")
    root = write(SOUND)
    (root / A).unlink()
    (root / A).symlink_to(secret)
    loaded = load(root)
    assert f"{A}:1:1: a symlink out of the repository; put the file itself here" in map(str, loaded.faults)
    assert loaded.definitions.plans[0].title == "Alpha"


def test_a_symlink_inside_the_repository_is_followed(write: Write) -> None:
    root = write({**SOUND, "shared.md": "---\ntitle: Shared\nchecks: [{id: A-1, title: T}]\n---\n"})
    (root / A).unlink()
    (root / A).symlink_to(root / "shared.md")
    loaded = load(root)
    assert loaded.faults == ()
    assert loaded.definitions.plans[0].title == "Shared"


def test_a_phase_that_is_a_symlink_elsewhere_is_not_entered(write: Write, tmp_path: Path) -> None:
    root = write(SOUND)
    (root / "plans" / "03-three").symlink_to(tmp_path)
    loaded = load(root)
    assert [str(fault) for fault in loaded.faults] == [
        "plans/03-three:1:1: a symlink out of the repository; put the file itself here"
    ]


def test_a_file_that_may_not_be_read(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write(SOUND)
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.as_posix().endswith(A):
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    loaded = load(root)
    assert f"{A}:1:1: cannot be read: Permission denied" in map(str, loaded.faults)
    assert len(loaded.definitions.plans) == 3


def test_names_that_cannot_be_shown_are_faults(write: Write) -> None:
    root = write({**SOUND, "plans/01-one/03-\x1b[31m/PLAN.md": "---\ntitle: X\n---\n"})
    loaded = load(root)
    assert [str(fault) for fault in loaded.faults] == [
        "plans/01-one/03-?[31m:1:1: a name that is not printable UTF-8 text"
    ]


def test_loading_runs_no_code(write: Write) -> None:
    root = write({**SOUND, "plans/01-one/01-alpha/implementation.py": "import sys; sys.exit(9)\n"})
    loaded = load(root)
    assert loaded.faults == ()
    assert loaded.definitions.plans[0].implementation.kind == "module"


def test_a_codebase_behind_a_symlink_is_refused(write: Write) -> None:
    root = write({**SOUND, PROJECT: "name: Sample\ncodebase: now/\n"})
    (root / "now").symlink_to("src")
    assert [str(fault) for fault in load(root).faults] == [
        f"{PROJECT}:2:11: codebase: 'now' leads over a symlink, which git does not follow; write 'src'"
    ]
