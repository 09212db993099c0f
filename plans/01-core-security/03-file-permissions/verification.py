"""Private files, from outside: how they are created, what is repaired, what is refused."""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from _probes import gateways, traces, trees
from _probes.canaries import canary, leaks_in_bytes
from _probes.gateways import Gateway, Home, random_secret
from _probes.host import has, needs

from tracker.api import Codebase, check

OTHERS = 0o077
CHANNEL, PEER = "telegram", "peer-allowed"
CONFIG = {
    "hooks": {"enabled": True, "token": random_secret()},
    "channels": {CHANNEL: {"dmPolicy": "pairing", "allowFrom": [PEER]}},
    "gateway": {"tls": {"enabled": True}},
}


def caught() -> contextlib.AbstractContextManager[object]:
    """The weak variant must fail its probe."""
    return pytest.raises(AssertionError)


# FS-10


def work(gateway: Gateway) -> None:
    """Make the gateway create every kind of file that it has."""
    with gateway.login() as session:
        session.call("chat.send", {"sessionKey": "main", "message": "hello", "idempotencyKey": "fs-1"})
        session.event("chat", state="final")
        args = {"path": "deep/er/note.txt", "content": "hello"}
        session.call("tools.invoke", {"tool": "write", "args": args})
        for level in ("debug", "info"):
            base = session.call("config.get")["hash"]
            raw = json.dumps({"logging": {"level": level}})
            session.call("config.patch", {"raw": raw, "baseHash": base})
        session.ask("tools.invoke", {"tool": "exec", "args": {"argv": ["/usr/bin/head", "-c", "0"]}})
    gateway.inbound(CHANNEL, PEER, "hello")
    gateway.inbound(CHANNEL, "stranger", "hello")
    hook = {"message": "hello", "sessionKey": "hooked"}
    gateway.http("POST", "/hooks/agent", bearer=gateway.hook_token, body=hook)
    gateway.attempt(auth={"token": "w" * 64})[0].close()


def everything_is_private(root: Path) -> None:
    loose = {path: f"{mode:04o}" for path, mode in trees.modes(root).items() if mode & OTHERS}
    assert not loose, f"open to others: {loose}"


def own_directories(home: Home) -> list[Path]:
    return [home.state, *(path for path in home.tmp.iterdir() if path.is_dir())]


@check("FS-10")
def test_everything_is_private_under_an_open_umask(codebase: Codebase, tmp_path: Path) -> None:
    with gateways.boot(codebase.root, CONFIG, umask=0) as gateway:
        work(gateway)
        created = trees.contents(gateway.state)
        for part in ("agents/main/sessions/", "credentials/", "devices/", "gateway/tls/", "workspace/"):
            assert any(path.startswith(part) for path in created), f"the work made nothing in {part}"
        for directory in own_directories(gateway.home):
            everything_is_private(directory)
    (tmp_path / "loose").touch(0o640)
    with caught():
        everything_is_private(tmp_path)


@check("FS-10")
def test_commands_of_the_gateway_create_private_files(codebase: Codebase) -> None:
    with gateways.new_home({}) as home:
        before = os.umask(0)
        try:
            gateways.command(codebase.root, home, "config", "set", "logging.level", "debug")
            gateways.command(codebase.root, home, "call", "health", "--url", "ws://127.0.0.1:9")
        finally:
            os.umask(before)
        assert (home.state / "identity" / "device.json").exists()
        everything_is_private(home.state)


CREATING = {"openat", "open", "creat", "mkdir", "mkdirat"}
_CREATES = re.compile(
    r'^(?:AT_FDCWD, |\d+(?:<[^>]*>)?, )?"(?P<path>[^"]*)"(?:, (?P<flags>[A-Z_|]+))?(?:, (?P<mode>0\d*))?'
)


def creations_are_private(calls: list[traces.Call], home: Path) -> int:
    """Each file and directory below the home was created with a mode that is private; how many there were."""
    count = 0
    for call in calls:
        match = _CREATES.match(call.arguments)
        if match is None or call.name not in CREATING or call.result < 0:
            continue
        if call.name in {"openat", "open"} and "O_CREAT" not in (match["flags"] or ""):
            continue
        mode = (
            int(re.findall(r", (0\d*)$", call.arguments)[0], 8)
            if call.name.startswith("mkdir")
            else int(match["mode"] or "0", 8)
        )
        if str(home) not in match["path"]:
            continue
        count += 1
        assert mode & OTHERS == 0, f"{call.name}({call.arguments})"
    return count


