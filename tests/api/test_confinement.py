"""Nothing outside the codebase and the declared paths can be touched, whichever way is tried."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.api.conftest import Sample
from tracker.api import Codebase, EditFailed, PathRefused

Try = Callable[[Codebase, str], object]

WAYS: dict[str, Try] = {
    "path": lambda c, p: c.path(p),
    "exists": lambda c, p: c.exists(p),
    "read": lambda c, p: c.read(p),
    "write": lambda c, p: c.write(p, "x", why="w"),
    "add": lambda c, p: c.add(p, why="w"),
    "delete": lambda c, p: c.delete(p, why="w"),
    "edit": lambda c, p: c.edit(p, "a", "b", why="w"),
    "append": lambda c, p: c.append(p, "x", why="w"),
    "add_import": lambda c, p: c.add_import(p, "import x", why="w"),
    "append_to": lambda c, p: c.append_to(p, "A", "1", why="w"),
    "set_default": lambda c, p: c.set_default(p, "A", "1", why="w"),
    "insert_call": lambda c, p: c.insert_call(p, "f", "x()", why="w"),
}

BAD = [
    "/etc/passwd",
    "../outside.py",
    "a/../../outside.py",
    "",
    ".",
    ".git/config",
    "sub/.git/hooks/x",
    "a\0b",
    "link/x.py",
    "link.py",
    "file.py/x",
    "x" * 300,
]


@pytest.fixture
def fenced(sample: Sample, tmp_path: Path) -> Sample:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.py").write_text("A = []\n")
    (sample.top / "outside.py").write_text("A = []\n")
    sample.write("file.py", "A = []\n")
    for where in (sample.root, sample.plan / "files"):
        (where / "link").symlink_to(outside)
        (where / "link.py").symlink_to(outside / "x.py")
    return sample


@pytest.mark.parametrize("path", BAD, ids=lambda path: path[:16] or "empty")
@pytest.mark.parametrize("way", WAYS)
def test_refused(fenced: Sample, tmp_path: Path, way: str, path: str) -> None:
    with pytest.raises(PathRefused):
        WAYS[way](fenced.codebase(), path)
    assert (tmp_path / "outside/x.py").read_text() == "A = []\n"
    assert (fenced.top / "outside.py").read_text() == "A = []\n"


def test_a_symlink_among_the_files_is_not_copied(fenced: Sample) -> None:
    fenced.supply("files/lib/a.py", "x = 1\n")
    (fenced.plan / "files/lib/secret").symlink_to("/etc/hostname")
    with pytest.raises(PathRefused, match="symlink"):
        fenced.codebase().add("lib", why="w")
    assert not (fenced.root / "lib/secret").exists()


@pytest.mark.parametrize("old", ["a/../outside.py", "a/link/x.py"])
def test_a_patch_is_fenced_too(fenced: Sample, tmp_path: Path, old: str) -> None:
    fenced.supply("bad.patch", f"--- {old}\n+++ b/{old[2:]}\n@@ -1 +1 @@\n-A = []\n+A = [1]\n")
    with pytest.raises((PathRefused, EditFailed)):
        fenced.codebase().patch("bad.patch", why="w")
    assert (tmp_path / "outside/x.py").read_text() == "A = []\n"
    assert (fenced.top / "outside.py").read_text() == "A = []\n"


def test_a_patch_cannot_bring_a_renamed_link_in(fenced: Sample) -> None:
    fenced.supply("bad.patch", "diff --git a/link.py b/mine.py\nrename from link.py\nrename to mine.py\n")
    with pytest.raises(PathRefused, match="symlink"):
        fenced.codebase().patch("bad.patch", why="w")
    assert (fenced.root / "link.py").is_symlink()


def test_a_patch_cannot_make_a_symlink(fenced: Sample) -> None:
    fenced.supply(
        "bad.patch",
        "diff --git a/way b/way\nnew file mode 120000\n--- /dev/null\n+++ b/way\n@@ -0,0 +1 @@\n+/etc\n"
        "\\ No newline at end of file\n",
    )
    with pytest.raises(PathRefused, match="symlink"):
        fenced.codebase().patch("bad.patch", why="w")


# Beyond the codebase: the declared paths


def test_the_repository_is_open_where_the_plan_declares_it(fenced: Sample) -> None:
    codebase = fenced.codebase("docs", "*.md", "Makefile")
    whole = codebase.repository
    for path in ("docs/a/b.txt", "README.md", "Makefile"):
        whole.write(path, "x", why="w")
    assert [change.path for change in codebase.changes] == ["docs/a/b.txt", "README.md", "Makefile"]


@pytest.mark.parametrize(
    "path", ["docs2/a", "Makefile.am", "src/app.py", "x/Makefile", "../docs/a", ".git/config"]
)
def test_and_nowhere_else(fenced: Sample, path: str) -> None:
    with pytest.raises(PathRefused):
        fenced.codebase("docs", "Makefile").repository.write(path, "x", why="w")


def test_without_declared_paths_the_repository_is_closed(fenced: Sample) -> None:
    with pytest.raises(PathRefused, match="not among the plan's paths"):
        fenced.codebase().repository.write("README.md", "x", why="w")


def test_the_codebase_itself_needs_no_declaration(fenced: Sample) -> None:
    codebase = fenced.codebase("docs")
    codebase.write("app.py", "x", why="w")
    assert [change.path for change in codebase.changes] == ["src/app.py"]


def test_a_codebase_that_is_the_whole_repository_is_not_narrowed(fenced: Sample) -> None:
    codebase = fenced.codebase("docs", root=fenced.top)
    codebase.write("anywhere.py", "x", why="w")
    assert [change.path for change in codebase.changes] == ["anywhere.py"]
