"""What the gateway gave up once it serves: read from the kernel, and tried."""

import json
import os
import pwd
import re
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.config.config import Config
from gateway.confinement import host, identity, landlock, territory
from gateway.paths import Paths
from gateway.state import acting, files
from gateway.tests.support import ROOT, Booted, boot, command, operator

IS_ROOT = os.geteuid() == 0
OTHER = 61_183
# Each line is a Python statement for a process that is confined as the gateway is.
CONFINED = """
import ctypes, errno, os, resource, signal, socket, subprocess, sys
from pathlib import Path
from gateway.confinement import filter, privileges
from gateway.confinement.landlock import CHANGE, READ, Ruleset
libc = ctypes.CDLL(None, use_errno=True)
calls = filter.program()
socket.getaddrinfo('127.0.0.1', 80)
rules = Ruleset() if {landlock} else None
if rules:
    rules.allow(Path({inside!r}), CHANGE)
privileges.become(None)
privileges.limit()
if rules:
    rules.enforce()
calls.load()
def fails(attempt):
    try:
        attempt()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"
{code}
"""


def confined(code: str, inside: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run code in a process that has confined itself to a directory."""
    script = CONFINED.format(landlock=bool(landlock.version()), inside=str(inside), code=code)
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        **options,
    )


def fields(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


@pytest.fixture
def home() -> Iterator[Path]:
    """A home that another user can get to, unlike the directories of pytest."""
    with tempfile.TemporaryDirectory(prefix="gateway-test-") as place:
        top = Path(place)
        top.chmod(0o711)
        (top / "tmp").mkdir()
        (top / "tmp").chmod(0o1777)
        yield top


def test_inf_01_the_kernel_says_that_rights_are_gone(gateway: Booted) -> None:
    """INF-01: whoever started it, and wherever its files are."""
    status = fields(gateway.process.pid)
    assert {status[name] for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")} == {"0" * 16}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    limits = Path(f"/proc/{gateway.process.pid}/limits").read_text(encoding="ascii")
    for name in ("open files", "processes", "address space"):
        assert re.search(rf"^Max {name}\s+\d+\s+\d+\s", limits, re.MULTILINE), name
    assert re.search(r"^Max core file size\s+0\s+0\s", limits, re.MULTILINE)
    # A process that cannot be dumped belongs to root in /proc, or to the root of its user namespace.
    assert Path(f"/proc/{gateway.process.pid}/environ").stat().st_uid == 0


async def test_inf_01_root_is_given_up(home: Path) -> None:
    """INF-01: with the state it keeps; a program that another user keeps closed is not even looked into."""
    with boot(home, {}) as gateway:
        owner = (home / "state").stat().st_uid
        assert fields(gateway.process.pid)["Uid"].split() == [str(owner)] * 4
        assert (owner == os.geteuid()) is not IS_ROOT
        async with operator(gateway) as client:
            for argv in (["head", "-c", "4", "/etc/shadow"], ["head", "-c", "4", "/proc/1/environ"]):
                call = {"tool": "exec", "args": {"argv": argv}}
                assert (await client.call("tools.invoke", call))["result"]["stdout"] == ""
            call = {"tool": "exec", "args": {"argv": ["head", "-c", "4", "/etc/passwd"]}, "sessionKey": "x"}
            assert "No such file" in (await client.call("tools.invoke", call))["result"]["stderr"]
            await client.call("tools.invoke", {"tool": "write", "args": {"path": "a", "content": "b"}})
    found = [path for path in (home / "state").rglob("*") if path.lstat().st_uid != owner]
    assert not found


# A process whose modules lie behind a directory that only root may search; `way` is how they stay in reach.
ELSEWHERE = """
import sys
sys.path.append({modules!r})
from gateway.confinement import preload, privileges
from gateway.confinement.identity import User
{closed}
preload.keep_in_reach(User({uid}, {uid}))
privileges.become(User({uid}, {uid}))
import late_package.late
print(late_package.late.__file__.startswith("/proc/self/fd/"))
try:
    open(late_package.__path__[0] + "/../../secret").read()
except OSError as error:
    print(type(error).__name__)
"""


@pytest.mark.parametrize(
    "closed", ["", "preload._through_descriptors = lambda: None"], ids=["open", "closed"]
)
def test_inf_01_modules_behind_a_closed_directory_stay_in_reach(home: Path, closed: str) -> None:
    """INF-01: through descriptors of their directories, which lead nowhere else; without these, they are missed."""
    if not IS_ROOT:
        return
    modules = home / "private" / "modules"
    (modules / "late_package").mkdir(parents=True)
    (modules / "late_package" / "__init__.py").touch()
    (modules / "late_package" / "late.py").touch()
    secret = home / "private" / "secret"
    secret.write_text("secret")
    secret.chmod(0o600)
    (home / "private").chmod(0o700)
    uid = identity.SPARE_IDS[0]
    script = ELSEWHERE.format(modules=str(modules), uid=uid, closed=closed)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=20, check=False
    )
    if closed:
        assert re.search(r"No module named|Permission denied", done.stderr), done
    else:
        assert done.stdout.split() == ["True", "PermissionError"], done


def test_inf_01_a_closed_directory_is_said(tmp_path: Path, start: Callable[..., Booted]) -> None:
    """INF-01: where the other user could not get to the state, root stays, without capabilities."""
    closed = tmp_path / "0"
    closed.mkdir(mode=0o700)
    gateway = start({})
    status = fields(gateway.process.pid)
    assert status["Uid"].split()[0] == str(os.geteuid())
    assert status["CapEff"] == "0" * 16
    _, said = gateway.stop()
    assert ("stays root, without capabilities" in said) is IS_ROOT


def test_inf_01_an_account_that_is_not_there_stops_the_start(home: Path) -> None:
    """INF-01: the configured user or none."""
    process = {"gateway": {"process": {"user": "no-such-account"}}}
    (home / "state").mkdir()
    (home / "state" / "moltbot.json").write_text(json.dumps(process))
    done = command(home, "run", "--port", "0", GATEWAY_TOKEN=secrets.token_hex(32))
    refused = "gateway.process.user" in done.stderr if IS_ROOT else False
    assert (done.returncode == 1 and refused) is IS_ROOT


def test_inf_01_files_that_were_not_named_stay_closed(tmp_path: Path) -> None:
    """INF-01: by the kernel, so links and descriptors of directories do not lead out either."""
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.write_text("x")
    (inside / "link").symlink_to(outside)
    done = confined(
        f"""
print(fails(lambda: Path({str(inside / "new")!r}).write_text("x")))
print(fails(lambda: Path({str(inside / "link")!r}).read_text()))
print(fails(lambda: Path({str(outside)!r}).read_text()))
print(fails(lambda: Path({str(tmp_path / "new")!r}).write_text("x")))
print(fails(lambda: os.listdir("/etc")))
""",
        inside,
    )
    expected = ["done", *(["EACCES"] * 4 if landlock.version() else ["done"] * 4)]
    assert done.stdout.split() == expected, done.stderr


def test_inf_01_what_it_does_not_need_is_refused(tmp_path: Path) -> None:
    """INF-01: it starts nothing, becomes nobody, and asks the kernel for nothing unusual; serving goes on."""
    done = confined(
        """
print(fails(lambda: subprocess.run(["/bin/true"])))
print(fails(lambda: os.execv("/bin/true", ["true"])))
print(fails(os.fork))
print(fails(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)))
print(fails(lambda: os.setresuid(1, 1, 1)))
print(libc.keyctl(0, 0, 0, 0, 0) if hasattr(libc, "keyctl") else libc.syscall(250, 0, 0, 0, 0, 0))
import threading
thread = threading.Thread(target=lambda: print("thread"))
thread.start()
thread.join()
print(socket.getaddrinfo("127.0.0.1", 80)[0][4][0])
""",
        tmp_path,
    )
    assert done.stdout.split() == [*["EPERM"] * 5, "-1", "thread", "127.0.0.1"], done.stderr


@pytest.mark.parametrize("name", ["ptrace", "mount", "bpf"])
def test_inf_01_an_attack_ends_the_process(tmp_path: Path, name: str) -> None:
    """INF-01: no honest gateway makes these calls."""
    code = (
        "import pyseccomp\n"
        f"number = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, {name!r})\n"
        "libc.syscall(number, 0, 0, 0, 0, 0)\n"
        "print('went on')"
    )
    done = confined(code, tmp_path)
    assert (done.returncode, done.stdout) == (-signal.SIGSYS, ""), done.stderr


def test_inf_01_no_other_port_can_be_opened(tmp_path: Path) -> None:
    """INF-01: where the kernel can hold that back."""
    done = confined("print(fails(lambda: socket.create_server(('127.0.0.1', 0))))", tmp_path)
    expected = "EACCES" if landlock.version() >= landlock.NETWORK else "done"
    assert done.stdout.strip() == expected, done.stderr


def test_inf_01_doctor_tells_what_is_missing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """INF-01: a host that lacks something is named, and is no obstacle."""
    state = home / "state"
    paths, config = Paths(state, state / "moltbot.json"), Config(state / "moltbot.json", None, {})
    before = host.lacking(config, paths)
    monkeypatch.setattr(landlock, "version", lambda: 0)
    assert [line for line in host.lacking(config, paths) if line not in before] == (
        ["the kernel has no Landlock, so its files are not confined"] if "Landlock" not in str(before) else []
    )
    done = command(home, "doctor", "--json")
    found = {check["id"]: check for check in json.loads(done.stdout)["checks"]}
    assert found["confinement"]["ok"]
    assert found["confinement"]["detail"]


def test_inf_01_root_acts_for_the_owner(home: Path) -> None:
    """INF-01: what root's commands leave in another user's directory is that user's, and no link leads out."""
    theirs, secret = home / "theirs", home / "secret"
    secret.mkdir(mode=0o700)
    theirs.mkdir(mode=0o700)
    (theirs / "way-out").symlink_to(secret)
    (theirs / "made-by-root").mkdir(mode=0o700)
    if not IS_ROOT:
        assert acting.owner_on_the_way(Path("/usr")) is None
        return
    os.chown(theirs, OTHER, OTHER)
    files.write_text(theirs / "deep" / "file", "x")
    files.append_line(theirs / "log", "x")
    files.write_text(theirs / "made-by-root" / "file", "x")
    assert {path.lstat().st_uid for path in theirs.rglob("*") if path.name != "way-out"} == {OTHER}
    with pytest.raises(PermissionError):
        files.write_text(theirs / "way-out" / "file", "x")
    assert not list(secret.iterdir())
    assert secret.stat().st_uid == 0
    assert acting.user() == 0


