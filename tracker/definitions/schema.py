"""The keys of the three kinds of definition files: what is read, what is refused, what the reference says."""

from __future__ import annotations

from typing import NamedTuple

from tracker.model.definitions import NEED, RESIDUAL, STRETCH

LINE = "one line of text"
TEXT = "text"
IDENT = "a check id"
FILE = "a file name"
PATH = "a path"
NUMBER = "a number"
FLAG = "true or false"
CHOICE = "one of"
LINES = "a list of texts"
IDENTS = "a list of check ids"
REFS = "a list of plan references"
PATHS = "a list of paths"
GROUP = "a mapping"
GROUPS = "a list of mappings"


class Key(NamedTuple):
    """One key: its name, the type of its value, and what it is for."""

    name: str
    type: str
    doc: str
    required: bool = False
    choices: tuple[str, ...] = ()
    keys: tuple[Key, ...] = ()


CHECK = (
    Key(
        "id",
        IDENT,
        "The check's name, unique in the project, as the tests and commands give it.",
        required=True,
    ),
    Key("title", LINE, "What holds when the check passes.", required=True),
    Key("domain", LINE, "The heading of *Score by Domain* that it counts under. Default: General."),
    Key("points", NUMBER, "Points that a pass earns, 0 or more. Default: 0."),
    Key(
        "kind",
        CHOICE,
        "`need`: the plan lands only with it. `stretch`: counts beyond the needs. `residual`: measured, and "
        "expected to stay open. Default: need.",
        choices=(NEED, STRETCH, RESIDUAL),
    ),
    Key("critical", FLAG, "While it is red the rating is capped, whatever the sum. Default: false."),
    Key("exclusive", FLAG, "It measures load or time and runs alone. Default: false."),
    Key(
        "mode",
        CHOICE,
        "`live`: observed on something that runs. `static`: read from files. Default: live.",
        choices=("live", "static"),
    ),
    Key("probe", TEXT, "How it is observed."),
    Key("maps_to", LINE, "Sections of standards that it answers to."),
    Key("closes", LINE, "For a residual check: what would close it."),
)

COMMAND = (
    Key("check", IDENT, "The check that the command proves.", required=True),
    Key(
        "run", TEXT, "The shell command, run in the codebase; exit status 0 passes the check.", required=True
    ),
    *(key._replace(required=False) for key in CHECK if key.name != "id"),
)

MUST_HAVE = (
    Key("text", LINE, "The sentence as STATE.md prints it.", required=True),
    Key("checks", IDENTS, "It holds when all of these checks pass."),
    Key("mark", LINE, "A document's own mark for it, where no check says."),
)

PLAN = (
    Key("title", LINE, "The plan's name.", required=True),
    Key("summary", LINE, "What it is about, in a few words; STATE.md prints it in parentheses."),
    Key("depends_on", REFS, "Plans that must be done before: `2.01`, `2.1`, `02-01` or a slug."),
    Key(
        "implementation",
        FILE,
        "A Python file beside PLAN.md with `def implement(codebase: Codebase) -> None`. Where none of "
        "`implementation`, `run` and `manual` is given and `implementation.py` exists, that file.",
    ),
    Key(
        "run",
        TEXT,
        "A shell command that carries the plan out, run at the top of a worktree. It finds `TRACKER_PLAN`, "
        "`TRACKER_PLAN_FILE` and `TRACKER_CODEBASE` in its environment.",
    ),
    Key("manual", FLAG, "True: a person carries the plan out, even where `implementation.py` exists."),
    Key(
        "verification",
        FILE,
        "A pytest file beside PLAN.md whose tests are marked with the checks they prove. Where neither "
        "`verification` nor `commands` is given and `verification.py` exists, that file.",
    ),
    Key(
        "commands",
        GROUPS,
        "Commands that prove checks. With a `title` an entry also defines its check in place.",
        keys=COMMAND,
    ),
    Key("paths", PATHS, "What the plan may change beyond the codebase, relative to the repository."),
    Key("timeout", NUMBER, "Seconds for the implementation, instead of the project's."),
    Key("highlights", LINES, "Sentences that STATE.md lists under the plan when it is done."),
    Key("checks", GROUPS, "The checks that prove the plan.", keys=CHECK),
)

PHASE = (
    Key("title", LINE, "The phase's name.", required=True),
    Key("goal", LINE, "What it is for."),
    Key("must_haves", GROUPS, "Sentences that hold at the end of the phase.", keys=MUST_HAVE),
    Key("closing_steps", LINES, "The last of STATE.md's next steps, after the phase's plans."),
    Key("impact", LINE, "The Score Impact of a phase without checks; with checks it is computed."),
)

BASELINE = (
    Key(
        "verification",
        FILE,
        "A pytest file beside project.yaml. Where neither `verification` nor `commands` is given and "
        "`baseline.py` exists, that file.",
    ),
    Key("commands", GROUPS, "Commands that prove checks, as in a plan.", keys=COMMAND),
    Key("checks", GROUPS, "Checks that belong to no plan: green before any, or residual.", keys=CHECK),
)

PROJECT = (
    Key("name", LINE, "The project's name.", required=True),
    Key("goal", LINE, "What it is for, in one line."),
    Key("codebase", PATH, "The directory that plans change, relative to the repository. Default: all of it."),
    Key(
        "score",
        GROUP,
        "The score's frame.",
        keys=(
            Key("target", NUMBER, "Points to reach."),
            Key("of", NUMBER, "The fixed total. Default: the sum of all checks."),
        ),
    ),
    Key("python", LINE, "The interpreter for implementations and verifications. Default: tracker's own."),
    Key("setup", TEXT, "A command line that prepares a fresh worktree."),
    Key(
        "timeouts",
        GROUP,
        "Seconds that may pass.",
        keys=(
            Key("implementation", NUMBER, "Default: 120."),
            Key("verification", NUMBER, "Default: 600."),
        ),
    ),
    Key("baseline", GROUP, "What is proved whatever plans have landed.", keys=BASELINE),
)

ELSEWHERE = {
    "wave": ("depends_on", "waves follow from depends_on"),
    "waves": ("depends_on", "waves follow from depends_on"),
    "requires": ("depends_on", "write depends_on"),
    "blocked_by": ("depends_on", "write depends_on"),
    "files_modified": ("paths", "what a plan may touch beyond the codebase stands under paths"),
    "description": ("summary", "write summary; prose goes below the front matter"),
    "name": ("title", "write title"),
    "title": ("name", "write name"),
    "phase": ("", "numbers come from the directory's name"),
    "plan": ("", "numbers come from the directory's name"),
    "number": ("", "numbers come from the directory's name"),
    "status": ("", "status is computed from the journal"),
    "completed": ("", "status is computed from the journal"),
    "progress": ("", "progress is computed from the journal"),
}
"""Keys that people bring from other formats: the key that must exist here, and the advice."""
