"""Commands that try to be more than words, programs that are not what they are called, inherited state."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from _probes import gateways, traces
from _probes.canaries import canary
from _probes.gateways import Gateway
from _probes.host import has, needs
from _probes.sessions import Answer, Session
from _probes.traces import Call

from tracker.api import Codebase, check

SENT = json.loads(Path(__file__).with_name("payloads.json").read_text(encoding="utf-8"))
PAYLOADS: list[str] = SENT["words"]
"""Words that nearly all make a file when a shell reads them behind `grep -e`; the rest would in another shell."""
BAD_SET_UP: list[str] = SENT["set_up"]
GOOD_SET_UP = "mkdir -p 'made by set-up'"

GREP = "/usr/bin/grep"
WRAPPERS = ["env", "sh", "find", "xargs", "git", "python3", "perl", "sort", "uniq"]
DENIED = {"INVALID_REQUEST", "FORBIDDEN"}
INHERITED = ("LD_PRELOAD", "PYTHONPATH", "BASH_ENV", "PROBE_SECRET")


def invoke(session: Session, args: dict[str, Any], key: str = "main", timeout: float = 8.0) -> Answer:
    return session.ask("tools.invoke", {"tool": "exec", "args": args, "sessionKey": key}, timeout)


def exec_config(**keys: Any) -> dict[str, Any]:
    return {"tools": {"exec": keys}}


def caught() -> contextlib.AbstractContextManager[object]:
    """The weak variant must fail its probe."""
    return pytest.raises(AssertionError)


def judge_no_canary(directory: Path, what: object = "") -> None:
    """Nothing has made the file; one that is there is removed, so that each probe is judged alone."""
    made = sorted(directory.rglob("canary*"))
    for path in made:
        path.unlink()
    assert not made, f"{what!r} ran"


def make_script(path: Path, text: str = "touch canary") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


# CMD-01


def judge_single_starts(calls: Sequence[Call], requests: int) -> None:
    """Each request started one program, and that was grep."""
    programs = [call.arguments.partition(", ")[0].strip('"') for call in calls if call.result == 0]
    others = sorted({program for program in programs if os.path.realpath(program) != os.path.realpath(GREP)})
    assert not others, f"started: {others}"
    assert len(programs) == requests, f"{len(programs)} programs for {requests} requests"


def payloads_stay_words(gateway: Gateway) -> int:
    """No payload makes a file, as a word of argv or in a command line; the number of programs started."""
    started = 0
    with gateway.login() as session:
        for payload in PAYLOADS:
            words = [GREP, "-e", payload, "/dev/null"]
            both: list[dict[str, Any]] = [{"argv": words}, {"command": f"{GREP} -e {payload} /dev/null"}]
            for args in both:
                answer = invoke(session, args)
                judge_no_canary(gateway.home.workspace, args)
                assert answer.ok or answer.code in DENIED, f"{args}: {answer.code}"
                started += answer.ok
            assert "\0" in payload or invoke(session, {"command": shlex.join(words)}).ok, payload
            started += "\0" not in payload
    return started


@check("CMD-01")
def test_no_shell_interprets_commands(codebase: Codebase, tmp_path: Path) -> None:
    needs("strace")
    trace = tmp_path / "trace"
    prefix = traces.strace_prefix(trace, ["execve", "execveat"])
    with gateways.boot(codebase.root, exec_config(ask="off"), prefix=prefix) as gateway:
        with gateway.login() as session:
            invoke(session, {"argv": [GREP, "-e", "first", "/dev/null"]})
        before = len(traces.read_calls(trace))
        started = payloads_stay_words(gateway)
    judge_single_starts(traces.read_calls(trace)[before:], started)


@check("CMD-01")
def test_payloads_are_caught_where_a_shell_reads_them(tmp_path: Path) -> None:
    """The positive control: most payloads make a file as soon as a shell is in between."""
    potent = 0
    for payload in PAYLOADS:
        with contextlib.suppress(ValueError):
            command = ["/bin/sh", "-c", f"{GREP} -e {payload} /dev/null"]
            subprocess.run(command, cwd=tmp_path, capture_output=True, stdin=subprocess.DEVNULL, check=False)
        try:
            judge_no_canary(tmp_path)
        except AssertionError:
            potent += 1
    assert potent >= len(PAYLOADS) // 2, f"only {potent} payloads do anything"
    shell = Call(1, "execve", '"/bin/sh", ["/bin/sh", "-c", "grep"], 0x0', 0)
    with caught():
        judge_single_starts([shell], 1)


# CMD-02


def impostors(top: Path, workspace: Path) -> dict[str, dict[str, Any]]:
    """Calls whose program passes for a listed one, by what they try."""
    poisoned = make_script(top / "poisoned/head").parent
    make_script(workspace / "git")
    make_script(workspace / "head")
    make_script(top / "other/tool")
    (top / "tools").mkdir(exist_ok=True)
    tool = top / "tools/tool"
    tool.unlink(missing_ok=True)
    tool.symlink_to("/usr/bin/true")
    swapped = top / "tools/swapped"
    swapped.symlink_to(make_script(top / "other/swapped"))
    git = ["git", "-c", "alias.x=!touch canary", "x"]
    pager = ["git", "-c", "core.pager=touch canary", "--paginate", "version"]
    found: dict[str, dict[str, Any]] = {
        "PATH given by the caller": {"argv": ["head", "/dev/null"], "env": {"PATH": str(poisoned)}},
        "./git": {"argv": ["./git"]},
        "basename clash": {"argv": [str(workspace / "head")]},
        "symlink swap": {"argv": [str(swapped)]},
        "path glob escape": {"argv": [str(top / "tools/../other/tool")]},
        "env": {"argv": ["env", "touch", "canary"]},
        "env -S": {"argv": ["env", "-S", "touch canary"]},
        "sh -c": {"argv": ["sh", "-c", "touch canary"]},
        "find -exec": {"argv": ["find", ".", "-maxdepth", "0", "-exec", "touch", "canary", ";"]},
        "xargs": {"argv": ["xargs", "touch", "canary"]},
        "git alias": {"argv": git},
        "git core.pager": {"argv": pager},
        "python -c": {"argv": ["python3", "-c", "open('canary', 'w')"]},
        "perl -e": {"argv": ["perl", "-e", "open F, '>canary'"]},
        "sort -o": {"argv": ["sort", "-ro", "canary", "/dev/null"]},
        "sort --output": {"argv": ["sort", "--out=canary", "/dev/null"]},
        "uniq to a file": {"argv": ["uniq", "/dev/null", "canary"]},
        "LD_PRELOAD": {"argv": ["head", "/dev/null"], "env": {"LD_PRELOAD": "./evil.so"}},
    }
    return {name: args for name, args in found.items() if name == "symlink swap" or _exists(args["argv"][0])}


def _exists(word: str) -> bool:
    return "/" in word or shutil.which(word, path="/usr/bin") is not None


def needs_approval_or_refuses(gateway: Gateway, name: str, args: dict[str, Any]) -> None:
    """With nobody to ask, the call is denied and has no effect."""
    with gateway.login() as session:
        answer = invoke(session, args)
    judge_no_canary(gateway.home.workspace, name)
    assert not answer.ok, f"{name}: it ran"
    assert answer.code in DENIED, f"{name}: {answer.code}"


@check("CMD-02")
def test_entries_stand_for_real_executables(codebase: Codebase) -> None:
    with gateways.new_home() as home:
        top = home.top
        home.write_config(
            exec_config(
                ask="off",
                safeBins=["head", str(top / "tools/swapped"), str(top / "tools/*"), *WRAPPERS],
            )
        )
        home.workspace.mkdir(parents=True)
        path = f"{top / 'poisoned'}:{os.environ.get('PATH', os.defpath)}"
        token = gateways.random_secret()
        with gateways.running(codebase.root, home, token=token, env={"PATH": path}) as gateway:
            for name, args in impostors(top, home.workspace).items():
                needs_approval_or_refuses(gateway, name, args)
            with gateway.login() as session:
                for argv in (["head", "/dev/null"], ["/usr/bin/head", "/dev/null"]):
                    answer = invoke(session, {"argv": argv})
                    assert answer.ok, f"{argv} is listed: {answer.message}"
                    judge_no_canary(home.workspace, "PATH of the gateway")


@check("CMD-02")
def test_impostors_are_caught_where_names_are_looked_up(tmp_path: Path) -> None:
    """The positive control: started as they are, nearly all of them have their effect."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    idle = []
    for name, args in impostors(tmp_path, workspace).items():
        env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **args.get("env", {})}
        program = shutil.which(args["argv"][0], path=env["PATH"]) or args["argv"][0]
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(
                [program, *args["argv"][1:]],
                cwd=workspace,
                env=env | {"PATH": "/usr/bin:/bin"},
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=5,
                check=False,
            )
        try:
            judge_no_canary(workspace, name)
        except AssertionError:
            continue
        idle.append(name)
    assert set(idle) <= {"LD_PRELOAD", "git core.pager"}, f"these have no effect anyway: {idle}"


