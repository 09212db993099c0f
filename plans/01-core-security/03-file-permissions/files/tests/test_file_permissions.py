"""Private files: how they are made, what is repaired at start, what is refused."""

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.errors import StateError
from gateway.state import files
from gateway.state.ownership import open_own
from gateway.state.permissions import repair_file, repair_tree
from gateway.tests.support import boot, command, environment, operator, write_config

OTHERS = 0o077


@contextmanager
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def loose(root: Path) -> list[Path]:
    return [path for path in (root, *root.rglob("*")) if mode(path) & OTHERS]


async def test_fs_10_all_is_private_under_an_open_umask(tmp_path: Path) -> None:
    """FS-10: whatever umask the gateway was started with."""
    write_config(tmp_path, {"gateway": {"tls": {"enabled": False}}, "channels": {"x": {}}})
    (tmp_path / "state").chmod(0o700)
    environment(tmp_path)
    with open_umask(), boot(tmp_path) as gateway:
        async with operator(gateway) as client:
            await client.call("chat.send", {"sessionKey": "main", "message": "m", "idempotencyKey": "1"})
            while (await client.event("chat"))["state"] != "final":
                pass
            write = {"tool": "write", "args": {"path": "a/b", "content": "c"}}
            await client.call("tools.invoke", write)
        gateway.inbound("x", "eve", "hi")
        assert not loose(gateway.state)
        assert not loose(tmp_path / "tmp" / "moltbot")


def test_fs_10_files_are_made_private(tmp_path: Path) -> None:
    """FS-10: by mode, not by a later chmod."""
    with open_umask():
        files.write_text(tmp_path / "new" / "a", "x")
        files.append_line(tmp_path / "new" / "b", "x")
        with files.locked(tmp_path / "new" / "c"):
            pass
    assert {path.name: mode(path) for path in (tmp_path / "new").iterdir()} == {
        "a": 0o600,
        "b": 0o600,
        "c.lock": 0o600,
    }
    assert mode(tmp_path / "new") == 0o700


def test_fs_11_loose_permissions_are_repaired_once(tmp_path: Path) -> None:
    """FS-11: each with what it was and what it is."""
    inner = tmp_path / "inner"
    inner.mkdir()
    inner.chmod(0o777)
    (inner / "secret").touch()
    (inner / "secret").chmod(0o666)
    (inner / "script").touch()
    (inner / "script").chmod(0o755)
    tmp_path.chmod(0o700)
    found = {
        str(entry.path.relative_to(tmp_path)): (entry.before, entry.after) for entry in repair_tree(tmp_path)
    }
    assert found == {
        "inner": (0o777, 0o700),
        "inner/script": (0o755, 0o700),
        "inner/secret": (0o666, 0o600),
    }
    assert not list(repair_tree(tmp_path))
    assert not loose(tmp_path)


def test_fs_11_a_start_records_what_it_repaired(tmp_path: Path) -> None:
    """FS-11: one line each, in the state directory and in the log."""
    file = write_config(tmp_path, {})
    file.chmod(0o644)
    file.parent.chmod(0o755)
    with boot(tmp_path) as gateway:
        assert not loose(gateway.state)
        lines = [
            json.loads(line) for line in (gateway.state / "logs/file-audit.jsonl").read_text().splitlines()
        ]
        assert [(line["path"], line["before"], line["after"]) for line in lines] == [
            (str(file.parent), "0755", "0700"),
            (str(file), "0644", "0600"),
        ]
        assert str(file) in gateway.log()


def test_fs_11_a_configuration_elsewhere_is_repaired_too(tmp_path: Path) -> None:
    """FS-11: and a missing one is none."""
    file = tmp_path / "other.json"
    assert not list(repair_file(tmp_path / "nowhere" / "other.json"))
    assert not list(repair_file(file))
    file.touch()
    file.chmod(0o604)
    assert [entry.after for entry in repair_file(file)] == [0o600]


@pytest.mark.parametrize("kind", ["symlink", "hard link", "fifo", "directory"])
def test_fs_12_a_planted_file_is_not_opened(tmp_path: Path, kind: str) -> None:
    """FS-12: neither read nor appended to nor repaired."""
    target = tmp_path / "target"
    target.write_text("theirs")
    target.chmod(0o644)
    root = tmp_path / "state"
    root.mkdir(mode=0o700)
    place = root / "place"
    if kind == "symlink":
        place.symlink_to(target)
    elif kind == "hard link":
        place.hardlink_to(target)
    elif kind == "fifo":
        os.mkfifo(place)
    else:
        place.symlink_to(tmp_path)
    with pytest.raises(StateError, match=r"link|regular"):
        files.read_text(place)
    with pytest.raises((StateError, OSError)):
        files.append_line(place, "ours")
    with pytest.raises(StateError, match=r"link|regular"):
        list(repair_tree(root))
    assert target.read_text() == "theirs"
    assert mode(target) == 0o644


def test_fs_12_links_in_the_workspace_are_left_alone(tmp_path: Path) -> None:
    """FS-12: what people work on may have links, and their targets stay as they are."""
    target = tmp_path / "target"
    target.touch(0o644)
    target.chmod(0o644)
    workspace = tmp_path / "state" / "workspace"
    workspace.mkdir(parents=True)
    (workspace / "soft").symlink_to(target)
    (workspace / "hard").hardlink_to(target)
    list(repair_tree(tmp_path / "state", foreign=(workspace,)))
    assert mode(target) == 0o644
    assert mode(workspace) == 0o700


def give_away(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a file somebody else's: root gives it away, others become somebody else themselves."""
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 65534)


def test_fs_12_a_file_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FS-12: its owner could change it at any time."""
    file = tmp_path / "file"
    file.touch(0o600)
    give_away(file, monkeypatch)
    with pytest.raises(StateError, match="another user"):
        open_own(file, os.O_RDONLY)
    with pytest.raises(StateError, match="another user"):
        list(repair_tree(tmp_path))
    directory = tmp_path / "dir"
    directory.mkdir()
    file.unlink()
    give_away(directory, monkeypatch)
    with pytest.raises(StateError, match="another user"):
        list(repair_tree(tmp_path))


def test_fs_12_a_linked_configuration_stops_the_start(tmp_path: Path) -> None:
    """FS-12: with the reason and what to do."""
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_text("{}")
    (tmp_path / "state").mkdir()
    (tmp_path / "state/moltbot.json").symlink_to(elsewhere)
    done = command(tmp_path, "run", "--port", "0", GATEWAY_TOKEN="f" * 8)
    assert done.returncode == 1
    assert "is a symbolic link" in done.stderr
