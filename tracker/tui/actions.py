"""The one table of actions. Bindings, palette, footer, help screen and docs/keys.md are all made from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tracker.model import snapshot as sn
from tracker.tui.listing import FAULT, PHASE, PLAN, PROJECT, Row, place

TREE = "tree"
CHECKS = "checks"
CHANGES = "changes"
TEXT = "text"


@dataclass(frozen=True, slots=True)
class Context:
    """What an action acts on: the present state, the selection, and what is going on."""

    snapshot: sn.Snapshot
    row: Row | None = None
    check: sn.CheckState | None = None
    busy: str = ""
    can_cancel: bool = False
    native: bool = True
    audit: bool = False

    @property
    def plan(self) -> sn.PlanState | None:
        """The selected plan."""
        return self.row.plan if self.row is not None else None

    @property
    def phase(self) -> sn.PhaseState | None:
        """The selected phase, or the selected plan's."""
        return self.row.phase if self.row is not None else None

    @property
    def kind(self) -> str:
        """The kind of the selected row; empty where there is none."""
        return self.row.kind if self.row is not None else ""

    @property
    def refs(self) -> list[str]:
        """The plans of the selection, as ``verify`` takes them; none means everything."""
        if self.plan is not None:
            return [self.plan.ref]
        if self.kind == PHASE and self.phase is not None:
            return [plan.ref for plan in self.phase.plans]
        return []

    @property
    def scope(self) -> str:
        """The selection as the command line names it for ``run``."""
        if self.plan is not None:
            return self.plan.ref
        if self.kind == PHASE and self.phase is not None:
            return f"--phase {self.phase.number}"
        return "--all"


Refuse = Callable[[Context], str]
"""Why an action cannot be done now; empty where it can."""


_NOT_NATIVE = "this repository has no plans of its own yet"


def _native(context: Context) -> str:
    return (
        ""
        if context.native
        else f"{_NOT_NATIVE}: {'I imports them' if context.snapshot.phases else 'i sets them up'}"
    )


def _plan(context: Context) -> str:
    return _native(context) or ("" if context.plan else "choose a plan first")


def _free(context: Context) -> str:
    return f"{context.busy}: wait for it, or cancel it" if context.busy else ""


def _broken(context: Context) -> str:
    """What is wrong with the definition of the plan: nothing is carried out or proved before that is mended."""
    file = context.plan.file if context.plan is not None else ""
    return next((fault for fault in context.snapshot.faults if file and place(fault).path == file), "")


def _run(context: Context) -> str:
    if why := _native(context) or _free(context) or _broken(context):
        return why
    if context.kind not in (PLAN, PHASE, PROJECT):
        return "choose a plan, a phase or the project first"
    plan = context.plan
    if plan is not None and plan.how == "manual":
        return f"{plan.ref} is carried out by a person: d proves it and marks it done"
    if plan is not None and plan.blocked_by:
        return f"{plan.ref} waits for {', '.join(plan.blocked_by)}"
    return ""


def _verify(context: Context) -> str:
    why = _native(context) or _free(context)
    return why or ("" if context.snapshot.checks else "no check is defined, so there is nothing to verify")


def _all(context: Context) -> str:
    return _native(context) or _free(context)


def _done(context: Context) -> str:
    if why := _plan(context) or _free(context) or _broken(context):
        return why
    plan = context.plan
    if plan is not None and plan.status == sn.DONE and plan.proof == sn.VERIFIED:
        return f"{plan.ref} is done and verified already"
    return ""


def _defer(context: Context) -> str:
    if why := _plan(context):
        return why
    plan = context.plan
    if context.check is None and plan is not None and plan.status == sn.DONE:
        return f"{plan.ref} is done; what is done cannot be put off"
    return ""


def _reopen(context: Context) -> str:
    if why := _plan(context):
        return why
    if context.check is not None:
        return "" if context.check.deferred else f"{context.check.id} is not deferred"
    plan = context.plan
    if plan is not None and plan.status == sn.PENDING:
        return f"{plan.ref} is pending already"
    if plan is not None and plan.run and plan.status in (sn.DONE, sn.FAILED):
        return f"{plan.ref} has landed: x takes its code back too"
    return ""


def _start(context: Context) -> str:
    if why := _plan(context):
        return why
    plan = context.plan
    return f"{plan.ref} is {plan.status}" if plan and plan.status not in (sn.PENDING, sn.DEFERRED) else ""


