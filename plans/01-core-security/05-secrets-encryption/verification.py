"""Checks of secrets at rest: nothing lies open, everything opens again, nothing tampered opens, keys rotate."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from _probes import gateways, trees
from _probes.canaries import canary, leaks_in_bytes, leaks_in_files
from _probes.gateways import Home, Outcome, Start, random_secret

from tracker.api import Codebase, check

SEALED = re.compile(r"enc:v1:([0-9a-f]{8}):([A-Za-z0-9_-]+)")
NONCE_BYTES = 12
POSITIONS = 40
CHANNELS = [f"c{number}" for number in range(100)]
TAMPERED = "channels.x.botToken"
PROFILE = ("profile key", "profile access", "profile refresh")


def caught() -> Any:
    """The weak variant must fail its probe."""
    return pytest.raises(AssertionError)


def secrets_command(codebase: Codebase, home: Home, *words: str, **options: Any) -> Outcome:
    return gateways.command(codebase.root, home, "secrets", *words, **options)


def show(codebase: Codebase, home: Home, path: str, **options: Any) -> str:
    """The secret at a path, as the operator's command opens it."""
    done = secrets_command(codebase, home, "show", path, **options)
    assert done.exit_code == 0, done.stderr
    return done.stdout.removesuffix("\n")


def patch(session: Any, changes: dict[str, Any]) -> dict[str, Any]:
    shown = session.call("config.get")
    params = {"raw": json.dumps(changes), **({"baseHash": shown["hash"]} if shown["exists"] else {})}
    answer: dict[str, Any] = session.call("config.patch", params)
    return answer


def copy_of(home: Home, other: Home) -> Home:
    """The same state in another home, modes and all."""
    shutil.rmtree(other.state)
    shutil.copytree(home.state, other.state)
    return other


# ENC-01


def canaries() -> dict[str, str]:
    """Secrets by the place where they belong; the gateway's own are strong ones."""
    places = [
        "remote token",
        "remote password",
        "channel",
        "included channel",
        "account one",
        "account two",
        "provider one",
        "provider two",
        *PROFILE,
    ]
    own = ("gateway token", "gateway password", "hook token")
    return {place: canary() for place in places} | {place: random_secret() for place in own}


def config_with(secret: dict[str, str]) -> dict[str, Any]:
    return {
        "gateway": {
            "auth": {
                "mode": "token",
                "token": secret["gateway token"],
                "password": secret["gateway password"],
            },
            "remote": {"token": secret["remote token"], "password": secret["remote password"]},
        },
        "hooks": {"enabled": True, "token": secret["hook token"]},
        "channels": {
            "a": {"botToken": secret["channel"]},
            "b": {
                "accounts": {
                    "one": {"botToken": secret["account one"]},
                    "two": {"botToken": secret["account two"]},
                }
            },
        },
        "models": {
            "providers": {"p": {"apiKey": secret["provider one"]}, "q": {"apiKey": secret["provider two"]}}
        },
    }


def dead_pid() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def write_legacy(home: Home, secret: dict[str, str], older: dict[str, str]) -> None:
    """An installation of an earlier version: everything open, older secrets in backups and a torn write."""
    config = config_with(secret)
    config["channels"]["i"] = {"$include": "included.json5"}
    home.write_config(config)
    (home.state / "included.json5").write_text(f"{{botToken: '{secret['included channel']}'}} // the bot\n")
    backup = home.config_file.with_name("moltbot.json.bak")
    backup.write_text(json.dumps(config_with(older)))
    backup.with_name("moltbot.json.bak.1").write_text(f"{{token: {older['torn backup']}")
    leftover = home.state / f".moltbot.json.{dead_pid()}.0.tmp"
    leftover.write_text(json.dumps({"token": older["torn write"]}))
    agent = home.state / "agents" / "main" / "agent"
    agent.mkdir(parents=True)
    profiles = {
        "p:default": {"type": "api_key", "provider": "p", "key": secret["profile key"]},
        "q:default": {
            "type": "oauth",
            "provider": "q",
            "access": secret["profile access"],
            "refresh": secret["profile refresh"],
        },
    }
    (agent / "auth-profiles.json").write_text(json.dumps({"version": 1, "profiles": profiles}))


