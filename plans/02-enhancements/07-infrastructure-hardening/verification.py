"""What the kernel says about the running gateway, what fails for it, and what its profiles allow."""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from _probes import gateways, proc
from _probes.gateways import Gateway, Home
from _probes.host import needs
from _probes.sessions import Session

from tracker.api import Codebase, check

MAIN, OTHER = "main", "somebody"
NO_RIGHTS = "0" * 16
LIMITED = ("open files", "processes", "address space")
TOUCH = "/usr/bin/touch"
SEEN_INSIDE = ["grep", "-E", "^(Pid|Uid|CapEff|NoNewPrivs|Seccomp):", "/proc/self/status"]


@contextlib.contextmanager
def installation() -> Iterator[Home]:
    """A home whose main session may start one program that writes, without being asked."""
    with gateways.new_home({}) as home:
        allowed = {"version": 1, "agents": {"main": {"allowlist": [{"pattern": TOUCH}]}}}
        (home.state / "exec-approvals.json").write_text(json.dumps(allowed))
        (home.state / "exec-approvals.json").chmod(0o600)
        (home.top / "elsewhere").mkdir()
        (home.top / "elsewhere").chmod(0o1777)
        yield home


@pytest.fixture(scope="module")
def gateway(codebase: Codebase) -> Iterator[Gateway]:
    needs("linux", "root", "landlock", "seccomp")
    with (
        installation() as home,
        gateways.running(codebase.root, home, token=gateways.random_secret()) as running,
    ):
        yield running


