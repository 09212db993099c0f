"""Plans that go wrong, each in its own way, in one run: nothing of them lands, the others go on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.project import SampleProject
from tracker.run import confine
from tracker.service.reports import RunReport

SECRET = "kept-from-plans-7f3a"

RED = """
    from tracker.api import check

    @check("{check}")
    def test_it(codebase):
        assert "{word} = False" in codebase.read("main.py"), "it is not off"
"""


def raw(code: str) -> str:
    """An implementation that does not keep to the Codebase."""
    body = "\n".join(f"    {line}" for line in code.strip().splitlines())
    return f"import os, signal, sys, time\nfrom pathlib import Path\n\ndef implement(codebase):\n{body}\n"


BAD = {
    "red": {"verify": RED, "reason": "RED-01 failed: AssertionError: it is not off"},
    "undeclared": {
        "implement": raw("(codebase.root.parent / 'README.md').write_text('mine')"),
        "reason": "it changed README.md, which it does not declare",
    },
    "climbing": {
        "implement": raw("codebase.write('../x', 'x', why='out')"),
        "reason": "'../x' is not a path inside the codebase",
    },
    "linked": {
        "implement": raw("codebase.write('door/x', 'x', why='through')"),
        "reason": "'door/x' passes through a symlink",
    },
    "leaving": {
        "implement": raw("door = codebase.root / 'exit'\ndoor.is_symlink() or door.symlink_to('/etc')"),
        "reason": "app/exit is a symlink that leaves the repository",
    },
    "restless": {
        "implement": raw("with (codebase.root / 'main.py').open('a') as f: f.write('again = 1\\n')"),
        "reason": "not idempotent: run a second time it changed app/main.py",
    },
    "slow": {
        "front": "timeout: 1\n",
        "implement": raw("time.sleep(60)"),
        "reason": "implementation: timed out after 1 s",
    },
    "flooding": {"front": "run: yes\n", "reason": "wrote more than 4096 KiB of output"},
    "suicidal": {
        "implement": raw("os.kill(os.getpid(), signal.SIGKILL)"),
        "reason": "implementation: killed by signal 9 (SIGKILL)",
    },
    "raising": {
        "implement": raw("raise KeyError('nothing')"),
        "reason": "implementation.py:5: KeyError: 'nothing'",
    },
    "exiting": {"front": "run: exit 7\n", "reason": "implementation: exit status 7"},
    "nested": {
        "front": "run: cd $TRACKER_CODEBASE; test -d sub || (git init -q sub && cd sub"
        " && git -c user.name=x -c user.email=x@x commit -q --allow-empty -m x)\n",
        "reason": "app/sub is a submodule",
    },
    "unlinked": {
        "implement": raw("(codebase.root.parent / '.git').write_text('gitdir: /nowhere')"),
        "reason": ".git",
    },
    "erasing": {"front": "run: rm -rf $TRACKER_CODEBASE/.. ; true\n", "reason": ""},
    "bombing": {
        "implement": raw("while True:\n    if os.fork() == 0: time.sleep(60)"),
        "reason": "started more than 512 processes",
    },
    "greedy": {"implement": raw("bytearray(5 << 30)"), "reason": "MemoryError"},
    "peeking": {
        "implement": raw(
            f"assert not any('{SECRET}' in value for value in os.environ.values()), 'seen'\n1/0"
        ),
        "reason": "ZeroDivisionError",
    },
    "bytes": {
        "implement": raw("open(os.fsencode(codebase.root) + b'/\\xff', 'w').close()"),
        "reason": "the name of a file that it made is not UTF-8",
    },
}


@dataclass(frozen=True, slots=True)
class Ran:
    project: SampleProject
    report: RunReport
    start: str


@pytest.fixture(scope="module", params=["sandbox", "bare"])
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """All of them, and two good ones, in one run; with bubblewrap and without."""
    if request.param == "sandbox" and not confine.bubblewrap_works():
        pytest.skip("bubblewrap is not installed or may not make namespaces here")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("TRACKER_TRUST", "1")
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        patch.setenv("CANARY", SECRET)
        if request.param == "bare":
            patch.setattr(confine, "bubblewrap_works", lambda: False)
        project = SampleProject(tmp_path_factory.mktemp("bad") / "sample")
        project.base().write({"README.md": "ours\n"})
        (project.root / "app/door").symlink_to("/tmp")
        project.plan(1, "good").plan(2, "better")
        for number, (slug, how) in enumerate(BAD.items(), 3):
            project.plan(
                number,
                slug,
                front=how.get("front", ""),
                implement=how.get("implement"),
                verify=how.get("verify"),
            )
        waiting = len(BAD) + 3
        project.plan(waiting, "waiting", front="depends_on: [1.03]\n")
        start = project.commit()
        yield Ran(project, project.service.run(all_plans=True, jobs=2), start)


def ref(slug: str) -> str:
    return f"1.{list(BAD).index(slug) + 3:02d}"


@pytest.mark.parametrize("slug", BAD)
def test_it_is_refused_with_its_cause(ran: Ran, slug: str) -> None:
    assert BAD[slug]["reason"] in ran.report.failed[ref(slug)]


@pytest.mark.parametrize("slug", BAD)
def test_its_log_and_worktree_are_kept(ran: Ran, slug: str) -> None:
    assert ran.report.logs[ref(slug)].parent.is_dir()
    assert ran.report.kept[ref(slug)].is_relative_to(ran.project.root / ".tracker/worktrees")
    assert slug == "erasing" or ran.report.kept[ref(slug)].is_dir()


def test_the_others_landed_and_the_run_says_no(ran: Ran) -> None:
    assert sorted(ran.report.landed) == ["1.01", "1.02"]
    assert sorted(ran.report.failed) == sorted(ref(slug) for slug in BAD)
    assert ran.report.exit_code == 1
    subjects = ran.project.git("log", "--format=%s", f"{ran.start}..HEAD").splitlines()
    assert sorted(subjects) == ["1.01: Good", "1.02: Better", "Verified: 4 of 10"]


def test_a_dependant_is_skipped_with_the_reason(ran: Ran) -> None:
    waiting = f"1.{len(BAD) + 3:02d}"
    assert ran.report.skipped == {waiting: "waits for 1.03"}


def test_nothing_of_them_is_in_the_repository(ran: Ran) -> None:
    assert ran.project.git("status", "--porcelain") == ""
    files = set(
        ran.project.git("diff", "--name-only", ran.start, "HEAD", "--", ".", ":(exclude)plans").split()
    )
    assert files == {"app/main.py", "STATE.md"}
    assert ran.project.read("README.md") == "ours\n"
    assert ran.project.git("branch", "--format=%(refname)") == "refs/heads/main"


def test_the_log_of_a_flood_is_capped(ran: Ran) -> None:
    log = ran.report.logs[ref("flooding")]
    assert log.stat().st_size < 6 * 1024 * 1024
    assert b"output cut here" in log.read_bytes()[-100:]


def test_a_traceback_stands_in_the_log_only(ran: Ran) -> None:
    assert "Traceback" in ran.report.logs[ref("raising")].read_text(encoding="utf-8")
    assert "Traceback" not in " ".join(ran.report.failed.values())


def test_no_process_is_left(ran: Ran) -> None:
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(ran.project.root) not in listed


def test_the_command_names_cause_log_and_worktree(project: SampleProject) -> None:
    project.base().plan(1, "red", verify=RED).commit()
    outcome = project.run("run", "1.01")
    assert outcome.code == 1
    assert "✘ 1.01 failed: RED-01 failed: AssertionError: it is not off" in outcome.out
    places = [line.split()[1] for line in outcome.out.splitlines() if line.startswith("    ")]
    assert [Path(place).exists() for place in places] == [True, True]
    again = project.run("run", "1.01")
    assert again.code == 1
    assert not Path(places[1]).exists(), "the next run removes what the last one has kept"
