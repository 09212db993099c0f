"""Private from the first instant: modes, umask, descriptors that are looked at, and a repair at start."""

from __future__ import annotations

from tracker.api import Codebase

FILES = "state/files.py"
STARTUP = "server/startup.py"
WEAKNESSES = "KNOWN-WEAKNESSES.md"

ADDED = {
    "state/ownership.py": "a file is opened only if it is regular, ours and has one name; no link is followed",
    "state/permissions.py": "loose permissions are repaired on open descriptors, never by path",
    "state/file_audit.py": "repair at start, one line for each file",
    "tests/test_file_permissions.py": "a test for each control",
}

OPENED = "every file of the gateway is opened as its own"


DOCUMENTATION = """
## Private files

Everything that the gateway keeps is private to its user (0700, 0600) from the moment it exists.
What is found open to others at start is closed, with a line in `logs/file-audit.jsonl`. A symbolic
link, a second name (hard link) or a file of another user in the state directory, or as the
configuration, is refused: put a copy there. In `workspace/` links are left alone.
"""


def implement(codebase: Codebase) -> None:
    for path, why in ADDED.items():
        codebase.add(path, why=why)
    create_private(codebase)
    open_own(codebase)
    repair_at_start(codebase)
    codebase.append("README.md", DOCUMENTATION, why="what is private, repaired and refused")
    end_weaknesses(codebase)


def create_private(codebase: Codebase) -> None:
    why = "files and directories are private from the moment they exist"
    codebase.set_default(FILES, "DIR_MODE", "0o700", why=why)
    codebase.set_default(FILES, "FILE_MODE", "0o600", why=why)
    codebase.insert_call(
        "cli/main.py", "main", "os.umask(PRIVATE_UMASK)", why="what is run from here is private too"
    )
    codebase.edit(
        "cli/main.py",
        "INTERRUPTED = 130\n",
        "INTERRUPTED = 130\nPRIVATE_UMASK = 0o077\n",
        why="what is run from here is private too",
    )


def open_own(codebase: Codebase) -> None:
    codebase.add_import(FILES, "from gateway.state.ownership import open_own", why=OPENED)
    codebase.edit(
        FILES,
        "    Raises OSError when it is there and cannot be read.\n"
        '    """\n'
        "    try:\n"
        "        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)\n",
        "    Raises OSError when it is there and cannot be read, StateError when it is\n"
        "    a link or somebody else's.\n"
        '    """\n'
        "    try:\n"
        "        descriptor = open_own(path, os.O_RDONLY)\n",
        why=OPENED,
    )
    codebase.edit(
        FILES,
        "    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC\n"
        "    descriptor = os.open(path, flags, FILE_MODE)\n",
        "    descriptor = open_own(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, FILE_MODE)\n",
        why=OPENED,
    )
    codebase.edit(
        FILES,
        "    descriptor = os.open(\n"
        '        path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE\n'
        "    )\n",
        '    descriptor = open_own(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, FILE_MODE)\n',
        why=OPENED,
    )
    codebase.edit(
        FILES,
        "    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)\n    try:\n        return os.pread(",
        "    descriptor = open_own(path, os.O_RDONLY)\n    try:\n        return os.pread(",
        why=OPENED,
    )
    codebase.add_import(STARTUP, "from gateway.state.ownership import open_own", why=OPENED)
    codebase.edit(
        STARTUP,
        "os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, files.FILE_MODE)",
        "open_own(path, os.O_RDWR | os.O_CREAT, files.FILE_MODE)",
        why=OPENED,
    )


def repair_at_start(codebase: Codebase) -> None:
    why = "loose permissions are repaired and links refused before any state is read"
    codebase.add_import(STARTUP, "from gateway.state.file_audit import make_private", why=why)
    codebase.append_to(STARTUP, "STEPS", "make_private", after="hold_lock", why=why)


def end_weaknesses(codebase: Codebase) -> None:
    """Take what this plan ends from the list, with its tests."""
    why = "these weaknesses are ended"
    codebase.delete("tests/weaknesses/test_1_03_files.py", why=why)
    _, heading, rest = codebase.read(WEAKNESSES).partition("## 1.03 Files\n\n")
    table, following, _ = rest.partition("\n## ")
    if table.startswith("|"):
        codebase.edit(
            WEAKNESSES, f"{heading}{table}{following}", f"{heading}None known.\n{following}", why=why
        )