@check("ENC-01")
def test_a_legacy_installation_is_sealed_at_start(codebase: Codebase) -> None:
    secret, older = canaries(), canaries() | {"torn backup": canary(), "torn write": canary()}
    everything = secret | {f"older {name}": value for name, value in older.items()}
    with gateways.new_home({}) as home:
        write_legacy(home, secret, older)
        leaks = leaks_in_files([home.state], everything)
        found = {leak.split(": ")[1].rsplit(" (")[0] for leak in leaks}
        unwritten = {f"older {name}" for name in ("included channel", *PROFILE)}
        assert found == everything.keys() - unwritten, "the probe misses what lies open"
        with gateways.running(codebase.root, home) as gateway:
            assert leaks_in_files([home.state, home.tmp], everything) == []
            gateway.token = secret["gateway token"]
            with gateway.login() as session:
                assert session.ask("health").ok
            hook = {"message": "hello", "sessionKey": "hooked"}
            assert gateway.http("POST", "/hooks/agent", bearer=secret["hook token"], body=hook).status == 202
            assert not leaks_in_bytes(gateway.everything_said().encode(), everything)
            gateway.terminate()
        assert leaks_in_files([home.state, home.tmp], everything) == []
        assert "// the bot" in (home.state / "included.json5").read_text(), (
            "the comments of the file are gone"
        )
        for path, name in (
            ("channels.i.botToken", "included channel"),
            ("channels.b.accounts.two.botToken", "account two"),
        ):
            assert show(codebase, home, path) == secret[name], f"{path} was changed"


@check("ENC-01")
def test_patched_secrets_are_sealed(codebase: Codebase) -> None:
    rounds = [canaries(), canaries()]
    by_hand = {"written by hand": canary(), "written by hand before": canary()}
    everything = {
        f"{name} {number}": value for number, one in enumerate(rounds) for name, value in one.items()
    }
    with gateways.boot(codebase.root, {}) as gateway:
        home = gateway.home
        with gateway.login() as session:
            for secret in rounds:
                patch(session, config_with(secret))
                assert leaks_in_files([home.state, home.tmp], everything) == []
            config = json.loads(home.config_file.read_text())
            for value in by_hand.values():
                config["channels"]["a"]["botToken"] = value
                home.config_file.write_text(json.dumps(config))
                with caught():
                    assert leaks_in_files([home.state], by_hand) == []
                patch(session, {"logging": {"level": "debug"}})
                assert leaks_in_files([home.state, home.tmp], by_hand | everything) == []
        gateway.terminate()
        assert leaks_in_files([home.state, home.tmp], by_hand | everything) == []
        assert show(codebase, home, "channels.a.botToken") == by_hand["written by hand before"]


@check("ENC-01")
def test_the_clients_own_key_is_sealed(codebase: Codebase) -> None:
    token = random_secret()
    with gateways.new_home({}) as home, gateways.running(codebase.root, home, token=token) as gateway:
        words = ("call", "health", "--url", f"ws://127.0.0.1:{gateway.port}")
        for extra in (("--token", token), ()):
            done = gateways.command(codebase.root, home, *words, *extra)
            assert done.exit_code == 0, done.stderr
        kept = json.loads((home.state / "identity" / "device.json").read_text())
        assert SEALED.fullmatch(kept["privateKey"]), "the private key lies open"
        assert all(SEALED.fullmatch(kept[name]) for name in kept if "oken" in name), "a token lies open"


# ENC-02


@check("ENC-02")
def test_patched_secrets_survive_a_restart(codebase: Codebase) -> None:
    first, new, bot = random_secret(), random_secret(), canary()
    shown_to = "channels.telegram.botToken"
    with gateways.new_home({}) as home:
        with gateways.running(codebase.root, home, token=first) as gateway, gateway.login() as session:
            changes = {"gateway": {"auth": {"token": new}}, "channels": {"telegram": {"botToken": bot}}}
            answers = [patch(session, changes), session.call("config.get")]
            assert not leaks_in_bytes(json.dumps(answers).encode(), {"token": new, "bot": bot})
            for answer in answers:
                assert answer["config"]["gateway"]["auth"]["token"], (
                    "the answer does not say that a token is set"
                )
                assert answer["config"]["channels"]["telegram"]["botToken"]
            assert not SEALED.search(json.dumps(answers)), "the answer shows ciphertext"
        with gateways.running(codebase.root, home) as gateway:
            gateway.token = new
            with gateway.login() as session:
                before = home.config_file.read_text()
                patch(session, {"logging": {"level": "debug"}})
                assert home.config_file.read_text() != before
                assert show(codebase, home, shown_to) == bot, "an unrelated patch changed a secret"
                patch(session, session.call("config.get")["config"])
                assert show(codebase, home, shown_to) == bot, "what is shown was taken for a secret"
            for wrong in (first, f"{new[:-1]}g"):
                session, answer = gateway.attempt(auth={"token": wrong})
                session.close()
                assert not answer.ok, "any token opens the gateway"
        with gateways.running(codebase.root, home) as gateway:
            gateway.token = new
            with gateway.login() as session:
                assert session.ask("health").ok


