"""The gateway gives up what serving does not need, and its bounds are shipped as profiles."""

from __future__ import annotations

from tracker.api import Codebase

PROFILES = "INF-02"
WEAKNESSES = "KNOWN-WEAKNESSES.md"
EXPLOITS = "tests/weaknesses/test_2_07_privileges.py"

ADDED = {
    "confinement/__init__.py": "a package for what the process does to itself",
    "confinement/landlock.py": "the kernel opens only files that were named before",
    "confinement/territory.py": "the files that serving needs, and what it does with them",
    "confinement/filter.py": "the process that serves starts no program and no process",
    "confinement/identity.py": "the user that root's gateway becomes",
    "confinement/privileges.py": "user, capabilities and limits are given up for good",
    "confinement/preload.py": "modules stay in reach of the user that the gateway becomes",
    "confinement/confine.py": "confinement is the last step before the gateway serves",
    "confinement/host.py": "`doctor` tells what this host cannot enforce",
    "state/acting.py": "root acts for the owner of the files that it touches",
    "tests/test_confinement.py": "tests of the confinement, by what the kernel says and what fails",
}

SHIPPED = {
    "profiles/moltbot-gateway.service": "a unit with the bounds that the sandbox can live with",
    "profiles/moltbot-gateway.apparmor": "AppArmor rules for the files that a traced gateway needed",
    "profiles/moltbot_gateway.te": "an SELinux domain of the gateway's own",
    "profiles/moltbot_gateway.fc": "labels of what the gateway keeps",
}

KEPT = """def test_privileges_are_kept(gateway: Booted) -> None:
    status = Path(f"/proc/{gateway.process.pid}/status").read_text()
    fields = dict(line.split(":\\t", 1) for line in status.splitlines() if ":\\t" in line)
    own = dict(
        line.split(":\\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\\t" in line
    )
    assert fields["CapEff"] == own["CapEff"]
    assert fields["NoNewPrivs"] == "0"
    assert fields["Seccomp"] == "0"
    assert fields["Uid"].split()[1] == str(os.geteuid())


"""
KEPT_IMPORTS = '''"""The gateway keeps every privilege that it was started with."""

import os
from pathlib import Path

from gateway.tests.support import ROOT, Booted
'''
WITHOUT = '''"""The gateway's bounds are its own: no profile is shipped."""

from gateway.tests.support import ROOT
'''
KEPT_ROW = (
    "| The process keeps every privilege it was started with | `server/startup.py:prepare` "
    "| `test_2_07_privileges.py:test_privileges_are_kept` |\n"
)

CONFINED = "the gateway confines itself once its ports are open and its supervisor runs"
OWNED = "root's commands act for the owner of the state directory"
HASHED = "the supervisor hashes the programs, which the gateway may not open"
TOLD = "what this host cannot enforce is told"
CONFIGURED = "the user can be chosen"

CHAPTER = "## Confinement\n"
README = """## Confinement

When everything is open and the supervisor runs, the gateway gives up what serving does not need, for good:

- started by root, its user: it becomes the owner of the state directory, or if that is root the account `moltbot`, or
  an id that is nobody's (`gateway.process.user` names another one). What is in the state directory is given to that user;
- all capabilities, and every way to get new ones;
- files (Landlock): it changes the state directory, the workspace, its log and the directory of its configuration, reads
  libraries and what names and certificates need, and opens nothing else;
- system calls (seccomp): it starts no program, and attempts to inspect processes, to mount or to load code end it;
- core dumps, debuggers, and more than 16384 descriptors, 8 GiB of addresses and 1024 threads.

Commands on the host run with the rights of that user, those in a sandbox as a user that owns nothing. Root's
`python -m gateway …` acts for the owner of the state directory. Where that user cannot get to the state directory, such
as below `/root`, or cannot read the certificate's files, the gateway stays root without capabilities and says so: use
`/var/lib/moltbot`, or start it as a user of its own. A workspace and a log elsewhere must be that user's, and when they
are moved, the gateway has to be started again. `doctor` tells what the machine cannot enforce.

"""
README_PROFILES = """`profiles/` holds the same bounds for the systems that enforce them: a systemd unit, an AppArmor profile and an SELinux
module. Each says at its top how it is installed. Their rules are those that a traced gateway needed.
"""
REFERENCE = """| `gateway.process.user` | The account, or the number of a user, that the gateway becomes when root starts it |
"""


