"""DEP-01: known-vulnerable pins fail a build, from an advisory set that needs no network."""

import json
import shutil
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from gateway.supply_chain.advisories import SHIPPED, AdvisorySet
from gateway.supply_chain.errors import SupplyChainError
from gateway.supply_chain.importing import import_set
from gateway.supply_chain.lock import Lock
from gateway.supply_chain.ranges import versions_of
from gateway.supply_chain.vulnerabilities import lowest_fix
from gateway.tests.support import ROOT, command

LOCK = ROOT / "gateway" / "requirements.lock"
HASH = f"--hash=sha256:{'0' * 64}"


def record(name: str, *events: dict[str, str], **extra: Any) -> dict[str, Any]:
    ranges = [{"type": "ECOSYSTEM", "events": list(events)}]
    affected = [{"package": {"ecosystem": "PyPI", "name": name}, "ranges": ranges}]
    return {"id": "PYSEC-1", "modified": "2026-01-02T03:04:05Z", "affected": affected, **extra}


def advisories(directory: Path, *records: dict[str, Any]) -> AdvisorySet:
    dump = directory / "dump"
    dump.mkdir(parents=True)
    for number, one in enumerate(records):
        (dump / f"{number}.json").write_text(json.dumps(one))
    return import_set(dump, {"acme"}, directory / "set")


def lock(directory: Path, *lines: str) -> Path:
    path = directory / "requirements.lock"
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def test_dep_01_the_shipped_lock_is_clean_and_a_bad_pin_is_not(tmp_path: Path) -> None:
    """DEP-01: the audit fails on a vulnerable pin and names advisory and fix."""
    clean = command(tmp_path, "deps", "audit")
    assert clean.returncode == 0, clean.stdout
    bad = lock(tmp_path, f"H11==0.14.0 {HASH}")
    found = command(tmp_path, "deps", "audit", "--json", "--lock", str(bad))
    assert found.returncode == 1
    critical = [one for one in json.loads(found.stdout)["findings"] if one["severity"] == "critical"]
    assert [one["fixedIn"] for one in critical] == ["0.16.0"]
    assert {critical[0]["advisory"], *critical[0]["aliases"]} == {"GHSA-vqfr-h8mv-ghfj", "CVE-2025-43859"}


@pytest.mark.parametrize(
    ("version", "inside"),
    [
        ("1.0.dev1", True),
        ("1.1.9", True),
        ("1.2rc1", True),
        ("1.2", False),
        ("1.2.post1", False),
        ("1.9", False),
        ("2.0a1", False),
        ("2.0", True),
        ("2.3", True),
        ("2.3.post1", False),
        ("1!0.1", False),
        ("7.0", True),
    ],
)
def test_dep_01_ranges_follow_osv_and_pep_440(version: str, *, inside: bool) -> None:
    """DEP-01: pre-releases, epochs, last affected versions, lists."""
    from packaging.version import Version

    ranges = [
        {"type": "ECOSYSTEM", "events": [{"fixed": "1.2"}, {"introduced": "0"}]},
        {"type": "ECOSYSTEM", "events": [{"introduced": "2.0"}, {"last_affected": "2.3"}]},
        {"type": "GIT", "events": [{"introduced": "0"}]},
    ]
    affected = versions_of({"ranges": ranges, "versions": ["7", "not a version"]})
    assert (Version(version) in affected) is inside


def test_dep_01_the_lowest_fix_has_no_hole_of_its_own(tmp_path: Path) -> None:
    """DEP-01: a fix that another advisory affects is none, and a pre-release is a last resort."""
    known = advisories(
        tmp_path,
        record("acme", {"introduced": "0"}, {"fixed": "1.2"}),
        record("acme", {"introduced": "1.2"}, {"fixed": "1.3rc1"}, id="PYSEC-2"),
        record("acme", {"introduced": "1.1"}, {"fixed": "1.4"}, id="PYSEC-3"),
        record("acme", {"introduced": "0"}, withdrawn="2026-01-01T00:00:00Z", id="PYSEC-4"),
    )
    (pin,) = Lock.read(lock(tmp_path, f"Acme==1.0 {HASH}")).pins
    assert str(lowest_fix(pin, known)) == "1.4"


def test_dep_01_what_is_no_lock_and_no_set_is_refused(tmp_path: Path) -> None:
    """DEP-01: nothing is skipped in silence."""
    for line in ("acme>=1", "acme", "-r other.txt", "acme @ https://example.org/a.whl", "acme==1.*"):
        with pytest.raises(SupplyChainError, match=r"requirements\.lock:2: not a"):
            Lock.read(lock(tmp_path, "# pins", f"{line} {HASH}"))
    copy = tmp_path / "set"
    shutil.copytree(SHIPPED, copy)
    (copy / "advisories.json").write_text("[]")
    refused = command(tmp_path, "deps", "audit", "--advisories", str(copy))
    assert refused.returncode == 1
    assert "changed since it was sealed" in refused.stderr
    with pytest.raises(SupplyChainError, match="not an OSV record"):
        advisories(tmp_path / "odd", record("acme", {"fixed": "one"}))


def test_dep_01_an_update_replaces_the_set(tmp_path: Path) -> None:
    """DEP-01: a dump that was carried here becomes the set that audits use."""
    dump = tmp_path / "dump"
    dump.mkdir()
    name = LOCK.read_text().splitlines()[2].split("==")[0]
    (dump / "a.json").write_text(json.dumps(record(name, {"introduced": "0"})))
    assert command(tmp_path, "deps", "update", str(dump)).returncode == 0
    found = command(tmp_path, "deps", "audit")
    assert found.returncode == 1
    assert "no fixed version" in found.stdout


def test_dep_01_the_bill_of_materials_is_what_is_installed(tmp_path: Path) -> None:
    """DEP-01: every distribution once, and the comparison tells a change."""
    document = json.loads(command(tmp_path, "deps", "sbom").stdout)
    listed = {component["name"]: component["version"] for component in document["components"]}
    assert listed["websockets"] == metadata.version("websockets")
    assert len(listed) == len(document["components"])
    earlier = tmp_path / "bom.json"
    earlier.write_text(json.dumps(document))
    assert command(tmp_path, "deps", "sbom", "--compare", str(earlier)).returncode == 0
    document["components"].pop()
    earlier.write_text(json.dumps(document))
    assert command(tmp_path, "deps", "sbom", "--compare", str(earlier)).returncode == 1
