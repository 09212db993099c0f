"""DEP-02: patches are minimal, pinned by hash, tested, and taken back on red."""

import hashlib
import json
import sys
import zipfile
from pathlib import Path

import pytest

from gateway.tests.support import command
from gateway.tests.test_dependencies import HASH, advisories, lock, record


def wheel(directory: Path, version: str) -> str:
    """Make a wheel of `acme` and return its digest."""
    directory.mkdir(exist_ok=True)
    info = f"acme-{version}.dist-info"
    members = {
        "acme.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: acme\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    path = directory / f"acme-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def pinned(tmp_path: Path) -> Path:
    """A lock with a hole, its advisories, and a wheelhouse with two fixes."""
    advisories(tmp_path, record("acme", {"introduced": "0"}, {"fixed": "1.0.1"}))
    sums = [f"{wheel(tmp_path / 'wheels', it)}  acme-{it}-py3-none-any.whl" for it in ("1.0.1", "2.0")]
    (tmp_path / "wheels/SHA256SUMS").write_text("\n".join(sums) + "\n")
    return lock(tmp_path, "# first", f"acme==1.0 ; python_version > '3' {HASH}", f"zebra==1 {HASH}")


def patch(pinned: Path, suite: str) -> tuple[int, str]:
    done = command(
        pinned.parent,
        *("deps", "patch", "--lock", str(pinned), "--advisories", str(pinned.parent / "set")),
        *("--wheels", str(pinned.parent / "wheels"), "--suite", f"{sys.executable} -c '{suite}'"),
    )
    return done.returncode, done.stdout + done.stderr


def test_dep_02_the_lowest_fix_is_pinned_and_can_be_taken_back(pinned: Path) -> None:
    """DEP-02: only the pin changes, its hash is that of the sums, and the suite saw the new version."""
    before = pinned.read_text()
    code, said = patch(pinned, 'import acme; assert acme.VERSION == "1.0.1"')
    assert code == 0, said
    digest = (pinned.parent / "wheels/SHA256SUMS").read_text().split()[0]
    old, new = f" {HASH}\n", f" \\\n    --hash=sha256:{digest}\n"
    assert pinned.read_text() == before.replace("acme==1.0", "acme==1.0.1").replace(old, new, 1)
    assert command(pinned.parent, "deps", "revert", "--lock", str(pinned)).returncode == 0
    assert pinned.read_text() == before
    assert command(pinned.parent, "deps", "revert", "--lock", str(pinned)).returncode == 1


@pytest.mark.parametrize("suite", ["raise SystemExit(1)", "import nothing_of_that_name"])
def test_dep_02_a_red_suite_takes_the_patch_back(pinned: Path, suite: str) -> None:
    """DEP-02: the lock is byte for byte what it was."""
    before = pinned.read_bytes()
    code, said = patch(pinned, suite)
    assert code == 1
    assert "the suite is red" in said
    assert pinned.read_bytes() == before


def test_dep_02_a_forged_wheel_is_refused(pinned: Path) -> None:
    """DEP-02: a wheel that is not the one of the sums is never imported."""
    before = pinned.read_bytes()
    path = pinned.parent / "wheels/acme-1.0.1-py3-none-any.whl"
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("extra.py", "")
    marker = pinned.parent / "ran"
    code, said = patch(pinned, f'open("{marker}", "w")')
    assert code == 1
    assert "hash" in said.lower()
    assert not marker.exists()
    assert pinned.read_bytes() == before


def test_dep_02_old_advisories_and_open_pins_are_found(tmp_path: Path) -> None:
    """DEP-02: the audit says when it is worth less."""
    advisories(tmp_path, record("acme", {"introduced": "9"}))
    audit = ("deps", "audit", "--json", "--advisories", str(tmp_path / "set"), "--lock")
    hashed = lock(tmp_path, f"acme==1.0 {HASH}")
    found = {}
    for days in ("1", "100000"):
        done = command(tmp_path, *audit, str(hashed), "--max-age-days", days)
        assert done.returncode == 0
        found[days] = [(one["checkId"], one["severity"]) for one in json.loads(done.stdout)["findings"]]
    assert found == {"1": [("supply_chain.advisories_stale", "warn")], "100000": []}
    done = command(tmp_path, *audit, str(lock(tmp_path, "acme==1.0")))
    assert done.returncode == 1
    assert "supply_chain.pin_without_hash" in done.stdout