@check("CMD-02")
def test_always_is_for_one_file(codebase: Codebase) -> None:
    """An operator allows a program for good; what is put in its place asks again."""
    config = exec_config(approvalTimeoutMs=400)
    with (
        gateways.boot(codebase.root, config) as gateway,
        gateway.login() as user,
        gateway.login() as approver,
    ):
        tool = make_script(gateway.home.top / "tool", "echo first")
        call: dict[str, Any] = {"tool": "exec", "args": {"argv": [str(tool)]}}
        pending = user.request("tools.invoke", call)
        asked = approver.event("exec.approval.requested")
        approver.call("exec.approval.resolve", {"id": asked["id"], "decision": "allow-always"})
        assert user.answer_to(pending).ok
        again = invoke(user, call["args"])
        assert again.ok, f"allowed for good, and refused: {again.message}"
        make_script(tool)
        answer = invoke(user, call["args"])
        judge_no_canary(gateway.home.workspace, "the other program")
        assert not answer.ok, "another program passed by the entry"


# CMD-03


@pytest.fixture(scope="module")
def secrets_of() -> dict[str, str]:
    """What the gateway's environment holds and no child may see."""
    return {name: f"/probe-{canary()}" for name in INHERITED}


@pytest.fixture(scope="module")
def free(codebase: Codebase, secrets_of: dict[str, str]) -> Iterator[Gateway]:
    """A gateway that asks nobody, with too much in its environment and an open descriptor."""
    token = gateways.random_secret()
    config = exec_config(security="full")
    with tempfile.TemporaryFile() as file, gateways.new_home(config) as home:
        os.set_inheritable(file.fileno(), True)  # noqa: FBT003
        options: dict[str, Any] = {"env": secrets_of, "pass_fds": [file.fileno()]}
        with gateways.running(codebase.root, home, token=token, **options) as running:
            yield running


