"""The successor's layout: ``.gsd/milestones/M001/slices/S01/tasks/T01-PLAN.md``; slices are phases, tasks are plans."""

from __future__ import annotations

import re
from pathlib import Path

from tracker.audit import disk, planfile
from tracker.audit import lines as md
from tracker.audit.model import Phase, Plan

_MILESTONE = re.compile(r"M\d{3,4}\Z")
_BOX = re.compile(r"[*_]*(?P<id>[ST]\d{2,3})[:.][*_]*[ \t]*(?P<title>[^`*]*)")
_TITLE = re.compile(r"#\s*M\d+\s*:\s*(.+)")


def read(directory: Path, prefix: str) -> tuple[Phase, ...]:
    """Read the slices below a ``.gsd`` directory; empty when it has no milestones of that layout.

    A task is done when its SUMMARY says something or its box is ticked; what is said is kept as evidence.
    """
    phases: list[Phase] = []
    base = directory / "milestones"
    for milestone in sorted(base.glob("M*")) if base.is_dir() else ():
        if milestone.is_dir() and _MILESTONE.match(milestone.name):
            phases.extend(_milestone(milestone, f"{prefix}milestones/{milestone.name}"))
    return tuple(phases)


def _milestone(directory: Path, path: str) -> list[Phase]:
    roadmap = f"{directory.name}-ROADMAP.md"
    text = _text(directory / roadmap)
    title = match[1].strip() if (match := _TITLE.search(text)) else directory.name
    boxes = _boxes(text)
    slices = directory / "slices"
    found = {entry.name for entry in slices.iterdir() if entry.is_dir()} if slices.is_dir() else set()
    phases: list[Phase] = []
    for name in sorted({*boxes, *found}):
        ticked, words, line = boxes.get(name, (None, "", 0))
        plans = _tasks(slices / name, f"{path}/slices/{name}", f"{directory.name}/{name}")
        done = sum(plan.status == "done" for plan in plans)
        evidence = (
            [f"{path}/{roadmap}:{line} its box is {'ticked' if ticked else 'open'}"]
            if ticked is not None
            else []
        )
        if plans:
            evidence.append(f"{done} of {len(plans)} tasks are done")
        complete = done == len(plans) if plans else bool(ticked)
        phases.append(
            Phase(
                number=f"{directory.name}/{name}",
                title=words or name,
                status="done" if complete else "active" if done else "pending",
                done=done,
                total=len(plans),
                milestone=f"{directory.name} {title}".strip(),
                evidence=tuple(evidence),
                path=f"{path}/slices/{name}" if name in found else "",
                plans=tuple(plans),
            )
        )
    return phases


def _tasks(directory: Path, path: str, ref: str) -> list[Plan]:
    boxes = _boxes(_text(directory / f"{directory.name}-PLAN.md"))
    folder = directory / "tasks"
    names = {entry.name[:-8] for entry in folder.glob("T*-PLAN.md")} if folder.is_dir() else set()
    plans: list[Plan] = []
    for name in sorted({*boxes, *names}):
        ticked, words, line = boxes.get(name, (None, "", 0))
        summary = _text(folder / f"{name}-SUMMARY.md")
        says = bool(summary.strip()) and not planfile.read_summary(summary, name)["empty"]
        evidence = (
            [f"{path}/{directory.name}-PLAN.md:{line} its box is {'ticked' if ticked else 'open'}"]
            if ticked is not None
            else []
        )
        if says:
            evidence.append(f"{path}/tasks/{name}-SUMMARY.md")
        plans.append(
            Plan(
                ref=f"{ref}/{name}",
                phase=ref,
                number=name,
                title=words or name,
                status="done" if says or ticked else "pending",
                evidence=tuple(evidence),
                path=f"{path}/tasks/{name}-PLAN.md" if name in names else "",
                summary=f"{path}/tasks/{name}-SUMMARY.md" if says else "",
            )
        )
    return plans


def _boxes(text: str) -> dict[str, tuple[bool | None, str, int]]:
    found: dict[str, tuple[bool | None, str, int]] = {}
    for number, line in enumerate(md.split(text)[0], start=1):
        if (box := md.CHECKBOX.match(line)) and (item := _BOX.match(box["rest"])):
            found.setdefault(item["id"], (box["mark"] in "xX✓✔✅", item["title"].strip(), number))
    return found


def _text(path: Path) -> str:
    try:
        return disk.read_text(str(path)).text
    except OSError:
        return ""