# ENC-03


@pytest.fixture(scope="module")
def sealed_home(codebase: Codebase) -> Iterator[Home]:
    """A stopped installation with sealed secrets."""
    channels = {name: {"botToken": canary()} for name in ("x", "y")}
    profile = {"type": "api_key", "provider": "p", "key": canary()}
    with gateways.new_home({"channels": channels}) as home:
        agent = home.state / "agents" / "main" / "agent"
        agent.mkdir(parents=True)
        (agent / "auth-profiles.json").write_text(json.dumps({"profiles": {"p:default": profile}}))
        with gateways.running(codebase.root, home, token=random_secret()) as gateway:
            gateway.terminate()
        yield home


def sealed_values(text: str) -> list[str]:
    return [found[0] for found in SEALED.finditer(text)]


def judge_refused(start: Start, *names: str) -> None:
    """One clear error that names the place, and not a moment of service."""
    assert not start.served, f"served with a damaged {names}"
    assert start.exit_code not in {0, None}, f"exit {start.exit_code}"
    errors = [line for line in start.stderr.splitlines() if line.startswith("gateway: ")]
    assert len(errors) == 1, start.stderr
    assert "Traceback" not in start.stderr
    for name in names:
        assert name in errors[0], f"{name} is not named: {start.stderr}"


def start_changed(codebase: Codebase, home: Home, file: str, text: str) -> Start:
    """A start of a copy of the installation with another text in one file, which must stay as it is."""
    with gateways.new_home() as other:
        place = copy_of(home, other).state / file
        place.write_text(text)
        start = gateways.try_start(codebase.root, other, token=random_secret())
        assert start.served or place.read_text() == text, "a refused file was replaced"
        return start


def damaged(text: str) -> Iterator[str]:
    """The text with a sealed value flipped at 40 positions, cut off, swapped, and of another format."""
    one, other = sealed_values(text)
    for number in range(POSITIONS):
        position = number * len(one) // POSITIONS
        flipped = "B" if one[position] == "A" else "A"
        yield text.replace(one, one[:position] + flipped + one[position + 1 :])
    for length in (7, 16, 20, 40, len(one) - 1):
        yield text.replace(one, one[:length])
    yield text.replace(one, "\0").replace(other, one).replace("\0", other)
    yield text.replace(one, other)
    for version in ("enc:v0:", "enc:v2:", "enc:"):
        yield text.replace(one, one.replace("enc:v1:", version))


@check("ENC-03")
def test_a_damaged_secret_stops_the_gateway(codebase: Codebase, sealed_home: Home) -> None:
    text = sealed_home.config_file.read_text()
    assert len(sealed_values(text)) == 2, text
    variants = list(damaged(text))
    assert len(set(variants)) == len(variants) > POSITIONS
    with ThreadPoolExecutor(2) as pool:
        starts = list(
            pool.map(lambda variant: start_changed(codebase, sealed_home, "moltbot.json", variant), variants)
        )
    for start in starts:
        judge_refused(start, "moltbot.json", TAMPERED)
    control = start_changed(codebase, sealed_home, "moltbot.json", text)
    assert control.served, f"the untouched copy does not start: {control.stderr}"
    with caught():
        judge_refused(control, TAMPERED)
    with caught():
        judge_refused(Start(1, "", "gateway: something is wrong"), TAMPERED)


@check("ENC-03")
def test_a_damaged_profile_stops_the_gateway(codebase: Codebase, sealed_home: Home) -> None:
    file = "agents/main/agent/auth-profiles.json"
    text = (sealed_home.state / file).read_text()
    sealed = sealed_values(text)
    assert len(sealed) == 1, text
    elsewhere = sealed_values(sealed_home.config_file.read_text())[0]
    for other in (sealed[0][:-8], elsewhere):
        start = start_changed(codebase, sealed_home, file, text.replace(sealed[0], other))
        judge_refused(start, "auth-profiles.json", "profiles.p:default.key")


def judge_nonces(sealed: list[str]) -> None:
    payloads = [base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)) for value in sealed]
    assert len(payloads) == 2000
    assert len({payload[:NONCE_BYTES] for payload in payloads}) == len(payloads), "a nonce was used twice"
    assert len({payload[NONCE_BYTES:] for payload in payloads}) == len(payloads), "a ciphertext came twice"