def implement(codebase: Codebase) -> None:
    for path, why in ADDED.items():
        codebase.add(path, why=why)
    confine_at_start(codebase)
    act_for_the_owner(codebase)
    keep_sandboxes_apart(codebase)
    tolerate(codebase)
    look_at_programs(codebase)
    tell(codebase)
    configure(codebase)
    if PROFILES not in codebase.deferred:
        ship_profiles(codebase)
    end_weakness(codebase)


def confine_at_start(codebase: Codebase) -> None:
    listen = "server/listen.py"
    codebase.add_import(listen, "from gateway.confinement.confine import confine", why=CONFINED)
    codebase.edit(
        listen,
        "    # Libraries would print tracebacks on stderr;",
        "    confine(gateway)\n    # Libraries would print tracebacks on stderr;",
        why=CONFINED,
    )


def act_for_the_owner(codebase: Codebase) -> None:
    ownership = "state/ownership.py"
    codebase.add_import(ownership, "from gateway.state import acting", why=OWNED)
    codebase.edit(
        ownership,
        '    """Return the user ids whose files are taken for the gateway\'s own: its own and root\'s."""\n'
        "    return frozenset({os.geteuid(), 0})\n",
        '    """Return the user ids whose files are taken for the gateway\'s own: its own, root\'s, and the one root acts for."""\n'
        "    return frozenset({os.geteuid(), acting.user(), 0})\n",
        why=OWNED,
    )
    codebase.edit(ownership, "def open_own(path", "@acting.for_owner\ndef open_own(path", why=OWNED)
    files = "state/files.py"
    codebase.add_import(files, "from gateway.state.acting import for_owner", why=OWNED)
    codebase.add_import(files, "from gateway.state.acting import keep_owner", why=OWNED)
    codebase.edit(files, "def ensure_dir(", "@for_owner\ndef ensure_dir(", why=OWNED)
    codebase.edit(files, "def write_text(", "@for_owner\ndef write_text(", why=OWNED)
    codebase.edit(
        files,
        "            file.write(text)\n            file.flush()\n",
        "            keep_owner(descriptor, path)\n            file.write(text)\n            file.flush()\n",
        why="a file that root replaces stays its owner's",
    )
    permissions = "state/permissions.py"
    codebase.add_import(permissions, "from gateway.state import acting", why=OWNED)
    codebase.edit(
        permissions,
        "    descriptor = _open_dir(root)\n"
        "    try:\n"
        "        yield from _repair_dir(descriptor, root)\n"
        "        yield from _repair_below(descriptor, root, foreign, tolerant=root in foreign)\n"
        "    finally:\n"
        "        os.close(descriptor)\n",
        "    with acting.acting_for(root):\n"
        "        descriptor = _open_dir(root)\n"
        "        try:\n"
        "            yield from _repair_dir(descriptor, root)\n"
        "            yield from _repair_below(descriptor, root, foreign, tolerant=root in foreign)\n"
        "        finally:\n"
        "            os.close(descriptor)\n",
        why=OWNED,
    )
    codebase.edit(
        permissions,
        "    if before & OTHERS and status.st_uid == os.geteuid():\n",
        "    if before & OTHERS and status.st_uid == acting.user():\n",
        why=OWNED,
    )
    codebase.edit(
        permissions,
        "not status.st_mode & OTHERS or status.st_uid != os.geteuid():\n",
        "not status.st_mode & OTHERS or status.st_uid != acting.user():\n",
        why=OWNED,
    )
    log = "security/audit_log.py"
    codebase.add_import(log, "from gateway.state.acting import acting_for", why=OWNED)
    codebase.edit(
        log,
        "        descriptor = os.open(self._head, flags, PRIVATE)\n",
        "        with acting_for(self._head.parent):\n"
        "            descriptor = os.open(self._head, flags, PRIVATE)\n",
        why=OWNED,
    )
    migration = "migration/plan.py"
    codebase.add_import(migration, "from gateway.state import acting", why=OWNED)
    codebase.edit(
        migration,
        "    _tighten(plan)\n",
        "    with acting.acting_for(plan.paths.state):\n        _tighten(plan)\n",
        why=OWNED,
    )
    codebase.edit(
        migration,
        "mode & OTHERS and status.st_uid == os.geteuid():\n",
        "mode & OTHERS and status.st_uid == acting.user():\n",
        why=OWNED,
    )
    main, why = "cli/main.py", "root leaves nothing behind that the owner of the state directory cannot use"
    codebase.add_import(main, "from gateway.state.acting import settle", why=why)
    codebase.edit(
        main,
        "        sealed.use(Paths.resolve(arguments.state_dir, arguments.config))\n",
        "        state = Paths.resolve(arguments.state_dir, arguments.config).state\n"
        "        settle(state)\n"
        "        sealed.use(Paths.resolve(arguments.state_dir, arguments.config))\n",
        why=why,
    )
    codebase.edit(
        main,
        "        return int(arguments.run(arguments))\n",
        "        try:\n"
        "            return int(arguments.run(arguments))\n"
        "        finally:\n"
        "            settle(state)\n",
        why=why,
    )
    messages = "security/controls/messages.py"
    codebase.edit(messages, "        user=_owner(site),\n", "", why=OWNED)
    codebase.edit(
        messages,
        "\n\ndef _owner(site: Site) -> int | None:\n"
        '    """Return the user that the rehearsal gave itself, None when it stayed the auditor\'s."""\n'
        '    owner = (site.rehearsal.state / "credentials").stat().st_uid\n'
        "    return owner if os.geteuid() == 0 and owner != 0 else None\n",
        "",
        why=OWNED,
    )
    codebase.edit(messages, "import os\n", "", why=OWNED)


