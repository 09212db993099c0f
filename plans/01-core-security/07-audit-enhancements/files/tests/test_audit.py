"""The audit finds, tries out and repairs; the audit logs show tampering."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.paths import Paths
from gateway.security.audit_log import ChainedLog
from gateway.security.audit_verify import verify_all
from gateway.security.controls.registry import Control, NotObservable, saw, try_out
from gateway.security.controls.run import catalogue
from gateway.security.controls.site import Rehearsal
from gateway.tests.support import Booted, boot, command, dial, write_config

QUICK = ("security", "audit", "--json", "--without-controls")


def findings(home: Path, *flags: str, **extra: str) -> dict[str, str]:
    report = json.loads(command(home, *QUICK, *flags, **extra).stdout)
    return {finding["checkId"]: finding["severity"] for finding in report["findings"]}


def test_aud_01_every_control_is_tried_out_and_scored(start: Callable[..., Booted]) -> None:
    """AUD-01: a clean installation passes every control, each with evidence."""
    gateway = start()
    done = command(gateway.home, "security", "audit", "--json", GATEWAY_TOKEN=str(gateway.token))
    report = json.loads(done.stdout)
    assert {item["control"] for item in report["controls"]} == {item.name for item in catalogue()}
    outcomes = {item["control"]: (item["outcome"], item["evidence"]) for item in report["controls"]}
    assert {name for name, (outcome, _) in outcomes.items() if outcome == "failed"} == set()
    assert all(evidence for outcome, evidence in outcomes.values() if outcome == "passed")
    earned = sum(item["of"] for item in report["controls"] if item["outcome"] == "passed")
    assert report["score"]["points"] == earned
    assert report["score"]["of"] == sum(item.points for item in catalogue())


def judge(*observations: str) -> str:
    """Return the outcome of a control with such observations: holds, fails or missing."""

    def probe(_site: Any) -> Any:
        for seen in observations:
            if seen == "missing":
                raise NotObservable("nothing to look at")
            yield saw(seen == "holds", seen)

    return try_out(Control("x", "x", 1, probe), None).outcome  # type: ignore[arg-type]


def test_aud_01_files_that_go_while_they_are_read_hold_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AUD-01: the rehearsal replaces its files while a control looks into them."""
    (tmp_path / "state").mkdir()
    for name, text in (("kept", "a secret"), ("goes", "a secret"), ("other", "")):
        (tmp_path / "state" / name).write_text(text)
    read = Path.read_bytes

    def late(path: Path) -> bytes:
        (tmp_path / "state" / "goes").unlink(missing_ok=True)
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", late)
    assert Rehearsal(tmp_path, 0, 0, "", "").holders("secret") == ["kept"]


def test_aud_01_a_control_passes_only_on_evidence() -> None:
    """AUD-01: nothing seen is not a pass, one bad observation is a failure, an error is one too."""
    assert judge("holds", "holds") == "passed"
    assert judge("holds", "fails") == "failed"
    assert judge() == "failed"
    assert judge("missing") == "not-run"

    def broken(_site: Any) -> Any:
        yield saw(holds=True, evidence="seen")
        raise KeyError

    assert try_out(Control("x", "x", 1, broken), None).outcome == "failed"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("unsafe", "expected"),
    [
        ({"gateway": {"bind": "lan"}}, ("gateway.bind_no_tls", "critical")),
        ({"gateway": {"trustedProxies": ["0.0.0.0/0"]}}, ("gateway.trusted_proxies_wide", "critical")),
        ({"gateway": {"auth": {"token": "short"}}}, ("gateway.token_weak", "critical")),
        ({"tools": {"exec": {"security": "full"}}}, ("tools.exec_full", "critical")),
        ({"channels": {"x": {"dmPolicy": "OPEN"}}}, ("channels.dm.open", "critical")),
        ({"session": {"dmScope": "main"}, "channels": {"x": {}}}, ("session.dm_scope_main", "warn")),
        ({"nonsense": 1}, ("config.invalid", "critical")),
    ],
)
def test_aud_02_unsafe_settings_are_found(
    tmp_path: Path, unsafe: dict[str, Any], expected: tuple[str, str]
) -> None:
    """AUD-02: each setting has its finding, also where the gateway refuses the file."""
    write_config(tmp_path, unsafe).chmod(0o600)
    (tmp_path / "state").chmod(0o700)
    name, severity = expected
    assert findings(tmp_path)[name] == severity


def test_aud_02_a_safe_installation_is_quiet(start: Callable[..., Booted]) -> None:
    """AUD-02: an installation that was started once has no finding."""
    gateway = start({"channels": {"x": {}}})
    assert findings(gateway.home, GATEWAY_TOKEN=str(gateway.token)) == {}


