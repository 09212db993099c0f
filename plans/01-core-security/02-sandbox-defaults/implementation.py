"""Run the commands of sessions in sandboxes, made and watched by a process of its own."""

from tracker.api import Codebase

AUDIT_CHECK = """def sandbox_off(subject: Subject) -> Iterator[Finding]:
    if subject.config.text_at("agents.defaults.sandbox.mode") == "off":
        yield Finding(
            "sandbox.mode_off",
            CRITICAL,
            "Commands of every session run on the host",
            "agents.defaults.sandbox.mode is off",
            "set agents.defaults.sandbox.mode to non-main or all",
        )


"""

DOCTOR_CHECK = """def _sandbox(config: Config) -> Check:
    fault = bubblewrap.fault(config)
    return Check("sandbox", ok=not fault, detail=fault or "sandboxes can be made")


"""

README = """## Sandbox

Commands of every session but the main one run in a sandbox of [bubblewrap](https://github.com/containers/bubblewrap):
namespaces of their own, no network, no capabilities, an allowlist of system calls, `/usr` to read, and an
empty `/workspace` and `/tmp` in memory that end with the command. Where the sandbox cannot be made, the answer is
`UNAVAILABLE` and nothing runs; `doctor` tells whether it can. Keys below `agents.defaults.sandbox`:

| Key | Default | Meaning |
|---|---|---|
| `mode` | `non-main` | `all` sandboxes the main session too; `off` runs everything on the host, a critical finding |
| `workspaceAccess` | `none` | `ro` or `rw` binds the real workspace; the sandbox then runs as the gateway's user |
| `tmpfsSize` | `64m` | size of `/workspace`, `/tmp` and `/dev/shm` each, and of the largest file |
| `bubblewrap` | `/usr/bin/bwrap` | the program; it is never looked for on `PATH` |
| `docker.memory` | `512m` | what one process may map and all together may hold |
| `docker.pidsLimit` | `64` | processes and threads |
| `docker.env` | none | environment variables |
| `docker.setupCommand` | none | runs in the sandbox before each command |

The other `docker` keys have no effect: there is never a network, a capability or a writable root.
A process started before anything else, the supervisor, starts all commands, on the host too; it ends what a
command leaves behind.

"""


LATER_SECTIONS = ("## Direct messages\n", "## Secrets\n", "## Commands\n", "## Audit\n", "## Exit codes\n")
"""What stands behind the sandbox in the README, whichever of the plans that write there came first."""

MODULES = {
    "__init__.py": "A package for the sandbox",
    "__main__.py": "The supervisor is small until the first command",
    "bubblewrap.py": "Namespaces, a read-only root and a workspace in memory for each command",
    "launcher.py": "Commands go to the supervisor as orders, and their output comes back",
    "seccomp.py": "An allowlist of system calls, as the kernel takes it",
    "supervisor.py": "A process that starts, limits, watches and ends every command",
    "usage.py": "What running processes hold, and the end of all descendants",
}


def implement(codebase: Codebase) -> None:
    for name, why in MODULES.items():
        codebase.add(f"sandbox/{name}", why=why)
    codebase.add("tools/runner.py", why="Commands start through the supervisor, in a sandbox or not at all")
    _wire(codebase)
    _configure(codebase)
    _report(codebase)
    codebase.delete("tests/weaknesses/test_1_02_sandbox.py", why="The weaknesses that it exploits have ended")
    codebase.add("tests/test_sandbox.py", why="Tests of the sandbox from inside and of its absence")
    _adapt_tests(codebase)


def _wire(codebase: Codebase) -> None:
    why = "The supervisor starts with the gateway, before anything could confine it"
    gateway = "server/gateway.py"
    codebase.add_import(gateway, "from gateway.sandbox.launcher import Launcher", why=why)
    codebase.insert_call(
        gateway,
        "Gateway.__init__",
        "self.launcher = Launcher()",
        after="self.approvals = Approvals(self)",
        why=why,
    )
    codebase.add_import("server/startup.py", "from gateway.sandbox.launcher import start_launcher", why=why)
    codebase.append_to("server/startup.py", "STEPS", "start_launcher", why=why)
    codebase.edit(
        "tools/exec_tool.py",
        '        env={**os.environ, **args.get("env", {})},\n',
        '        env={**os.environ, **args.get("env", {})},\n        own_env=args.get("env", {}),\n',
        why="A sandbox gets no environment but the one that was asked for",
    )


