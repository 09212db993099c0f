"""What the kernel says about the running gateway, what fails for it, and what its profiles allow."""

from __future__ import annotations

import contextlib
import functools
import json
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from _probes import gateways, proc, trees
from _probes.gateways import Gateway, Home
from _probes.host import needs
from _probes.sessions import Session

from tracker.api import Codebase, check

sys.path.insert(0, str(Path(__file__).parent))
import profiles
import traced

MAIN, OTHER = "main", "somebody"
NO_RIGHTS = "0" * 16
LIMITED = ("open files", "processes", "address space")
TOUCH = "/usr/bin/touch"
SEEN_INSIDE = ["head", "-n", "99", "/proc/self/status"]


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
        seen = dict(line.split(":\t", 1) for line in inside.splitlines() if ":\t" in line)
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
    foreign = [path for path, status in trees.below(gateway.state) if status.st_uid != uid]
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


# INF-02

APPARMOR, SERVICE = "moltbot-gateway.apparmor", "moltbot-gateway.service"
MODULE, CONTEXTS = "moltbot_gateway.te", "moltbot_gateway.fc"
EXECUTABLE = re.compile(r"^ExecStart=(\S+)", re.MULTILINE)
REFUSED_ANYWAY = {"setpriority"}
"""Calls that the gateway can do without."""
INTERPRETER = "import sys; print(*{sys.prefix, sys.base_prefix, *filter(None, sys.path)}, sep='\\n')"


def shipped(codebase: Codebase, name: str) -> str:
    place = codebase.root / "profiles" / name
    assert place.is_file(), f"profiles/{name} is not shipped"
    return place.read_text()


def run(*command: str, cwd: Path | None = None) -> int:
    return subprocess.run(command, capture_output=True, timeout=30, check=False, cwd=cwd).returncode


@dataclass(frozen=True)
class Workload:
    """What a gateway did while it served, and where its things were."""

    trace: traced.Trace
    places: dict[str, list[str]]


@pytest.fixture(scope="module")
def workload(codebase: Codebase, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Workload]:
    """Traces when it is asked for the first time."""
    return functools.cache(lambda: traced_workload(codebase, tmp_path_factory.mktemp("trace") / "calls"))


def traced_workload(codebase: Codebase, output: Path) -> Workload:
    needs("linux", "root", "landlock", "seccomp", "bwrap", "strace")
    options: dict[str, Any] = {"prefix": traced.command(output), "env": {"PYTHONDONTWRITEBYTECODE": "1"}}
    with (
        installation() as home,
        gateways.running(codebase.root, home, token=gateways.random_secret(), **options) as gateway,
    ):
        still_works(gateway)
        with gateway.login() as session:
            invoke(session, "exec", argv=["head", "-c", "4", "/etc/passwd"])
            invoke(session, "web_fetch", url="https://gateway-probe.invalid/")
            current = session.call("config.get", {})["hash"]
            session.call("config.patch", {"raw": '{"logging": {"level": "debug"}}', "baseHash": current})
        assert gateway.terminate() == 0
        told = subprocess.run(
            [sys.executable, "-c", INTERPRETER], capture_output=True, text=True, check=True, env={}, cwd="/"
        )
        places = {
            "gateway_home": [str(codebase.root.parent)],
            "gateway_python": told.stdout.split(),
            "gateway_state": [str(home.state)],
            "gateway_temporary": [str(home.tmp)],
        }
    return Workload(traced.read(output), places)


@check("INF-02")
def test_the_apparmor_profile_is_what_was_needed(
    codebase: Codebase, workload: Callable[[], Workload]
) -> None:
    """Each path that was touched is allowed, and each rule and letter was used."""
    profile, seen = shipped(codebase, APPARMOR), workload()
    assert set(profiles.variables(profile)) == set(seen.places)
    rules, paths = profiles.rules(profile, seen.places), seen.trace.paths
    assert rules, "the profile has no rules"
    assert not profiles.uncovered(rules, paths)
    assert not profiles.unused(rules, paths)
    for rule in rules:
        others = [other for other in rules if other != rule]
        assert profiles.uncovered(others, paths), f"nothing notices that a rule is gone: {rule.text}"
    wider = profiles.rules(f"{profile}\n  /root/.ssh/** r,\n", seen.places)
    assert profiles.unused(wider, paths), "a rule that nothing needs is not noticed"


