"""Commands become words, programs become files, children start clean."""

from tracker.api import Codebase

README = """## Commands

`exec` takes `argv`, or `command`: words with a POSIX shell's quotes. No shell ever sees them; an operator,
an expansion or a pattern that is not quoted is refused. The first word is a path, or a name that is looked
for in `/usr/local/bin`, `/usr/bin` and `/bin` only. A command runs without being asked for when

- an entry of `tools.exec.safeBins` is the same file, and only root can replace it, or
- an operator allowed it with `allow-always`: then the file must still have the same content;

and not when its program starts others or interprets code (`env`, `sh`, `find`, `git`, `python` …; of these
`allow-always` allows exactly the one command), when an option makes it write or run something
(`sort -o`), or when `env` holds more than language, time zone and terminal. Variables that choose
code (`LD_PRELOAD`, `PATH`, `PYTHONPATH`, `GIT_*` …) are refused. An approval is bound to the words, the
directory, the session, the variables and the content of the program.

Children get `PATH`, `HOME`, `LANG` and little else, and no descriptor but their own three.
`agents.defaults.sandbox.docker.setupCommand` is a line of words that starts one of `cp`, `date`, `ln`,
`mkdir`, `mktemp`, `mv`, `rm`, `rmdir`, `touch`, `true`.

"""

FROM_ARGS = '''        if ("command" in args) == ("argv" in args):
            raise RequestError(INVALID_REQUEST, "exec needs either command or argv")
        try:
            words = tuple(args["argv"]) if "argv" in args else command_line.split(args["command"])
        except command_line.NotWords as error:
            raise RequestError(INVALID_REQUEST, f"command: {error}") from None
        if not words or not words[0].strip():
            raise RequestError(INVALID_REQUEST, "exec needs a command that is not empty")
        if any("\\0" in word for word in words):
            raise RequestError(INVALID_REQUEST, "argv must not contain NUL")
        cwd = str(paths.workspace(gateway) / args.get("cwd", ""))
        executable = executables.find(words[0], cwd)
        known = executable is not None and executable.of_the_system
        if "/" in words[0] and not known and is_sandboxed(gateway, session_key):
            executable = executables.Executable(words[0], only_root=False, identity=None)
        if executable is None:
            raise RequestError(INVALID_REQUEST, f"cannot run {words[0][:80]}: there is no such program")
        env = child_environment.vet(args.get("env", {}))
        return cls(words, cwd, env, session_key, executable)

    @property
    def vector(self) -> tuple[str, ...]:
        """The words, with the program that was found as the first."""
        return (self.executable.path, *self.argv[1:])
'''

DESCRIBE = """        return {
            "command": shlex.join(self.argv),
            "argv": list(self.argv),
            "cwd": self.cwd,
            "env": self.env,
            "sessionKey": self.session_key,
            "executable": self.executable.path,
            "sha256": self.executable.sha256,
        }
"""

CHECK_IDENTITY = '''def _refuse_replaced(order: Order) -> None:
    """Raise OSError when the program is not the file that was looked at when it was allowed."""
    if order["identity"] is not None and vars(identify(order["argv"][0])) != order["identity"]:
        raise OSError(errno.ESTALE, "it was replaced after it was looked at", order["argv"][0])


'''


def implement(codebase: Codebase) -> None:
    codebase.add("tools/command_line.py", why="Words of a command line, without a shell")
    codebase.add("tools/executables.py", why="Which file a word names, and who could replace it")
    codebase.add("tools/child_environment.py", why="What commands inherit, and what they may not be given")
    codebase.add("tools/allowlist.py", why="Entries stand for files, and launchers never pass by one")
    codebase.add("config/setup_command.py", why="Set-up commands pass the gate before they are in force")
    _exec_tool(codebase)
    _runner(codebase)
    _gate(codebase)
    _tell(codebase)


def _exec_tool(codebase: Codebase) -> None:
    tool = "tools/exec_tool.py"
    why = "A command is its words and the file that they start"
    codebase.edit(tool, 'SHELL = "/bin/sh"\n\n', "", why=why)
    codebase.edit(tool, "import os\nfrom dataclasses", "import shlex\nfrom dataclasses", why=why)
    codebase.edit(
        tool,
        "from gateway.tools import allowlist, paths\nfrom gateway.tools.runner import Job, runner_for\n",
        "from gateway.tools import allowlist, child_environment, command_line, executables, paths\n"
        "from gateway.tools.runner import Job, is_sandboxed, runner_for\n",
        why=why,
    )
    codebase.edit(
        tool,
        '    "cwd": Text(min=1, max=4096),\n}\n',
        '    "cwd": Text(min=1, max=4096),\n    "env": Table(value=_word, key=r"[A-Za-z_][A-Za-z0-9_]*"),\n}\n',
        why=why,
    )
    codebase.edit(
        tool,
        '    **COMMAND_FIELDS,\n    env=Table(value=_word, key=r"[A-Za-z_][A-Za-z0-9_]*"),\n',
        "    **COMMAND_FIELDS,\n",
        why=why,
    )
    codebase.edit(
        tool,
        "    text: str\n    argv: tuple[str, ...]\n    cwd: str\n    session_key: str\n",
        "    argv: tuple[str, ...]\n    cwd: str\n    env: dict[str, str]\n    session_key: str\n"
        "    executable: executables.Executable\n",
        why=why,
    )
    source = codebase.read(tool)
    if FROM_ARGS not in source:
        _, start, rest = source.partition('        if ("command" in args) == ("argv" in args):\n')
        body, end, _ = rest.partition("        return cls(text, words, cwd, session_key)\n")
        codebase.edit(tool, start + body + end, FROM_ARGS, why=why)
        _, start, rest = source.partition('        return {\n            "command": self.text,\n')
        body, end, _ = rest.partition('            "sessionKey": self.session_key,\n        }\n')
        codebase.edit(tool, start + body + end, DESCRIBE, why=why)
    codebase.edit(
        tool,
        "allowlist.contains(gateway, command.text)",
        "allowlist.contains(gateway, command)",
        why="The allowlist looks at the whole command",
    )
    codebase.edit(
        tool,
        '        argv=(SHELL, "-c", command.text),\n',
        "        argv=command.vector,\n        identity=command.executable.identity,\n",
        why="No shell stands between a request and a program",
    )
    codebase.edit(
        tool,
        '        env={**os.environ, **args.get("env", {})},\n        own_env=args.get("env", {}),\n',
        "        env=child_environment.for_host(command.env),\n        own_env=command.env,\n",
        why="Children do not inherit the gateway's environment",
    )
    codebase.edit(
        "tools/approvals.py",
        'allowlist.add(self._gateway, approval.request["command"])',
        "allowlist.add(self._gateway, approval.request)",
        why="What is allowed for good is a file, or one command",
    )


