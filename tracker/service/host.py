"""What this host has that checks and runs may need, and what is wrong with the project: ``doctor``."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tracker.errors import TrackerError
from tracker.git import landing
from tracker.git.plumbing import GitFailed, git
from tracker.run.confine import bubblewrap_works
from tracker.service.base import JOURNAL, Repository
from tracker.store import clock, trust

AHEAD = timedelta(days=1)
"""So much may clocks and their zones differ."""

TOOLS = {
    "bwrap": "sandboxes: implementations run read-only but for their worktree",
    "strace": "probes that watch system calls",
    "faketime": "probes that move the clock",
    "ip": "probes that need a network of their own",
    "apparmor_parser": "probes of AppArmor profiles",
    "checkmodule": "probes of SELinux modules",
    "systemd-analyze": "probes of unit files",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One line of ``doctor``. ``ok`` None is a matter of fact, neither good nor bad."""

    name: str
    ok: bool | None
    detail: str
    hint: str = ""


def examine(repository: Repository | None) -> list[Item]:
    """The host first, then the project."""
    items = [
        Item("python", sys.version_info >= (3, 11), f"{platform.python_version()} on {platform.system()}"),
        _git_version(),
        Item("user", None, "root" if os.geteuid() == 0 else f"uid {os.geteuid()}"),
        Item("user namespaces", None, "work" if _namespaces() else "are not allowed here"),
        Item(
            "bubblewrap",
            bubblewrap_works(),
            "works" if bubblewrap_works() else "does not work here",
            "Implementations run with limits only; install bubblewrap.",
        ),
    ]
    items += [
        Item(name, bool(shutil.which(name)), purpose if shutil.which(name) else f"missing; for {purpose}")
        for name, purpose in TOOLS.items()
        if name != "bwrap"
    ]
    if repository is None:
        return items
    return items + _project(repository)


def _project(repository: Repository) -> list[Item]:
    root = repository.root
    items = [Item("repository", None, str(root))]
    if not repository.native:
        return [*items, Item("project", None, "no plans/project.yaml", "`tracker init` makes one.")]
    loaded = repository.load()
    items.append(
        Item(
            "definitions",
            not loaded.faults,
            f"{len(loaded.definitions.plans)} plans, {len(loaded.definitions.checks)} checks, "
            f"{len(loaded.events)} events"
            if not loaded.faults
            else "\n".join(str(fault) for fault in loaded.faults),
        )
    )
    if loaded.events:
        items.append(_clock(loaded.events[-1].time))
    try:
        branch, _ = landing.current_branch(root)
        landing.require_identity(root)
        items.append(Item("branch", ok=True, detail=branch.removeprefix("refs/heads/")))
    except TrackerError as error:
        items.append(Item("branch", ok=False, detail=error.message, hint=error.hint))
    trusted = trust.trusted(root)
    items.append(
        Item(
            "trust",
            trusted,
            "its code may run" if trusted else "its code may not run yet",
            "`tracker run --trust`",
        )
    )
    fresh = repository.state_on_disk() == repository.state_text()
    items.append(Item("STATE.md", fresh, "fresh" if fresh else "stale", "`tracker state` regenerates it."))
    return items


def _clock(newest: str) -> Item:
    """Whether what is recorded next is dated by the clock, and not by an event that is ahead of it."""
    now = clock.now()
    if datetime.fromisoformat(newest) - datetime.fromisoformat(now) <= AHEAD:
        return Item("clock", ok=True, detail=f"{now[:10]}; nothing is recorded more than a day ahead of it")
    return Item(
        "clock",
        ok=False,
        detail=f"an event is recorded at {newest[:10]}, the clock says {now[:10]}: later events are dated after it",
        hint=f"Set the clock, or correct the times in {JOURNAL} that are ahead.",
    )


def _git_version() -> Item:
    try:
        text = git(Path("/"), "--version").split()[2]
    except (GitFailed, TrackerError, IndexError):
        return Item("git", ok=False, detail="not found", hint="Install git 2.38 or newer.")
    numbers = tuple(int(part) for part in text.split(".")[:2] if part.isdigit())
    return Item("git", numbers >= (2, 38), text, "git 2.38 or newer is needed for stacking.")


def _namespaces() -> bool:
    if shutil.which("unshare") is None:
        return False
    done = subprocess.run(["unshare", "-U", "true"], capture_output=True, timeout=5, check=False)
    return done.returncode == 0
