"""Evidence is measured, complete, and shows every change of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.compliance.bundle import canonical, digest
from gateway.compliance.catalogue import catalogue
from gateway.security.controls.run import catalogue as controls
from gateway.tests.support import boot, command


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The evidence of an installation that was started once."""
    home = tmp_path_factory.mktemp("compliance")
    with boot(home, {"channels": {"x": {}}}) as gateway:
        token = str(gateway.token)
    done = command(home, "compliance", "export", str(home / "bundle"), GATEWAY_TOKEN=token)
    assert done.returncode == 0, done.stderr
    return home / "bundle"


def manifest_of(bundle: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((bundle / "manifest.json").read_text())
    return manifest


def test_comp_01_the_catalogue_is_whole() -> None:
    """COMP-01: a hundred points, each control with criteria; its own probes are in it once."""
    entries = catalogue()
    assert sum(entry.points for entry in entries) == 100
    assert all(entry.soc2 and entry.iso27001 for entry in entries)
    named = [entry.control for entry in entries if entry.control is not None]
    assert sorted(named) == sorted(item.name for item in controls())
    points = {entry.control: entry.points for entry in entries}
    assert {item.name: item.points for item in controls()} == {name: points[name] for name in named}


def test_comp_01_the_score_is_what_the_outcomes_earn(bundle: Path) -> None:
    """COMP-01: nothing but a pass earns points, and every artifact is the one that is named."""
    manifest = manifest_of(bundle)
    assert [entry["id"] for entry in manifest["controls"]] == [entry.id for entry in catalogue()]
    earned = [entry["of"] for entry in manifest["controls"] if entry["outcome"] == "passed"]
    assert len(earned) > 20
    assert manifest["score"]["points"] == pytest.approx(sum(earned))
    for entry in manifest["controls"]:
        assert digest((bundle / entry["artifact"]["path"]).read_bytes()) == entry["artifact"]["sha256"]


def test_comp_01_entries_are_linked(bundle: Path) -> None:
    """COMP-01: each link is the hash of the one before and of the entry."""
    link = "0" * 64
    for entry in manifest_of(bundle)["controls"]:
        claimed = entry.pop("link")
        link = digest(link.encode() + canonical(entry))
        assert claimed == link
    assert manifest_of(bundle)["link"] == link


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("evidence/AUTH-10.json", lambda text: text.replace("passed", "failed")),
        ("manifest.json", lambda text: text.replace('"of": 100', '"of": 99')),
        ("manifest.json", lambda text: text.replace('"outcome": "not-run"', '"outcome": "passed"', 1)),
        ("evidence/EXTRA.json", lambda _text: "{}"),
    ],
)
def test_comp_01_a_change_is_named(bundle: Path, file: str, change: Callable[[str], str]) -> None:
    """COMP-01: the verification fails and says where."""
    path = bundle / file
    before = path.read_text() if path.exists() else None
    home = bundle.parent
    assert command(home, "compliance", "verify", str(bundle)).returncode == 0
    path.write_text(change(before or ""))
    try:
        done = command(home, "compliance", "verify", str(bundle))
        assert done.returncode == 1
        assert "WRONG" in done.stdout
    finally:
        path.unlink() if before is None else path.write_text(before)


def test_comp_01_a_full_directory_is_not_written_to(bundle: Path) -> None:
    """COMP-01: evidence is never mixed with what was there."""
    done = command(bundle.parent, "compliance", "export", str(bundle))
    assert done.returncode == 1
    assert "is there already" in done.stderr