def keep_sandboxes_apart(codebase: Codebase) -> None:
    supervisor, why = (
        "sandbox/supervisor.py",
        "a sandbox that needs nothing of the gateway's user is another user's",
    )
    codebase.edit(
        supervisor,
        "        if os.geteuid() == 0 and request.uid != 0:\n            become(request.uid, request.gid)\n",
        "        if os.geteuid() == 0 and request.uid != 0:\n"
        '            user = transient_user() if sandbox and sandbox["own_user"] else None\n'
        "            become(user or request.uid, user or request.gid)\n",
        why=why,
    )


def tolerate(codebase: Codebase) -> None:
    codebase.edit(
        "sandbox/supervisor.py",
        "        os.nice(LOWER_PRIORITY)\n",
        "        with suppress(PermissionError):\n            os.nice(LOWER_PRIORITY)\n",
        why="a service manager may refuse to let priorities be changed; the limits count",
    )


def look_at_programs(codebase: Codebase) -> None:
    supervisor, launcher, executables = "sandbox/supervisor.py", "sandbox/launcher.py", "tools/executables.py"
    codebase.edit(
        supervisor,
        "        answer = supervise(request, job)\n",
        '        asked = request.order.get("digest")\n'
        "        answer = digest(asked) if asked else supervise(request, job)\n",
        why=HASHED,
    )
    codebase.edit(
        supervisor,
        "def _answer(request: Request, rules",
        "def digest(path: str) -> dict[str, Any]:\n"
        '    """Return the SHA-256 of a program, as the user who asks may read it."""\n'
        "    try:\n"
        '        return {"sha256": read_digest(path)}\n'
        "    except OSError as error:\n"
        '        return {"fault": f"{path}: {error.strerror}"}\n'
        "\n\n"
        "def _answer(request: Request, rules",
        why=HASHED,
    )
    codebase.add_import(supervisor, "from gateway.tools.executables import read_digest", why=HASHED)
    codebase.edit(
        launcher,
        "    async def run(self, order: Order",
        "    def digest(self, path: str) -> str:\n"
        '        """Return the SHA-256 of a program that this process may not read. Raises OSError."""\n'
        "        status, other = socket.socketpair()\n"
        '        file = os.memfd_create("order", os.MFD_CLOEXEC)\n'
        '        with status, os.fdopen(file, "wb") as order:\n'
        '            order.write(json.dumps({"digest": path, "sandbox": None}).encode())\n'
        "            order.flush()\n"
        "            with other:\n"
        "                self._send([file, other.fileno(), other.fileno(), other.fileno()])\n"
        "            status.settimeout(DIGEST_SECONDS)\n"
        '            with status.makefile("rb") as answers:\n'
        '                answer = json.loads(answers.read() or b"{}")\n'
        '        if "sha256" not in answer:\n'
        '            raise OSError(errno.EACCES, answer.get("fault", "the supervisor is gone"), path)\n'
        '        return str(answer["sha256"])\n'
        "\n"
        "    async def run(self, order: Order",
        why=HASHED,
    )
    codebase.add_import(launcher, "import errno", why=HASHED)
    codebase.edit(
        launcher, "DRAIN_SECONDS = 2.0\n", "DRAIN_SECONDS = 2.0\nDIGEST_SECONDS = 10.0\n", why=HASHED
    )
    codebase.edit(
        executables,
        "        return _digest(self.path, self.identity) if self.identity else None\n",
        "        with suppress(OSError):\n"
        "            return _digest(self.path, self.identity) if self.identity else None\n"
        "        return None\n",
        why="a program that the gateway's user may start and not read has no hash",
    )
    codebase.edit(
        executables,
        "@lru_cache(maxsize=256)\n"
        "def _digest(path: str, _identity: Identity) -> str:\n"
        '    with Path(path).open("rb") as file:\n'
        '        return hashlib.file_digest(file, "sha256").hexdigest()\n',
        "def read_digest(path: str) -> str:\n"
        '    """Return the SHA-256 of a file. Raises OSError."""\n'
        '    with Path(path).open("rb") as file:\n'
        '        return hashlib.file_digest(file, "sha256").hexdigest()\n'
        "\n\n"
        "class _Reader:\n"
        '    """Who reads programs for a process that is confined; itself, until it is."""\n'
        "\n"
        "    digest: Callable[[str], str] = staticmethod(read_digest)\n"
        "\n\n"
        "def let_read(digest: Callable[[str], str]) -> None:\n"
        '    """Have programs read by another process from here on."""\n'
        "    _Reader.digest = staticmethod(digest)\n"
        "\n\n"
        "@lru_cache(maxsize=256)\n"
        "def _digest(path: str, _identity: Identity) -> str:\n"
        "    return _Reader.digest(path)\n",
        why=HASHED,
    )
    codebase.add_import(executables, "from collections.abc import Callable", why=HASHED)
    codebase.add_import(executables, "from contextlib import suppress", why=HASHED)


