"""New projects, phases and plans: sound from the start, and nothing of anybody's is overwritten."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tracker.definitions import load
from tracker.definitions.scaffold import init, new_phase, new_plan, slug
from tracker.errors import Usage
from tracker.model.definitions import Implementation, Verification


def _texts(root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*") if path.is_file()}


def test_a_new_project_has_no_fault(tmp_path: Path) -> None:
    written = init(tmp_path, "Tea: time", goal="hot [water]")
    loaded = load(tmp_path)
    assert loaded.faults == ()
    assert (loaded.definitions.project.name, loaded.definitions.project.goal) == ("Tea: time", "hot [water]")
    assert [plan.ref for plan in loaded.definitions.plans] == ["1.01"]
    assert sorted(path.as_posix() for path in written) == sorted(_texts(tmp_path))


def test_the_example_does_what_its_check_proves_and_twice_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    init(tmp_path, "Tea", "src")
    plan = load(tmp_path).definitions.plans[0]
    env = {**os.environ, "TRACKER_CODEBASE": str(tmp_path / "src")}

    def shell(command: str) -> int:
        return subprocess.run(
            ["/bin/sh", "-c", command], cwd=tmp_path / "src", env=env, check=False
        ).returncode

    ((check, prove),) = plan.verification.commands
    assert check == plan.checks[0].id
    assert shell(prove) != 0
    assert shell(plan.implementation.value) == 0
    assert shell(prove) == 0
    before = _texts(tmp_path / "src")
    assert shell(plan.implementation.value) == 0
    assert _texts(tmp_path / "src") == before


def test_no_file_is_overwritten(tmp_path: Path) -> None:
    init(tmp_path, "Tea")
    before = _texts(tmp_path)
    with pytest.raises(Usage, match=r"plans/project\.yaml is there already"):
        init(tmp_path, "Coffee")
    assert _texts(tmp_path) == before


def test_nothing_is_written_where_one_file_is_in_the_way(tmp_path: Path) -> None:
    phase = tmp_path / "plans/01-start/PHASE.md"
    phase.parent.mkdir(parents=True)
    phase.write_text("mine")
    with pytest.raises(Usage, match=r"PHASE\.md is there already"):
        init(tmp_path, "Tea")
    assert _texts(tmp_path) == {"plans/01-start/PHASE.md": "mine"}


def test_a_line_for_git_that_is_missing_is_added(tmp_path: Path) -> None:
    (tmp_path / ".gitattributes").write_text("plans/journal.jsonl merge=union\n")
    assert Path(".gitattributes") in init(tmp_path, "Tea")
    assert (
        tmp_path / ".gitattributes"
    ).read_text() == "plans/journal.jsonl merge=union\nSTATE.md merge=union\n"


def test_lines_for_git_are_added_once(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.o\nbuild")
    merged = "* text=auto\nplans/journal.jsonl merge=union\nSTATE.md merge=union\n"
    (tmp_path / ".gitattributes").write_text(merged)
    written = init(tmp_path, "Tea")
    assert (tmp_path / ".gitignore").read_text() == "*.o\nbuild\n/.tracker/\n"
    assert (tmp_path / ".gitattributes").read_text() == merged
    assert Path(".gitignore") in written
    assert Path(".gitattributes") not in written


@pytest.mark.parametrize("codebase", ["nowhere", "..", "/"])
def test_the_codebase_is_a_directory_of_the_repository(tmp_path: Path, codebase: str) -> None:
    with pytest.raises(Usage, match="no directory"):
        init(tmp_path, "Tea", codebase)
    assert _texts(tmp_path) == {}


def test_phases_and_plans_are_numbered_on(tmp_path: Path) -> None:
    init(tmp_path, "Tea")
    assert new_phase(tmp_path, "Brew & serve", goal="a cup").as_posix() == "plans/02-brew-serve/PHASE.md"
    ids = [check.id for check in load(tmp_path).definitions.checks]
    new_plan(tmp_path, "Boil water", checks=ids, depends_on=["1.01"])
    ids = [check.id for check in load(tmp_path).definitions.checks]
    new_plan(tmp_path, "Boil: again", checks=ids, kind="command", run='echo "x" # y')
    new_plan(tmp_path, "Second", phase="start", kind="manual")
    loaded = load(tmp_path)
    assert loaded.faults == ()
    assert [(plan.ref, plan.title, plan.depends_on) for plan in loaded.definitions.plans] == [
        ("1.01", "First plan", ()),
        ("1.02", "Second", ()),
        ("2.01", "Boil water", ("1.01",)),
        ("2.02", "Boil: again", ()),
    ]
    module, command = loaded.definitions.plans[2:]
    assert module.implementation == Implementation("module", "implementation.py")
    assert module.verification == Verification("verification.py")
    assert command.implementation == Implementation("command", 'echo "x" # y')
    assert [check.id for check in loaded.definitions.checks] == [
        "FIRST-01",
        "SECOND-01",
        "BOIL-01",
        "BOIL-02",
    ]


def test_the_modules_of_a_new_plan_are_python_and_red(tmp_path: Path) -> None:
    init(tmp_path, "Tea", example=False)
    files = new_plan(tmp_path, "Boil")
    for path in files:
        if path.suffix == ".py":
            ast.parse((tmp_path / path).read_text())
    verification = tmp_path / files[-1]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tracker.verify.plugin", str(verification)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "not written yet" in result.stdout


def test_an_unknown_phase_is_named_with_those_there_are(tmp_path: Path) -> None:
    init(tmp_path, "Tea")
    with pytest.raises(Usage, match="no phase '7'") as caught:
        new_plan(tmp_path, "Boil", phase="7")
    assert caught.value.hint == "There is 1 (start)."


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Déjà vu: again!", "deja-vu-again"),
        ("x" * 80, "x" * 60),
        ("A/../b", "a-b"),
        ("日本 語", "日本-語"),
        ("Handler 処理", "handler-処理"),
        ("Größe: Łódź", "grosse-lodz"),
        ("№ 2 ½ cup", "no-2-1-2-cup"),
    ],
)
def test_slugs(title: str, expected: str) -> None:
    assert slug(title) == expected


@pytest.mark.parametrize("title", ["", "…", "/"])
def test_a_title_without_letters_is_refused(tmp_path: Path, title: str) -> None:
    with pytest.raises(Usage, match="no directory can be named"):
        new_phase(tmp_path, title)
