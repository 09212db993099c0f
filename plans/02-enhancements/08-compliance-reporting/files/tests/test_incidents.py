"""Evidence is signed, and the playbooks do what they say."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.compliance import signature
from gateway.paths import Paths
from gateway.tests.support import Booted, Device, command, dial, operator


def signed(tmp_path: Path) -> tuple[Paths, Path]:
    paths = Paths.resolve(str(tmp_path / "state"))
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "manifest.json").write_text('{"score": 1}\n')
    signature.sign(paths, bundle)
    return paths, bundle


def test_comp_02_a_signature_names_its_signer(tmp_path: Path) -> None:
    """COMP-02: it verifies for this installation or a named signer, and for nobody else."""
    paths, bundle = signed(tmp_path)
    own = signature.own_fingerprint(paths)
    stranger = Paths.resolve(str(tmp_path / "elsewhere"))
    assert signature.inspect(paths, bundle, None) == []
    assert signature.inspect(stranger, bundle, own) == []
    assert signature.inspect(stranger, bundle, None) != []
    assert signature.inspect(paths, bundle, "0" * 64) != []


@pytest.mark.parametrize("file", ["manifest.json", "signature.json"])
def test_comp_02_every_flipped_byte_shows(tmp_path: Path, file: str) -> None:
    """COMP-02: no byte of the manifest or the signature can be another."""
    paths, bundle = signed(tmp_path)
    data = (bundle / file).read_bytes()
    for offset in range(len(data)):
        flipped = bytearray(data)
        flipped[offset] ^= 1
        (bundle / file).write_bytes(flipped)
        assert signature.inspect(paths, bundle, None), offset


@pytest.mark.parametrize("kind", ["token-leak", "device-theft", "log-tamper"])
def test_comp_02_a_drill_ends_well(start: Callable[..., Booted], kind: str) -> None:
    """COMP-02: revoke, rotate, export, look again, on record."""
    gateway = start()
    done = command(gateway.home, "incident", "drill", kind, "--json", GATEWAY_TOKEN=str(gateway.token))
    [report] = json.loads(done.stdout)
    assert report["ok"], report["steps"]
    assert done.returncode == 0
    assert (Path(report["directory"]) / "timeline.json").exists()
    assert command(gateway.home, "audit", "verify").returncode == 0


async def test_comp_02_containment_ends_every_other_session(start: Callable[..., Booted]) -> None:
    """COMP-02: the caller stays, the others are closed, the secret is another."""
    gateway = start()
    async with operator(gateway) as admin, operator(gateway) as other:
        done = await admin.call("incident.contain", {"kind": "token-leak"})
        assert done["closed"] == 1
        assert await other.closed() == 1008
        assert (await admin.request("health"))["ok"]
    async with dial(gateway) as client:
        assert not (await client.shake(Device(), auth={"token": gateway.token}))["ok"]
    async with dial(gateway) as client:
        assert (await client.shake(Device(), auth={"token": done["token"]}))["ok"]


async def test_comp_02_containment_is_for_admins(start: Callable[..., Booted]) -> None:
    """COMP-02: a client without the admin scope cannot change the secret."""
    gateway = start()
    async with operator(gateway, scopes=["operator.write", "operator.pairing"]) as client:
        error = (await client.request("incident.contain", {"kind": "token-leak"}))["error"]
        assert "operator.admin" in error["message"]
