"""The hardened gateway: what the plans make of the gateway as found, without tracker's worktrees and records."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from tracker.api import Codebase

IMPLEMENTATION = "implementation.py"


@dataclass(frozen=True)
class Delivered:
    """A plan that has an implementation, and the ids of its critical checks."""

    directory: Path
    critical: tuple[str, ...]

    @property
    def verification(self) -> Path:
        return self.directory / "verification.py"


def delivered(repository: Path) -> list[Delivered]:
    """The plans that can be carried out, in the order of their numbers, which their dependencies allow."""
    found = []
    for directory in sorted(path.parent for path in repository.glob(f"plans/*/*/{IMPLEMENTATION}")):
        front = yaml.safe_load((directory / "PLAN.md").read_text(encoding="utf-8").split("---\n")[1])
        critical = tuple(check["id"] for check in front["checks"] if check.get("critical"))
        found.append(Delivered(directory, critical))
    return found


def hardened_copy(repository: Path, directory: Path) -> Path:
    """Copy the gateway as found and carry every delivered plan out on it."""
    codebase = directory / "gateway"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(repository / "gateway", codebase, ignore=ignored)
    _commit(directory)
    for plan in delivered(repository):
        _carry_out(plan.directory, codebase)
    return codebase


def _carry_out(plan: Path, codebase: Path) -> None:
    name = f"implementation_of_{plan.parent.name}_{plan.name}".replace("-", "_")
    spec = importlib.util.spec_from_file_location(name, plan / IMPLEMENTATION)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    module.implement(Codebase(codebase, plan_dir=plan, repository=codebase.parent))


def _commit(directory: Path) -> None:
    """Patches of plans find their way by git."""
    identity = [
        "-c",
        "user.name=Ablation",
        "-c",
        "user.email=ablation@example.org",
        "-c",
        "commit.gpgsign=false",
    ]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "As found"]):
        subprocess.run(["git", *identity, *words], cwd=directory, check=True, capture_output=True)