def _configure(codebase: Codebase) -> None:
    schema = "config/schema.py"
    why = "Sandboxes are the default, with bounds, made by a bubblewrap in a fixed place"
    codebase.edit(
        schema,
        '    mode=Text(one_of=("off", "non-main", "all"), default="off"),\n',
        '    mode=Text(one_of=("off", "non-main", "all"), default="non-main"),\n',
        why=why,
    )
    codebase.edit(
        schema,
        '    workspaceAccess=Text(one_of=("none", "ro", "rw"), default="none"),\n',
        '    workspaceAccess=Text(one_of=("none", "ro", "rw"), default="none"),\n'
        '    bubblewrap=Text(pattern=r"/.+", max=4096, default="/usr/bin/bwrap"),\n'
        '    tmpfsSize=Text(pattern=SIZE, default="64m"),\n',
        why=why,
    )
    codebase.edit(
        schema,
        "        pidsLimit=Integer(),\n        memory=_text,\n",
        "        pidsLimit=Integer(min=2, max=10_000, default=64),\n"
        '        memory=Text(pattern=SIZE, default="512m"),\n',
        why=why,
    )
    codebase.edit(
        schema,
        "SAFE_BINS = [",
        'SIZE = r"[1-9]\\d{0,11}[bkmgBKMG]?"\nSAFE_BINS = [',
        why=why,
    )


def _report(codebase: Codebase) -> None:
    why = "A sandbox that is switched off is a critical finding"
    audit = "security/audit.py"
    codebase.edit(
        audit,
        "def direct_messages(subject: Subject)",
        AUDIT_CHECK + "def direct_messages(subject: Subject)",
        why=why,
    )
    codebase.append_to(audit, "CHECKS", "sandbox_off", why=why)
    doctor = "cli/doctor.py"
    why = "Whether sandboxes can be made here is told before they are needed"
    codebase.add_import(doctor, "from gateway.sandbox import bubblewrap", why=why)
    codebase.edit(doctor, "def run(arguments", DOCTOR_CHECK + "def run(arguments", why=why)
    codebase.insert_call(doctor, "checks", "yield _sandbox(config)", after="yield _port(config)", why=why)
    readme = "README.md"
    why = "The sandbox, its keys and what it does not do"
    codebase.edit(
        readme,
        "a container backend (the `sandbox.docker` keys are read and\nhave no effect), ",
        "a container backend,\n",
        why=why,
    )
    later = next(name for name in LATER_SECTIONS if name in codebase.read(readme))
    codebase.edit(readme, later, README + later, why=why)
    _forget_weaknesses(codebase)


def _forget_weaknesses(codebase: Codebase) -> None:
    """The section of this plan, and the row of 1.06 that the supervisor ends already."""
    why = "These weaknesses have ended"
    weaknesses = "KNOWN-WEAKNESSES.md"
    _, heading, rest = codebase.read(weaknesses).partition("## 1.02 Sandbox\n\n")
    table, following, _ = rest.partition("\n## ")
    if table.startswith("|"):
        codebase.edit(
            weaknesses, f"{heading}{table}{following}", f"{heading}None known.\n{following}", why=why
        )
    for line in codebase.read(weaknesses).splitlines(keepends=True):
        if "test_a_timeout_leaves_grandchildren" in line:
            codebase.edit(weaknesses, line, "", why=why)
    tests = "tests/weaknesses/test_1_06_commands.py"
    if codebase.exists(tests):
        source = codebase.read(tests)
        _, found, rest = source.partition("\n\nasync def test_a_timeout_leaves_grandchildren")
        if found:
            codebase.edit(tests, found + rest, "", why=why)
            codebase.edit(tests, "import asyncio\nfrom collections", "from collections", why=why)


def _adapt_tests(codebase: Codebase) -> None:
    """Tests that list all checks of `doctor`, and those settings that the audit used to miss."""
    doctor, missed = "tests/test_cli.py", "tests/weaknesses/test_1_07_audit.py"
    listed = '{"python": True, "state-dir": True, "config": True, "port": False}'
    if f"checks == {listed}" in codebase.read(doctor):
        codebase.edit(
            doctor,
            f"    assert checks == {listed}\n",
            f"    expected = {listed}\n    assert checks.items() >= expected.items()\n",
            why="`doctor` has one check more",
        )
    if codebase.exists(missed):
        codebase.edit(
            missed,
            '        {"agents": {"defaults": {"sandbox": {"mode": "off"}}}},\n',
            "",
            why="The audit no longer misses that the sandbox is off",
        )
