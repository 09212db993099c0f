"""Every command, its one-line help and where it lives: ``--help`` imports none of them."""

from __future__ import annotations

COMMANDS: dict[str, tuple[str, str, str]] = {
    # name: (group, one line, module:function)
    "status": ("See", "Phases, plans, proof and score.", "reading:status"),
    "show": ("See", "One plan: its text, checks, changes and history.", "reading:show"),
    "next": ("See", "What can be done now.", "reading:next_command"),
    "log": ("See", "What has happened, with the commits.", "history:log"),
    "state": ("See", "Regenerate STATE.md, or check that it is fresh.", "state:state"),
    "audit": ("See", "Compare what documents claim with what the files show.", "audit:audit"),
    "run": ("Do", "Carry plans out: implement, verify, land.", "running:run"),
    "verify": ("Do", "Run the checks against the code and record the outcomes.", "running:verify"),
    "done": ("Do", "Mark a plan done: its checks have to pass.", "running:done"),
    "revert": ("Do", "Take a landed plan back out of the code.", "running:revert"),
    "start": ("Say", "Say that a plan is being worked on.", "saying:start"),
    "defer": ("Say", "Put off a plan, or one of its checks, with a reason.", "saying:defer"),
    "reopen": ("Say", "Make a plan pending again, or take up a deferred check.", "saying:reopen"),
    "note": ("Say", "Write a note, to a plan or to the project.", "saying:note"),
    "link": ("Say", "Link commits to plans.", "history:link"),
    "undo": ("Say", "Take back what was said last.", "saying:undo"),
    "init": ("Set up", "Make a repository a tracked project.", "setup:init"),
    "new": ("Set up", "A new phase or plan, ready to be filled in.", "setup:new"),
    "import": ("Set up", "Make plans of a STATE.md or a .planning directory.", "importing:import_command"),
    "doctor": ("Set up", "What this host has, and what is wrong with the project.", "doctor:doctor"),
}