def variant(codebase: Codebase, place: Path, file: str, old: str, new: str) -> Path:
    """The program with one edit."""
    copy = place / "gateway"
    shutil.copytree(codebase.root, copy, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    text = (copy / file).read_text()
    assert text.count(old) == 1, f"{file}: {old!r} stands there {text.count(old)} times"
    (copy / file).write_text(text.replace(old, new))
    return copy


# INF-01


def rights_are_gone(gateway: Gateway) -> None:
    """The kernel's own account of the process."""
    status = proc.status(gateway.pid)
    assert "0" not in status["Uid"].split(), f"it runs as root: {status['Uid']}"
    assert "0" not in (status["Gid"].split() + status["Groups"].split()), "it is in root's group"
    held = {name: status[name] for name in ("CapEff", "CapPrm", "CapInh", "CapAmb", "CapBnd")}
    assert set(held.values()) == {NO_RIGHTS}, f"capabilities: {held}"
    assert status["NoNewPrivs"] == "1", "it may gain rights by starting a program"
    assert status["Seccomp"] == "2", "no filter of system calls"


def limits_are_set(gateway: Gateway) -> None:
    text = Path(f"/proc/{gateway.pid}/limits").read_text()
    limits = dict(re.findall(r"^Max ([a-z ]+?)\s{2,}(\S+\s+\S+)", text, re.MULTILINE))
    assert limits["core file size"].split() == ["0", "0"], f"core dumps: {limits['core file size']}"
    for name in LIMITED:
        assert "unlimited" not in limits[name], f"{name}: {limits[name]}"


def memory_is_private(gateway: Gateway) -> None:
    """A process that cannot be dumped has its files in /proc owned by root, whoever it is (proc(5))."""
    owner = Path(f"/proc/{gateway.pid}/environ").stat().st_uid
    assert owner == 0, f"processes of uid {owner} may read its memory"


def invoke(session: Session, tool: str, key: str = MAIN, **args: Any) -> dict[str, Any]:
    """What a tool came to; an error has no output."""
    answer = session.ask("tools.invoke", {"tool": tool, "args": args, "sessionKey": key})
    return dict(answer.payload["result"]) if answer.ok else {}


def stays_out_of_the_system(gateway: Gateway) -> None:
    """The main session runs on the host, and has none of root's rights there."""
    target = Path(f"/etc/gateway-probe-{secrets.token_hex(8)}")
    with gateway.login() as session:
        assert invoke(session, "exec", argv=["head", "-c", "4", "/etc/passwd"]).get("stdout") == "root"
        shadow = invoke(session, "exec", argv=["head", "-c", "64", "/etc/shadow"])
        assert not shadow.get("stdout"), "a command of the main session reads /etc/shadow"
        assert "content" not in invoke(session, "read", path="/etc/shadow"), "the tool reads /etc/shadow"
        try:
            written = invoke(session, "exec", argv=[TOUCH, str(target)])
            assert written, f"{TOUCH} was not started"
            invoke(session, "write", path=str(target), content="x")
            assert not target.exists(), "a command of the main session writes into /etc"
        finally:
            target.unlink(missing_ok=True)


def stays_in_its_territory(gateway: Gateway) -> None:
    """The process itself opens no file but its own, even where everybody may: its log is sent elsewhere."""
    place = gateway.home.top / "elsewhere" / "log"
    with gateway.login() as session:
        current = session.call("config.get", {})["hash"]
        patch = {"raw": json.dumps({"logging": {"file": str(place)}}), "baseHash": current}
        current = session.call("config.patch", patch)["hash"]
        gateway.login().close()
        try:
            assert not place.exists(), "the process creates files where it has no business"
        finally:
            session.call("config.patch", {"raw": '{"logging": {"file": null}}', "baseHash": current})


def still_works(gateway: Gateway) -> None:
    """The workspace, and the sandbox, whose launcher runs before the confinement."""
    with gateway.login() as session:
        assert invoke(session, "write", path="probe.txt", content="words")["bytes"] == 5
        assert invoke(session, "read", path="probe.txt")["content"] == "words"
        inside = invoke(session, "exec", OTHER, argv=SEEN_INSIDE).get("stdout", "")
        seen = dict(line.split(":\t", 1) for line in inside.splitlines())
        assert seen.get("Pid", "").isdigit(), "the sandbox does not start"
        assert int(seen["Pid"]) < 10, "the sandbox has no processes of its own"
        assert (seen["CapEff"], seen["NoNewPrivs"], seen["Seccomp"]) == (NO_RIGHTS, "1", "2")
        hidden = invoke(session, "exec", OTHER, argv=["head", "-c", "4", "/etc/passwd"])
        assert "No such file" in hidden["stderr"], "the sandbox shows the host"
        assert session.call("config.get", {})["exists"] is True


def owns_its_state(gateway: Gateway) -> None:
    """Also after root's commands beside it: they act for the owner."""
    uid = int(proc.status(gateway.pid)["Uid"].split()[0])
    commands = (
        ("config", "set", "logging.level", '"info"'),
        ("secrets", "rotate"),
        ("pairing", "list", "telegram"),
        ("audit", "verify"),
    )
    for words in commands:
        done = gateways.command(gateway.codebase, gateway.home, *words)
        assert done.exit_code == 0, f"{' '.join(words)}: {done.stderr}"
    foreign = [path for path in gateway.state.rglob("*") if path.lstat().st_uid != uid]
    assert not foreign, f"not the gateway's: {', '.join(map(str, foreign))}"
    with gateway.login() as session:
        assert session.ask("config.get", {}).ok, "the gateway cannot read what a command of root's wrote"


JUDGES = (rights_are_gone, limits_are_set, stays_out_of_the_system, stays_in_its_territory)
OTHERS = (memory_is_private, still_works, owns_its_state)


@check("INF-01")
@pytest.mark.parametrize("judge", [*JUDGES, *OTHERS], ids=lambda judge: judge.__name__)
def test_the_running_gateway_holds_the_least_privilege(gateway: Gateway, judge: Any) -> None:
    needs("bwrap")
    judge(gateway)


CONFINE = "confinement/confine.py"
WEAKER = {
    "nothing is given up": ("server/listen.py", "    confine(gateway)\n", "", JUDGES),
    "it stays root": (
        CONFINE,
        "_other_user(gateway) if os.geteuid() == 0 else None",
        "None",
        (rights_are_gone, stays_out_of_the_system),
    ),
    "no Landlock": (
        CONFINE,
        "            rules.enforce()\n",
        "            pass\n",
        (stays_in_its_territory,),
    ),
    "no filter": (CONFINE, "            calls.load()\n", "            pass\n", (rights_are_gone,)),
    "it can be dumped": (
        "confinement/privileges.py",
        "_prctl(PR_SET_DUMPABLE, 0)",
        "_prctl(PR_SET_DUMPABLE, 1)",
        (memory_is_private,),
    ),
    "no limits": (CONFINE, "        privileges.limit()\n", "", (limits_are_set,)),
}


@check("INF-01")
@pytest.mark.parametrize("weakness", WEAKER)
def test_a_weaker_gateway_is_caught(codebase: Codebase, tmp_path: Path, weakness: str) -> None:
    needs("linux", "root", "landlock", "seccomp")
    file, old, new, judges = WEAKER[weakness]
    program = variant(codebase, tmp_path, file, old, new)
    with installation() as home, gateways.running(program, home, token=gateways.random_secret()) as weak:
        for judge in judges:
            with pytest.raises(AssertionError):
                judge(weak)


@check("INF-01")
def test_it_starts_where_it_cannot_leave_root(codebase: Codebase) -> None:
    """A state directory that no other user can get to: it serves without capabilities, and says why."""
    needs("linux", "root", "landlock", "seccomp")
    with installation() as home:
        home.top.chmod(0o700)
        with gateways.running(codebase.root, home, token=gateways.random_secret()) as closed:
            status = proc.status(closed.pid)
            assert (status["CapEff"], status["Seccomp"]) == (NO_RIGHTS, "2")
            assert "stays root" in closed.stderr.text()
            stays_in_its_territory(closed)
            told = gateways.command(codebase.root, home, "doctor", "--json")
    found = {item["id"]: item["detail"] for item in json.loads(told.stdout)["checks"]}
    assert "stays root" in found["confinement"], f"doctor does not tell: {found['confinement']}"
