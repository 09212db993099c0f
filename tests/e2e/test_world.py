"""A bad world: each time a clear error or none, and nothing lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project import Outcome, SampleProject


def no_traceback(outcome: Outcome) -> None:
    assert "Traceback" not in outcome.out + outcome.err
    assert outcome.code != 3, outcome.err


def test_a_detached_head(sample: SampleProject) -> None:
    sample.git("checkout", "-q", "--detach")
    outcome = sample.run("run", "1.01")
    assert (outcome.code, "HEAD is detached" in outcome.err) == (2, True)
    assert "git switch -c NAME" in outcome.err
    assert sample.run("status").code == 0


def test_no_commit_yet(project: SampleProject) -> None:
    project.base().plan(1, "alpha")
    assert project.run("status").code == 0
    outcome = project.run("run", "1.01")
    assert (outcome.code, "the branch has no commit yet" in outcome.err) == (2, True)
    assert project.run("note", "before the first commit").code == 0


def test_no_identity(sample: SampleProject) -> None:
    for name in ("user.name", "user.email"):
        sample.git("config", "--unset", name)
    sample.git("config", "user.useConfigOnly", "true")
    outcome = sample.run("run", "1.01")
    assert (outcome.code, "git does not know who you are" in outcome.err) == (2, True)
    assert "git config user.name" in outcome.err
    assert sample.run("note", "works without one").code == 0


def test_a_merge_under_way(sample: SampleProject) -> None:
    sample.git("switch", "-q", "-c", "side")
    sample.write({"app/main.py": "start = 'side'\n"}).commit("side")
    sample.git("switch", "-q", "main")
    sample.write({"app/main.py": "start = 'main'\n"}).commit("main")
    subprocess.run(["git", "merge", "side"], cwd=sample.root, check=False, capture_output=True)
    before = sample.git("status", "--porcelain")
    outcome = sample.run("run", "1.03")
    assert (outcome.code, "a merge is under way" in outcome.err) == (2, True)
    assert "git merge --abort" in outcome.err
    assert sample.git("status", "--porcelain") == before
    assert sample.run("status").code == 0


def test_a_dirty_file_in_the_way(sample: SampleProject) -> None:
    sample.write({"app/main.py": "start = True\nmine = True\n"})
    outcome = sample.run("run", "--all")
    assert outcome.code == 1
    assert "changed in your working tree, and the plan changes it too: app/main.py" in outcome.out
    assert "Commit or stash" in outcome.out
    assert sample.read("app/main.py") == "start = True\nmine = True\n"
    assert "✔ 1.03 landed" in outcome.out, "a plan that changes other files is not held up"


def test_failing_hooks_do_not_matter(sample: SampleProject) -> None:
    for name in ("pre-commit", "commit-msg", "post-checkout", "reference-transaction"):
        hook = sample.root / ".git/hooks" / name
        hook.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        hook.chmod(0o755)
    assert sample.run("run", "1.01").code == 0


def test_submodules_are_left_alone(sample: SampleProject, tmp_path: Path) -> None:
    other = SampleProject(tmp_path / "other")
    other.write({"inside.txt": "x\n"}).commit()
    sample.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other.root), "app/sub")
    sample.git("config", "submodule.recurse", "true")
    sample.commit("with a submodule")
    (sample.root / "app/sub/inside.txt").write_text("changed by hand\n", encoding="utf-8")
    assert sample.run("run", "1.01", "1.03").code == 0
    assert sample.read("app/sub/inside.txt") == "changed by hand\n"
    assert sample.git("ls-tree", "HEAD", "app/sub").startswith("160000")


def test_a_shallow_clone(sample: SampleProject, tmp_path: Path) -> None:
    sample.write({"more.txt": "x\n"}).commit("second")
    place = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{sample.root}", str(place)], check=True)
    twin = SampleProject(place, sample._capsys)
    assert twin.run("run", "--all").code == 0
    assert [plan.proof for plan in twin.snapshot.plans] == ["verified"] * 3


def test_a_linked_worktree_and_a_subdirectory(sample: SampleProject, tmp_path: Path) -> None:
    sample.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = SampleProject.__new__(SampleProject)
    side.root, side._capsys = tmp_path / "side", sample._capsys
    assert side.run("run", "1.03").code == 0
    assert side.git("log", "-1", "--format=%s", "side") == "Verified: 3 of 10"
    assert sample.git("log", "-1", "--format=%s", "main") == "start"
    assert "side" in sample.git("worktree", "list")
    assert side.run("-C", "app", "status").code == 0


def test_names_that_are_not_utf8(sample: SampleProject) -> None:
    name = os.fsencode(sample.root) + b"/app/caf\xe9.txt"
    Path(os.fsdecode(name)).write_text("x", encoding="utf-8")
    sample.commit("latin-1")
    Path(os.fsdecode(name)).write_text("changed", encoding="utf-8")
    outcome = sample.run("run", "1.01")
    assert outcome.code == 0, outcome.err
    sample.run("verify")
    for command in ("status", "next", "log"):
        no_traceback(sample.run(command))


def test_names_with_odd_characters(sample: SampleProject) -> None:
    odd = 'codebase.write("a b\\t\\"ü\\n:(x)*.txt", "x", why="odd")'
    sample.plan(4, "odd", implement=f"def implement(codebase):\n    {odd}\n", verify=TRUE).commit()
    assert sample.run("run", "1.04").code == 0
    assert sample.git("status", "--porcelain") == ""
    assert sample.run("revert", "1.04").code == 0
    assert sample.git("status", "--porcelain") == ""


TRUE = """
    from tracker.api import check

    @check("{check}")
    def test_it(codebase):
        assert True