@check("FS-10")
def test_files_are_private_from_the_moment_they_exist(codebase: Codebase, tmp_path: Path) -> None:
    needs("strace")
    trace = tmp_path / "trace"
    prefix = traces.strace_prefix(trace, ["openat", "open", "creat", "mkdir", "mkdirat"])
    with gateways.boot(codebase.root, CONFIG, umask=0, prefix=prefix) as gateway:
        work(gateway)
        home = gateway.home.top
        gateway.terminate(120)
    assert creations_are_private(traces.read_calls(trace), home) > 10
    loose = [traces.Call(1, "openat", f'AT_FDCWD, "{home}/state/x", O_WRONLY|O_CREAT|O_CLOEXEC, 0666', 3)]
    with caught():
        creations_are_private(loose, home)


# FS-11

LOOSE = {
    "moltbot.json": json.dumps({"logging": {"level": "info"}}),
    "moltbot.json.bak": "{}",
    "moltbot.json.bak.3": "{}",
    "credentials/telegram-allowFrom.json": "[]",
    "credentials/deep/er/old.json": "{}",
    "devices/paired.json": "{}",
    "devices/pending.json": "{}",
    "agents/main/sessions/sessions.json": "{}",
    "agents/main/sessions/old.jsonl": "",
    "agents/main/agent/notes.txt": "old",
    "logs/old.jsonl": "",
    "keys/old.key": "old",
    "workspace/script.sh": "#!/bin/sh\n",
}


@contextlib.contextmanager
def loose_home() -> Iterator[Home]:
    """An installation in which everybody may read and write everything."""
    with gateways.new_home({}) as home:
        for name, text in LOOSE.items():
            path = home.state / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(0o777 if name.endswith(".sh") else 0o666)
        for path in [home.state, *home.state.rglob("*")]:
            if path.is_dir():
                path.chmod(0o777)
        yield home


@check("FS-11")
def test_loose_permissions_are_repaired_and_recorded(codebase: Codebase) -> None:
    with loose_home() as home:
        was = {path: mode for path, mode in trees.modes(home.state).items() if mode & OTHERS}
        assert len(was) > 20
        with gateways.running(codebase.root, home, token=random_secret()) as gateway:
            everything_is_private(home.state)
            assert stat.S_IMODE((home.workspace / "script.sh").stat().st_mode) == 0o700
            assert stat.S_IMODE((home.state / "keys/old.key").stat().st_mode) == 0o600
            [log] = home.state.rglob("file-audit.jsonl")
            lines = [json.loads(line) for line in log.read_text().splitlines()]
            said = gateway.everything_said()
        recorded = sorted(os.path.relpath(line["path"], home.state) for line in lines)
        assert recorded == sorted(was), "not one line for each"
        before = {os.path.relpath(line["path"], home.state): line["before"] for line in lines}
        assert before == {path: f"{mode:04o}" for path, mode in was.items()}
        assert str(home.state / "keys/old.key") in said, "the log says nothing"
        with gateways.running(codebase.root, home, token=random_secret()):
            assert len(log.read_text().splitlines()) == len(lines), "a second start repairs again"


# FS-12

Plant = Callable[[Path, Path], None]


def symlink(place: Path, target: Path) -> None:
    place.symlink_to(target)


def hard_link(place: Path, target: Path) -> None:
    place.hardlink_to(target)


def foreign(place: Path, target: Path) -> None:
    place.write_bytes(target.read_bytes())
    os.chown(place, 65534, 65534)


def plants() -> dict[str, Plant]:
    """Ways to put something else in a file's place; only root can give files away."""
    ways: dict[str, Plant] = {"symlink": symlink, "hard link": hard_link}
    return ways | ({"another owner": foreign} if has("root") else {})