def judge_environment(shown: str, secret_values: dict[str, str]) -> None:
    found = [name for name, value in secret_values.items() if value in shown or f"\n{name}=" in f"\n{shown}"]
    assert not found, f"children see {found}"


def judge_descriptors(listing: str) -> None:
    """`ls -l /proc/self/fd`: the three, and the directory that ls itself has opened."""
    links = [line.split(" -> ") for line in listing.splitlines() if " -> " in line]
    names = {left.split()[-1] for left, target in links if not target.endswith("/fd")}
    assert names == {"0", "1", "2"}, f"descriptors: {listing}"


@check("CMD-03")
@pytest.mark.parametrize("key", ["main", "work"])
def test_children_start_clean(free: Gateway, secrets_of: dict[str, str], key: str) -> None:
    if key == "work":
        needs("bwrap")
    assert free.token is not None
    held = secrets_of | {"GATEWAY_TOKEN": free.token}
    with free.login() as session:
        shown = [invoke(session, {"argv": argv}, key) for argv in (["env"], ["ls", "-l", "/proc/self/fd"])]
    assert all(answer.ok for answer in shown), [answer.message for answer in shown]
    environment, descriptors = (answer.payload["result"]["stdout"] for answer in shown)
    assert "PATH=" in environment, f"the probe saw {environment!r}"
    judge_environment(environment, held)
    judge_descriptors(descriptors)


