"""Changes of whole files and of text: exact, idempotent, each with its why."""

from __future__ import annotations

import ast
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.api.conftest import Sample
from tracker.api import Codebase, EditFailed, check
from tracker.model.snapshot import Change

Act = Callable[[Codebase], object]

PY = '''"""Doc."""

from os import path

LIMIT = 5
NAMES = ["a"]


def run(size=1):
    return size
'''

ACTS: dict[str, Act] = {
    "write": lambda c: c.write("app.py", "x = 2\n", why="w"),
    "write anew": lambda c: c.write("new/app.py", "x = 2\n", why="w"),
    "add": lambda c: c.add("lib/more.py", why="w"),
    "add a directory": lambda c: c.add("lib", why="w"),
    "delete": lambda c: c.delete("app.py", why="w"),
    "edit": lambda c: c.edit("app.py", "LIMIT = 5", "LIMIT = 50", why="w"),
    "edit away": lambda c: c.edit("app.py", "LIMIT = 5\n", "", why="w"),
    "append": lambda c: c.append("app.py", "run()\n", why="w"),
    "patch": lambda c: c.patch("limit.patch", why="w"),
    "add_import": lambda c: c.add_import("app.py", "import json", why="w"),
    "append_to": lambda c: c.append_to("app.py", "NAMES", '"b"', why="w"),
    "set_default": lambda c: c.set_default("app.py", "LIMIT", "9", why="w"),
    "insert_call": lambda c: c.insert_call("app.py", "run", "check(size)", why="w"),
}

PATCH = """--- a/app.py
+++ b/app.py
@@ -2,5 +2,5 @@
_
 from os import path
_
-LIMIT = 5
+LIMIT = 7
 NAMES = ["a"]
""".replace("_", " ")


@pytest.fixture
def ready(sample: Sample) -> Sample:
    sample.write("app.py", PY)
    sample.supply("files/lib/more.py", "y = 1\n")
    sample.supply("files/lib/deep/most.py", "z = 1\n")
    sample.supply("limit.patch", PATCH)
    return sample


