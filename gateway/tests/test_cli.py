"""The command line: what it prints, and how it says no."""

import json
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.tests.support import Booted, boot, command, settings_audit, write_config


def test_help_names_every_command(tmp_path: Path) -> None:
    shown = command(tmp_path, "--help")
    assert shown.returncode == 0
    for name in ("run", "call", "doctor", "security", "pairing", "config"):
        assert name in shown.stdout
        assert command(tmp_path, name, "--help").returncode == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["run", "--port", "99999"], 2, "--port: must be 0 to 65535"),
        (["run", "--bind", "moon"], 2, "--bind: must be one of"),
        (["fly"], 2, "invalid choice"),
        ([], 2, "required"),
        (["config", "get", "gateway.nope"], 2, "no such key"),
        (["config", "set", "gateway.port", "none"], 1, "gateway.port: must be an integer"),
        (["pairing", "list", "../x"], 2, "channel must match"),
        (["pairing", "approve", "x", "NOCODE"], 1, "no pending pairing code"),
        (["call", "health", "--url", "ws://127.0.0.1:1"], 1, "cannot reach"),
        (["call", "health", "--url", "nonsense"], 1, "not a ws:// or wss:// URL"),
        (["call", "health", "{a"], 2, "PARAMS:1:3"),
    ],
)
def test_wrong_input_is_one_clear_line(tmp_path: Path, words: list[str], code: int, said: str) -> None:
    done = command(tmp_path, *words)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "moltbot.json:1:2"),
        ("{\n  a: 1,\n  b: }", "moltbot.json:3"),
        ("{gateway: {prot: 1}}", "gateway.prot: unknown key"),
        ('{gateway: {port: "1"}, tools: 1}', "tools: must be an object"),
        ("{channels: {Bad: {}}}", "channels.Bad"),
        ('{$include: "none.json"}', "none.json: named by $include"),
        ('{$include: "moltbot.json"}', "nested deeper"),
        ("[]", "must be an object"),
    ],
)
def test_a_broken_configuration_refuses_to_start(tmp_path: Path, text: str, said: str) -> None:
    file = write_config(tmp_path, {})
    file.write_text(text)
    for words in (["run", "--port", "0"], ["config", "validate"], ["security", "audit"]):
        done = command(tmp_path, *words)
        assert done.returncode == 1
        assert said in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("devices/paired.json", "{"),
        ("agents/main/agent/auth-profiles.json", '{"profiles": {"a": {"type": "magic", "provider": "p"}}}'),
    ],
)
def test_a_broken_state_file_refuses_to_start(tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / "state" / name
    file.parent.mkdir(parents=True)
    file.write_text(text)
    done = command(tmp_path, "run", "--port", "0", GATEWAY_TOKEN=secrets.token_hex(32))
    assert done.returncode == 1
    assert name in done.stderr


def test_includes_are_merged_and_own_keys_win(tmp_path: Path) -> None:
    file = write_config(tmp_path, {"$include": ["a.json5", "b.json5"], "gateway": {"port": 3}})
    (file.parent / "a.json5").write_text(
        "{gateway: {port: 1, bind: 'lan'}, // note\n session: {dmScope: 'main'}}"
    )
    (file.parent / "b.json5").write_text("{session: {dmScope: 'per-peer'}}")
    shown = json.loads(command(tmp_path, "config", "get").stdout)
    assert (shown["gateway"]["port"], shown["gateway"]["bind"]) == (3, "lan")
    assert shown["session"]["dmScope"] == "per-peer"


def test_config_set_and_get(tmp_path: Path) -> None:
    assert command(tmp_path, "config", "set", "session.dmScope", "per-peer").returncode == 0
    assert command(tmp_path, "config", "set", "gateway.port", "7").returncode == 0
    assert json.loads(command(tmp_path, "config", "get", "session.dmScope").stdout) == "per-peer"
    assert json.loads(command(tmp_path, "config", "get", "gateway.limits.maxPayload").stdout) == 524_288
    assert command(tmp_path, "config", "file").stdout.strip() == str(tmp_path / "state/moltbot.json")
    assert (tmp_path / "state/moltbot.json.bak").exists()


def test_backups_are_rotated(tmp_path: Path) -> None:
    for number in range(8):
        command(tmp_path, "config", "set", "gateway.port", str(number))
    names = sorted(path.name for path in (tmp_path / "state").glob("moltbot.json*"))
    assert names == ["moltbot.json", *(f"moltbot.json.bak{end}" for end in ("", ".1", ".2", ".3", ".4"))]
    assert json.loads((tmp_path / "state/moltbot.json.bak").read_text())["gateway"]["port"] == 6


async def test_call_prints_the_payload(gateway: Booted) -> None:
    words = ("--url", gateway.url, "--token", gateway.token or "")
    done = command(gateway.home, "call", "health", *words)
    assert json.loads(done.stdout)["ok"]
    assert "unknown method" in command(gateway.home, "call", "nope", *words).stderr
    refused = command(gateway.home, "call", "health", *words[:2])
    assert refused.returncode == 1
    assert "nauthorized" in refused.stderr


def test_pairing_codes_expire(tmp_path: Path) -> None:
    with boot(tmp_path, {"channels": {"x": {}}}) as gateway:
        code = gateway.inbound("x", "eve", "hi")["replies"][0].split("Pairing code: ")[1][:8]
        listed = command(tmp_path, "pairing", "list", "x", "--json")
        assert json.loads(listed.stdout)["requests"][0]["code"] == code
        gateway.clock.write_text("3601")
        clock = {"GATEWAY_TEST_CLOCK": str(gateway.clock)}
        assert command(tmp_path, "pairing", "approve", "x", code, **clock).returncode == 1
        again = gateway.inbound("x", "eve", "hi")["replies"][0].split("Pairing code: ")[1][:8]
        assert again != code


def test_doctor_names_what_is_wrong(start: Callable[..., Booted], tmp_path: Path) -> None:
    gateway = start()
    write_config(tmp_path, {"gateway": {"port": gateway.port}})
    done = command(tmp_path, "doctor", "--json")
    checks = {check["id"]: check["ok"] for check in json.loads(done.stdout)["checks"]}
    assert done.returncode == 1
    assert checks["config"]
    assert not checks["port"]
    write_config(tmp_path, {"x": 1})
    assert "FAIL  config" in command(tmp_path, "doctor").stdout


def test_the_audit_finds_and_repairs(tmp_path: Path) -> None:
    write_config(tmp_path, {"gateway": {"bind": "lan"}, "logging": {"redactSensitive": "off"}})
    done = settings_audit(tmp_path)
    report = json.loads(done.stdout)
    assert done.returncode == 1
    found = {finding["checkId"] for finding in report["findings"]}
    assert found >= {"gateway.bind_no_auth", "logging.redact_off"}
    fixed = json.loads(settings_audit(tmp_path, "--fix").stdout)
    assert "logging.redact_off" not in {finding["checkId"] for finding in fixed["findings"]}