@check("INF-02")
def test_the_apparmor_profile_is_valid(codebase: Codebase, tmp_path: Path) -> None:
    needs("apparmor_parser")
    good, bad = tmp_path / "good", tmp_path / "bad"
    profile = shipped(codebase, APPARMOR)
    good.write_text(profile)
    bad.write_text(profile.replace("} r,", "} rz,", 1))
    assert run("apparmor_parser", "-Q", "-K", str(good)) == 0
    assert run("apparmor_parser", "-Q", "-K", str(bad)) != 0


def compiles(module: str, contexts: str, place: Path) -> bool:
    place.mkdir()
    (place / MODULE).write_text(module)
    (place / CONTEXTS).write_text(contexts)
    steps = (
        ("checkmodule", "-M", "-m", "-o", "moltbot_gateway.mod", MODULE),
        ("semodule_package", "-o", "gateway.pp", "-m", "moltbot_gateway.mod", "-f", CONTEXTS),
    )
    return all(run(*step, cwd=place) == 0 for step in steps)


@check("INF-02")
def test_the_selinux_module_is_valid_and_tight(
    codebase: Codebase, workload: Callable[[], Workload], tmp_path: Path
) -> None:
    """It compiles, and what the gateway keeps has a label with which it may do what it did, and no more."""
    needs("checkmodule")
    module, contexts = shipped(codebase, MODULE), shipped(codebase, CONTEXTS)
    assert compiles(module, contexts, tmp_path / "good")
    assert not compiles(module.replace("class fd use;", ""), contexts, tmp_path / "bad")
    seen = workload()
    state = seen.places["gateway_state"][0]
    kept = {path: done for path, done in seen.trace.paths.items() if path.startswith(f"{state}/")}
    labels = {profiles.labelled(contexts, path.replace(state, "/var/lib/moltbot")) for path in kept}
    assert labels == {"moltbot_gateway_state_t"}, f"labels of the state: {labels}"
    done = {letter for letters in kept.values() for letter in letters}
    needed = {word for letter in done for word in profiles.NEEDED[letter]}
    assert profiles.file_permissions(module, *labels) == needed
    wider = f"{module}\nallow moltbot_gateway_t moltbot_gateway_state_t:file execute;\n"
    assert profiles.file_permissions(wider, *labels) != needed


@check("INF-02")
def test_the_unit_is_valid_and_tight(
    codebase: Codebase, workload: Callable[[], Workload], tmp_path: Path
) -> None:
    """Its program is put in place for the check; the rest is as shipped."""
    needs("systemd-analyze")
    unit = shipped(codebase, SERVICE)
    assert EXECUTABLE.findall(unit) == ["/opt/moltbot/venv/bin/python"]
    place = tmp_path / SERVICE
    place.write_text(EXECUTABLE.sub("ExecStart=/bin/true", unit))
    rate = ("systemd-analyze", "security", "--offline=true", "--threshold=25", "--no-pager", str(place))
    assert run("systemd-analyze", "verify", str(place)) == 0
    assert run(*rate) == 0, "the unit is more exposed than it may be"
    beyond = workload().trace.calls - profiles.system_calls(unit)
    assert not beyond - REFUSED_ANYWAY, f"the gateway makes calls that its unit refuses: {sorted(beyond)}"

    place.write_text(EXECUTABLE.sub("ExecStart=/nonexistent/program", unit))
    assert run("systemd-analyze", "verify", str(place)) != 0
    place.write_text(re.sub(r"^(CapabilityBoundingSet|SystemCallFilter)=.*\n", "", unit, flags=re.MULTILINE))
    assert run(*rate) != 0, "a unit without its bounds is rated as tight"
