"""Checks of dependency security: an audit that needs no network, a bill of materials, and careful patches."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from _probes import gateways, netns
from _probes.gateways import Home, Outcome
from _probes.host import needs
from packaging.version import Version

from tracker.api import Codebase, check

HASH = f"--hash=sha256:{'0' * 64}"
STALE_DAYS = 30


@dataclass
class Bench:
    """A place to run the gateway's commands in: a home, and no route to anywhere."""

    codebase: Path
    home: Home

    @property
    def top(self) -> Path:
        return self.home.top

    def run(self, *words: str, env: dict[str, str] | None = None) -> Outcome:
        """Run `python -m gateway …` where the only interface is loopback."""
        done = subprocess.run(
            [*netns.unshare_command(), sys.executable, "-m", "gateway", *words],
            cwd=self.codebase.parent,
            env=gateways.environment(self.home, env),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Outcome(done.returncode, done.stdout, done.stderr)

    def audit(self, lock: Path, *words: str, env: dict[str, str] | None = None) -> dict[str, Any]:
        """The report of `deps audit --json`, with its exit code as `exit`."""
        done = self.run("deps", "audit", "--json", "--lock", str(lock), *words, env=env)
        assert done.exit_code in {0, 1}, f"exit {done.exit_code}: {done.stderr}"
        assert done.stdout, f"no report: {done.stderr}"
        report: dict[str, Any] = json.loads(done.stdout)
        return report | {"exit": done.exit_code}

    def lock(self, name: str, *lines: str) -> Path:
        path = self.top / name
        path.write_text("".join(f"{line}\n" for line in lines))
        return path


@pytest.fixture
def bench(codebase: Codebase) -> Iterator[Bench]:
    needs("netns")
    with gateways.new_home() as home:
        yield Bench(codebase.root, home)


def caught() -> Any:
    """The weak variant must fail its judge."""
    return pytest.raises(AssertionError)


def record(name: str, package: str, *events: dict[str, str], **extra: Any) -> dict[str, Any]:
    """An advisory in OSV form."""
    ranges = [{"type": "ECOSYSTEM", "events": list(events)}]
    affected = {"package": {"ecosystem": "PyPI", "name": package}, "ranges": ranges}
    modified = extra.pop("modified", "2026-01-01T00:00:00Z")
    versions = extra.pop("versions", None)
    if versions is not None:
        affected["versions"] = versions
    return {"id": name, "modified": modified, "summary": "a hole", "affected": [affected], **extra}


def write_set(directory: Path, records: list[dict[str, Any]], day: str = "2026-01-01") -> Path:
    """A sealed advisory set in the form that the gateway reads."""
    directory.mkdir()
    text = json.dumps(records)
    digest = hashlib.sha256(text.encode()).hexdigest()
    (directory / "advisories.json").write_text(text)
    manifest = {"date": day, "count": len(records), "sha256": digest, "source": "probe"}
    (directory / "manifest.json").write_text(json.dumps(manifest))
    return directory


def critical(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [found for found in report["findings"] if found["severity"] == "critical"]


def names(found: dict[str, Any]) -> set[str]:
    return {found["advisory"], *found["aliases"]}


# DEP-01


@check("DEP-01")
def test_a_bad_pin_fails_the_build_without_a_network(bench: Bench) -> None:
    routes = subprocess.run(
        [*netns.unshare_command(), "cat", "/proc/net/route", "/proc/net/ipv6_route"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert all(line.split()[-1] in {"lo", "MTU", "IRTT"} for line in routes), f"there is a route: {routes}"
    shipped = bench.codebase / "requirements.lock"
    clean = bench.audit(shipped)
    assert (clean["exit"], critical(clean)) == (0, [])
    assert clean["pins"] >= 5, "the lock does not pin what the gateway imports"
    text = shipped.read_text()
    assert "\nh11==" in text, "h11 is not pinned"
    start = text.index("\nh11==") + 1
    seeded = bench.top / "seeded.lock"
    seeded.write_text(text[:start] + "h11==0.14.0" + text[text.index(" ", start) :])
    bad = bench.audit(seeded)
    (found,) = critical(bad)
    assert bad["exit"] == 1
    assert {"GHSA-vqfr-h8mv-ghfj", "CVE-2025-43859"} <= names(found)
    assert (found["package"], found["version"], found["fixedIn"]) == ("h11", "0.14.0", "0.16.0")
    plain = bench.run("deps", "audit", "--lock", str(seeded))
    assert plain.exit_code == 1
    assert all(word in plain.stdout for word in ("GHSA-vqfr-h8mv-ghfj", "0.16.0", "seeded.lock:"))


ADVISORIES = [
    record("PYSEC-1", "alpha", {"introduced": "0"}, {"fixed": "1.2"}, aliases=["CVE-1", "GHSA-1"]),
    record("GHSA-1", "alpha", {"introduced": "0"}, {"fixed": "1.2"}, aliases=["CVE-1"]),
    record("PYSEC-2", "alpha", {"introduced": "2.0"}, {"fixed": "2.0.5"}),
    record("PYSEC-3", "epoch", {"introduced": "2.0"}, {"fixed": "1!0.5"}),
    record("PYSEC-4", "Name.With_Parts", {"introduced": "1.0"}, {"last_affected": "1.4"}),
    record("PYSEC-5", "withdrawn", {"introduced": "0"}, withdrawn="2026-01-01T00:00:00Z"),
    record("PYSEC-6", "endless", {"introduced": "0"}),
    record("PYSEC-7", "twice", {"introduced": "0"}, {"fixed": "1.1"}),
    record("PYSEC-8", "twice", {"introduced": "1.1"}, {"fixed": "1.3"}),
]
CASES: list[tuple[str, list[str], str]] = [
    ("alpha==1.1.9", ["PYSEC-1"], "1.2"),
    ("alpha==1.2rc1", ["PYSEC-1"], "1.2"),
    ("alpha==0.dev1", ["PYSEC-1"], "1.2"),
    ("alpha==1.2", [], ""),
    ("alpha==1.2.post1", [], ""),
    ("alpha==1.10", [], ""),
    ("Alpha==2.0", ["PYSEC-2"], "2.0.5"),
    ("alpha==2.0rc1", [], ""),
    ("alpha==2.0.4.post9", ["PYSEC-2"], "2.0.5"),
    ("alpha==2.0.5", [], ""),
    ("epoch==9", ["PYSEC-3"], "1!0.5"),
    ("epoch==1!0.4", ["PYSEC-3"], "1!0.5"),
    ("epoch==1!0.5", [], ""),
    ("epoch==1.9", [], ""),
    ("name-with.parts==1.4", ["PYSEC-4"], ""),
    ("name_with_parts==1.4.post1", [], ""),
    ("name-with-parts==1.0b1", [], ""),
    ("withdrawn==1.0", [], ""),
    ("endless==99", ["PYSEC-6"], ""),
    ("twice==1.0", ["PYSEC-7"], "1.3"),
]
"""A pin, the advisories that hold for it, and the lowest version that none holds for."""


def judge_case(report: dict[str, Any], pin: str, expected: list[str], fix: str) -> None:
    """What the report says about one pin."""
    name, version = re.sub("[-_.]+", "-", pin.partition("==")[0].lower()), Version(pin.partition("==")[2])
    found = [one for one in critical(report) if (one["package"], Version(one["version"])) == (name, version)]
    advisories = sorted(one["advisory"] for one in found)
    assert advisories == expected, f"{pin}: {expected} expected, found {advisories}"
    assert all(one["fixedIn"] == fix for one in found), f"{pin}: lowest fix {fix} expected, found {found}"


@check("DEP-01")
def test_ranges_are_right(bench: Bench) -> None:
    known = write_set(bench.top / "set", ADVISORIES)
    lock = bench.lock("all.lock", *(f"{pin} {HASH}" for pin, _, _ in CASES))
    report = bench.audit(lock, "--advisories", str(known))
    assert (report["exit"], report["pins"]) == (1, len(CASES))
    for pin, expected, fix in CASES:
        judge_case(report, pin, expected, fix)
    assert names(critical(report)[0]) == {"PYSEC-1", "GHSA-1", "CVE-1"}, "one hole with three names"
    with caught():
        judge_case(report, CASES[0][0], [], "")
    with caught():
        judge_case(report, CASES[3][0], ["PYSEC-1"], "1.2")
    clean = bench.lock("clean.lock", *(f"{pin} {HASH}" for pin, expected, _ in CASES if not expected))
    assert bench.audit(clean, "--advisories", str(known))["exit"] == 0


@check("DEP-01")
def test_nothing_is_passed_over(bench: Bench) -> None:
    """A lock or a set that cannot be understood fails; the marker of another platform hides nothing."""
    known = write_set(bench.top / "set", ADVISORIES)
    words = ("deps", "audit", "--advisories", str(known), "--lock")
    other = bench.lock("marker.lock", f"alpha==1.0 ; sys_platform == 'nothing' {HASH}")
    assert bench.run(*words, str(other)).exit_code == 1
    for number, line in enumerate((f"alpha>=1.0 {HASH}", "-r other.txt")):
        refused = bench.run(*words, str(bench.lock(f"loose{number}.lock", "# pins", line)))
        assert refused.exit_code == 1, f"{line} is taken for a pin"
        assert f"loose{number}.lock:2:" in refused.stderr, refused.stderr
    clean = bench.lock("clean.lock", f"beta==1 {HASH}")
    text = (known / "advisories.json").read_text()
    (known / "advisories.json").write_text(text.replace('"PYSEC-6"', '"PYSEC-9"'))
    assert bench.run(*words, str(clean)).exit_code == 1, "a set that was changed is believed"
    (known / "advisories.json").write_text(text)
    assert bench.run(*words, str(clean)).exit_code == 0


FAKE_OSV = """
import http.server, json, sys, threading, subprocess
records = json.load(open(sys.argv[1]))
class Osv(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name, version = query["package"]["name"], query["version"]
        hits = [r for r in records if any(
            a["package"]["name"] == name and version in a["versions"] for a in r["affected"])]
        body = json.dumps({"vulns": hits} if hits else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Osv)
threading.Thread(target=server.serve_forever, daemon=True).start()
command = [sys.executable, "-m", "pip_audit", "--progress-spinner=off", "-s", "osv", "--osv-url",
    f"http://127.0.0.1:{server.server_port}/v1/query", "--no-deps", "--disable-pip", "-f", "json", "-r", sys.argv[2]]
sys.exit(subprocess.run(command).returncode)
"""
"""An OSV server that knows versions only by the lists of the records, and pip-audit asking it."""

INDEPENDENT = [
    record(
        "PYSEC-11",
        "alpha",
        {"introduced": "1.0"},
        {"fixed": "1.2"},
        versions=["1.0", "1.1", "1.1.5"],
        aliases=["CVE-11"],
    ),
    record("PYSEC-12", "beta", {"introduced": "0"}, {"fixed": "2.0"}, versions=["0.9", "1.0", "2.0rc1"]),
    record("PYSEC-13", "gamma", {"introduced": "3.0"}, {"fixed": "3.1"}, versions=["3.0", "3.0.1"]),
]


@check("DEP-01")
def test_an_independent_auditor_agrees(bench: Bench) -> None:
    if not _importable("pip_audit"):
        pytest.skip("needs the Python package pip-audit")
    without_lists = json.loads(json.dumps(INDEPENDENT))
    for one in without_lists:
        del one["affected"][0]["versions"]
    known = write_set(bench.top / "set", without_lists)
    listed = bench.top / "listed.json"
    listed.write_text(json.dumps(INDEPENDENT))
    lock = bench.lock("all.lock", f"alpha==1.1.5 {HASH}", f"beta==2.0rc1 {HASH}", f"gamma==3.1 {HASH}")
    script = "ip link set lo up && exec " + ' "$0" "$@"'
    done = subprocess.run(
        [
            *netns.unshare_command(),
            "sh",
            "-c",
            script,
            sys.executable,
            "-c",
            FAKE_OSV,
            str(listed),
            str(lock),
        ],
        env=gateways.environment(bench.home),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1, f"pip-audit: exit {done.returncode}: {done.stderr}"
    theirs = {
        (dependency["name"], dependency["version"], hole["id"], tuple(hole["fix_versions"]))
        for dependency in json.loads(done.stdout)["dependencies"]
        for hole in dependency["vulns"]
    }
    ours = {
        (found["package"], found["version"], found["advisory"], (found["fixedIn"],))
        for found in critical(bench.audit(lock, "--advisories", str(known)))
    }
    assert len(theirs) == 2, theirs
    assert ours == theirs


def _importable(name: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(name) is not None


def judge_components(document: dict[str, Any], installed: dict[str, str]) -> None:
    listed = [(component["name"], component["version"]) for component in document["components"]]
    assert len(listed) == len(set(listed)), "a component is listed twice"
    assert dict(listed) == installed, f"differs in {set(listed) ^ set(installed.items())}"
    assert all(
        component["purl"].startswith(f"pkg:pypi/{component['name']}@") for component in document["components"]
    )


@check("DEP-01")
def test_the_bill_of_materials_is_the_installed_set(bench: Bench) -> None:
    if not (_importable("pip") and _importable("cyclonedx")):
        pytest.skip("needs the Python packages pip and cyclonedx-python-lib")
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator
    from packaging.utils import canonicalize_name

    extra = bench.top / "extra"
    (extra / "Probe_Package-1.0+local.dist-info").mkdir(parents=True)
    (extra / "Probe_Package-1.0+local.dist-info/METADATA").write_text(
        "Metadata-Version: 2.1\nName: Probe_Package\nVersion: 1.0+local\nRequires-Dist: packaging\n"
    )
    with ThreadPoolExecutor(2) as pool:
        reference = pool.submit(
            subprocess.run,
            [
                sys.executable,
                "-m",
                "pip",
                "--isolated",
                "--disable-pip-version-check",
                "list",
                "--format=json",
            ],
            env=gateways.environment(bench.home),
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        plain = bench.run("deps", "sbom")
        more = bench.run("deps", "sbom", env={"PYTHONPATH": str(extra)})
        independent = json.loads(reference.result().stdout)
    assert plain.exit_code == 0, plain.stderr
    document = json.loads(plain.stdout)
    installed = {str(canonicalize_name(one["name"])): str(one["version"]) for one in independent}
    judge_components(document, installed)
    with_probe = json.loads(more.stdout)
    judge_components(with_probe, installed | {"probe-package": "1.0+local"})
    with caught():
        judge_components(document, installed | {"probe-package": "1.0+local"})
    for text in (plain.stdout, more.stdout):
        fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
        assert fault is None, f"not CycloneDX 1.6: {fault}"
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str('{"bomFormat": "CycloneDX"}') is not None
    assert bench.run("deps", "sbom").stdout == plain.stdout, "the same packages give other bytes"


# DEP-02


def wheel(directory: Path, version: str) -> str:
    """Make a wheel of `acme`; its line of SHA256SUMS."""
    info = f"acme-{version}.dist-info"
    members = {
        "acme.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: acme\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: probe\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    path = directory / f"acme-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"


@dataclass
class Shop:
    """A lock with a vulnerable pin, and wheels of which one is the smallest fix."""

    bench: Bench
    lock: Path
    wheels: Path
    known: Path

    def patch(self, suite: str) -> Outcome:
        return self.bench.run(
            *("deps", "patch", "--lock", str(self.lock), "--advisories", str(self.known)),
            *("--wheels", str(self.wheels), "--suite", f"{sys.executable} -c '{suite}'"),
        )

    def sum_of(self, version: str) -> str:
        (line,) = [line for line in self.sums() if f"acme-{version}-" in line]
        return line.split()[0]

    def sums(self) -> list[str]:
        return (self.wheels / "SHA256SUMS").read_text().splitlines()


@contextlib.contextmanager
def shop(bench: Bench) -> Iterator[Shop]:
    """A new directory for each attempt."""
    top = Path(tempfile.mkdtemp(dir=bench.top))
    wheels = top / "wheels"
    wheels.mkdir()
    lines = [wheel(wheels, version) for version in ("1.0.1", "1.0.2", "1.1", "2.0")]
    (wheels / "SHA256SUMS").write_text("".join(lines))
    known = write_set(
        top / "set",
        [
            record("PYSEC-1", "acme", {"introduced": "0"}, {"fixed": "1.0.1"}, {"introduced": "2.0"}),
            record("PYSEC-2", "acme", {"introduced": "1.0"}, {"fixed": "1.0.2"}),
        ],
    )
    lock = top / "requirements.lock"
    lock.write_text(
        f"# pins\nabacus==1 {HASH}\nacme==1.0 ; python_version > '3' \\\n    {HASH}\n\nzebra==3 {HASH}  # last\n"
    )
    yield Shop(bench, lock, wheels, known)
    shutil.rmtree(top)


def judge_patch(before: str, after: str, version: str, digest: str) -> None:
    """One pin moved to the version with the digest, and every other byte is as it was."""
    expected = before.replace("acme==1.0 ", f"acme=={version} ").replace(
        f"'3' \\\n    {HASH}", f"'3' \\\n    --hash=sha256:{digest}"
    )
    assert after == expected, f"not the smallest patch:\n{after}"


@check("DEP-02")
def test_the_lowest_fix_is_pinned_by_hash_tested_and_reversible(bench: Bench) -> None:
    with shop(bench) as one:
        before = one.lock.read_bytes()
        seen = one.lock.parent / "seen"
        done = one.patch(f'import acme; open("{seen}", "w").write(acme.VERSION)')
        assert done.exit_code == 0, done.stdout + done.stderr
        assert seen.read_text() == "1.0.2", "the suite did not see the fixed version"
        after = one.lock.read_text()
        judge_patch(before.decode(), after, "1.0.2", one.sum_of("1.0.2"))
        with caught():
            judge_patch(before.decode(), after, "2.0", one.sum_of("2.0"))
        with caught():
            judge_patch(before.decode(), after, "1.0.2", one.sum_of("1.0.1"))
        report = bench.audit(one.lock, "--advisories", str(one.known))
        assert (report["exit"], critical(report)) == (0, [])
        again = one.patch("raise SystemExit(1)")
        assert (again.exit_code, one.lock.read_text()) == (0, after), "a clean lock is patched"
        assert bench.run("deps", "revert", "--lock", str(one.lock)).exit_code == 0
        assert one.lock.read_bytes() == before, "the way back does not lead to where it began"


@check("DEP-02")
def test_a_red_suite_takes_the_patch_back(bench: Bench) -> None:
    with shop(bench) as one:
        before = one.lock.read_bytes()
        seen = one.lock.parent / "seen"
        suite = f'import acme; open("{seen}", "w").write(open("{one.lock}").read()); raise SystemExit(1)'
        done = one.patch(suite)
        assert done.exit_code == 1, "a red suite is taken for green"
        judge_patch(before.decode(), seen.read_text(), "1.0.2", one.sum_of("1.0.2"))
        assert one.lock.read_bytes() == before, "the patch stays although the suite is red"


def refused(one: Shop) -> None:
    """The attempt ends before the suite starts, and the lock is as it was."""
    before = one.lock.read_bytes()
    seen = one.lock.parent / "seen"
    done = one.patch(f'open("{seen}", "w")')
    assert done.exit_code == 1, done.stdout + done.stderr
    assert not seen.exists(), "the suite ran"
    assert one.lock.read_bytes() == before


@check("DEP-02")
def test_a_wheel_with_a_wrong_hash_is_refused(bench: Bench) -> None:
    with shop(bench) as one:
        with zipfile.ZipFile(one.wheels / "acme-1.0.2-py3-none-any.whl", "a") as archive:
            archive.writestr("implant.py", "")
        refused(one)
    with shop(bench) as one:
        sums = [line for line in one.sums() if "acme-1.0.2-" not in line]
        (one.wheels / "SHA256SUMS").write_text("\n".join(sums) + "\n")
        refused(one)
    with shop(bench) as one, caught():
        refused(one)


@check("DEP-02")
def test_old_advisories_are_a_warning(bench: Bench) -> None:
    today = datetime.now(UTC)
    day = (today - timedelta(days=2)).date().isoformat()
    known = write_set(bench.top / "set", [record("PYSEC-1", "alpha", {"introduced": "9"})], day)
    lock = bench.lock("clean.lock", f"alpha==1 {HASH}")

    def warnings() -> list[str]:
        report = bench.audit(lock, "--advisories", str(known))
        assert report["exit"] == 0, "a warning fails the build"
        return [found["checkId"] for found in report["findings"] if found["severity"] == "warn"]

    assert warnings() == []
    bench.home.set_clock((STALE_DAYS + 1) * 86_400)
    found = warnings()
    assert len(found) == 1, found
    assert "stale" in found[0]
    bare = bench.audit(bench.lock("bare.lock", "alpha==1"), "--advisories", str(known))
    assert bare["exit"] == 1, "a pin without a hash passes"
