"""What the cache gives back is what the files say; what the fingerprint sees is what would load anew."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.definitions.conftest import Write
from tests.definitions.malformed import CASES, SOUND, A
from tracker.definitions import fingerprint, load
from tracker.definitions import loading as loader


class Memory:
    """A cache that keeps JSON texts, as a store on disk would."""

    def __init__(self) -> None:
        self.entries: dict[str, tuple[str, str]] = {}
        self.hits: list[str] = []

    def get(self, path: str, key: str) -> dict[str, Any] | None:
        found = self.entries.get(path)
        if found is None or found[0] != key:
            return None
        self.hits.append(path)
        data: dict[str, Any] = json.loads(found[1])
        return data

    def put(self, path: str, key: str, data: dict[str, Any]) -> None:
        self.entries[path] = (key, json.dumps(data))


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as old as soon as they are written."""
    monkeypatch.setattr(loader, "SETTLED", -(10**12))


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("name", ["sound", *CASES])
def test_a_warm_load_equals_a_cold_one(write: Write, name: str) -> None:
    root = write({**SOUND, **(CASES[name].files if name in CASES else {})})
    cache = Memory()
    cold = load(root, cache=cache)
    assert cache.hits == []
    warm = load(root, cache=cache)
    assert (warm.definitions, warm.faults, warm.files) == (cold.definitions, cold.faults, cold.files)
    assert sorted(cache.hits) == sorted(cache.entries)


@pytest.mark.usefixtures("settled")
def test_a_warm_load_parses_no_file(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write(SOUND)
    cache = Memory()
    cold = load(root, cache=cache)

    def refuse(*_: object) -> None:
        raise AssertionError("parsed again")

    monkeypatch.setattr(loader, "_parsed", refuse)
    assert load(root, cache=cache).definitions == cold.definitions


def test_a_young_file_is_read_again_and_not_cached(write: Write) -> None:
    root = write(SOUND)
    cache = Memory()
    load(root, cache=cache)
    assert cache.entries == {}


@pytest.mark.usefixtures("settled")
def test_an_edit_is_seen_through_the_cache(write: Write) -> None:
    root = write(SOUND)
    cache = Memory()
    load(root, cache=cache)
    write({A: str(SOUND[A]).replace("title: Alpha", "title: Omega")})
    assert load(root, cache=cache).definitions.plans[0].title == "Omega"


_WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12)
_IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,8}", fullmatch=True)
_CHECKS = st.fixed_dictionaries(
    {"id": _IDS, "title": _WORDS},
    optional={
        "domain": _WORDS,
        "points": st.floats(0, 100, allow_nan=False) | st.integers(0, 100),
        "kind": st.sampled_from(["need", "stretch", "residual", "other"]),
        "critical": st.booleans(),
        "probe": _WORDS,
    },
)
_FRONT = st.fixed_dictionaries(
    {},
    optional={
        "title": _WORDS,
        "summary": _WORDS,
        "depends_on": st.lists(st.sampled_from(["1.01", "1.02", "2.1", "9.99", "beta"]), max_size=3),
        "run": _WORDS,
        "paths": st.lists(_WORDS, max_size=2),
        "timeout": st.integers(-1, 900),
        "highlights": st.lists(_WORDS, max_size=2),
        "checks": st.lists(_CHECKS, max_size=3),
        "wave": st.integers(1, 3),
    },
)


@given(front=_FRONT)
def test_any_front_matter_survives_the_cache(front: dict[str, Any]) -> None:
    # JSON is YAML: what is drawn is written as it is.
    lines = "".join(f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in front.items())
    root = Path(tempfile.mkdtemp())
    try:
        for name, content in {**SOUND, A: f"---\n{lines}---\n# Alpha\n"}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(str(content), encoding="utf-8")
        cache = Memory()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loader, "SETTLED", -(10**12))
            cold = load(root, cache=cache)
            warm = load(root, cache=cache)
        assert cache.hits
        assert (warm.definitions, warm.faults) == (cold.definitions, cold.faults)
        if "title" in front:
            assert cold.definitions.plans[0].title == front["title"].strip()
    finally:
        shutil.rmtree(root)


Edit = Callable[[Path], object]

EDITS: dict[str, Edit] = {
    "edit PLAN.md": lambda root: (root / A).write_text(str(SOUND[A]) + "More.\n"),
    "edit in place, same size": lambda root: (root / A).write_text(str(SOUND[A]).replace("Text", "Next")),
    "add a module": lambda root: (root / A).with_name("implementation.py").write_text(""),
    "add below files": lambda root: _put(root / "plans/01-one/01-alpha/files/x/y.txt"),
    "remove a plan": lambda root: (root / A).unlink(),
    "rename a plan": lambda root: (root / A).parent.rename(root / "plans/01-one/01-omega"),
    "rename a phase": lambda root: (root / "plans/02-two").rename(root / "plans/03-two"),
    "edit PHASE.md": lambda root: (root / "plans/01-one/PHASE.md").write_text("x"),
    "edit project.yaml": lambda root: (root / "plans/project.yaml").write_text("name: Other\n"),
    "add baseline.py": lambda root: (root / "plans/baseline.py").write_text(""),
    "same content, new file": lambda root: _replace(root / A),
    "add a plan": lambda root: _put(root / "plans/01-one/03-delta/PLAN.md"),
}


def _put(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")


def _replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.replace(path)


@pytest.mark.parametrize("name", EDITS)
def test_the_fingerprint_sees(write: Write, name: str) -> None:
    root = write(SOUND)
    _age(root)
    before = fingerprint(root)
    EDITS[name](root)
    assert fingerprint(root) != before


IGNORED: dict[str, Edit] = {
    "nothing": lambda root: None,
    "the journal": lambda root: (root / "plans/journal.jsonl").write_text("{}"),
    "a summary": lambda root: (root / A).with_name("SUMMARY.md").write_text("x"),
    "compiled code": lambda root: _put(root / "plans/01-one/01-alpha/__pycache__/x.pyc"),
    "an editor's file": lambda root: (root / A).with_name(".PLAN.md.swp").write_text("x"),
    "what a branch switch left": lambda root: _put(root / "plans/04-gone/01-plan/__pycache__/x.pyc"),
    "the codebase": lambda root: (root / "src/app.py").write_text("x = 1"),
}


@pytest.mark.parametrize("name", IGNORED)
def test_the_fingerprint_ignores(write: Write, name: str) -> None:
    root = write(SOUND)
    before, loaded = fingerprint(root), load(root)
    IGNORED[name](root)
    assert fingerprint(root) == before
    assert load(root).definitions == loaded.definitions


def _age(root: Path) -> None:
    for path in root.rglob("*"):
        os.utime(path, (1_600_000_000, 1_600_000_000))


def test_the_fingerprint_reads_no_file(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write(SOUND)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("opened")

    monkeypatch.setattr("builtins.open", refuse)
    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert len(fingerprint(root)) == 32