"""


def test_a_clock_that_goes_backwards(sample: SampleProject, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(25):
        (sample.root / f".tracker/runs/2030010{number:02d}-000000-aaaa").mkdir(parents=True)
    monkeypatch.setenv("TRACKER_NOW", "2026-01-02T00:00:00Z")
    assert sample.run("run", "1.03").code == 0
    monkeypatch.setenv("TRACKER_NOW", "2020-01-01T00:00:00Z")
    assert sample.run("run", "1.01").code == 0
    assert sample.state("1.01").proof == "verified"
    events = [json.loads(line) for line in sample.read("plans/journal.jsonl").splitlines()]
    assert [event["time"] for event in events] == sorted(event["time"] for event in events)
    assert len(list((sample.root / ".tracker/runs").glob("2020*"))) == 1, "this run's logs are kept"


def test_without_a_home(sample: SampleProject) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("HOME", "TRACKER_TRUST")}
    for command, code in ((["status"], 0), (["note", "x"], 0), (["run", "1.03", "--trust"], 0)):
        done = subprocess.run(
            [sys.executable, "-m", "tracker", *command],
            cwd=sample.root,
            env=environment | {"XDG_STATE_HOME": str(sample.root / ".tracker/state")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr


def test_a_dumb_terminal_gets_plain_text(sample: SampleProject) -> None:
    """Through a pseudo-terminal: no escape reaches it."""
    import pty

    for command in (["status"], ["next"], ["run", "1.03"]):
        master, slave = pty.openpty()
        done = subprocess.Popen(
            [sys.executable, "-m", "tracker", *command],
            cwd=sample.root,
            env={**os.environ, "TERM": "dumb"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        shown = b""
        try:
            while chunk := os.read(master, 65536):
                shown += chunk
        except OSError:
            pass
        os.close(master)
        assert done.wait() == 0
        assert b"\x1b" not in shown, command


@pytest.mark.parametrize("tail", ["| head -1", ">&-", "> /dev/full"])
def test_a_stdout_that_closes_or_fails(sample: SampleProject, tail: str) -> None:
    for command in ("status", "status --json", "state --print", "--help", "run 1.03"):
        done = subprocess.run(
            ["/bin/sh", "-c", f"{sys.executable} -m tracker {command} {tail}"],
            cwd=sample.root,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr, (command, done.stderr)
        assert "Exception ignored" not in done.stderr, (command, done.stderr)
    assert sample.state("1.03").proof == "verified", "the run does not depend on who looks on"


def test_a_stderr_that_closes_does_not_stop_a_run(sample: SampleProject) -> None:
    subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m tracker run --all 2>&1 >/dev/null | head -1"],
        cwd=sample.root,
        capture_output=True,
        check=False,
    )
    assert [plan.proof for plan in sample.snapshot.plans] == ["verified"] * 3


NAMESPACE = pytest.mark.skipif(
    os.getuid() != 0
    or subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode != 0,
    reason="mounting takes root and a mount namespace",
)

READ_ONLY = """
set -e
mount --bind {root} {root}
mount -o remount,ro,bind {root}
cd {root}
set +e
for command in "status" "status --json" "next" "state --check" "show 1.01" "log"; do
    {python} -m tracker $command > /dev/null 2>> {out}/read; echo $? >> {out}/read-codes
