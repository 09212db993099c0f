"""The hardened gateway: what the plans make of the gateway as found, without tracker's worktrees and records."""

from __future__ import annotations

import importlib.util
import random
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from tracker.api import Codebase

IMPLEMENTATION = "implementation.py"


@dataclass(frozen=True)
class Delivered:
    """A plan that has an implementation, the plans that have to come before it, and ids of its checks that are proved."""

    ref: str
    directory: Path
    depends_on: tuple[str, ...]
    critical: tuple[str, ...]
    stretch: tuple[str, ...]

    @property
    def verification(self) -> Path:
        return self.directory / "verification.py"


def delivered(repository: Path) -> list[Delivered]:
    """The plans that can be carried out, in the order of their numbers, which their dependencies allow."""
    found = []
    for directory in sorted(path.parent for path in repository.glob(f"plans/*/*/{IMPLEMENTATION}")):
        front = yaml.safe_load((directory / "PLAN.md").read_text(encoding="utf-8").split("---\n")[1])
        critical = tuple(check["id"] for check in front["checks"] if check.get("critical"))
        proved = (directory / "verification.py").read_text(encoding="utf-8")
        stretch = tuple(
            check["id"]
            for check in front["checks"]
            if check["kind"] == "stretch" and f'@check("{check["id"]}")' in proved
        )
        ref = f"{int(directory.parent.name[:2])}.{directory.name[:2]}"
        found.append(Delivered(ref, directory, tuple(front.get("depends_on") or ()), critical, stretch))
    return found


def random_order(plans: Sequence[Delivered], seed: int) -> list[Delivered]:
    """The plans in an order that their dependencies allow, another one for most seeds."""
    chosen = random.Random(seed)  # noqa: S311 - an order is no secret
    left, order = list(plans), []
    while left:
        waiting = {plan.ref for plan in left}
        plan = chosen.choice([plan for plan in left if not waiting & set(plan.depends_on)])
        left.remove(plan)
        order.append(plan)
    return order


def hardened_copy(repository: Path, directory: Path, order: Sequence[Delivered] | None = None) -> Path:
    """Copy the gateway as found and carry every delivered plan out on it, in the given order."""
    codebase = directory / "gateway"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(repository / "gateway", codebase, ignore=ignored)
    _commit(directory, "As found")
    carry_out(delivered(repository) if order is None else order, codebase)
    return codebase


def carry_out(plans: Sequence[Delivered], codebase: Path, deferred: Sequence[str] = ()) -> None:
    """Carry plans out on a copy, one after the other, without what proves the deferred checks."""
    for plan in plans:
        _implement(plan.directory, codebase, deferred)
        _commit(codebase.parent, plan.ref)


def _implement(plan: Path, codebase: Path, deferred: Sequence[str]) -> None:
    name = f"implementation_of_{plan.parent.name}_{plan.name}".replace("-", "_")
    spec = importlib.util.spec_from_file_location(name, plan / IMPLEMENTATION)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    module.implement(Codebase(codebase, plan_dir=plan, repository=codebase.parent, deferred=deferred))


def _commit(directory: Path, message: str) -> None:
    """Patches of plans find their way by git, as in a run: each begins on what is committed."""
    identity = [
        "-c",
        "user.name=Ablation",
        "-c",
        "user.email=ablation@example.org",
        "-c",
        "commit.gpgsign=false",
    ]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "--allow-empty", "-m", message]):
        subprocess.run(["git", *identity, *words], cwd=directory, check=True, capture_output=True)
