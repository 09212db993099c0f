"""Records of all files as one set of definitions, and the faults that only their togetherness shows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracker.definitions.scan import PLANS, Directory
from tracker.definitions.support import own, shared
from tracker.errors import Usage
from tracker.model import refs
from tracker.model.definitions import (
    BASELINE,
    Check,
    Definitions,
    Implementation,
    MustHave,
    Phase,
    Plan,
    Project,
    Verification,
)
from tracker.model.waves import find_cycle

if TYPE_CHECKING:
    from tracker.definitions.loading import Records

MODULE, COMMAND, MANUAL = "module", "command", "manual"
"""The kinds of implementations."""
RECORDS = (PLANS, ".tracker", ".git")
"""Directories that change by recording: nothing in them could stay proved."""
CYCLES = 20
"""So many cycles are named in full."""


def build(records: Records, plans: Directory) -> Definitions:
    """The definitions of the scanned directories. Adds to the records' faults; raises nothing."""
    return _Builder(records, plans).definitions()


class _Builder:
    def __init__(self, records: Records, plans: Directory) -> None:
        self.records = records
        self.plans_directory = plans
        self.phases = self._unique(plans.directories, "phase")
        self.members = {
            phase.path: {
                refs.canonical(phase.label, plan.number): plan
                for plan in self._unique(phase.directories, "plan")
            }
            for phase in self.phases
        }
        self.slugs = {ref: plan.slug for plans in self.members.values() for ref, plan in plans.items()}
        self.order = {ref: number for number, ref in enumerate(self.slugs)}
        self.checks: dict[str, tuple[str, int]] = {}
        """Where each check is defined: file and line."""
        self.shared = ""
        self.complete = True
        self.forward = False
        """Whether a plan waits for itself or a later one: only then can there be a cycle."""

    def definitions(self) -> Definitions:
        project = self._project()
        built = [(phase, *self._plans(phase)) for phase in self.phases]
        if self.forward:
            self._cycles({plan.ref: plan for _, plans, _ in built for plan in plans}, built)
        return Definitions(project, tuple(self._phase(phase, plans) for phase, plans, _ in built))

    def _fault(self, path: str, line: int, column: int, message: str) -> None:
        self.records.fault(path, line, column, message)

    def _unique(self, directories: list[Directory], what: str) -> list[Directory]:
        first: dict[str, Directory] = {}
        for directory in directories:
            other = first.setdefault(directory.label, directory)
            if other is not directory:
                name = other.path.rpartition("/")[2]
                self._fault(
                    directory.path,
                    1,
                    1,
                    f"{what} {directory.label} is also '{name}'; give it a number of its own",
                )
        return list(first.values())

    def _project(self) -> Project:
        top = self.records.top
        record = self.records.of(self.plans_directory, "project.yaml", Path(top).name)
        path = f"{PLANS}/project.yaml"
        self.complete &= record["complete"]
        codebase, line, column = record["codebase"]
        self._codebase(codebase, path, line, column)
        implementation, verification = record["timeouts"]
        baseline = _verification(record)
        plans = Path(top, PLANS)
        self.shared = shared(plans, self.plans_directory, baseline.file)
        return Project(
            name=record["name"],
            goal=record["goal"],
            codebase=codebase,
            target=record["target"],
            of=record["of"],
            python=record["python"],
            setup=record["setup"],
            implementation_timeout=implementation,
            verification_timeout=verification,
            baseline=baseline,
            checks=self._checks(record["checks"], BASELINE, PLANS, "project.yaml"),
            proof=own(plans, baseline.file, (baseline.commands, [row for row, _ in record["checks"]]))
            + self.shared,
        )

    def _codebase(self, codebase: str, path: str, line: int, column: int) -> None:
        place = f"{self.records.top}/{codebase}"
        real = os.path.realpath(place)
        top = codebase.partition("/")[0]
        if top in RECORDS:
            message = (
                f"codebase: '{top}' holds the records of the project, which change with every proof; "
                "name a directory of the code, or leave the key out for the whole repository"
            )
            self._fault(path, line, column, message)
        elif not Path(place).is_dir():
            self._fault(path, line, column, f"codebase: no directory '{codebase}' in the repository")
        elif real != self.records.top and not real.startswith(f"{self.records.top}/"):
            self._fault(path, line, column, f"codebase: '{codebase}' is a symlink out of the repository")
        elif codebase != "." and real != place:
            meant = os.path.relpath(real, self.records.top)
            message = (
                f"codebase: '{codebase}' leads over a symlink, which git does not follow; write '{meant}'"
            )
            self._fault(path, line, column, message)

    def _plans(self, phase: Directory) -> tuple[list[Plan], list[list[Any]]]:
        """The phase's plans, and for each the places of its dependencies."""
        plans, places = [], []
        number, of = phase.label, self.records.of
        for ref, directory in self.members[phase.path].items():
            record = of(directory, "PLAN.md", directory.slug)
            deps = record["deps"]
            places.append(deps)
            if not record["complete"]:
                self.complete = False
            plans.append(
                Plan(
                    ref,
                    number,
                    directory.number,
                    directory.slug,
                    record["title"],
                    directory.path,
                    record["summary"],
                    self._depends_on(deps, ref, directory.path) if deps else (),
                    _implementation(record["how"]),
                    _verification(record),
                    tuple(record["paths"]),
                    record["timeout"],
                    tuple(record["highlights"]),
                    self._checks(record["checks"], ref, directory.path, "PLAN.md"),
                    record["digest"],
                    record["digest"] + self.shared,
                )
            )
        return plans, places

    def _depends_on(self, deps: list[list[Any]], ref: str, path: str) -> tuple[str, ...]:
        order = self.order
        found: dict[str, None] = {}
        for text, line, column in deps:
            other = text
            if other not in order:
                try:
                    other = refs.resolve(text, self.slugs.items())
                except Usage as error:
                    message = f"depends_on: {error.message}; {error.hint[:1].lower()}{error.hint[1:]}"
                    self._fault(f"{path}/PLAN.md", line, column, message.rstrip("."))
            found[other] = None
            if order.get(other, -1) >= order[ref]:
                self.forward = True
        return tuple(found)

    def _checks(self, rows: list[Any], plan: str, path: str, file: str) -> tuple[Check, ...]:
        checks = []
        known = self.checks
        for row, (line, column) in rows:
            check_id = row[0]
            if check_id in known:
                where, first = known[check_id]
                message = f"the check '{check_id}' is also defined at {where}:{first}; rename one"
                self._fault(f"{path}/{file}", line, column, message)
                continue
            known[check_id] = (f"{path}/{file}", line)
            checks.append(Check(row[0], row[1], plan, *row[2:]))
        return tuple(checks)

    def _phase(self, directory: Directory, plans: list[Plan]) -> Phase:
        record = self.records.of(directory, "PHASE.md", directory.slug)
        return Phase(
            number=directory.label,
            slug=directory.slug,
            title=record["title"],
            path=directory.path,
            goal=record["goal"],
            impact=record["impact"],
            must_haves=tuple(
                MustHave(text, self._known(checks, f"{directory.path}/PHASE.md"), mark=mark)
                for text, checks, mark in record["must_haves"]
            ),
            closing_steps=tuple(record["closing_steps"]),
            plans=tuple(plans),
        )

    def _known(self, checks: list[list[Any]], path: str) -> tuple[str, ...]:
        for check_id, line, column in checks:
            # Where a file could not be read whole, the check may stand in the part that is lost.
            if check_id not in self.checks and self.complete:
                self._fault(path, line, column, f"must_haves: no check '{check_id}'; {self._near(check_id)}")
        return tuple(check_id for check_id, _, _ in checks)

    def _near(self, check_id: str) -> str:
        import difflib

        near = difflib.get_close_matches(check_id, self.checks, n=1)
        return f"did you mean '{near[0]}'?" if near else "checks are declared by the plans and project.yaml"

    def _cycles(
        self, plans: dict[str, Plan], built: list[tuple[Directory, list[Plan], list[list[Any]]]]
    ) -> None:
        places = {
            plan.ref: deps
            for _, members, entries in built
            for plan, deps in zip(members, entries, strict=True)
        }
        edges = {ref: list(plan.depends_on) for ref, plan in plans.items()}
        for _ in range(CYCLES):
            cycle = find_cycle(edges)
            if not cycle:
                return
            edges[cycle[-2]].remove(cycle[-1])
            start = min(range(len(cycle) - 1), key=lambda number: self.order[cycle[number]])
            named = [*cycle[start:-1], *cycle[: start + 1]]
            plan = plans[named[0]]
            place = places[plan.ref][plan.depends_on.index(named[1])]
            self._fault(
                f"{plan.path}/PLAN.md",
                place[1],
                place[2],
                f"depends_on: {' → '.join(named)} is a cycle; no plan of it could ever start",
            )


def _implementation(how: list[str]) -> Implementation:
    return _COMMON.get(how[1]) or Implementation(how[0], how[1])


def _verification(record: dict[str, Any]) -> Verification:
    commands = record["commands"]
    if not commands:
        return _PLAIN.get(record["file"]) or Verification(record["file"])
    return Verification(record["file"], tuple((check_id, run) for check_id, run in commands))


_COMMON = {"": Implementation(), "implementation.py": Implementation(MODULE, "implementation.py")}
_PLAIN = {"": Verification(), "verification.py": Verification("verification.py")}