@check("CMD-03")
def test_inherited_state_is_caught(free: Gateway, secrets_of: dict[str, str]) -> None:
    """The positive control: the gateway itself has it all, and a child that inherits would."""
    environ = Path(f"/proc/{free.pid}/environ").read_text().replace("\0", "\n")
    with caught():
        judge_environment(environ, secrets_of)
    with tempfile.TemporaryFile() as file:
        command = ["ls", "-l", "/proc/self/fd"]
        listing = subprocess.run(
            command, pass_fds=[file.fileno()], capture_output=True, text=True, check=True
        ).stdout
    with caught():
        judge_descriptors(listing)


# CMD-04


def with_set_up(command: str, **more: Any) -> dict[str, Any]:
    return {"agents": {"defaults": {"sandbox": {"docker": {"setupCommand": command}}}}} | more


def is_refused_as_config(codebase: Codebase, home: gateways.Home, command: str) -> None:
    home.write_config(with_set_up(command))
    outcome = gateways.command(codebase.root, home, "config", "validate")
    assert outcome.exit_code == 1, f"accepted: {command!r}"
    assert "setupCommand" in outcome.stderr + outcome.stdout, outcome.stderr


@check("CMD-04")
def test_set_up_commands_pass_the_same_gate(codebase: Codebase) -> None:
    with gateways.new_home({}) as home:
        for command in BAD_SET_UP:
            is_refused_as_config(codebase, home, command)
        start = gateways.try_start(codebase.root, home, token=gateways.random_secret())
        assert not start.served, "the gateway serves with a refused set-up command"
        with caught():
            is_refused_as_config(codebase, home, GOOD_SET_UP)
    config = with_set_up(GOOD_SET_UP, **exec_config(security="full"))
    with gateways.boot(codebase.root, config) as gateway, gateway.login() as session:
        base = session.call("config.get")["hash"]
        raw = '{agents: {defaults: {sandbox: {docker: {setupCommand: "curl 198.51.100.1"}}}}}'
        answer = session.ask("config.patch", {"raw": raw, "baseHash": base})
        assert not answer.ok, "a patch put a set-up command past the gate"
        if has("bwrap"):
            listed = invoke(session, {"argv": ["ls"]}, "work")
            assert listed.ok, listed.message
            assert "made by set-up" in listed.payload["result"]["stdout"], "the set-up command did not run"


def processes_with(marker: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if marker.encode() in path.read_bytes():
                found.append(path.parent.name)
    return found


def judge_group_ended(marker: str) -> None:
    left = processes_with(marker)
    assert not left, f"still running: {left}"


@check("CMD-04")
@pytest.mark.parametrize("key", ["main", "work"])
def test_a_timeout_ends_the_whole_group(free: Gateway, key: str) -> None:
    if key == "work":
        needs("bwrap")
    marker = f"600.{secrets.randbelow(10**9):09}"
    command = shlex.join(["/bin/sh", "-c", f"sleep {marker} & sleep {marker}"])
    began = time.monotonic()
    with free.login() as session:
        answer = invoke(session, {"command": command, "timeoutMs": 500}, key)
    assert answer.ok, answer.message
    assert answer.payload["result"]["timedOut"], answer.payload
    assert time.monotonic() - began < 4, "the timeout came late"
    judge_group_ended(marker)


@check("CMD-04")
def test_a_process_that_is_left_is_caught() -> None:
    command = ["/bin/sh", "-c", "echo here; read wait # left-behind"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as left:
        assert left.stdout is not None
        left.stdout.readline()
        with caught():
            judge_group_ended("left-behind")