def _state(root: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.relative_to(root).as_posix(): (path.read_bytes(), path.stat().st_mode)
        for path in root.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("name", ACTS)
def test_the_second_time_changes_nothing(ready: Sample, name: str) -> None:
    before = _state(ready.root)
    first = ready.codebase()
    ACTS[name](first)
    after = _state(ready.root)
    assert after != before
    second = ready.codebase()
    ACTS[name](second)
    assert _state(ready.root) == after
    assert (bool(first.changes), second.changes) == (True, [])


@pytest.mark.parametrize("name", ACTS)
def test_a_change_needs_a_why(ready: Sample, name: str) -> None:
    before = _state(ready.root)

    class Silent(Codebase):
        def __getattribute__(self, attribute: str) -> object:
            found = super().__getattribute__(attribute)
            if attribute in {act.split()[0] for act in ACTS}:
                return lambda *args, why: found(*args, why=" ")
            return found

    with pytest.raises(EditFailed, match="a change needs a why"):
        ACTS[name](Silent(ready.root, plan_dir=ready.plan, repository=ready.top))
    assert _state(ready.root) == before


def test_changes_name_paths_of_the_repository_and_their_whys(ready: Sample) -> None:
    codebase = ready.codebase()
    codebase.edit("app.py", "LIMIT = 5", "LIMIT = 6", why="More")
    codebase.append_to("app.py", "NAMES", '"b"', why="Another name")
    codebase.append_to("app.py", "NAMES", '"c"', why="Another name")
    codebase.add("lib/more.py", why="Wanted")
    codebase.delete("app.py", why="Gone after all")
    assert codebase.changes == [
        Change("src/app.py", "More; Another name; Gone after all", "deleted"),
        Change("src/lib/more.py", "Wanted", "added"),
    ]


def test_what_was_added_and_taken_away_again_is_no_change(ready: Sample) -> None:
    codebase = ready.codebase()
    codebase.write("new.py", "x", why="a")
    codebase.delete("new.py", why="b")
    assert codebase.changes == []


def test_what_was_deleted_and_written_again_is_modified(ready: Sample) -> None:
    codebase = ready.codebase()
    codebase.delete("app.py", why="a")
    codebase.write("app.py", "x", why="b")
    assert [change.kind for change in codebase.changes] == ["modified"]


def test_add_lays_files_out_as_they_are(ready: Sample) -> None:
    script = ready.supply("files/bin/go", "#!/bin/sh\n")
    script.chmod(0o755)
    ready.supply("files/lib/__pycache__/more.pyc", "")
    codebase = ready.codebase()
    codebase.add("lib", "bin", why="w")
    assert sorted(_state(ready.root)) == ["app.py", "bin/go", "lib/deep/most.py", "lib/more.py"]
    assert os.access(ready.root / "bin/go", os.X_OK)
    assert not os.access(ready.root / "lib/more.py", os.X_OK)


def test_add_makes_a_file_executable_that_was_not(ready: Sample) -> None:
    ready.supply("files/go", "#!/bin/sh\n").chmod(0o755)
    ready.write("go", "#!/bin/sh\n")
    codebase = ready.codebase()
    codebase.add("go", why="w")
    assert os.access(ready.root / "go", os.X_OK)
    assert codebase.changes == [Change("src/go", "w", "modified")]


def test_add_of_what_the_plan_lacks(ready: Sample) -> None:
    with pytest.raises(EditFailed, match=r"files/nothing\.py: the plan has no such file"):
        ready.codebase().add("nothing.py", why="w")


@pytest.mark.parametrize(
    ("old", "found"), [("absent", "0 times"), ("a", "times, not once"), ("", "times, not once")]
)
def test_an_edit_wants_exactly_one_place(ready: Sample, old: str, found: str) -> None:
    with pytest.raises(EditFailed, match=found):
        ready.codebase().edit("app.py", old, "replacement", why="w")
    assert ready.text("app.py") == PY


def test_an_edit_may_grow_around_what_it_replaces(ready: Sample) -> None:
    for _ in range(2):
        ready.codebase().edit("app.py", "    return size\n", "    check()\n    return size\n", why="w")
    assert ready.text("app.py").count("check()") == 1


def test_append_takes_lines_whole(sample: Sample) -> None:
    sample.write("requirements.txt", "foobar\nbaz")
    codebase = sample.codebase()
    codebase.append("requirements.txt", "foo\n", why="w")
    codebase.append("requirements.txt", "foo", why="w")
    codebase.append("requirements.txt", "baz\nfoo\n", why="w")
    assert sample.text("requirements.txt") == "foobar\nbaz\nfoo\n"


@pytest.mark.parametrize(
    "name", sorted(set(ACTS) - {"write", "write anew", "add", "add a directory", "delete", "patch"})
)
def test_line_ends_stay_as_they_are(ready: Sample, name: str) -> None:
    ready.write("app.py", PY.replace("\n", "\r\n"))
    ACTS[name](ready.codebase())
    with_windows = ready.text("app.py")
    ready.write("app.py", PY)
    ACTS[name](ready.codebase())
    assert with_windows == ready.text("app.py").replace("\n", "\r\n")


def test_reading(ready: Sample) -> None:
    codebase = ready.codebase()
    assert codebase.read("app.py") == PY
    assert (codebase.exists("app.py"), codebase.exists("lib/x.py")) == (True, False)


@pytest.mark.parametrize(
    ("name", "message"),
    [("none.py", "no such file"), ("lib", "cannot be read: Is a directory"), ("latin.txt", "not UTF-8 text")],
)
def test_what_cannot_be_read(ready: Sample, name: str, message: str) -> None:
    (ready.root / "lib").mkdir()
    (ready.root / "latin.txt").write_bytes(b"caf\xe9")
    with pytest.raises(EditFailed, match=message):
        ready.codebase().read(name)


def test_what_cannot_be_written(ready: Sample) -> None:
    (ready.root / "lib").mkdir()
    with pytest.raises(EditFailed, match="cannot be written: Is a directory"):
        ready.codebase().write("lib", "x", why="w")
    with pytest.raises(EditFailed, match="a directory; delete its files"):
        ready.codebase().delete("lib", why="w")


def test_deferred_checks_are_known(sample: Sample) -> None:
    assert sample.codebase(deferred=("A-1",)).deferred == {"A-1"}


def test_the_marker_carries_the_check() -> None:
    mark = check("AUTH-10").mark
    assert (mark.name, mark.args) == ("check", ("AUTH-10",))


# Patches


def _commit(sample: Sample) -> None:
    git = ["git", "-C", str(sample.top), "-c", "user.name=t", "-c", "user.email=t@t"]
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-qm", "base"], check=True)


def _diff(sample: Sample, name: str, new: str) -> str:
    """What git says of the change, with paths that start at the codebase."""
    old = sample.text(name)
    sample.write(name, new)
    out = subprocess.run(
        ["git", "-C", str(sample.root), "diff", "--relative"], capture_output=True, text=True, check=True
    ).stdout
    sample.write(name, old)
    return out


def test_a_patch_by_git_applies_in_the_codebase(ready: Sample) -> None:
    _commit(ready)
    new = PY.replace("LIMIT = 5", "LIMIT = 8")
    ready.supply("git.patch", _diff(ready, "app.py", new))
    codebase = ready.codebase()
    codebase.patch("git.patch", why="Eight")
    assert ready.text("app.py") == new
    assert codebase.changes == [Change("src/app.py", "Eight", "modified")]


def test_a_patch_applies_beside_what_changed_meanwhile(ready: Sample) -> None:
    _commit(ready)
    ready.supply("git.patch", _diff(ready, "app.py", PY.replace("LIMIT = 5", "LIMIT = 8")))
    ready.write(
        "app.py", PY.replace('"""Doc."""', '"""Doc."""\n# One\n# Two\n# Three').replace("size=1", "size=2")
    )
    _commit(ready)
    ready.codebase().patch("git.patch", why="Eight")
    assert "LIMIT = 8" in ready.text("app.py")
    assert "size=2" in ready.text("app.py")


def test_patches_add_delete_and_rename(ready: Sample) -> None:
    ready.write("old.txt", "one\ntwo\nthree\n")
    ready.write("gone.txt", "x\n")
    _commit(ready)
    ready.supply(
        "all.patch",
        """diff --git a/new.txt b/new.txt
new file mode 100644
--- /dev/null
+++ b/new.txt
@@ -0,0 +1 @@
+n
diff --git a/gone.txt b/gone.txt
deleted file mode 100644
--- a/gone.txt
+++ /dev/null
@@ -1 +0,0 @@
-x
diff --git a/old.txt b/moved.txt
rename from old.txt
rename to moved.txt
""",
    )
    codebase = ready.codebase()
    codebase.patch("all.patch", why="w")
    assert {change.path: change.kind for change in codebase.changes} == {
        "src/new.txt": "added",
        "src/gone.txt": "deleted",
        "src/moved.txt": "added",
        "src/old.txt": "deleted",
    }


def test_a_patch_that_does_not_apply(ready: Sample) -> None:
    ready.supply("limit.patch", PATCH.replace("LIMIT = 5", "LIMIT = 4"))
    with pytest.raises(EditFailed, match=r"limit\.patch: does not apply: .*app\.py"):
        ready.codebase().patch("limit.patch", why="w")
    assert ready.text("app.py") == PY


@pytest.mark.parametrize(("text", "message"), [("prose\n", "not a patch"), (None, "no such patch")])
def test_no_patch(ready: Sample, text: str | None, message: str) -> None:
    if text is not None:
        ready.supply("bad.patch", text)
    with pytest.raises(EditFailed, match=message):
        ready.codebase().patch("bad.patch", why="w")


def test_the_sample_stays_python(ready: Sample) -> None:
    for act in ("edit", "append", "add_import", "append_to", "insert_call"):
        ACTS[act](ready.codebase())
    ast.parse(ready.text("app.py"))