@check("ENC-03")
def test_no_nonce_is_used_twice(codebase: Codebase) -> None:
    same = canary()
    with gateways.boot(codebase.root, {}) as gateway, gateway.login() as session:
        answer = patch(session, {"channels": {name: {"botToken": same} for name in CHANNELS}})
        sealed: list[str] = []
        for number in range(2000 // len(CHANNELS)):
            raw = json.dumps({"logging": {"level": ("info", "debug")[number % 2]}})
            answer = session.call("config.patch", {"raw": raw, "baseHash": answer["hash"]})
            sealed += [found[2] for found in SEALED.finditer(gateway.home.config_file.read_text())]
    judge_nonces(sealed)
    with caught():
        judge_nonces([*sealed[:-1], sealed[0]])


# ENC-04


KEY = Path("keys") / "secrets.key"


def key_file(home: Home) -> Path:
    path = home.state / KEY
    assert path.is_file(), "secrets have no key of their own"
    return path


def key_ids(text: str) -> list[str]:
    return [line.split()[2] for line in text.splitlines()]


def is_private_key(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    assert mode == 0o400, f"mode {mode:04o}"
    assert stat.S_IMODE(path.parent.stat().st_mode) & 0o077 == 0, "others reach the key's directory"


@check("ENC-04")
def test_the_key_is_apart_and_private(codebase: Codebase, sealed_home: Home, tmp_path: Path) -> None:
    key = key_file(sealed_home)
    is_private_key(key)
    material = {"key": key.read_text().split()[3]}
    outside = [path for path in sealed_home.state.iterdir() if path.name != "keys"]
    kept = [path for entry in outside for path in (entry, *entry.rglob("*")) if path.is_file()]
    assert not [path for path in kept if leaks_in_bytes(path.read_bytes(), material)], (
        "the key is elsewhere too"
    )
    archive = subprocess.run(
        ["tar", "-c", "--exclude-caches-all", "-C", str(sealed_home.state), "."],
        capture_output=True,
        check=True,
    )
    assert b"moltbot.json" in archive.stdout
    assert not leaks_in_bytes(archive.stdout, material), "a backup of the directory holds the key"
    with gateways.new_home() as restored:
        for path in sealed_home.state.glob("moltbot.json*"):
            shutil.copy2(path, restored.state)
        judge_refused(gateways.try_start(codebase.root, restored, token=random_secret()), TAMPERED, "key")
    loose = tmp_path / "key"
    loose.touch(0o600)
    with caught():
        is_private_key(loose)


@check("ENC-04")
@pytest.mark.parametrize("mode", [0o440, 0o404])
def test_an_exposed_key_is_refused(codebase: Codebase, sealed_home: Home, mode: int) -> None:
    with gateways.new_home() as home:
        key = key_file(copy_of(sealed_home, home))
        for config in (home.config_file.read_text(), "{}"):
            home.config_file.write_text(config)
            key.chmod(mode)
            judge_refused(
                gateways.try_start(codebase.root, home, token=random_secret()), "secrets.key", f"{mode:04o}"
            )
            assert stat.S_IMODE(key.stat().st_mode) == mode, "an exposed key was made to look private"


def start_with_descriptor(codebase: Codebase, home: Home, keys: str) -> Start:
    read, write = os.pipe()
    os.write(write, keys.encode())
    os.close(write)
    try:
        return gateways.try_start(
            codebase.root,
            home,
            token=random_secret(),
            env={"GATEWAY_SECRETS_KEY_FD": str(read)},
            pass_fds=[read],
        )
    finally:
        os.close(read)


@check("ENC-04")
def test_the_key_may_come_from_outside(codebase: Codebase, tmp_path: Path) -> None:
    secret = canary()
    with gateways.new_home({"channels": {"x": {"botToken": secret}}}) as home:
        made = [secrets_command(codebase, home, "generate") for _ in range(2)]
        assert all(done.exit_code == 0 for done in made), made[0].stderr
        one, other = (done.stdout for done in made)
        start = start_with_descriptor(codebase, home, one)
        assert start.served, start.stderr
        assert not (home.state / KEY).exists(), "a key was stored although one was given"
        assert leaks_in_files([home.state], {"key": one.split()[3], "secret": secret}) == []
        directory = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
        (tmp_path / "gateway-secrets-key").write_text(one)
        assert show(codebase, home, TAMPERED, env=directory) == secret
        judge_refused(start_with_descriptor(codebase, home, other), TAMPERED, "key")
        judge_refused(gateways.try_start(codebase.root, home, token=random_secret()), TAMPERED, "key")
        (tmp_path / "gateway-secrets-key").write_text(other + one)
        assert secrets_command(codebase, home, "rotate", env=directory).exit_code == 0
        (tmp_path / "gateway-secrets-key").write_text(other)
        assert show(codebase, home, TAMPERED, env=directory) == secret


def opens_with(codebase: Codebase, home: Home, key: str) -> bool:
    """Whether a copy of the installation starts with this key instead of its own."""
    with gateways.new_home() as other:
        place = key_file(copy_of(home, other))
        place.unlink()
        place.touch(0o600)
        place.write_text(key)
        place.chmod(0o400)
        return gateways.try_start(codebase.root, other, token=random_secret()).served


@check("ENC-04")
def test_keys_rotate_under_a_running_gateway(codebase: Codebase) -> None:
    secret, later = canary(), canary()
    with gateways.new_home({"channels": {"x": {"botToken": secret}}}) as home:
        with (
            gateways.running(codebase.root, home, token=random_secret()) as gateway,
            gateway.login() as session,
        ):
            patch(session, {"logging": {"level": "debug"}})
            old = key_file(home).read_text()
            assert opens_with(codebase, home, old), "the probe's copy does not start"
            before = sealed_values("".join(path.read_text() for path in home.state.glob("moltbot.json*")))
            done = secrets_command(codebase, home, "rotate")
            assert done.exit_code == 0, done.stderr
            new = key_file(home).read_text()
            is_private_key(key_file(home))
            assert len(key_ids(new)) == 1
            assert key_ids(new) != key_ids(old)
            everything = b"".join(trees.read(path) for path, _ in trees.below(home.state) if path.is_file())
            assert not [value for value in before if value.encode() in everything], "old ciphertext is left"
            assert f"enc:v1:{key_ids(old)[0]}".encode() not in everything
            assert old.split()[3].encode() not in everything, "the old key is left"
            assert not opens_with(codebase, home, old), "the old key still opens"
            assert opens_with(codebase, home, new)
            patch(session, {"channels": {"y": {"botToken": later}}})
        assert key_file(home).read_text() == new, "the gateway wrote with the old key"
        with gateways.running(codebase.root, home, token=random_secret()):
            assert show(codebase, home, "channels.x.botToken") == secret
            assert show(codebase, home, "channels.y.botToken") == later


def kill_in_the_middle(codebase: Codebase, home: Home, delay_s: float) -> bool:
    """Start a rotation and kill it when both keys are stored; False when it was done before."""
    old = key_ids(key_file(home).read_text())
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", "secrets", "rotate"],
        cwd=codebase.root.parent,
        env=gateways.environment(home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None:
        if key_ids(key_file(home).read_text()) != old:
            time.sleep(delay_s)
            process.kill()
            break
        time.sleep(0.0005)
    process.wait()
    return len(key_ids(key_file(home).read_text())) == 2


@check("ENC-04")
def test_a_killed_rotation_recovers(codebase: Codebase) -> None:
    secret = {name: canary() for name in CHANNELS}
    channels = {name: {"botToken": value} for name, value in secret.items()}

    def lane(delays: list[float]) -> int:
        killed = 0
        with gateways.new_home({"channels": channels}) as home:
            with gateways.running(codebase.root, home, token=random_secret()) as gateway:
                gateway.terminate()
            for number in range(5):
                shutil.copy2(home.config_file, home.config_file.with_name(f"moltbot.json.bak.{number}"))
            for delay in delays:
                killed += kill_in_the_middle(codebase, home, delay)
                for name in (CHANNELS[0], CHANNELS[-1]):
                    assert show(codebase, home, f"channels.{name}.botToken") == secret[name]
                with gateways.running(codebase.root, home, token=random_secret()) as gateway:
                    gateway.terminate()
                [key] = key_ids(key_file(home).read_text())
                texts = [path.read_text() for path in home.state.glob("moltbot.json*")]
                assert {found[1] for text in texts for found in SEALED.finditer(text)} == {key}
                status = json.loads(secrets_command(codebase, home, "status", "--json").stdout)
                assert status["ok"], status
                assert sum(file["sealed"] for file in status["files"]) == len(CHANNELS) * len(texts)
        return killed

    with ThreadPoolExecutor(2) as pool:
        killed = sum(pool.map(lane, ([0.0, 0.01], [0.002, 0.03])))
    assert killed >= 2, "no rotation was killed in the middle"