def test_inf_01_what_root_left_is_given_to_the_owner(home: Path) -> None:
    """INF-01: but not what has a second name elsewhere, and not what a link points to."""
    state, mine = home / "state", home / "mine"
    state.mkdir()
    mine.write_text("x")
    (state / "plain").write_text("x")
    os.link(mine, state / "second-name")
    (state / "link").symlink_to(mine)
    acting.hand_over(state, OTHER if IS_ROOT else os.getuid(), OTHER if IS_ROOT else os.getgid())
    expected = OTHER if IS_ROOT else os.getuid()
    assert {state.stat().st_uid, (state / "plain").stat().st_uid} == {expected}
    assert mine.stat().st_uid == os.getuid()


def test_inf_01_a_link_on_the_way_leads_root_nowhere(home: Path) -> None:
    """INF-01: a link of another user is not followed when files are given away; one of root's is."""
    theirs, secret = home / "theirs", home / "secret"
    for directory in (theirs, secret, secret / "state", home / "real"):
        directory.mkdir()
    (theirs / "way").symlink_to(secret)
    (home / "link").symlink_to(home / "real")
    if not IS_ROOT:
        assert acting.owner_on_the_way(Path("/usr")) is None
        return
    os.chown(theirs, OTHER, OTHER)
    os.chown(home / "real", OTHER, OTHER)
    acting.settle(theirs / "way" / "state")
    assert (secret / "state").stat().st_uid == 0
    (home / "real" / "left").write_text("x")
    acting.settle(home / "link")
    assert (home / "real" / "left").stat().st_uid == OTHER


def test_inf_01_the_territory_is_small(home: Path) -> None:
    """INF-01: what may be changed is the gateway's own, and nothing of it holds other people's things."""
    state = home / "state"
    files.ensure_dir(state)
    (state / "moltbot.json").write_text('{"$include": "../more.json"}')
    (home / "more.json").write_text("{}")
    paths = Paths(state, state / "moltbot.json")
    assert list(territory.configured_files(paths)) == [paths.config, state / "../more.json"]
    assert not territory.SHARED & {Path(name) for name in territory.SYSTEM}


def test_inf_01_a_spare_user_has_no_account() -> None:
    """INF-01: nobody else's files can be opened with it."""
    spare = identity._spare()
    assert spare.uid not in {entry.pw_uid for entry in pwd.getpwall()}
    assert spare == identity.ROOT or spare.uid in identity.SPARE_IDS
