"""Adds `security migrate`: one plan of all changes, a journal to go back by, and recovery after a crash."""

from __future__ import annotations

import re

from tracker.api import Codebase

FILES = {
    "migration/__init__.py": "the migration of installations of earlier versions",
    "migration/rules.py": "what is no longer accepted, each with its name and the value that takes its place",
    "migration/fragments.py": "a configuration is changed file by file, includes too",
    "migration/plan.py": "everything that will change is found before anything does",
    "migration/journal.py": "what was is written down and sealed first, so that a crash or a person can go back",
    "migration/recovery.py": "whether there is something to take back, at the price of one look at a directory",
    "cli/migrate.py": "`security migrate`, with --dry-run, --rollback and --forget",
    "tests/test_migration.py": "tests of six installations of old, crashes at each step, and the way back",
}
RECOVERED = "a migration that was broken off is taken back before anything reads the state"
ONE_LOCK = "a migration holds the lock of the gateway that runs on the same state"

DOCUMENTATION = """\
## Migration

An installation of an earlier version may be refused at start. Stop the gateway, and

    python -m gateway security migrate --dry-run
    python -m gateway security migrate

The first one says what would change and touches nothing. The second one replaces weak secrets (the
new ones are shown once), closes what was open, seals what lay in clear, and keeps sessions, approved
senders and paired devices. A configuration that cannot be made right without you is refused, with
its path, before anything changes; what is advisable beyond that is listed. A second run finds
nothing to do.

    python -m gateway security migrate --rollback

puts every byte, mode and time back. Files that changed since are named; `--force` drops them. What is
needed to go back is in `migration/`, sealed with `keys/migration.key`; `--forget` removes both. After
a crash on the way, the next command goes back to the old state. `--rules` lists what no longer is as
it was.

"""


def implement(codebase: Codebase) -> None:
    for path, why in FILES.items():
        codebase.add(path, why=why)
    security = "cli/security.py"
    command = "`migrate` is an action of `security`"
    codebase.add_import(security, "from gateway.cli import migrate", why=command)
    codebase.insert_call(
        security, "configure", "migrate.configure(actions)", after="actions = parser.", why=command
    )
    codebase.insert_call(
        security,
        "run",
        'if arguments.action == "migrate":\n    return migrate.run(arguments)\n',
        why=command,
    )
    recover_first(codebase)
    share_the_lock(codebase)
    document(codebase)


def recover_first(codebase: Codebase) -> None:
    main = "cli/main.py"
    codebase.add_import(main, "from gateway.migration.recovery import recover", why=RECOVERED)
    codebase.insert_call(
        main,
        "main",
        'if getattr(arguments, "action", None) != "migrate" and recover(\n'
        "    Paths.resolve(arguments.state_dir, arguments.config)\n"
        "):\n"
        '    _complain("a migration was broken off; everything is as it was before", "")\n',
        before="return int(arguments.run(arguments))",
        why=RECOVERED,
    )


def share_the_lock(codebase: Codebase) -> None:
    startup = "server/startup.py"
    codebase.edit(
        startup,
        'def hold_lock(gateway: "Gateway") -> None:\n'
        '    """Let one gateway at a time use a state directory; the lock ends with the process."""\n'
        "    name = hashlib.sha256(os.fsencode(gateway.paths.state)).hexdigest()[:16]\n",
        'def hold_lock(gateway: "Gateway") -> None:\n'
        "    lock_state(gateway.paths)\n\n\n"
        "def lock_state(paths: Paths) -> None:\n"
        '    """Let one gateway at a time use a state directory; the lock ends with the process.\n\n'
        "    Raises StartupRefused when a process has it.\n"
        '    """\n'
        "    name = hashlib.sha256(os.fsencode(paths.state)).hexdigest()[:16]\n",
        why=ONE_LOCK,
    )
    codebase.edit(
        startup,
        'f"another gateway is using {gateway.paths.state}"',
        'f"another gateway is using {paths.state}"',
        why=ONE_LOCK,
    )
    codebase.edit(
        startup,
        "from gateway.paths import lock_dir\n",
        "from gateway.paths import Paths, lock_dir\n",
        why=ONE_LOCK,
    )


def document(codebase: Codebase) -> None:
    codebase.edit(
        "README.md",
        "## Exit codes\n",
        f"{DOCUMENTATION}## Exit codes\n",
        why="how an installation of old is migrated, and how that is taken back",
    )
    why = "installations of old can be migrated"
    codebase.delete("tests/weaknesses/test_1_08_migration.py", why=why)
    listed = re.search(
        r"^(## 1\.08 [^\n]*\n\n)\|.*?(?=\n## |\Z)",
        codebase.read("KNOWN-WEAKNESSES.md"),
        re.MULTILINE | re.DOTALL,
    )
    if listed:
        codebase.edit("KNOWN-WEAKNESSES.md", listed[0], f"{listed[1]}None known.\n", why=why)
