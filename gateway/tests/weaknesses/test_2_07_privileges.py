"""The gateway keeps every privilege that it was started with."""

import os
from pathlib import Path

from gateway.tests.support import ROOT, Booted


def test_privileges_are_kept(gateway: Booted) -> None:
    status = Path(f"/proc/{gateway.process.pid}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    own = dict(
        line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line
    )
    assert fields["CapEff"] == own["CapEff"]
    assert fields["NoNewPrivs"] == "0"
    assert fields["Seccomp"] == "0"
    assert fields["Uid"].split()[1] == str(os.geteuid())


def test_no_profile_is_shipped() -> None:
    kinds = {".service", ".apparmor", ".te", ".fc"}
    assert not [path for path in (ROOT / "gateway").rglob("*") if path.suffix in kinds]
