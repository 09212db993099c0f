"""Secrets at rest: nothing lies open, everything opens again, nothing tampered opens, keys rotate."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.state.envelope import Key, Unopened, looks_sealed, payload_of
from gateway.tests.support import ROOT, Booted, boot, command, environment, operator, write_config

BOT, OTHER = (secrets.token_urlsafe(24) for _ in range(2))
TOKEN = {"GATEWAY_TOKEN": secrets.token_hex(32)}


def open_files(root: Path, *values: str) -> list[str]:
    """Return the files in which one of the secrets stands."""
    files = [path for path in root.rglob("*") if path.is_file()]
    return [path.name for path in files if any(value.encode() in path.read_bytes() for value in values)]


def show(home: Path, path: str, **env: str) -> str:
    done = command(home, "secrets", "show", path, **env)
    assert done.returncode == 0, done.stderr
    return done.stdout.rstrip("\n")


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    """Return the home of a stopped gateway whose secrets are sealed."""
    write_config(tmp_path, {"channels": {"x": {"botToken": BOT}, "y": {"botToken": OTHER}}})
    with boot(tmp_path) as gateway:
        gateway.stop()
    return tmp_path


def test_every_file_is_sealed_at_start(tmp_path: Path) -> None:
    """ENC-01: included files, backups and what a crash left too; comments stay."""
    values = [secrets.token_urlsafe(24) for _ in range(6)]
    config = write_config(tmp_path, {})
    config.write_text(
        "{channels: {x: {$include: 'x.json5'}}, // mine\n"
        f" models: {{providers: {{p: {{apiKey: '{values[0]}'}}}}}}}}"
    )
    config.with_name("x.json5").write_text(f'{{botToken: "{values[1]}"}} /* the bot */')
    config.with_name("moltbot.json.bak").write_text(
        json.dumps({"hooks": {"token": values[2]}, "channels": {"x": {"botToken": values[3]}}})
    )
    config.with_name("moltbot.json.bak.1").write_text(f"{{torn: '{values[4]}")
    config.with_name(".moltbot.json.4194304.0.tmp").write_text(values[5])
    with boot(tmp_path) as gateway:
        assert open_files(gateway.home, *values) == []
        gateway.stop()
    assert "// mine" in config.read_text()
    assert "/* the bot */" in config.with_name("x.json5").read_text()
    assert show(tmp_path, "channels.x.botToken") == values[1]
    assert json.loads(command(tmp_path, "secrets", "status", "--json").stdout)["ok"]


def test_a_secret_included_twice_is_refused(tmp_path: Path) -> None:
    """ENC-01: a sealed value belongs to one place."""
    config = write_config(tmp_path, {"channels": {name: {"$include": "c.json5"} for name in ("x", "y")}})
    config.with_name("c.json5").write_text(json.dumps({"botToken": BOT}))
    started = command(tmp_path, "run", "--port", "0", **TOKEN)
    assert started.returncode == 1
    assert "channels.x and at channels.y" in started.stderr
    config.with_name("c.json5").write_text('{"dmPolicy": "disabled"}')
    with boot(tmp_path) as gateway:
        assert gateway.inbound("y", "bob", "hi")["reason"] == "disabled"


async def test_patches_seal_and_answers_mask(start: Callable[..., Booted]) -> None:
    """ENC-01, ENC-02: in the file, in its backups, and in what clients see."""
    gateway = start({})
    file = gateway.state / "moltbot.json"
    async with operator(gateway) as client:

        async def patch(changes: dict[str, Any]) -> dict[str, Any]:
            base = (await client.call("config.get"))["hash"]
            done: dict[str, Any] = await client.call(
                "config.patch", {"raw": json.dumps(changes), "baseHash": base}
            )
            return done

        answer = await patch({"channels": {"x": {"botToken": BOT}}})
        file.write_text(json.dumps({"channels": {"x": {"botToken": OTHER}}}))
        shown = await client.call("config.get")
        answers = json.dumps([answer, shown, await patch({"logging": {"level": "debug"}})])
        assert BOT not in answers
        assert OTHER not in answers
        assert shown["config"]["channels"]["x"]["botToken"] == "***"
        assert open_files(gateway.state, BOT, OTHER) == []
        await patch({"channels": {"x": {"botToken": "***", "enabled": False}}})
        assert show(gateway.home, "channels.x.botToken") == OTHER
        base = (await client.call("config.get"))["hash"]
        masked = {"raw": '{models: {providers: {p: {apiKey: "***"}}}}', "baseHash": base}
        error = (await client.request("config.patch", masked))["error"]
        assert "models.providers.p.apiKey" in error["message"]


def test_the_command_line_masks(sealed: Path) -> None:
    """ENC-02: `secrets show` is the one way to see a secret."""
    assert BOT not in command(sealed, "config", "get").stdout
    assert json.loads(command(sealed, "config", "get", "channels.x.botToken").stdout) == "***"
    assert show(sealed, "channels.x.botToken") == BOT
    assert command(sealed, "secrets", "show", "gateway.port").returncode == 2
    assert command(sealed, "secrets", "show", "hooks.token").returncode == 1


@pytest.mark.parametrize("damage", ["flip", "prefix", "cut", "swap", "version"])
def test_a_damaged_secret_is_refused(sealed: Path, damage: str) -> None:
    """ENC-03: with the file and the path."""
    config = sealed / "state" / "moltbot.json"
    value = json.loads(config.read_text())
    x, y = value["channels"]["x"], value["channels"]["y"]
    one = x["botToken"]
    x["botToken"] = {
        "flip": f"{one[:40]}{'B' if one[40] == 'A' else 'A'}{one[41:]}",
        "prefix": f"A{one[1:]}",
        "cut": one[:30],
        "swap": y["botToken"],
        "version": one.replace("v1", "v0"),
    }[damage]
    config.write_text(json.dumps(value))
    for words in (("run", "--port", "0"), ("secrets", "rotate")):
        done = command(sealed, *words, **TOKEN)
        assert done.returncode == 1
        assert "moltbot.json: channels.x.botToken" in done.stderr
    assert json.loads(config.read_text()) == value


def test_an_envelope_is_bound_to_its_place_and_key() -> None:
    """ENC-03: and never the same twice."""
    key = Key.generate()
    sealed_values = {key.seal("a.b", "secret") for _ in range(100)}
    assert len({payload_of(value)[:12] for value in sealed_values}) == 100
    value = sealed_values.pop()
    assert key.open("a.b", payload_of(value)) == "secret"
    for other, path in ((key, "a.c"), (Key.generate(), "a.b")):
        with pytest.raises(Unopened):
            other.open(path, payload_of(value))
    assert Key.parse(key.line) == key
    assert Key.parse(key.line[:-1]) is None
    assert repr(key) == "Key()"
    assert not looks_sealed("123456:an-ordinary-token")


def key_of(home: Path) -> Path:
    return home / "state" / "keys" / "secrets.key"


@pytest.mark.parametrize("mode", [0o440, 0o404])
def test_an_exposed_key_is_refused(sealed: Path, mode: int) -> None:
    """ENC-04: and not made to look private."""
    key_of(sealed).chmod(mode)
    started = command(sealed, "run", "--port", "0", **TOKEN)
    assert started.returncode == 1
    assert "secrets.key" in started.stderr
    assert key_of(sealed).stat().st_mode & 0o777 == mode


def test_a_lost_key_is_not_replaced(sealed: Path) -> None:
    """ENC-04: a new key would hide that the secrets are lost."""
    key_of(sealed).unlink()
    started = command(sealed, "run", "--port", "0", **TOKEN)
    assert started.returncode == 1
    assert "not here (keys: none)" in started.stderr
    assert not key_of(sealed).exists()


def test_a_rotated_key_opens_nothing(sealed: Path) -> None:
    """ENC-04: and the new one opens everything."""
    command(sealed, "config", "set", "logging.level", "debug")
    old = key_of(sealed).read_text()
    assert command(sealed, "secrets", "rotate").returncode == 0
    new = key_of(sealed).read_text()
    assert key_of(sealed).stat().st_mode & 0o777 == 0o400
    assert open_files(sealed, old.split()[3], f"enc:v1:{old.split()[2]}") == []
    assert show(sealed, "channels.x.botToken") == BOT
    key_of(sealed).unlink()
    key_of(sealed).touch(0o600)
    for line, code in ((old, 1), (new, 0)):
        key_of(sealed).write_text(line)
        assert command(sealed, "secrets", "show", "channels.x.botToken").returncode == code


def test_an_interrupted_rotation_is_finished_at_start(sealed: Path) -> None:
    """ENC-04: with both keys everything opens; the start leaves the new one."""
    old, new = key_of(sealed).read_text(), Key.generate().line
    key_of(sealed).unlink()
    key_of(sealed).touch(0o600)
    key_of(sealed).write_text(f"{new}\n{old}")
    assert show(sealed, "channels.x.botToken") == BOT
    with boot(sealed) as gateway:
        gateway.stop()
    assert key_of(sealed).read_text() == f"{new}\n"
    assert show(sealed, "channels.y.botToken") == OTHER


async def test_a_running_gateway_takes_the_new_key(start: Callable[..., Booted]) -> None:
    """ENC-04: what it writes after a rotation is sealed with the new key."""
    gateway = start({"channels": {"x": {"botToken": BOT}}})
    assert command(gateway.home, "secrets", "rotate").returncode == 0
    async with operator(gateway) as client:
        base = (await client.call("config.get"))["hash"]
        changes = {"raw": json.dumps({"channels": {"y": {"botToken": OTHER}}}), "baseHash": base}
        assert (await client.call("config.patch", changes))["ok"]
    assert show(gateway.home, "channels.x.botToken") == BOT
    assert show(gateway.home, "channels.y.botToken") == OTHER


def test_keys_come_from_a_descriptor_or_from_systemd(tmp_path: Path, sealed: Path) -> None:
    """ENC-04: and then none is kept in the state directory."""
    line = command(sealed, "secrets", "generate").stdout
    outside = tmp_path / "credentials"
    outside.mkdir()
    (outside / "gateway-secrets-key").write_text(line)
    with boot(sealed, CREDENTIALS_DIRECTORY=str(outside)) as gateway:
        gateway.stop()
    assert not key_of(sealed).exists(), "the key from outside replaces the file"
    read, write = os.pipe()
    os.write(write, line.encode())
    os.close(write)
    shown = subprocess.run(
        [sys.executable, "-m", "gateway", "secrets", "show", "channels.x.botToken"],
        cwd=ROOT,
        env=environment(sealed, GATEWAY_SECRETS_KEY_FD=str(read)),
        pass_fds=[read],
        capture_output=True,
        text=True,
        check=False,
    )
    os.close(read)
    assert shown.stdout == f"{BOT}\n", shown.stderr
    assert command(sealed, "secrets", "show", "channels.x.botToken").returncode == 1
    assert command(sealed, "secrets", "status", GATEWAY_SECRETS_KEY_FD="nine").returncode == 1
