"""Evidence bundles: one directory that anyone can check without trusting who made it.

`manifest.json` has one entry a control, in the order of the catalogue. Each
names its artifact by SHA-256 and is linked to the entry before it, so that no
entry can be changed, removed or moved without all that follow.
"""

import hashlib
import json
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway._version import __version__
from gateway.clock import Clock
from gateway.compliance.layout import MANIFEST, SIGNATURE
from gateway.compliance.measure import Measured, Outside, measure
from gateway.compliance.seals import INSPECTORS, SEALERS
from gateway.errors import GatewayError
from gateway.paths import Paths
from gateway.security.audit_verify import verify_all
from gateway.security.subject import examine
from gateway.state import files

FORMAT = 1
ARTIFACTS = "evidence"
FIRST_LINK = "0" * 64
PROGRAM = Path(__file__).parents[1]
ARTIFACT_NAME = re.compile(rf"{ARTIFACTS}/[A-Z]+-\d+\.json")


@dataclass(frozen=True)
class Bundle:
    """A bundle that was written."""

    path: Path
    manifest: dict[str, Any]


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def canonical(value: Any) -> bytes:
    """Return the one way to write a JSON value: sorted keys, no white space (as RFC 8785 for these values)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def now(clock: Clock) -> str:
    moment = datetime.fromtimestamp(clock.now_ms() / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def export(paths: Paths, target: Path, outside: Outside | None = None) -> Bundle:
    """Measure the installation and write the evidence to a new directory.

    Raises GatewayError when the directory is not empty, and OSError.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise GatewayError(f"{target}: is there already", hint="name a directory that is new or empty")
    subject = examine(paths)
    measured = measure(subject, outside)
    time = now(Clock.from_environment())
    (target / ARTIFACTS).mkdir(parents=True, mode=0o700)
    entries, link = [], FIRST_LINK
    for item in measured:
        entry = _entry(item, time, _write(target, f"{ARTIFACTS}/{item.entry.id}.json", item.artifact()))
        link = digest(link.encode() + canonical(entry))
        entries.append({**entry, "link": link})
    manifest = {
        "format": FORMAT,
        "time": time,
        "gateway": {"version": __version__, "programSha256": program_digest()},
        "configSha256": subject.config.hash,
        "auditLogs": [_log(verdict.log, verdict.entries, verdict.fault) for verdict in verify_all(paths)],
        "measuredFromOutside": None if outside is None else {"source": outside.source, "time": outside.time},
        "score": score(measured),
        "controls": entries,
        "link": link,
    }
    _write(target, MANIFEST, manifest)
    for seal in SEALERS:
        seal(paths, target)
    return Bundle(target, manifest)


def _entry(item: Measured, time: str, sha256: str) -> dict[str, Any]:
    entry = item.entry
    return {
        "id": entry.id,
        "title": entry.title,
        "domain": entry.domain,
        "kind": entry.kind,
        "probe": item.probe,
        "outcome": item.outcome,
        "points": item.points,
        "of": entry.points,
        "time": time,
        "artifact": {"path": f"{ARTIFACTS}/{entry.id}.json", "sha256": sha256},
        "soc2": list(entry.soc2),
        "iso27001": list(entry.iso27001),
        "other": list(entry.other),
    }


def _log(name: str, entries: int, fault: object) -> dict[str, Any]:
    return {
        "log": name,
        "entries": entries,
        "intact": fault is None,
        "firstBad": str(fault) if fault else None,
    }


def _write(target: Path, name: str, value: Any) -> str:
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    files.write_text(target / name, text)
    return digest(text.encode())


def score(measured: list[Measured]) -> dict[str, Any]:
    """Return the points of what was seen to hold, out of all, and how many had which outcome."""
    outcomes = sorted({item.outcome for item in measured})
    return {
        "points": sum(item.points for item in measured),
        "of": sum(item.entry.points for item in measured),
        "outcomes": {name: sum(item.outcome == name for item in measured) for name in outcomes},
    }


def program_digest() -> str:
    """Return a digest of the installed program: the names and the contents of its files."""
    found = sorted(path for path in PROGRAM.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    listing = [(path.relative_to(PROGRAM).as_posix(), digest(path.read_bytes())) for path in found]
    return digest(canonical(listing))


def verify(paths: Paths, bundle: Path, signer: str | None = None) -> list[str]:
    """Return everything that is wrong with a bundle; nothing when it is as it was written.

    `signer` is the fingerprint of the key that must have signed it.
    """
    try:
        manifest = json.loads((bundle / MANIFEST).read_bytes())
        faults = list(_faults(bundle, manifest))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        return [f"{MANIFEST}: cannot be read as a manifest: {type(error).__name__}: {error}"]
    for inspect in INSPECTORS:
        faults += inspect(paths, bundle, signer)
    return faults


def _faults(bundle: Path, manifest: dict[str, Any]) -> list[str]:
    faults, link, named = [], FIRST_LINK, {MANIFEST, SIGNATURE}
    for entry in manifest["controls"]:
        rest = {key: value for key, value in entry.items() if key != "link"}
        link = digest(link.encode() + canonical(rest))
        if entry["link"] != link:
            faults.append(f"{entry['id']}: is not linked to the entry before it")
            link = str(entry["link"])
        faults += _artifact_faults(bundle, entry)
        named.add(str(entry["artifact"]["path"]))
    if manifest["link"] != link:
        faults.append("the last link is not the manifest's")
    earned = sum(entry["points"] for entry in manifest["controls"])
    whole = sum(entry["of"] for entry in manifest["controls"])
    if (manifest["score"]["points"], manifest["score"]["of"]) != (earned, whole):
        faults.append(f"the score is {earned:g} of {whole:g}, not {manifest['score']['points']}")
    found = {
        (Path(directory) / name).relative_to(bundle).as_posix()
        for directory, _, names in os.walk(bundle)
        for name in names
    }
    return faults + [f"{name}: is not named by the manifest" for name in sorted(found - named)]


def _artifact_faults(bundle: Path, entry: dict[str, Any]) -> list[str]:
    name, claimed = str(entry["artifact"]["path"]), entry["artifact"]["sha256"]
    if not ARTIFACT_NAME.fullmatch(name):
        return [f"{entry['id']}: {name!r} is not the name of an artifact"]
    try:
        data = (bundle / name).read_bytes()
    except OSError as error:
        return [f"{name}: {error.strerror}"]
    if digest(data) != claimed:
        return [f"{name}: was changed"]
    artifact = json.loads(data)
    if (artifact["id"], artifact["outcome"]) != (entry["id"], entry["outcome"]):
        return [f"{name}: says {artifact['outcome']}, the manifest says {entry['outcome']}"]
    if entry["points"] != (entry["of"] if entry["outcome"] == "passed" else 0):
        return [f"{entry['id']}: {entry['outcome']} does not earn {entry['points']} points"]
    return []