def _runner(codebase: Codebase) -> None:
    runner = "tools/runner.py"
    why = "The file that was allowed is the file that is started"
    codebase.add_import(runner, "from gateway.tools.executables import Identity", why=why)
    codebase.edit(
        runner,
        "    argv: tuple[str, ...]\n    cwd: Path\n",
        "    argv: tuple[str, ...]\n    identity: Identity | None\n    cwd: Path\n",
        why=why,
    )
    codebase.edit(
        runner,
        "        order = Order(job.argv, str(job.cwd), job.env, job.seconds)\n",
        "        identity = vars(job.identity) if job.identity else None\n"
        "        order = Order(job.argv, str(job.cwd), job.env, job.seconds, identity=identity)\n",
        why=why,
    )
    codebase.edit(
        runner,
        'def runner_for(gateway: "Gateway", session_key: str) -> Runner:\n'
        '    """Return the runner of a session, by `agents.defaults.sandbox.mode`."""\n'
        '    mode = gateway.config.text_at("agents.defaults.sandbox.mode")\n'
        '    if mode == "all" or (mode == "non-main" and not gateway.sessions.is_main(session_key)):\n'
        "        return SandboxRunner(gateway)\n",
        'def is_sandboxed(gateway: "Gateway", session_key: str) -> bool:\n'
        '    """Tell whether commands of a session run in a sandbox, by `agents.defaults.sandbox.mode`."""\n'
        '    mode = gateway.config.text_at("agents.defaults.sandbox.mode")\n'
        '    return mode == "all" or (mode == "non-main" and not gateway.sessions.is_main(session_key))\n'
        "\n\n"
        'def runner_for(gateway: "Gateway", session_key: str) -> Runner:\n'
        '    """Return the runner of a session."""\n'
        "    if is_sandboxed(gateway, session_key):\n"
        "        return SandboxRunner(gateway)\n",
        why="Other places ask whether a session is sandboxed",
    )
    codebase.edit(
        "sandbox/launcher.py",
        "    sandbox: Sandbox | None = None\n",
        "    sandbox: Sandbox | None = None\n    identity: dict[str, int] | None = None\n",
        why=why,
    )
    supervisor = "sandbox/supervisor.py"
    codebase.add_import(supervisor, "import errno", why=why)
    codebase.add_import(supervisor, "from gateway.tools.executables import identify", why=why)
    codebase.edit(supervisor, "class OnHost:\n", CHECK_IDENTITY + "class OnHost:\n", why=why)
    codebase.insert_call(
        supervisor, "OnHost.start", "_refuse_replaced(order)", before="return _popen(", why=why
    )


def _gate(codebase: Codebase) -> None:
    schema = "config/schema.py"
    why = "Set-up commands pass the gate before they are in force"
    codebase.add_import(schema, "from gateway.config.setup_command import SetupCommand", why=why)
    codebase.edit(
        schema, "        setupCommand=_text,\n", "        setupCommand=SetupCommand(max=4096),\n", why=why
    )


def _tell(codebase: Codebase) -> None:
    later = "## Audit\n" if "## Audit\n" in codebase.read("README.md") else "## Exit codes\n"
    codebase.edit(
        "README.md",
        later,
        README + later,
        why="How commands are read, allowed and started",
    )
    codebase.delete(
        "tests/weaknesses/test_1_06_commands.py", why="The weaknesses that it exploits have ended"
    )
    codebase.add("tests/test_commands.py", why="Tests of words, files, environments and set-up commands")
    weaknesses, why = "KNOWN-WEAKNESSES.md", "These weaknesses have ended"
    _, heading, rest = codebase.read(weaknesses).partition("## 1.06 Commands\n\n")
    table, following, _ = rest.partition("\n## ")
    if table.startswith("|"):
        codebase.edit(
            weaknesses, f"{heading}{table}{following}", f"{heading}None known.\n{following}", why=why
        )
