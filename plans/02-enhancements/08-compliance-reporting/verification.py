"""Checks of exported evidence, its signature, and the playbooks."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from _probes import gateways
from _probes.baseline import authentication, authorization, network, protocol
from _probes.canaries import leaks_in_files
from _probes.devices import Device
from _probes.gateways import Gateway, Home, Outcome, random_secret
from _probes.host import needs
from _probes.sessions import Session, UpgradeRefused

from tracker.api import Codebase, check

CHANNEL = "telegram"
LONGEST_S = 10.0
KINDS = ("token-leak", "device-theft", "log-tamper")
OUTCOMES = {"passed", "failed", "not-run", "open"}


def run(codebase: Path, home: Home, *words: str, token: str | None = None) -> Outcome:
    """One command of the gateway, to its end."""
    env = {"GATEWAY_TOKEN": token} if token else {}
    outcome = gateways.command(codebase, home, *words, env=env, timeout_s=58)
    assert "Traceback" not in outcome.stderr, outcome.stderr
    assert "internal error" not in outcome.stderr, outcome.stderr
    return outcome


def answer(outcome: Outcome) -> Any:
    assert outcome.stdout, f"exit {outcome.exit_code}: {outcome.stderr}"
    return json.loads(outcome.stdout)


@dataclass
class Installation:
    """A hardened installation that was used and stopped, and the evidence that was exported from it."""

    codebase: Path
    home: Home
    token: str
    hook_token: str
    bundle: Path
    started: datetime

    @property
    def manifest(self) -> dict[str, Any]:
        manifest: dict[str, Any] = json.loads((self.bundle / "manifest.json").read_text())
        return manifest

    @contextlib.contextmanager
    def copy(self) -> Iterator[Home]:
        with gateways.new_home() as home:
            shutil.rmtree(home.state)
            shutil.copytree(self.home.state, home.state)
            yield home


@pytest.fixture(scope="module")
def clean(codebase: Codebase) -> Iterator[Installation]:
    needs("bwrap")
    token, hook_token = random_secret(), random_secret()
    config = {
        "channels": {CHANNEL: {"dmPolicy": "pairing"}},
        "hooks": {"enabled": True, "token": hook_token},
    }
    with gateways.new_home(config) as home:
        with gateways.running(codebase.root, home, token=token) as gateway:
            with gateway.login(device=Device()) as session:
                session.call("chat.send", {"sessionKey": "main", "message": "hi", "idempotencyKey": "comp"})
            gateway.attempt(auth={"token": "w" * 64})[0].close()
            gateway.terminate()
        bundle, started = home.top / "evidence", datetime.now(UTC)
        outcome = run(codebase.root, home, "compliance", "export", str(bundle), token=token)
        assert outcome.exit_code == 0, outcome.stderr
        yield Installation(codebase.root, home, token, hook_token, bundle, started)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def verifies(installation: Installation, bundle: Path, *words: str) -> list[str] | None:
    """The faults that `compliance verify` names; None when it names none."""
    outcome = run(
        installation.codebase, installation.home, "compliance", "verify", str(bundle), "--json", *words
    )
    report = answer(outcome)
    assert outcome.exit_code == (0 if report["ok"] else 1)
    assert report["ok"] == (not report["faults"])
    return report["faults"] or None


# COMP-01


def defined_checks(codebase: Codebase) -> dict[str, float]:
    """Every check of the programme, by its definitions."""
    plans = codebase.plan_dir.parents[1]
    fronts = [yaml.safe_load((plans / "project.yaml").read_text())["baseline"]]
    fronts += [yaml.safe_load(path.read_text().split("---\n")[1]) for path in plans.glob("*/*/PLAN.md")]
    return {item["id"]: item["points"] for front in fronts for item in front["checks"]}


def judge_manifest(manifest: dict[str, Any], bundle: Path, checks: dict[str, float]) -> None:
    """Every control has its probe, outcome, time, artifact and mapping, and earns what its outcome earns."""
    entries = manifest["controls"]
    assert {entry["id"]: entry["of"] for entry in entries} == checks
    for entry in entries:
        assert entry["probe"], entry
        assert entry["outcome"] in OUTCOMES, entry
        datetime.fromisoformat(entry["time"])
        data = (bundle / entry["artifact"]["path"]).read_bytes()
        assert sha256(data) == entry["artifact"]["sha256"], entry["id"]
        artifact = json.loads(data)
        assert (artifact["id"], artifact["outcome"]) == (entry["id"], entry["outcome"])
        holds = [seen["holds"] for seen in artifact["evidence"]]
        if entry["outcome"] == "passed":
            assert holds, f"{entry['id']}: passed without evidence"
            assert all(holds), f"{entry['id']}: passed against its evidence"
        if entry["outcome"] == "failed":
            assert not all(holds), f"{entry['id']}: failed against its evidence"
        assert entry["points"] == (entry["of"] if entry["outcome"] == "passed" else 0)
        assert all(re.fullmatch(r"(CC\d|A1|PI1|C1|P\d)\.\d+", ref) for ref in entry["soc2"]), entry
        assert all(re.fullmatch(r"A\.[5-8]\.\d+", ref) for ref in entry["iso27001"]), entry
        assert entry["soc2"], entry
        assert entry["iso27001"], entry
    assert manifest["score"]["points"] == pytest.approx(sum(entry["points"] for entry in entries))
    assert manifest["score"]["of"] == pytest.approx(sum(checks.values())) == pytest.approx(100)


def outcomes(manifest: dict[str, Any]) -> dict[str, str]:
    return {entry["id"]: entry["outcome"] for entry in manifest["controls"]}


@check("COMP-01")
def test_every_control_is_in_the_evidence(clean: Installation, codebase: Codebase) -> None:
    checks = defined_checks(codebase)
    judge_manifest(clean.manifest, clean.bundle, checks)
    times = {datetime.fromisoformat(entry["time"]) for entry in clean.manifest["controls"]}
    assert all(
        clean.started.timestamp() - 1 <= time.timestamp() <= datetime.now(UTC).timestamp() for time in times
    )
    assert verifies(clean, clean.bundle) is None
    flattered = clean.manifest
    flattered["controls"][3]["outcome"] = "passed"
    flattered["score"]["points"] += 1
    with pytest.raises(AssertionError):
        judge_manifest(flattered, clean.bundle, checks)


@check("COMP-01")
def test_the_score_is_the_measured_one(clean: Installation) -> None:
    audit = answer(run(clean.codebase, clean.home, "security", "audit", "--json", token=clean.token))
    tried = {item["control"]: item for item in audit["controls"]}
    entries = {entry["probe"]: entry for entry in clean.manifest["controls"] if entry["probe"] in tried}
    assert entries.keys() == tried.keys()
    assert {name: entry["outcome"] for name, entry in entries.items()} == {
        name: item["outcome"] for name, item in tried.items()
    }
    assert clean.manifest["score"]["points"] == pytest.approx(audit["score"]["points"])


MEASURED_OUTSIDE: dict[str, Callable[[Gateway], None]] = {
    "PROTO-01": protocol.serves_nothing_before_connect,
    "PROTO-02": protocol.negotiates_protocol_and_role,
    "AUTH-03": authentication.proves_device_identity,
    "AUTHZ-02": authorization.keeps_roles_apart,
    "AUTHZ-04": authorization.refuses_widening,
    "NET-02": network.trusts_no_forwarding_header,
    "HOOK-01": authentication.hooks_need_their_own_bearer,
}


@check("COMP-01")
def test_the_evidence_agrees_with_outside_probes(clean: Installation) -> None:
    with clean.copy() as home:
        home.config = {"hooks": {"token": clean.hook_token}}
        with gateways.running(clean.codebase, home, token=clean.token) as gateway:
            for probe in MEASURED_OUTSIDE.values():
                probe(gateway)
    seen = outcomes(clean.manifest)
    assert {name: seen[name] for name in MEASURED_OUTSIDE} == dict.fromkeys(MEASURED_OUTSIDE, "passed")


def exported(program: Path, home: Home, token: str, *words: str) -> dict[str, Any]:
    target = home.top / "exported"
    outcome = run(program, home, "compliance", "export", str(target), *words, token=token)
    assert outcome.exit_code == 0, outcome.stderr
    manifest: dict[str, Any] = json.loads((target / "manifest.json").read_text())
    return manifest


def shows_as_failed(manifest: dict[str, Any], control: str, clean: dict[str, Any]) -> None:
    """This control is failed, no other has changed, and its points are gone."""
    changed = {key for key, outcome in outcomes(manifest).items() if outcome != outcomes(clean)[key]}
    assert changed == {control}
    assert outcomes(manifest)[control] == "failed"
    [points] = [entry["of"] for entry in manifest["controls"] if entry["id"] == control]
    assert manifest["score"]["points"] == pytest.approx(clean["score"]["points"] - points)


@check("COMP-01")
def test_a_failed_control_shows_as_failed(clean: Installation, tmp_path: Path) -> None:
    with clean.copy() as home:
        (home.state / "devices" / "paired.json").chmod(0o644)
        shows_as_failed(exported(clean.codebase, home, clean.token), "FS-10", clean.manifest)
    program = edited(clean.codebase, tmp_path, "server/guards.py", "    refuse_foreign_origin,\n    ", "    ")
    with gateways.boot(program, {}) as gateway, contextlib.suppress(UpgradeRefused):
        gateway.open(headers={"Origin": "https://evil.example"}).close()
        with clean.copy() as home:
            shows_as_failed(exported(program, home, clean.token), "ORIG-01", clean.manifest)
            with pytest.raises(AssertionError):
                shows_as_failed(clean.manifest, "ORIG-01", clean.manifest)
            return
    pytest.fail("the sabotage does not show from outside")


def edited(codebase: Path, place: Path, file: str, old: str, new: str) -> Path:
    """The program with one edit."""
    copy = place / "gateway"
    shutil.copytree(codebase, copy, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    text = (copy / file).read_text()
    assert text.count(old) == 1, f"{file}: {old!r} stands there {text.count(old)} times"
    (copy / file).write_text(text.replace(old, new))
    return copy


@check("COMP-01")
def test_outcomes_from_outside_count_and_cannot_flatter(clean: Installation) -> None:
    with clean.copy() as home:
        measured = home.top / "measured.json"
        given = {"LIM-03": "passed", "IDEM-01": "failed", "RES-01": "open", "RES-02": "passed"}
        measured.write_text(
            json.dumps({"source": "probes", "time": "2026-01-01T00:00:00Z", "outcomes": given})
        )
        seen = outcomes(exported(clean.codebase, home, clean.token, "--measured", str(measured)))
        assert {name: seen[name] for name in given} == given | {"RES-02": "open"}
        measured.write_text('{"source": "probes", "time": "now", "outcomes": {"NOPE-1": "passed"}}')
        target = str(home.top / "refused")
        outcome = run(clean.codebase, home, "compliance", "export", target, "--measured", str(measured))
        assert (outcome.exit_code, "NOPE-1" in outcome.stderr) == (2, True)


def rewrite(path: Path, change: Callable[[Any], object]) -> None:
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value, indent=2) + "\n")


def first(outcome: str, manifest: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = next(item for item in manifest["controls"] if item["outcome"] == outcome)
    return entry


CHANGES: dict[str, Callable[[Path], object]] = {
    "an artifact": lambda bundle: rewrite(
        bundle / "evidence" / "AUTH-10.json", lambda value: value["evidence"].pop()
    ),
    "an artifact is gone": lambda bundle: (bundle / "evidence" / "AUTH-10.json").unlink(),
    "a file more": lambda bundle: (bundle / "evidence" / "NOTE.txt").write_text("all is well"),
    "an outcome": lambda bundle: rewrite(
        bundle / "manifest.json",
        lambda value: first("not-run", value).update({"outcome": "passed", "points": 1}),
    ),
    "the score": lambda bundle: rewrite(
        bundle / "manifest.json", lambda value: value["score"].update({"points": 100})
    ),
    "the order": lambda bundle: rewrite(
        bundle / "manifest.json", lambda value: value["controls"].insert(0, value["controls"].pop())
    ),
    "an entry less": lambda bundle: rewrite(bundle / "manifest.json", lambda value: value["controls"].pop(7)),
    "another artifact is named": lambda bundle: rewrite(
        bundle / "manifest.json",
        lambda value: value["controls"][2]["artifact"].update(value["controls"][3]["artifact"]),
    ),
    "no JSON": lambda bundle: (bundle / "manifest.json").write_text("{"),
}


@contextlib.contextmanager
def changed(clean: Installation, change: Callable[[Path], object]) -> Iterator[Path]:
    with gateways.new_home() as place:
        bundle = place.top / "bundle"
        shutil.copytree(clean.bundle, bundle)
        change(bundle)
        yield bundle


@check("COMP-01")
def test_changes_of_the_evidence_are_named(clean: Installation) -> None:
    for name, change in CHANGES.items():
        with changed(clean, change) as bundle:
            # Without a signature too: the links and hashes alone have to show it.
            (bundle / "signature.json").unlink(missing_ok=True)
            faults = [
                fault for fault in verifies(clean, bundle) or [] if not fault.startswith("signature.json")
            ]
            assert faults, f"{name}: nothing was noticed"


@check("COMP-01")
def test_the_evidence_holds_no_secret(clean: Installation) -> None:
    secrets = {"token": clean.token, "hook token": clean.hook_token}
    assert leaks_in_files([clean.bundle], secrets) == []


# COMP-02


@check("COMP-02")
def test_the_signature_is_one(clean: Installation) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    signed = json.loads((clean.bundle / "signature.json").read_text())
    public = base64.b64decode(signed["publicKey"])
    message = b"gateway evidence 1\n" + (clean.bundle / "manifest.json").read_bytes()
    Ed25519PublicKey.from_public_bytes(public).verify(base64.b64decode(signed["signature"]), message)
    assert signed["fingerprint"] == sha256(public)
    [key] = (clean.home.state / "keys").glob("evidence.key")
    assert key.stat().st_mode & 0o177 == 0
    assert verifies(clean, clean.bundle) is None
    assert verifies(clean, clean.bundle, "--signer", sha256(public)) is None
    assert verifies(clean, clean.bundle, "--signer", sha256(b"somebody else"))


def flips(bundle: Path) -> list[tuple[str, int]]:
    """Places in the bundle: many in manifest and signature, one in some artifacts."""
    places = []
    for name, count in (("manifest.json", 12), ("signature.json", 12)):
        size = (bundle / name).stat().st_size
        places += [(name, (2 * number + 1) * size // (2 * count)) for number in range(count)]
        places.append((name, size - 1))
    artifacts = sorted((bundle / "evidence").iterdir())
    return places + [(f"evidence/{path.name}", path.stat().st_size // 2) for path in artifacts[::15]]


@check("COMP-02")
def test_any_byte_flip_fails(clean: Installation) -> None:
    def survives(place: tuple[str, int]) -> str | None:
        name, offset = place

        def flip(bundle: Path) -> None:
            data = bytearray((bundle / name).read_bytes())
            data[offset] ^= 1
            (bundle / name).write_bytes(data)

        with changed(clean, flip) as bundle:
            return None if verifies(clean, bundle) else f"{name} at {offset}"

    with ThreadPoolExecutor(2) as pool:
        assert [place for place in pool.map(survives, flips(clean.bundle)) if place] == []


@check("COMP-02")
def test_evidence_of_somebody_else_is_refused(clean: Installation) -> None:
    with clean.copy() as home:
        for key in (home.state / "keys").glob("evidence.key"):
            key.unlink()
        exported(clean.codebase, home, clean.token)
        faults = verifies(clean, home.top / "exported")
        assert faults, "evidence that another key signed passes"
        assert "not by" in faults[0]
    with changed(clean, lambda bundle: (bundle / "signature.json").unlink()) as bundle:
        assert verifies(clean, bundle), "evidence that nobody signed passes"


def judge_record(report: dict[str, Any], home: Home, kind: str) -> None:
    """What was done, in time, with a record and evidence."""
    assert report["kind"] == kind
    assert report["ok"], report["steps"]
    assert report["seconds"] <= LONGEST_S
    assert {"revoke and rotate", "export evidence"} <= {step["step"] for step in report["steps"]}
    assert all(step["ok"] and step["at"] for step in report["steps"])
    directory = Path(report["directory"])
    assert directory.is_relative_to(home.state / "incidents")
    record = json.loads((directory / "timeline.json").read_text())
    assert record["steps"] == report["steps"]
    assert (directory / "evidence" / "manifest.json").exists()


@check("COMP-02")
@pytest.mark.parametrize("kind", KINDS)
def test_drills_run(clean: Installation, kind: str) -> None:
    with clean.copy() as home:
        outcome = run(clean.codebase, home, "incident", "drill", kind, "--json", token=clean.token)
        [report] = answer(outcome)
        judge_record(report, home, kind)
        assert outcome.exit_code == 0
        assert report["drill"]
        assert run(clean.codebase, home, "audit", "verify").exit_code == 0
        assert (
            run(clean.codebase, home, "compliance", "verify", f"{report['directory']}/evidence").exit_code
            == 0
        )
        with gateways.running(clean.codebase, home, token=clean.token) as gateway, gateway.login() as session:
            assert session.ask("health").ok, "a drill changed the installation's secret"


@check("COMP-02")
def test_a_drill_fails_where_the_response_does_not_work(clean: Installation, tmp_path: Path) -> None:
    program = edited(
        clean.codebase,
        tmp_path,
        "compliance/containment.py",
        "    session_gate.end_sessions(gateway, ended, REVOKED)\n",
        "",
    )
    with clean.copy() as home:
        outcome = run(program, home, "incident", "drill", "token-leak", "--json", token=clean.token)
        [report] = answer(outcome)
        assert outcome.exit_code == 1
        assert "the adversary is out" in {step["step"] for step in report["steps"] if not step["ok"]}
        with pytest.raises(AssertionError):
            judge_record(report, home, "token-leak")


def is_closed(session: Session) -> bool:
    return session.wait_closed(2.0) is not None


def respond(gateway: Gateway, kind: str, *words: str) -> dict[str, Any]:
    outcome = run(
        gateway.codebase,
        gateway.home,
        *("incident", "respond", kind, "--json", "--url", f"ws://127.0.0.1:{gateway.port}", *words),
        token=gateway.token,
    )
    report: dict[str, Any] = answer(outcome)
    judge_record(report, gateway.home, kind)
    assert outcome.exit_code == 0
    return report


def secret_changed(gateway: Gateway, new: str) -> None:
    """The old secret opens nothing any more, the new one does, now and after a restart."""
    session, refused = gateway.attempt(device=Device(), auth={"token": gateway.token})
    session.close()
    assert not refused.ok, "the old secret still opens the gateway"
    assert gateway.http("GET", "/", bearer=gateway.token).status == 401
    with gateway.login(auth={"token": new}) as session:
        assert session.ask("health").ok
    gateway.terminate()
    with gateways.running(gateway.codebase, gateway.home, token=gateway.token) as again:
        session, refused = again.attempt(device=Device(), auth={"token": gateway.token})
        session.close()
        assert not refused.ok, "the old secret is back after a restart"
        with again.login(auth={"token": new}) as session:
            assert session.ask("health").ok


@check("COMP-02")
def test_a_leaked_token_is_answered(clean: Installation) -> None:
    with clean.copy() as home, gateways.running(clean.codebase, home, token=clean.token) as gateway:
        thief = Device()
        with gateway.login(device=thief) as adversary, gateway.login() as other:
            issued = adversary.hello["auth"]["deviceToken"]
            with pytest.raises(AssertionError):
                secret_changed(gateway, random_secret())
            report = respond(gateway, "token-leak")
            assert is_closed(adversary)
            assert is_closed(other)
        session, refused = gateway.attempt(device=thief, auth={"token": issued})
        session.close()
        assert not refused.ok, "the adversary's device token still opens the gateway"
        secret_changed(gateway, report["newToken"])
        kept = {"new token": report["newToken"], "old token": clean.token}
        assert leaks_in_files([home.state / "incidents", home.state / "logs"], kept) == []


@check("COMP-02")
def test_a_stolen_device_is_answered(clean: Installation) -> None:
    with clean.copy() as home, gateways.running(clean.codebase, home, token=clean.token) as gateway:
        thief, honest = Device(), Device()
        with gateway.login(device=thief) as adversary, gateway.login(device=honest) as bystander:
            issued = adversary.hello["auth"]["deviceToken"]
            report = respond(gateway, "device-theft", "--device", thief.id)
            assert is_closed(adversary)
            assert bystander.ask("health").ok, "somebody else lost his session"
        session, refused = gateway.attempt(device=thief, auth={"token": issued})
        session.close()
        assert not refused.ok, "the stolen device's token still opens the gateway"
        secret_changed(gateway, report["newToken"])


@check("COMP-02")
def test_a_changed_log_is_answered(clean: Installation) -> None:
    with clean.copy() as home, gateways.running(clean.codebase, home, token=clean.token) as gateway:
        log = home.state / "logs" / "auth-audit.jsonl"
        with gateway.login() as adversary:
            tampered = log.read_bytes().replace(b'"refused"', b'"accepted"', 1)
            log.write_bytes(tampered)
            assert run(clean.codebase, home, "audit", "verify").exit_code == 1
            report = respond(gateway, "log-tamper")
            assert is_closed(adversary)
        preserved = Path(report["directory"]) / "logs" / log.name
        assert preserved.read_bytes().startswith(tampered), "the changed log was not preserved"
        assert any("auth-audit.jsonl:" in line for line in report["steps"][0]["detail"]), report["steps"][0]
        secret_changed(gateway, report["newToken"])
        assert run(clean.codebase, home, "audit", "verify").exit_code == 0
        assert log.read_bytes(), "attempts are not recorded any more"