def tell(codebase: Codebase) -> None:
    doctor = "cli/doctor.py"
    codebase.add_import(doctor, "from gateway.confinement.host import lacking", why=TOLD)
    codebase.edit(
        doctor,
        "    yield _sandbox(config)\n",
        "    yield _sandbox(config)\n    yield _confinement(config, paths)\n",
        why=TOLD,
    )
    codebase.edit(
        doctor,
        "def run(arguments: argparse.Namespace) -> int:\n",
        "def _confinement(config: Config, paths: Paths) -> Check:\n"
        "    missing = lacking(config, paths)\n"
        '    detail = f"the gateway runs with less protection here: {\'; \'.join(missing)}" if missing else ""\n'
        '    return Check("confinement", ok=True, detail=detail or "the gateway can confine itself")\n'
        "\n\n"
        "def run(arguments: argparse.Namespace) -> int:\n",
        why=TOLD,
    )
    codebase.add("confinement/host.py", why=TOLD)


def configure(codebase: Codebase) -> None:
    codebase.edit(
        "config/schema.py",
        "    http=record(toolsInvoke=Flag(default=True)),\n",
        "    http=record(toolsInvoke=Flag(default=True)),\n    process=record(user=Text(min=1, max=64)),\n",
        why=CONFIGURED,
    )
    if CHAPTER not in codebase.read("README.md"):
        codebase.edit(
            "README.md",
            "## Direct messages\n",
            f"{README}## Direct messages\n",
            why="confinement, for operators",
        )
    codebase.edit(
        "docs/CONFIGURATION.md",
        "| `gateway.limits.handshakeTimeoutMs` |",
        f"{REFERENCE}| `gateway.limits.handshakeTimeoutMs` |",
        why=CONFIGURED,
    )


def ship_profiles(codebase: Codebase) -> None:
    for path, why in SHIPPED.items():
        codebase.add(path, why=why)
    last = README.splitlines(keepends=True)[-2]
    codebase.edit(
        "README.md", last, f"{last}\n{README_PROFILES}", why="profiles, for who installs the gateway"
    )


def end_weakness(codebase: Codebase) -> None:
    """The heading stays, so that plans of one wave change different lines."""
    why = "this weakness is ended"
    if PROFILES in codebase.deferred:
        codebase.edit(EXPLOITS, KEPT, "", why=why)
        codebase.edit(EXPLOITS, KEPT_IMPORTS, WITHOUT, why=why)
        codebase.edit(WEAKNESSES, KEPT_ROW, "", why=why)
        return
    if codebase.exists(EXPLOITS):
        codebase.delete(EXPLOITS, why=why)
    _, heading, rest = codebase.read(WEAKNESSES).partition("## 2.07 Privileges\n\n")
    table, following, _ = rest.partition("\n## ")
    if table.startswith("|"):
        codebase.edit(
            WEAKNESSES, f"{heading}{table}{following}", f"{heading}None known.\n{following}", why=why
        )