def _revert(context: Context) -> str:
    if why := _plan(context) or _free(context):
        return why
    plan = context.plan
    return "" if plan and plan.run else "only a plan that landed can be reverted; u takes back the rest"


def _cancel(context: Context) -> str:
    return (
        "" if context.can_cancel else (context.busy and "end it where it was started") or "nothing is running"
    )


def _edit(context: Context) -> str:
    return "" if path(context) else _native(context)


def _audit(context: Context) -> str:
    return "" if context.audit else "there is no audit in this version"


def _init(context: Context) -> str:
    return "this repository has its plans already" if context.native else ""


def _import(context: Context) -> str:
    if context.native:
        return "this repository has its plans already"
    return "" if context.snapshot.phases else "there is no document here that could be imported"


def _always(_context: Context) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a person can do here.

    ``command`` is the command line that does the same, with {scope}, {refs}, {ref}, {check}, {plan}, {path} to
    be filled in, and ``whole`` where no plan is selected; ``panes`` are those whose footer shows it; ``shown`` is
    the key as people write it.
    """

    id: str
    key: str
    title: str
    help: str
    group: str
    command: str = ""
    refuse: Refuse = _always
    panes: tuple[str, ...] = ()
    shown: str = ""
    whole: str = ""

    @property
    def key_name(self) -> str:
        """The key as people write it."""
        return self.shown or self.key

    def same_as(self, context: Context) -> str:
        """The exact command line for the selection; empty where the command line has no counterpart."""
        plan, check = context.plan, context.check
        command = self.command if plan is not None else self.whole or self.command
        part = f" --check {check.id}" if check is not None and "{check}" in self.command else ""
        about = f" --plan {plan.ref}" if plan is not None else ""
        text = command.replace("{check}", part).replace("{plan}", about).replace("{scope}", context.scope)
        text = text.replace("{refs}", " ".join(context.refs)).rstrip()
        text = text.replace("{ref}", plan.ref if plan else "REF")
        return text.replace("{path}", path(context))


def path(context: Context) -> str:
    """The file that the selection stands in, relative to the repository; empty where there is none."""
    if context.kind == FAULT and context.row is not None:
        return place(context.row.fault).path
    if context.plan is not None and context.plan.path:
        return context.plan.file
    if not context.native:
        return str(context.snapshot.document.get("source") or "")
    if context.kind == PHASE and context.phase is not None and context.phase.plans:
        return f"{context.phase.plans[0].path.rpartition('/')[0]}/PHASE.md"
    return "plans/project.yaml"


RUNNING, RECORDS, MOVING, SCREENS, GENERAL = "Run and prove", "Record", "Find and move", "Screens", "General"

ACTIONS: tuple[Action, ...] = (
    Action("run", "r", "Run", "Run the selected plan, phase or project: implement, verify, land.", RUNNING,
           "tracker run {scope}", _run, (TREE, TEXT)),
    Action("run-all", "R", "Run all", "Run everything that is left, wave by wave.", RUNNING,
           "tracker run --all", _all),
    Action("verify", "v", "Verify", "Prove the selection against the working tree.", RUNNING,
           "tracker verify {refs}", _verify, (TREE, CHECKS)),
    Action("verify-all", "V", "Verify all", "Prove everything against the working tree.", RUNNING,
           "tracker verify", _verify),
    Action("cancel", "c", "Cancel run", "Stop the run; what has landed stays, nothing half-done does.", RUNNING,
           "", _cancel),
    Action("revert", "x", "Revert", "Take a landed plan back with a commit.", RUNNING,
           "tracker revert {ref}", _revert, (CHANGES,)),
    Action("done", "d", "Done", "Run the plan's checks; mark it done if its needs pass.", RECORDS,
           "tracker done {ref}", _done, (TREE,)),
    Action("word", "w", "Done by word", "Mark it done on a person's word: unproven, no points, needs a reason.",
           RECORDS, "tracker done {ref} --because TEXT", _done),
    Action("defer", "z", "Defer", "Put off the plan, or the selected check, with a reason.", RECORDS,
           "tracker defer {ref}{check} --reason TEXT", _defer, (TREE, CHECKS)),
    Action("reopen", "o", "Reopen", "Make it pending again: what is active, done by word or deferred.", RECORDS,
           "tracker reopen {ref}{check}", _reopen),
    Action("start", "s", "Start", "Mark the plan as being worked on.", RECORDS,
           "tracker start {ref}", _start),
    Action("note", "n", "Note", "Write a note to the selected plan, or to the project.", RECORDS,
           "tracker note TEXT{plan}", _native, (TREE,)),
    Action("link", "L", "Link commit", "Say that a commit belongs to the plan.", RECORDS,
           "tracker link {ref} COMMIT", _plan, (CHANGES,)),
    Action("undo", "u", "Undo", "Take back the newest record.", RECORDS,
           "tracker undo", _native, (TREE,)),
    Action("filter", "slash", "Filter", "Show the plans that match as you type.", MOVING,
           "", _always, (TREE,), "/"),
    Action("jump", "colon", "Jump", "Go to a plan, phase or check by number or name.", MOVING,
           "tracker show {ref}", _always, (), ":", "tracker status"),
    Action("next", "N", "Next plan", "Go to the next plan that can run.", MOVING, "tracker next", _native),
    Action("sort", "t", "Sort", "Order the plans of each phase: number, status, points.", MOVING),
    Action("tab-plan", "1", "Plan tab", "What the plan says.", MOVING, "tracker show {ref}", whole="tracker status"),
    Action("tab-checks", "2", "Checks tab", "Each check with outcome, points, time and evidence.", MOVING,
           "tracker show {ref}", whole="tracker status"),
    Action("tab-changes", "3", "Changes tab", "Files and commits; Enter opens a diff.", MOVING,
           "tracker show {ref}", whole="tracker status"),
    Action("tab-log", "4", "Log tab", "The output of the run, live.", MOVING, "tracker log {ref}", whole="tracker log"),
    Action("tab-activity", "5", "Activity tab", "What happened, newest first.", MOVING, "tracker log {ref}", whole="tracker log"),
    Action("tab-before", "left_square_bracket", "Previous tab", "One tab to the left.", MOVING, shown="["),
    Action("tab-after", "right_square_bracket", "Next tab", "One tab to the right.", MOVING, shown="]"),
    Action("edit", "e", "Edit", "Open the definition in $EDITOR, at the fault where there is one.", MOVING,
           "$EDITOR {path}", _edit, (TREE, TEXT)),
    Action("copy", "y", "Copy", "Copy the row or the text in focus.", MOVING, panes=(CHECKS, CHANGES, TEXT)),
    Action("copy-command", "Y", "Copy command", "Copy the command line shown in the status line.", MOVING),
    Action("waves", "W", "Waves", "What runs when, the critical path, what can run now.", SCREENS,
           "tracker run --all --dry-run"),
    Action("state", "S", "State", "STATE.md as it is, its difference from what the files imply, and regenerate.",
           SCREENS, "tracker state"),
    Action("charts", "C", "Charts", "Score over time, plans left over time, points by domain.", SCREENS,
           "tracker status"),
    Action("audit", "A", "Audit", "What documents claim, against what the files show.", SCREENS,
           "tracker audit", _audit),
    Action("help", "question_mark", "Help", "All keys, with the command that does the same.", SCREENS,
           "tracker --help", _always, (TREE, CHECKS, CHANGES, TEXT), "?"),
    Action("init", "i", "Set up", "Set up plans in this repository.", GENERAL, "tracker init", _init),
    Action("import", "I", "Import", "Make plans of the STATE.md, ROADMAP.md or .planning directory that is here.",
           GENERAL, "tracker import", _import),
    Action("refresh", "f5", "Refresh", "Read everything again.", GENERAL, "tracker status", shown="F5"),
    Action("theme", "T", "Light or dark", "Change the theme.", GENERAL),
    Action("quit", "q", "Quit", "Leave; a run started here is asked about first.", GENERAL,
           "", _always, (TREE, CHECKS, CHANGES, TEXT)),
)  # fmt: skip

BY_ID = {action.id: action for action in ACTIONS}
GROUPS = tuple(dict.fromkeys(action.group for action in ACTIONS))

FIXED = (
    ("↑ ↓ k j", "Move; PgUp PgDn Home End g G go further"),
    ("→ ←", "Unfold and fold a phase; from a plan to its phase"),
    ("Enter", "Open: the plan's tabs, a commit's diff, a check's evidence, an event's plan"),
    ("Tab Shift+Tab", "The next and the previous pane"),
    ("Esc", "Back: close the screen, clear the filter, return to the tree"),
    ("Ctrl+P", "Command palette: every action by name"),
)
"""Keys of the lists themselves, the same everywhere."""


def available(context: Context) -> list[Action]:
    """The actions that exist here: those that the service cannot serve are left out."""
    return [
        action
        for action in ACTIONS
        if not (action.id == "audit" and not context.audit)
        and not (action.id in ("init", "import") and context.native)
    ]
