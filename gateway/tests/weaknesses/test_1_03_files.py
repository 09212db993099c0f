"""State files are open to others, stay so, and may be links to elsewhere."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.tests.support import Booted, Device, boot, operator, write_config

OTHERS = 0o077


@contextmanager
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


async def work(gateway: Booted) -> None:
    async with operator(gateway, Device()) as client:
        await client.call("chat.send", {"sessionKey": "main", "message": "m", "idempotencyKey": "1"})
        while (await client.event("chat"))["state"] != "final":
            pass


async def test_others_can_read_and_write_the_state(tmp_path: Path) -> None:
    with open_umask(), boot(tmp_path) as gateway:
        await work(gateway)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in gateway.state.rglob("*")}
    assert modes["paired.json"] == 0o666
    assert modes["sessions.json"] == 0o666
    assert modes["credentials"] == 0o777


async def test_loose_modes_are_left_as_they_are(tmp_path: Path) -> None:
    file = write_config(tmp_path, {})
    file.chmod(0o666)
    file.parent.chmod(0o777)
    with boot(tmp_path):
        assert stat.S_IMODE(file.stat().st_mode) == 0o666
        assert stat.S_IMODE(file.parent.stat().st_mode) & OTHERS == OTHERS


async def test_a_linked_configuration_is_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_text('{"channels": {"x": {}}}')
    (tmp_path / "state").mkdir()
    (tmp_path / "state/moltbot.json").symlink_to(elsewhere)
    with boot(tmp_path) as gateway:
        assert gateway.inbound("x", "bob", "hi")["replies"]