PLACES = {
    "moltbot.json": '{"channels": {"canary": {"allowFrom": ["CANARY"]}}}',
    "moltbot.json.bak": '{"CANARY": 1}',
    "credentials/telegram-allowFrom.json": '["CANARY"]',
    "devices/paired.json": "{}",
    "gateway/tls/gateway-key.pem": "CANARY",
    "keys/secrets.key": "CANARY",
    "agents/main/agent/auth-profiles.json": '{"version": 1, "profiles": {}}',
}


def is_refused(codebase: Path, home: Home, target: Path, secret: str) -> None:
    """The start is refused with the reason, and the target is as it was: mode, content, and not read."""
    before = target.stat()
    target_mode = stat.S_IMODE(before.st_mode)
    start = gateways.try_start(codebase, home, token=random_secret())
    after = target.stat()
    assert start.exit_code not in {None, 0}, "it started"
    assert re.search("link|owner|owned", start.stderr), start.stderr
    assert "Traceback" not in start.stderr
    assert stat.S_IMODE(after.st_mode) == target_mode, "the target's mode was changed"
    assert after.st_mtime_ns == before.st_mtime_ns, "the target was written"
    if reading_shows(home.top):
        assert after.st_atime_ns == before.st_atime_ns, "the target was read"
    said = (start.stdout + start.stderr + home.log_text()).encode()
    assert not leaks_in_bytes(said, {"target": secret}), "the target's content was shown"


@contextlib.contextmanager
def planted(name: str, plant: Plant) -> Iterator[tuple[Home, Path, str]]:
    """A home where something else is in a file's place; the file that it leads to, and a secret in that."""
    secret = canary()
    with gateways.new_home() as home:
        target = home.top / "target"
        target.write_text(PLACES[name].replace("CANARY", secret))
        target.chmod(0o644)
        place = home.state / name
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for parent in place.relative_to(home.state).parents:
            (home.state / parent).chmod(0o700)
        plant(place, target)
        forget_reading(target)
        if not place.is_symlink() and place.stat().st_ino != target.stat().st_ino:
            forget_reading(place)
            target = place
        yield home, target, secret


def reading_shows(directory: Path) -> bool:
    """Whether a read moves a file's access time here: not on a file system that is mounted noatime."""
    file = directory / "read-me"
    file.write_text("x")
    forget_reading(file)
    before = file.stat().st_atime_ns
    file.read_text()
    return file.stat().st_atime_ns != before


def forget_reading(path: Path) -> None:
    """Put the time of the last read before that of the last write, so that any read moves it (relatime)."""
    status = path.stat()
    os.utime(path, ns=(status.st_mtime_ns - 10**12, status.st_mtime_ns))


@check("FS-12")
@pytest.mark.parametrize("name", PLACES)
def test_planted_files_are_refused(codebase: Codebase, name: str) -> None:
    for plant in plants().values():
        with planted(name, plant) as (home, target, secret):
            is_refused(codebase.root, home, target, secret)


@check("FS-12")
@pytest.mark.parametrize("name", ["credentials", "devices", "agents/main/sessions", "logs"])
def test_linked_directories_are_refused(codebase: Codebase, name: str) -> None:
    with gateways.new_home({}) as home:
        elsewhere = home.top / "elsewhere"
        elsewhere.mkdir(mode=0o755)
        (elsewhere / "file.json").write_text("{}")
        (elsewhere / "file.json").chmod(0o644)
        before = trees.modes(elsewhere), trees.contents(elsewhere)
        place = home.state / name
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.symlink_to(elsewhere)
        start = gateways.try_start(codebase.root, home, token=random_secret())
        assert start.exit_code not in {None, 0}, "it started"
        assert str(place) in start.stderr, start.stderr
        assert (trees.modes(elsewhere), trees.contents(elsewhere)) == before


@check("FS-12")
def test_an_untouched_installation_starts(codebase: Codebase) -> None:
    with gateways.new_home({}) as home:
        (home.state / "workspace").mkdir(mode=0o700)
        (home.workspace / "link").symlink_to("/etc/hostname")
        for _ in range(2):
            with gateways.running(codebase.root, home, token=random_secret()) as gateway:
                assert gateway.http("GET", "/health").status == 200