async def test_aud_03_a_repair_holds_and_is_made_once(tmp_path: Path) -> None:
    """AUD-03: the new token works, the old configuration is kept, a second run does nothing."""
    path = write_config(tmp_path, {"gateway": {"auth": {"token": "short"}}})
    path.chmod(0o644)
    report = json.loads(command(tmp_path, *QUICK, "--fix").stdout)
    [backup] = (tmp_path / "state" / "backups").iterdir()
    token = report["newSecrets"]["gateway.auth.token"]
    assert findings(tmp_path) == {}
    assert (report["backup"], backup.stat().st_mode & 0o777) == (str(backup), 0o600)
    before = path.read_bytes()
    assert json.loads(command(tmp_path, *QUICK, "--fix").stdout)["fixed"] == []
    assert path.read_bytes() == before
    with boot(tmp_path, token=None) as gateway:
        async with dial(gateway) as client:
            assert (await client.shake(auth={"token": token}))["ok"]
        async with dial(gateway) as client:
            assert not (await client.shake(auth={"token": "short"}))["ok"]


def test_aud_03_a_repair_that_leaves_the_file_broken_is_taken_back(tmp_path: Path) -> None:
    """AUD-03: with another fault in the file, the file stays as it was."""
    path = write_config(tmp_path, {"gateway": {"auth": {"token": "short"}}, "nonsense": 1})
    before = path.read_bytes()
    done = command(tmp_path, *QUICK, "--fix")
    assert done.returncode == 1
    assert json.loads(done.stdout)["newSecrets"] == {}
    assert path.read_bytes() == before


def written(tmp_path: Path, count: int = 6, largest: int = 1 << 20) -> tuple[Paths, ChainedLog]:
    paths = Paths.resolve(str(tmp_path / "state"))
    log = ChainedLog(paths, "test", largest)
    for number in range(1, count + 1):
        log.append({"number": number})
    return paths, log


def first_bad(paths: Paths) -> int | None:
    [verdict] = verify_all(paths)
    return None if verdict.fault is None else verdict.fault.entry


@pytest.mark.parametrize(
    ("tamper", "entry"),
    [
        (lambda lines: [*lines[:2], lines[2].replace(b'"number": 3', b'"number": 9'), *lines[3:]], 3),
        (lambda lines: [*lines[:2], *lines[3:]], 3),
        (lambda lines: [*lines[:3], lines[1], *lines[3:]], 4),
        (lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]], 3),
        (lambda lines: lines[:4], 5),
        (lambda lines: [*lines[:-1], lines[-1][:-9]], 6),
    ],
    ids=["edit", "delete", "insert", "reorder", "cut", "tear"],
)
def test_aud_04_tampering_is_named(
    tmp_path: Path, tamper: Callable[[list[bytes]], list[bytes]], entry: int
) -> None:
    """AUD-04: the first entry that is not as it was written is named."""
    paths, log = written(tmp_path)
    assert first_bad(paths) is None
    log.path.write_bytes(b"".join(tamper(log.path.read_bytes().splitlines(keepends=True))))
    assert first_bad(paths) == entry


def test_aud_04_the_chain_goes_on_in_the_next_file(tmp_path: Path) -> None:
    """AUD-04: files that were put aside stay part of the log."""
    paths, _ = written(tmp_path, 60, largest=4096)
    full = sorted(paths.logs.glob("test.*.jsonl"))
    assert len(full) > 1
    assert first_bad(paths) is None
    full[0].unlink()
    assert first_bad(paths) == 1


def test_aud_04_an_older_log_is_set_aside(tmp_path: Path) -> None:
    """AUD-04: lines that were never chained do not pass for entries."""
    paths = Paths.resolve(str(tmp_path / "state"))
    paths.logs.mkdir(parents=True)
    (paths.logs / "test.jsonl").write_text('{"old": 1}\n')
    written(tmp_path, 2)
    assert first_bad(paths) is None
    assert (paths.logs / "test.unchained").read_text() == '{"old": 1}\n'


def test_aud_04_attempts_are_chained(start: Callable[..., Booted]) -> None:
    """AUD-04: the record of attempts verifies, and a change of it does not."""
    gateway = start()
    gateway.http("GET", "/", headers={"Authorization": "Bearer x"})
    assert command(gateway.home, "audit", "verify").returncode == 0
    log = gateway.state / "logs" / "auth-audit.jsonl"
    log.write_text(log.read_text().replace("refused", "accepted"))
    done = command(gateway.home, "audit", "verify")
    assert done.returncode == 1
    assert "auth-audit.jsonl:1: entry 1" in done.stdout