done
{python} -m tracker note more 2> {out}/note; echo $? > {out}/note-code
{python} -m tracker run 1.03 2> {out}/run; echo $? > {out}/run-code
"""


@NAMESPACE
def test_a_read_only_directory_can_be_read(sample: SampleProject, tmp_path: Path) -> None:
    sample.run("note", "said before")
    shutil.rmtree(sample.root / ".tracker")
    out = tmp_path / "out"
    out.mkdir()
    script = READ_ONLY.format(root=sample.root, out=out, python=sys.executable)
    subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, check=True)

    def said(name: str) -> str:
        return (out / name).read_text(encoding="utf-8").strip()

    assert said("read-codes").split() == ["0"] * 6, said("read")
    assert said("read") == ""
    for name in ("note", "run"):
        assert said(f"{name}-code") == "1"
        assert "Read-only file system" in said(name)
        assert "Traceback" not in said(name)
    assert sample.read("plans/journal.jsonl").count("\n") == 1


FULL = """
set -e
mount -t tmpfs -o size=2m tmpfs {place}
cp -a {source}/. {place}/
cd {place}
{python} -m tracker status > /dev/null
dd if=/dev/zero of=filler bs=4k 2>/dev/null || true
set +e
{python} -m tracker note "no room" 2> {out}/note; echo $? > {out}/note-code
{python} -m tracker run 1.03 2> {out}/run; echo $? > {out}/run-code
{python} -m tracker status > {out}/status 2>&1; echo $? > {out}/status-code
rm filler
{python} -m tracker run 1.03 > {out}/again 2>&1; echo $? > {out}/again-code
{python} -m tracker note "room" ; {python} -m tracker state --check; echo $? > {out}/check-code
git status --porcelain > {out}/porcelain; wc -l < plans/journal.jsonl > {out}/lines
git fsck --strict
"""


@NAMESPACE
def test_a_full_disk_loses_nothing(sample: SampleProject, tmp_path: Path) -> None:
    out, place = tmp_path / "out", tmp_path / "small"
    out.mkdir()
    place.mkdir()
    shutil.rmtree(sample.root / ".git/hooks")
    script = FULL.format(place=place, source=sample.root, out=out, python=sys.executable)
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

    def said(name: str) -> str:
        return (out / name).read_text(encoding="utf-8").strip()

    assert (said("note-code"), said("run-code")) == ("1", "1")
    for name in ("note", "run"):
        assert "No space left on device" in said(name)
        assert "Traceback" not in said(name)
    assert said("status-code") == "0"
    assert said("again-code") == "0", said("again")
    assert said("check-code") == "0"
    assert said("lines") == "3", "landed, verified, and the note for which there was room"
